{%- set types = {
    'consent_asked': 'consent.asked', 'consent_given': 'consent.given', 'pageview': 'pageview', 'ui_action': 'ui.action'
} %}

with readings as (
    {%- for column, type in types.items() %}
    select
        company_id,
        '{{ type }}' as event_type,
        {{ column }}_sampled as events_sampled,
        {{ column }}_weighted_once as events_weighted_once,
        {{ column }}_extrapolated as events_extrapolated
    from {{ ref('agg_consent_company') }}
    where
        {{ to_double(column ~ '_extrapolated') }} < {{ column }}_weighted_once_low - 1
        or {{ to_double(column ~ '_extrapolated') }} > {{ column }}_weighted_once_high + 1
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counts as (
    select
        company_id,
        event_type,
        min(_delivery_id) as first_delivery_id,
        max(_delivery_id) as last_delivery_id,
        count(*) filter (where event_count = round({{ inverse_of('sampling_rate') }})) as records_with_count_of_inverse_rate
    from {{ ref('fct_consent_events') }}
    group by company_id, event_type
),

contradictions as (
    select
        readings.company_id,
        readings.event_type,
        readings.company_id || '|' || readings.event_type as company_and_type,
        readings.events_sampled,
        readings.events_weighted_once,
        readings.events_extrapolated,
        counts.records_with_count_of_inverse_rate,
        counts.first_delivery_id as first_of_cell,
        counts.last_delivery_id as last_of_cell
    from readings
    inner join counts
        on
            readings.company_id = counts.company_id
            and readings.event_type = counts.event_type
)

{{ findings(
    'contradictions', key='company_and_type', observed=number_text('events_extrapolated'),
    expected=number_text('events_weighted_once'), records='events_sampled',
    numbers=['events_sampled', 'events_weighted_once', 'events_extrapolated', 'records_with_count_of_inverse_rate'],
    texts=['company_id', 'event_type'], first='first_of_cell', last='last_of_cell'
) }}
