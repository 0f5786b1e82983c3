-- What fct_ad_events_as_of says about now is what the daily mart says: for each day and publisher, in both directions. A
-- publisher that has left a day stays in fct_ad_events_as_of, with zeros.
with now_less_daily as (
    select
        event_date,
        publisher_id,
        impressions,
        filled_impressions,
        clicks,
        viewable_impressions,
        revenue_usd,
        revenue_usd_as_delivered,
        revenue_usd_invalid_records
    from {{ ref('fct_ad_events_as_of') }}
    where superseded_by_delivery_id is null
    union all
    select
        event_date,
        publisher_id,
        -impressions as impressions,
        -filled_impressions as filled_impressions,
        -clicks as clicks,
        -viewable_impressions as viewable_impressions,
        -revenue_usd as revenue_usd,
        -revenue_usd_as_delivered as revenue_usd_as_delivered,
        -revenue_usd_invalid_records as revenue_usd_invalid_records
    from {{ ref('fct_ad_events_daily') }}
),

differences as (
    select
        event_date,
        publisher_id,
        {{ sums_of_measures() }}
    from now_less_daily
    group by event_date, publisher_id
)

select * from differences
where
    impression_count is distinct from 0
    or filled_impression_count is distinct from 0
    or click_count is distinct from 0
    or viewable_impression_count is distinct from 0
    or gross_revenue is distinct from 0
    or gross_revenue_as_delivered is distinct from 0
    or invalid_record_revenue is distinct from 0
