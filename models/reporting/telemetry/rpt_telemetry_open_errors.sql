with errors as (
    select
        finding_key,
        {{ ordered_text_agg('rule_id') }} as rules,
        max(record_count) as most_records
    from {{ ref('fct_dq_findings') }}
    where
        source = 'telemetry'
        and severity = 'error'
        and is_open
    group by finding_key
),

device_days as (
    select
        quality.device_id as device_id,
        quality.event_date as event_date,
        sum(quality.readings) as readings
    from {{ ref('agg_telemetry_quality_daily') }} as quality
    where quality.readings > 0
    group by quality.device_id, quality.event_date
),

final as (
    select
        {{ declared_columns('device_days', {
            'readings_found': 'errors.most_records',
            'rules': 'errors.rules',
        }) | indent(8) }}
    from device_days
    inner join errors
        on device_days.device_id || '|' || {{ cast_to('device_days.event_date', 'text') }} = errors.finding_key
)

select * from final
