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
        count(*) filter (where event_count = round({{ inverse_of('sampling_rate') }})) as records_with_count_of_inverse_rate
    from {{ ref('fct_consent_events') }}
    group by company_id, event_type
),

final as (
    select
        {{ cast_to("'consent_volume_readings_contradict'", 'text') }} as rule_id,
        {{ cast_to("'consent'", 'text') }} as source,
        {{ cast_to("'events'", 'text') }} as entity,
        {{ cast_to("'aggregate'", 'text') }} as scope,
        {{ cast_to("readings.company_id || '|' || readings.event_type", 'text') }} as finding_key,
        {{ cast_to('null', 'date_nullable') }} as event_date,
        {{ cast_to("'warning'", 'text') }} as severity,
        {{ cast_to(number_text('readings.events_extrapolated'), 'text_nullable') }} as observed,
        {{ cast_to(number_text('readings.events_weighted_once'), 'text_nullable') }} as expected,
        {{ cast_to('readings.events_sampled', 'integer') }} as record_count,
        {{ cast_to('null', 'money_nullable') }} as impact_usd,
        {{ cast_to(json_numbers([
            'readings.events_sampled', 'readings.events_weighted_once', 'readings.events_extrapolated',
            'counts.records_with_count_of_inverse_rate'
        ]), 'text') }} as evidence,
        {{ cast_to('null', 'text_nullable') }} as _delivery_id
    from readings
    inner join counts
        on
            readings.company_id = counts.company_id
            and readings.event_type = counts.event_type
)

select * from final
