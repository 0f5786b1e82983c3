{%- set days = incremental_by_day('fct_ad_events', order_by=['publisher_id', 'ad_unit_id', 'campaign_id']) %}

with events as (
    select * from {{ ref('fct_ad_events') }}
    where {{ in_days('event_date', days) }}
),

daily as (
    select
        event_date,
        reporting_date,
        publisher_id,
        ad_unit_id,
        campaign_id,
        device_type,
        country_code,
        count(*) filter (where event_type = 'impression') as impressions_total,
        count(*) filter (where event_type = 'impression' and is_filled) as filled_impressions_total,
        count(*) filter (where event_type = 'click') as clicks_total,
        count(*) filter (where event_type = 'viewable_impression') as viewable_impressions_total,
        sum(revenue_usd) as revenue_usd_total,
        sum(revenue_usd_as_delivered) as revenue_usd_as_delivered_total,
        sum(case when invalid_record_reason is not null then revenue_usd else 0 end) as revenue_usd_invalid_records_total,
        max(_day_version) as day_version
    from events
    group by event_date, reporting_date, publisher_id, ad_unit_id, campaign_id, device_type, country_code
),

final as (
    select
        event_date,
        reporting_date,
        publisher_id,
        ad_unit_id,
        campaign_id,
        device_type,
        country_code,
        {{ measures_and_rates() }},
        {{ cast_to('day_version', 'category') }} as _day_version
    from daily
)

select * from final
