-- What is each publisher's invoice of a month of its own days, from gross to billable revenue?
-- Asked by finance. gross - invalid records - general invalid traffic - suspect traffic = billable; no event is taken
-- off twice. Bill where is_over: the latest delivery came after the month had ended in every time zone. not_settled_usd
-- is the part of billable that a later delivery may still take or change. The rules have to be built.
-- One row per publisher and reporting month. US dollars; publisher_name is NULL where no delivery knows the publisher.
with latest_delivery as (
    select max(_delivered_at) as delivered_at
    from {{ ref('fct_ad_event_records') }}
),

months as (
    select
        publisher_id,
        {{ cast_to("date_trunc('month', reporting_date)", 'date') }} as reporting_month,
        count(distinct reporting_date) as day_count,
        sum(revenue_usd_gross) as gross_usd,
        sum(revenue_usd_invalid_records) as invalid_records_usd,
        sum(revenue_usd_general_invalid_traffic) as general_invalid_traffic_usd,
        sum(revenue_usd_suspect_traffic) as suspect_traffic_usd,
        sum(revenue_usd_billable) as billable_usd,
        sum(revenue_usd_billable_not_settled) as not_settled_usd
    from {{ ref('fct_ad_gross_to_billable_daily') }}
    group by publisher_id, {{ cast_to("date_trunc('month', reporting_date)", 'date') }}
)

select
    months.reporting_month,
    months.publisher_id as publisher_id,
    publishers.publisher_name,
    {{ cast_to(
        "latest_delivery.delivered_at >= " ~ cast_to('months.reporting_month', 'timestamp')
        ~ " + interval 1 month + interval 12 hour", 'boolean'
    ) }} as is_over,
    months.day_count as days_with_events,
    months.gross_usd,
    months.invalid_records_usd,
    months.general_invalid_traffic_usd,
    months.suspect_traffic_usd,
    months.billable_usd,
    months.not_settled_usd
from months
cross join latest_delivery
left join {{ ref('dim_publishers') }} as publishers
    on months.publisher_id = publishers.publisher_id
order by months.reporting_month, months.publisher_id
