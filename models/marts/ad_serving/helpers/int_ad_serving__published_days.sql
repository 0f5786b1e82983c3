with figures as (
    select
        event_date,
        coalesce(publisher_id, '') || '@' || {{ cast_to('event_date', 'text') }} as figure_id,
        publisher_id,
        impressions,
        filled_impressions,
        clicks,
        viewable_impressions,
        revenue_usd,
        revenue_usd_as_delivered,
        revenue_usd_invalid_records,
        _delivery_id
    from {{ ref('fct_ad_events_as_of') }}
    where superseded_by_delivery_id is null
)

select * from figures
