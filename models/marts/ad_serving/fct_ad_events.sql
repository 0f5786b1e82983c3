{%- set days = incremental_by_day('int_ad_serving__event_days', order_by=['publisher_id', 'event_at']) %}
{%- set zone = "coalesce(time_zones.timezone, 'UTC')" %}
{%- set usual_zones = texts_in(ref('int_ad_serving__publisher_time_zones'), 'timezone') %}

with latest as (
    {{ latest_states(
        ref('stg_ad_serving__events'), ref('int_ad_serving__delivery_touches'), days, keep_last=['revenue_usd']
    ) | indent(4) }}
),

final as (
    select
        ---------- ids
        {{ cast_to('latest.event_id', 'text') }} as event_id,
        latest.event_type,
        latest.publisher_id as publisher_id,
        latest.ad_unit_id,
        latest.campaign_id,
        latest.advertiser_id,

        ---------- who and where
        latest.device_type,
        latest.browser,
        latest.site_domain,
        latest.country_code,
        latest.region,
        latest.city,

        ---------- money and numbers
        {{ cast_to('coalesce(latest.last_known_revenue_usd, 0)', 'money') }} as revenue_usd,
        {{ cast_to('latest.last_known_revenue_usd_delivery_id', 'category_nullable') }} as revenue_usd_delivery_id,
        {{ cast_to('coalesce(latest.revenue_usd, 0)', 'money') }} as revenue_usd_as_delivered,
        latest.bid_floor_usd,
        latest.placement_quality_score,

        ---------- flags
        latest.is_filled,
        {{ cast_to('latest.revenue_usd is not null', 'boolean') }} as is_settled,
        {{ cast_to('latest.first_delivery_id <> latest._delivery_id', 'boolean') }} as is_corrected,
        {{ cast_to('latest.has_unparsable_revenue', 'boolean') }} as has_unparsable_revenue,
        {{ cast_to(invalid_record_reason('latest'), 'category_nullable') }} as invalid_record_reason,
        {{ cast_to('latest.record_count', 'integer') }} as record_count,

        ---------- timestamps
        {{ cast_to('latest.event_at', 'timestamp') }} as event_at,
        {{ cast_to('latest.event_date', 'date') }} as event_date,
        {{ cast_to(local_date('latest.event_at', zone, usual_zones), 'date') }} as reporting_date,

        ---------- delivery
        {{ cast_to('latest.first_delivery_id', 'category') }} as first_delivery_id,
        latest._delivery_id,
        latest._source_file,
        latest._source_row,
        {{ cast_to('event_days._day_version', 'category') }} as _day_version
    from latest
    inner join {{ ref('int_ad_serving__event_days') }} as event_days
        on latest.event_date = event_days.event_date
    {# an asof join would sort all events; a publisher has few time zones #}
    left join {{ ref('int_ad_serving__publisher_time_zones') }} as time_zones
        on
            latest.publisher_id = time_zones.publisher_id
            and latest.event_at >= time_zones.valid_from
            and latest.event_at < coalesce(time_zones.valid_to, {{ cast_to("'2300-01-01 00:00:00'", 'timestamp') }})
)

select * from final
