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
    inner join time_zones on time_zones.time_zone = publishers.timezone
)

select * from known
