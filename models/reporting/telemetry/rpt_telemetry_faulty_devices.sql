with findings as (
    select
        {{ json_text('evidence', 'device_id') }} as device_id,
        title,
        severity,
        event_date
    from {{ ref('rpt_quality_findings') }}
    where
        source = 'telemetry'
        and is_open
),

of_rules as (
    select
        device_id,
        title,
        count(*) as finding_count,
        count(*) filter (where severity = 'error') as error_count,
        max(event_date) as last_day
    from findings
    where device_id is not null
    group by device_id, title
),

found as (
    select
        device_id,
        sum(finding_count) as finding_count,
        sum(error_count) as error_count,
        max(last_day) as last_day,
        replace({{ ordered_text_agg('title') }}, ',', ', ') as titles
    from of_rules
    group by device_id
),

final as (
    select
        {{ declared_columns('devices', {
            'open_findings': 'coalesce(found.finding_count, 0)',
            'open_errors': 'coalesce(found.error_count, 0)',
            'last_day_of_findings': 'found.last_day',
            'findings': 'found.titles',
        }) | indent(8) }}
    from {{ ref('rpt_telemetry_devices') }} as devices
    left join found on devices.device_id = found.device_id
    where
        devices.faults > 0
        or found.finding_count > 0
)

select * from final
