-- What may each publisher be paid for each of its own days?
-- Asked by finance. gross - invalid records - general invalid traffic - suspect traffic = billable; no event is taken
-- off twice. The rules have to be built.
-- One row per publisher and its own day. US dollars.
select
    bridge.reporting_date,
    bridge.publisher_id,
    publishers.publisher_name,
    sum(bridge.revenue_usd_gross) as gross_usd,
    sum(bridge.revenue_usd_invalid_records) as invalid_records_usd,
    sum(bridge.revenue_usd_general_invalid_traffic) as general_invalid_traffic_usd,
    sum(bridge.revenue_usd_suspect_traffic) as suspect_traffic_usd,
    sum(bridge.revenue_usd_billable) as billable_usd
from {{ ref('fct_ad_gross_to_billable_daily') }} as bridge
left join {{ ref('dim_publishers') }} as publishers
    on bridge.publisher_id = publishers.publisher_id
group by bridge.reporting_date, bridge.publisher_id, publishers.publisher_name
order by bridge.reporting_date, bridge.publisher_id
