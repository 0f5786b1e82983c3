-- Where did the revenue go that the files carry?
-- Asked by finance. delivered = current + replaced in the delivery + replaced by a later one + set aside; booked, which
-- is the revenue of the marts, = current + what replaced records still count because every later record of the event
-- says NULL.
-- One row per delivery that carried events. US dollars, gross.
with deliveries as (
    select
        _delivery_id as delivery_id,
        max(_delivered_at) as delivered_at,
        sum(records_read) as records_read,
        sum(revenue_usd_current) as current_usd,
        sum(revenue_usd_replaced_in_delivery) as replaced_in_delivery_usd,
        sum(revenue_usd_replaced_by_delivery) as replaced_by_delivery_usd,
        sum(revenue_usd_set_aside) as set_aside_usd,
        sum(revenue_usd_still_counting) as still_counting_usd
    from {{ ref('fct_ad_event_records') }}
    group by _delivery_id
)

select
    delivery_id,
    delivered_at,
    records_read,
    current_usd + replaced_in_delivery_usd + replaced_by_delivery_usd + set_aside_usd as delivered_usd,
    current_usd,
    replaced_in_delivery_usd,
    replaced_by_delivery_usd,
    set_aside_usd,
    still_counting_usd,
    current_usd + still_counting_usd as booked_usd
from deliveries
order by delivery_id
