{#
    Relations, the last of which is weighted: rows of a relation with sampling_rate and event_count, each with the
    number of events that it represents. stored_count: stored events of weight 1 / rate; delivered_count: events as the
    sender counts them.
#}
{% macro weighted_records(relation) -%}
with_weight as (
    select
        *,
        {{ inverse_of('sampling_rate') }} as weight
    from {{ relation }}
),

weighted as (
    select
        *,
        {# a stored event weighs 1 / rate; a count above the rounded inverse means that the row is several events #}
        case when event_count > round(weight) then event_count else 1 end as stored_count,
        coalesce(event_count, {{ cast_to('round(weight)', 'integer_nullable') }}) as delivered_count
    from with_weight
)
{%- endmacro %}


{# The measures of weighted records that add up over any groups: expressions by name. #}
{% macro weighted_measures(relation) -%}
    {%- set stored, weight = relation ~ '.stored_count', relation ~ '.weight' -%}
    {{ return({
        'events_weighted_once': stored ~ ' * ' ~ weight,
        'events_extrapolated': relation ~ '.delivered_count * ' ~ weight,
        'variance_weighted_once': sampling_variance(stored, weight),
    }) }}
{%- endmacro %}
