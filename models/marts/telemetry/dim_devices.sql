{%- set figures = ['received', 'readings', 'invalid', 'duplicates', 'conflicts', 'late', 'early', 'gaps'] %}

with life as (
    select
        device_id,
        {%- for figure in figures %}
        sum({{ figure }}) as {{ figure }}_of_life,
        {%- endfor %}
        count(distinct case when readings > 0 then event_date end) as active_days
    from {{ ref('agg_telemetry_quality_daily') }}
    group by device_id
),

versions as (
    select
        *,
        min(first_reading_at) over (partition by device_id) as first_of_device,
        max(version_number) over (partition by device_id) as versions_of_device
    from {{ ref('dim_devices_history') }}
),

final as (
    select
        {{ declared_columns('life', {
            'received': 'life.received_of_life',
            'readings': 'life.readings_of_life',
            'invalid': 'life.invalid_of_life',
            'duplicates': 'life.duplicates_of_life',
            'conflicts': 'life.conflicts_of_life',
            'late': 'life.late_of_life',
            'early': 'life.early_of_life',
            'gaps': 'life.gaps_of_life',
            'firmware_version': 'current_ones.firmware_version',
            'firmware_since': 'current_ones.first_reading_at',
            'firmware_versions': 'coalesce(current_ones.versions_of_device, 0)',
            'first_reading_at': 'current_ones.first_of_device',
            'last_reading_at': 'current_ones.last_reading_at',
        }) | indent(8) }}
    from life
    left join versions as current_ones
        on
            life.device_id = current_ones.device_id
            and current_ones.valid_to is null
)

select * from final
