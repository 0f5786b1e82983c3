{#
    The standard deviation of a sample, from its count, its sum and its sum of squares; NULL for fewer than two values.
#}
{% macro sample_deviation(count, total, squares) -%}
    {%- set n, s = to_double(count), to_double(total) -%}
    sqrt({{ ratio(ratio(n ~ ' * ' ~ to_double(squares) ~ ' - ' ~ s ~ ' * ' ~ s, count), count ~ ' - 1') }})
{%- endmacro %}


{#
    The interval of a mean at var confidence_z, mean +- z deviation / sqrt(count). It is cut at the smallest and largest
    possible value, and is NULL without a deviation.
#}
{% macro mean_interval_columns(name, mean, deviation, count, least_value, greatest_value) -%}
        {%- set z = to_double("'" ~ var('confidence_z') ~ "'") -%}
        {%- set lowest, highest = to_double(least_value), to_double(greatest_value) -%}
        {%- set reach = z ~ ' * ' ~ deviation ~ ' / sqrt(' ~ to_double(count) ~ ')' -%}
        case
            when {{ mean }} - {{ reach }} <= {{ lowest }} then {{ lowest }}
            else {{ mean }} - {{ reach }}
        end as {{ name }}_low,
        case
            when {{ mean }} + {{ reach }} >= {{ highest }} then {{ highest }}
            else {{ mean }} + {{ reach }}
        end as {{ name }}_high
{%- endmacro %}
