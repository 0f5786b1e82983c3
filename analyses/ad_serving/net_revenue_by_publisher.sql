-- What may each publisher be paid for each of its own days: gross revenue, what rules call invalid, and net?
select
    performance.reporting_date,
    performance.publisher_id,
    publishers.publisher_name,
    sum(performance.revenue_usd) as gross_usd,
    sum(performance.revenue_usd_invalid) as invalid_usd,
    sum(performance.revenue_usd) - sum(performance.revenue_usd_invalid) as net_usd
from {{ ref('fct_publisher_performance') }} as performance
left join {{ ref('dim_publishers') }} as publishers
    on performance.publisher_id = publishers.publisher_id
group by performance.reporting_date, performance.publisher_id, publishers.publisher_name
order by performance.reporting_date, performance.publisher_id
