{# a clock that runs ahead does not tell when; a device with no other readings still counts #}
with timely as (
    select distinct device_id from {{ ref('int_telemetry__device_days') }}
    where not is_early
),

runs as (
    select * from {{ ref('int_telemetry__device_days') }}
    where
        not is_early
        or device_id not in (select timely.device_id from timely)
),

compared as (
    select
        *,
        lag({{ cast_to('firmware_version', 'text_nullable') }})
            over (partition by device_id order by first_at) as previous_firmware
    from runs
),

numbered as (
    select
        *,
        sum(case when firmware_version is distinct from previous_firmware then 1 else 0 end)
            over (partition by device_id order by first_at rows between unbounded preceding and current row) as version_number
    from compared
),

versions as (
    select
        device_id,
        version_number,
        max(firmware_version) as firmware_version,
        min(first_at) as first_reading_at,
        max(last_at) as last_reading_at,
        sum(readings) as readings,
        min(first_of_run) as first_delivery_id,
        max(last_of_run) as _delivery_id
    from numbered
    group by device_id, version_number
),

ranged as (
    select
        *,
        case when version_number = 1 then {{ beginning_of_time() }} else first_reading_at end as valid_from,
        lead({{ cast_to('first_reading_at', 'timestamp_nullable') }})
            over (partition by device_id order by version_number) as valid_to,
        lag({{ cast_to('firmware_version', 'text_nullable') }})
            over (partition by device_id order by version_number) as previous_firmware_version
    from versions
),

final as (
    select
        {{ declared_columns('ranged', {
            'device_version_id': md5_text("ranged.device_id || '@' || " ~ cast_to(unix_micros('ranged.first_reading_at'), 'text')),
            'is_current': 'ranged.valid_to is null',
        }) | indent(8) }}
    from ranged
)

select * from final
