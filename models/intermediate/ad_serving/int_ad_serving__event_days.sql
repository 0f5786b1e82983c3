with days as (
    select
        event_date,
        {{ cast_to('count(distinct delivery_id)', 'text') }} || '/' || max(delivery_id) as deliveries
    from {{ ref('int_ad_serving__delivery_touches') }}
    group by event_date
),

publisher_days as (
    select distinct
        publisher_id,
        event_date,
        {{ cast_to('event_date', 'timestamp') }} as midnight
    from {{ ref('int_ad_serving__publisher_days') }}
),

time_zones as (
    select * from {{ ref('int_ad_serving__publisher_time_zones') }}
),

time_zones_of_day as (
    select
        publisher_days.event_date,
        publisher_days.publisher_id as publisher_id,
        time_zones.timezone,
        greatest(date_diff('microsecond', publisher_days.midnight, time_zones.valid_from), 0) as holds_from
    from publisher_days
    inner join time_zones on publisher_days.publisher_id = time_zones.publisher_id
    where
        time_zones.valid_from < publisher_days.midnight + interval 1 day
        and (time_zones.valid_to is null or time_zones.valid_to > publisher_days.midnight)
),

fingerprints as (
    select
        event_date,
        {{ md5_text(
            ordered_text_agg("publisher_id || '=' || timezone || '@' || " ~ cast_to('holds_from', 'text'))
        ) }} as time_zones
    from time_zones_of_day
    where timezone <> 'UTC' or holds_from > 0
    group by event_date
),

versions as (
    select
        days.event_date as event_date,
        days.deliveries || '/' || coalesce(fingerprints.time_zones, '') as _day_version
    from days
    left join fingerprints on days.event_date = fingerprints.event_date
)

select * from versions
