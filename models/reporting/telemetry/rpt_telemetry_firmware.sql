with counted as (
    select
        quality.firmware_version as firmware_version,
        count(*) as device_days,
        count(distinct quality.device_id) as devices,
        count(
            distinct case when devices.firmware_version = quality.firmware_version then quality.device_id end
        ) as devices_now,
        sum(quality.valid) as messages,
        {%- for name in ['duplicates', 'conflicts', 'late', 'early', 'gaps'] %}
        sum(quality.{{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
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
