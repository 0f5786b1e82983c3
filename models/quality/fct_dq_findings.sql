{%- set rules = [
    'ad_serving__negative_revenue',
    'consent__status_contradicts_choices',
    'consent__volume_readings_contradict',
] %}

with found as (
    {%- for rule in rules %}
    select * from {{ ref('dq_' ~ rule) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        *,
        row_number() over (partition by rule_id, finding_key order by last_delivery_id desc, evidence desc) as recency,
        min(first_delivery_id) over (partition by rule_id, finding_key) as first_of_all,
        sum(record_count) over (partition by rule_id, finding_key) as records_of_all
    from found
),

events_found as (
    select distinct
        source as event_source,
        finding_key as found_id
    from found
    where scope = 'row'
),

events_now as (
    {%- for source, events in {'ad_serving': 'fct_ad_events', 'consent': 'fct_consent_events'}.items() %}
    select
        events_found.event_source as source,
        events.event_id as event_id,
        events._delivery_id as _delivery_id
    from {{ ref(events) }} as events
    inner join events_found
        on
            events.event_id = events_found.found_id
            and events_found.event_source = '{{ source }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ cast_to(md5_text("ranked.rule_id || '|' || ranked.finding_key"), 'text') }} as finding_id,
        ranked.rule_id as rule_id,
        ranked.source as source,
        ranked.entity as entity,
        ranked.scope as scope,
        ranked.severity as severity,
        ranked.finding_key as finding_key,
        ranked.event_date as event_date,
        ranked.observed as observed,
        ranked.expected as expected,
        {{ cast_to('ranked.records_of_all', 'integer') }} as record_count,
        ranked.impact_usd as impact_usd,
        ranked.evidence as evidence,
        {{ cast_to('ranked.first_of_all', 'text') }} as first_delivery_id,
        ranked.last_delivery_id as last_delivery_id,
        {{ cast_to('coalesce(events_now._delivery_id <= ranked.last_delivery_id, true)', 'boolean') }} as is_open
    from ranked
    left join events_now
        on
            ranked.source = events_now.source
            and ranked.finding_key = events_now.event_id
            and ranked.scope = 'row'
    where ranked.recency = 1
)

select * from final
