{%- set measures = {
    'events': ['true', '1', 'integer'],
    'impressions': ["event_type = 'impression'", '1', 'integer'],
    'clicks': ["event_type = 'click'", '1', 'integer'],
    'revenue_usd': ['true', 'revenue_usd', 'money'],
} %}
{%- set traffic_steps = ['general_invalid_traffic', 'suspect_traffic'] %}

with classified as (
    select
        events.event_date as event_date,
        events.reporting_date as reporting_date,
        events.publisher_id as publisher_id,
        events.event_type as event_type,
        events.revenue_usd as revenue_usd,
        events.is_settled as is_settled,
        events.invalid_record_reason is not null as is_invalid_record,
        traffic.event_id as signalled_event_id,
        case traffic.traffic_class
            when 'general_invalid' then 'general_invalid_traffic'
            when 'suspect' then 'suspect_traffic'
            else 'valid_traffic'
        end as traffic_step
    from {{ ref('fct_ad_events') }} as events
    left join {{ ref('fct_ad_invalid_traffic') }} as traffic on events.event_id = traffic.event_id
),

-- the first step that an event meets takes it off, so no event is taken off twice
stepped as (
    select
        *,
        case
            when is_invalid_record then 'invalid_records'
            when traffic_step <> 'valid_traffic' then traffic_step
            else 'billable'
        end as step
    from classified
),

final as (
    select
        event_date,
        reporting_date,
        publisher_id,
        {%- for name, (condition, value, kind) in measures.items() %}

        ---------- {{ name }}
        {{ sum_where(value, condition, kind) }} as {{ name }}_gross,
        {%- for step in ['invalid_records'] + traffic_steps + ['billable'] %}
        {{ sum_where(value, condition ~ " and step = '" ~ step ~ "'", kind) }} as {{ name }}_{{ step }},
        {%- endfor %}
        {%- for step in traffic_steps %}
        {{ sum_where(
            value, condition ~ " and is_invalid_record and traffic_step = '" ~ step ~ "'", kind
        ) }} as {{ name }}_invalid_records_and_{{ step }},
        {%- endfor %}
        {%- endfor %}

        ---------- beside the steps
        {{ sum_where('revenue_usd', "step = 'billable' and not is_settled") }} as revenue_usd_billable_not_settled,
        {{ cast_to('count(signalled_event_id)', 'integer') }} as events_with_signals
    from stepped
    group by event_date, reporting_date, publisher_id
)

select * from final
