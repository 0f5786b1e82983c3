with time_zone_versions as (
    {{ versions_of(ref('snap_ad_serving__publishers'), 'publisher_id', ['timezone']) | indent(4) }}
),

known_time_zones as (
    select time_zone from {{ ref('time_zones') }}
),

final as (
    select
        {{ cast_to('time_zone_versions.publisher_id', 'text') }} as publisher_id,
        {{ cast_to("coalesce(known_time_zones.time_zone, 'UTC')", 'text') }} as timezone,
        {{ cast_to('time_zone_versions.valid_from', 'timestamp') }} as valid_from,
        time_zone_versions.valid_to as valid_to
    from time_zone_versions
    left join known_time_zones on time_zone_versions.timezone = known_time_zones.time_zone
)

select * from final
