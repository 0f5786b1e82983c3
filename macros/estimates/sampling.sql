{#
    Horvitz-Thompson estimation (Horvitz and Thompson 1952; Särndal, Swensson and Wretman, Model Assisted Survey Sampling,
    2.8 and 5.6). Each event is stored with probability r, independently of the others (Poisson sampling), and a stored event
    weighs w = 1 / r. A total is estimated by the sum of w, its variance by the sum of w (w - 1), both without bias. An event that
    is always stored (r = 1) adds no variance.
#}
{% macro sampling_variance(stored_count, weight) -%}
    {{ stored_count }} * round({{ weight }}, 6) * (round({{ weight }}, 6) - 1)
{%- endmacro %}


{#
    The variance of a ratio y / x of two estimated totals that share no event, by the delta method:
    (var(y) + ratio^2 var(x)) / x^2. NULL where x is 0.
#}
{% macro ratio_variance(part, part_variance, whole, whole_variance) -%}
    ({{ to_double(part_variance) }} + ({{ ratio(part, whole) }}) * ({{ ratio(part, whole) }}) * {{ to_double(whole_variance) }})
    / nullif({{ to_double(whole) }} * {{ to_double(whole) }}, 0)
{%- endmacro %}


{#
    The variance of the share y / x of a part in the whole that contains it, by the delta method:
    ((1 - 2 share) var(y) + share^2 var(x)) / x^2. NULL where x is 0.
#}
{% macro share_variance(part, part_variance, whole, whole_variance) -%}
    (
        (1 - 2 * {{ ratio(part, whole) }}) * {{ to_double(part_variance) }}
        + ({{ ratio(part, whole) }}) * ({{ ratio(part, whole) }}) * {{ to_double(whole_variance) }}
    ) / nullif({{ to_double(whole) }} * {{ to_double(whole) }}, 0)
{%- endmacro %}


{# What comes beside an estimate: its standard error and its interval, kept within what is possible. #}
{% macro error_columns(name, value, error, at_least='0', at_most=none) -%}
        {%- set reach = to_double("'" ~ var('confidence_z') ~ "'") ~ ' * ' ~ error -%}
        {%- set low = to_double(value) ~ ' - ' ~ reach -%}
        {%- set high = to_double(value) ~ ' + ' ~ reach -%}
        {{ to_double(error) }} as {{ name }}_se,
        case when {{ low }} < {{ at_least }} then {{ to_double(at_least) }} else {{ low }} end as {{ name }}_low,
        {% if at_most -%}
        case when {{ high }} > {{ at_most }} then {{ to_double(at_most) }} else {{ high }} end as {{ name }}_high
        {%- else -%}
        {{ high }} as {{ name }}_high
        {%- endif %}
{%- endmacro %}


{% macro to_double(expression) -%} {{ cast_to(expression, 'ratio_nullable') }} {%- endmacro %}
