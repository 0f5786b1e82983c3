{#
    Horvitz-Thompson estimation (Horvitz and Thompson 1952; Särndal, Swensson and Wretman, Model Assisted Survey
    Sampling, 2.8 and 5.6). Each event is stored with probability r, independently of the others (Poisson sampling), and
    a stored event weighs w = 1 / r. The sum of w estimates a total and the sum of w (w - 1) its variance, both without
    bias. An event that is always stored (r = 1) adds no variance.
#}
{% macro sampling_variance(stored_count, weight) -%}
    {%- set rounded = cast_to('round(' ~ weight ~ ', 6)', 'money') -%}
    {{ stored_count }} * {{ rounded }} * ({{ rounded }} - 1)
{%- endmacro %}


{#
    The variance of a ratio y / x of two estimated volumes that share no event, by the delta method:
    (var(y) + ratio^2 var(x)) / x^2. NULL where x is 0. From columns <volume>_once and <volume>_variance.
#}
{% macro ratio_variance(part, whole) -%}
    {%- set total, value = to_double(whole ~ '_once'), '(' ~ ratio(part ~ '_once', whole ~ '_once') ~ ')' -%}
    ({{ to_double(part ~ '_variance') }} + {{ value }} * {{ value }} * {{ to_double(whole ~ '_variance') }})
    / nullif({{ total }} * {{ total }}, 0)
{%- endmacro %}


{#
    The variance of the share y / x of a part in the volume that contains it, by the delta method:
    ((1 - 2 share) var(y) + share^2 var(x)) / x^2. NULL where x is 0.
#}
{% macro share_variance(part, whole) -%}
    {%- set total, value = to_double(whole ~ '_once'), '(' ~ ratio(part ~ '_once', whole ~ '_once') ~ ')' -%}
    (
        (1 - 2 * {{ value }}) * {{ to_double(part ~ '_variance') }}
        + {{ value }} * {{ value }} * {{ to_double(whole ~ '_variance') }}
    ) / nullif({{ total }} * {{ total }}, 0)
{%- endmacro %}


{# The standard error and the interval of an estimate, limited to possible values. #}
{% macro error_columns(name, value, error, at_least='0', at_most=none) -%}
        {{ to_double(error) }} as {{ name }}_se,
        {{ lower_end(value, error, at_least) }} as {{ name }}_low,
        {{ upper_end(value, error, at_most) }} as {{ name }}_high
{%- endmacro %}

{% macro lower_end(value, error, at_least='0') -%}
    {%- set low = to_double(value) ~ ' - ' ~ _reach(error) -%}
    case when {{ low }} < {{ at_least }} then {{ to_double(at_least) }} else {{ low }} end
{%- endmacro %}

{% macro upper_end(value, error, at_most=none) -%}
    {%- set high = to_double(value) ~ ' + ' ~ _reach(error) -%}
    {%- if at_most -%} case when {{ high }} > {{ at_most }} then {{ to_double(at_most) }} else {{ high }} end
    {%- else -%} {{ high }}
    {%- endif -%}
{%- endmacro %}

{% macro _reach(error) -%} {{ return(to_double("'" ~ var('confidence_z') ~ "'") ~ ' * ' ~ error) }} {%- endmacro %}


{% macro to_double(expression) -%} {{ cast_to(expression, 'ratio_nullable') }} {%- endmacro %}
