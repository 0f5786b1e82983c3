{# The three readings of a volume, and the errors of the two that are estimated. From columns <source>_sampled, _once, _extrapolated, _variance. #}
{% macro volume_columns(name, source) -%}
        {{ cast_to(source ~ '_sampled', 'integer') }} as {{ name }}_sampled,
        {{ cast_to(source ~ '_once', 'money') }} as {{ name }}_weighted_once,
        {{ weighted_once_errors(name ~ '_weighted_once', source) }},
        {{ cast_to(source ~ '_extrapolated', 'money') }} as {{ name }}_extrapolated,
        {{ extrapolated_errors(name ~ '_extrapolated', source) }}
{%- endmacro %}

{% macro weighted_once_errors(name, source) -%}
        {{ error_columns(
            name, source ~ '_once', 'sqrt(' ~ to_double(source ~ '_variance') ~ ')', at_least=source ~ '_sampled'
        ) }}
{%- endmacro %}

{# COUNT / RATE with the relative error of the estimate. #}
{% macro extrapolated_errors(name, source) -%}
        {%- set per_event = ratio(source ~ '_extrapolated', source ~ '_once') -%}
        {{ error_columns(
            name,
            source ~ '_extrapolated',
            'coalesce(sqrt(' ~ to_double(source ~ '_variance') ~ ') * ' ~ per_event ~ ', 0)',
            at_least='coalesce(' ~ to_double(source ~ '_sampled') ~ ' * ' ~ per_event ~ ', 0)'
        ) }}
{%- endmacro %}


{# The measures of a volume, and the columns of fct_consent_company_daily that they add up. #}
{% macro volume_measures() -%}
    {{ return({
        'sampled': 'events_sampled', 'once': 'events_weighted_once',
        'extrapolated': 'events_extrapolated', 'variance': 'variance_weighted_once'
    }) }}
{%- endmacro %}


{#
    The sums behind a volume, over the rows that meet a condition, of a relation with the columns of
    fct_consent_company_daily. Measures that the relation lacks are left out.
#}
{% macro volume_sums(relation, source, condition='true', without=[]) -%}
        {%- for measure, column in volume_measures().items() if measure not in without %}
        {{ cast_to(
            'round(sum(case when ' ~ condition ~ ' then coalesce(' ~ relation ~ '.' ~ column ~ ', 0) else 0 end), 6)', 'money'
        ) }} as {{ source }}_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}


{# A rate, whose name gives its reading, and its interval. #}
{% macro rate_columns(name, value, error, at_most=none) -%}
        {{ value }} as {{ name }},
        {{ error_columns(name, value, error, at_most=at_most) }}
{%- endmacro %}


{# A rate that a relation has with its standard error (<name>, <name>_se), and its interval. #}
{% macro estimated_rate_columns(name, relation, at_most=none) -%}
        {%- set value = relation ~ '.' ~ name -%}
        {{ rate_columns(name, value, value ~ '_se', at_most=at_most) }}
{%- endmacro %}


{# The share of a volume in the volume that contains it. #}
{% macro share_columns(name, part, whole) -%}
        {{ rate_columns(
            name,
            ratio(part ~ '_once', whole ~ '_once'),
            'sqrt(' ~ share_variance(part, whole) ~ ')',
            at_most='1'
        ) }}
{%- endmacro %}
