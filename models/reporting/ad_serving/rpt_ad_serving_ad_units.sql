with latest_day as (
    select max(event_date) as report_day
    from {{ ref('rpt_ad_serving_days') }}
    where is_full_day
),

daily as (
    select
        daily.*,
        latest_day.report_day as report_day,
        case when daily.impressions > 0 then daily.event_date end as served_on
    from {{ ref('fct_ad_events_daily') }} as daily
    cross join latest_day
    where
        daily.ad_unit_id is not null
        and daily.event_date <= latest_day.report_day
),

sums as (
    select
        ad_unit_id,
        min(served_on) as first_day,
        max(served_on) as last_day,
        max(report_day) as last_report_day,
        {{ sums_of_measures() }}
    from daily
    group by ad_unit_id
),

served as (
    select
        *,
        date_diff('day', first_day, last_day) + 1 as days_from_first_to_last,
        date_diff('day', last_day, last_report_day) as silent_count
    from sums
),

final as (
    select
        ---------- the ad unit
        {{ cast_to('served.ad_unit_id', 'text') }} as ad_unit_id,
        ad_units.ad_unit_name as ad_unit_name,
        ad_units.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        ad_units.ad_format as ad_format,
        ad_units.is_active as is_active,

        ---------- when it served
        {{ cast_to('served.first_day', 'date_nullable') }} as first_day_served,
        {{ cast_to('served.last_day', 'date_nullable') }} as last_day_served,
        {{ cast_to('served.silent_count', 'integer_nullable') }} as days_silent,
        {{ ratio('served.impressions_total * served.silent_count', 'served.days_from_first_to_last') }}
            as impressions_missed,

        ---------- figures
        {{ measures_and_rates() }},
        {{ cast_to('revenue_usd_total - revenue_usd_invalid_records_total', 'money') }}
            as revenue_usd_net_of_invalid_records
    from served
    left join {{ ref('dim_ad_units') }} as ad_units on served.ad_unit_id = ad_units.ad_unit_id
    left join {{ ref('dim_publishers') }} as publishers on ad_units.publisher_id = publishers.publisher_id
)

select * from final
