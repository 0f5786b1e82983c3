with touches as (
    select * from {{ ref('int_ad_serving__delivery_touches') }}
),

time_zones as (
    select {{ md5_text(ordered_text_agg("publisher_id || '=' || timezone")) }} as fingerprint
    from {{ ref('int_ad_serving__publisher_time_zones') }}
),

days as (
    select
        event_date,
        {{ cast_to('count(distinct delivery_id)', 'text') }} || '/' || max(delivery_id) as deliveries
    from touches
    group by event_date
),

versions as (
    select
        days.event_date,
        days.deliveries || '/' || time_zones.fingerprint as _day_version
    from days
    cross join time_zones
)

select * from versions
