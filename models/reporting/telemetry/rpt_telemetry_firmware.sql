with counted as (
    select
        quality.firmware_version as firmware_version,
        count(*) as device_days,
        count(distinct quality.device_id) as devices,
        count(
            distinct case when devices.firmware_version = quality.firmware_version then quality.device_id end
        ) as devices_now,
        sum(quality.valid) as messages,
        sum(quality.duplicates) as duplicates,
        sum(quality.conflicts) as conflicts,
        sum(quality.late) as late,
        sum(quality.early) as early,
        sum(quality.gaps) as gaps
    from {{ ref('agg_telemetry_quality_daily') }} as quality
    inner join {{ ref('dim_devices') }} as devices
        on quality.device_id = devices.device_id
    where quality.valid > 0
    group by quality.firmware_version
),

final as (
    select
        {{ declared_columns('counted', {
            'duplicate_share': ratio('counted.duplicates', 'counted.messages'),
            'conflict_share': ratio('counted.conflicts', 'counted.messages'),
            'late_share': ratio('counted.late', 'counted.messages'),
            'early_share': ratio('counted.early', 'counted.messages'),
            'gaps_a_device_day': ratio('counted.gaps', 'counted.device_days'),
        }) | indent(8) }}
    from counted
)

select * from final
