with publishers as (
    select * from {{ ref('int_ad_serving__publishers') }}
),

time_zones as (
    select * from {{ ref('time_zones') }}
),

known as (
    select
        publishers.publisher_id,
        publishers.timezone
    from publishers
    inner join time_zones on publishers.timezone = time_zones.time_zone
)

select * from known
