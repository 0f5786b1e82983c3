{{ incremental_by_day('fct_ad_events', order_by=['publisher_id', 'ad_unit_id', 'campaign_id']) }}

{%- set days = changed_days(ref('fct_ad_events')) %}

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
        count(*) filter (where event_type = 'impression') as impression_count,
        count(*) filter (where event_type = 'impression' and is_filled) as filled_impression_count,
        count(*) filter (where event_type = 'click') as click_count,
        count(*) filter (where event_type = 'viewable_impression') as viewable_impression_count,
        sum(revenue_usd) as gross_revenue,
        sum(revenue_usd_as_delivered) as gross_revenue_as_delivered,
        sum(case when invalid_reason is not null then revenue_usd else 0 end) as invalid_revenue,
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
        {{ cast_to('impression_count', 'integer') }} as impressions,
        {{ cast_to('filled_impression_count', 'integer') }} as filled_impressions,
        {{ cast_to('click_count', 'integer') }} as clicks,
        {{ cast_to('viewable_impression_count', 'integer') }} as viewable_impressions,
        {{ cast_to('gross_revenue', 'money') }} as revenue_usd,
        {{ cast_to('gross_revenue_as_delivered', 'money') }} as revenue_usd_as_delivered,
        {{ cast_to('invalid_revenue', 'money') }} as revenue_usd_invalid,
        {{ ratio('filled_impression_count', 'impression_count') }} as fill_rate,
        {{ ratio('click_count', 'filled_impression_count') }} as ctr,
        {{ ratio('viewable_impression_count', 'filled_impression_count') }} as viewability_rate,
        day_version as _day_version
    from daily
)

select * from final
