with fleet as (
    select max(last_reading_at) as last_of_fleet
    from {{ ref('dim_devices') }}
    where readings > early
),

devices as (
    select
        known.*,
        date_diff('microsecond', known.last_reading_at, fleet.last_of_fleet) as micros_silent
    from {{ ref('dim_devices') }} as known
    cross join fleet
),

final as (
    select
        {{ declared_columns('devices', {
            'is_silent': 'coalesce(devices.micros_silent >= ' ~ var('silent_hours') ~ ' * 3600000000, true)',
            'hours_silent': 'floor(devices.micros_silent / 3600000000)',
            'faults': 'devices.invalid + devices.conflicts + devices.late + devices.gaps',
        }) | indent(8) }}
    from devices
)

select * from final
