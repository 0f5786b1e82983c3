with compared as (
    select
        *,
        {{ cast_to('valid_from', 'date_nullable') }} as back_on
    from {{ ref('dim_devices_history') }}
    where previous_firmware_version is not null
),

back as (
    select * from compared
    where {{ is_older_version('firmware_version', 'previous_firmware_version') }}
)

{{ findings(
    'back', key="device_id || '|' || " ~ cast_to('back_on', 'text') ~ " || '|' || firmware_version", day='back_on',
    observed="firmware_version", expected="'at least ' || previous_firmware_version", records='readings',
    texts=['device_id'], first='first_delivery_id', last='_delivery_id'
) }}
