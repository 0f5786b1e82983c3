with events as (
    select * from {{ ref('fct_ad_events') }}
),

final as (
    select
        events.event_id as event_id,
        events.event_type as event_type,
        events.event_at as event_at,
        events.event_date as event_date,
        events.reporting_date as reporting_date,
        events.publisher_id as publisher_id,
        publishers.publisher_version_id as publisher_version_id,
        events.ad_unit_id as ad_unit_id,
        ad_units.ad_unit_version_id as ad_unit_version_id,
        events.campaign_id as campaign_id,
        campaigns.campaign_version_id as campaign_version_id,
        events.is_filled as is_filled,
        events.revenue_usd as revenue_usd,
        events.revenue_usd_as_delivered as revenue_usd_as_delivered,
        events.invalid_record_reason as invalid_record_reason
    from events
    asof left join {{ ref('dim_publishers_history') }} as publishers
        on
            events.publisher_id = publishers.publisher_id
            and events.event_at >= publishers.valid_from
    asof left join {{ ref('dim_ad_units_history') }} as ad_units
        on
            events.ad_unit_id = ad_units.ad_unit_id
            and events.event_at >= ad_units.valid_from
    asof left join {{ ref('dim_campaigns_history') }} as campaigns
        on
            events.campaign_id = campaigns.campaign_id
            and events.event_at >= campaigns.valid_from
)

select * from final
