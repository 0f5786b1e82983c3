-- What did all revenue amount to after each delivery, and what difference does it make to count a correction to NULL as
-- 0?
-- Asked by finance. revenue_usd keeps the last known amount of an event whose amount was taken back, as_delivered_usd
-- counts it 0; at_stake_usd is the distance between the two, over all days.
-- One row per delivery that carried events, in the order in which deliveries count. US dollars, gross.
with deliveries as (
    select
        _delivery_id as delivery_id,
        max(_delivered_at) as delivered_at
    from {{ ref('fct_ad_event_records') }}
    group by _delivery_id
),

figures as (
    select
        event_date,
        revenue_usd,
        revenue_usd_as_delivered,
        superseded_by_delivery_id,
        _delivery_id
    from {{ ref('fct_ad_events_as_of') }}
)

select
    deliveries.delivery_id as delivery_id,
    deliveries.delivered_at,
    count(distinct figures.event_date) as days_known,
    sum(figures.revenue_usd) as last_known_usd,
    sum(figures.revenue_usd_as_delivered) as as_delivered_usd,
    sum(figures.revenue_usd) - sum(figures.revenue_usd_as_delivered) as at_stake_usd,
    {{ ratio('sum(figures.revenue_usd) - sum(figures.revenue_usd_as_delivered)', 'sum(figures.revenue_usd)') }} as at_stake_share
from deliveries
cross join figures
where
    figures._delivery_id <= deliveries.delivery_id
    and (figures.superseded_by_delivery_id is null or figures.superseded_by_delivery_id > deliveries.delivery_id)
group by deliveries.delivery_id, deliveries.delivered_at
order by deliveries.delivery_id
