with last_delivery as (
    {{ last_delivery(ref('fct_ad_event_records')) }}
),

unsettled as (
    select
        event_date,
        reporting_date,
        publisher_id,
        count(*) as unsettled_count,
        count(*) filter (where revenue_usd = 0) as without_amount_count
    from {{ ref('fct_ad_events') }}
    where not is_settled
    group by event_date, reporting_date, publisher_id
),

final as (
    select
        ---------- the day and the publisher
        performance.event_date as event_date,
        performance.reporting_date as reporting_date,
        performance.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        publishers.timezone as timezone,
        {{ cast_to('performance.event_date > last_delivery.delivery_date', 'boolean') }} as is_after_last_delivery,

        ---------- figures
        performance.active_ad_units as active_ad_units,
        performance.active_campaigns as active_campaigns,
        {%- for measure in ad_measures() %}
        performance.{{ measure }} as {{ measure }},
        {%- endfor %}
        performance.fill_rate as fill_rate,
        performance.ctr as ctr,
        performance.viewability_rate as viewability_rate,
        {{ cast_to('performance.revenue_usd - performance.revenue_usd_invalid_records', 'money') }}
            as revenue_usd_net_of_invalid_records,

        ---------- not settled
        {{ cast_to('performance.revenue_usd - performance.revenue_usd_as_delivered', 'money') }}
            as revenue_usd_not_settled,
        {{ cast_to('coalesce(unsettled.unsettled_count, 0)', 'integer') }} as events_not_settled,
        {{ cast_to('coalesce(unsettled.without_amount_count, 0)', 'integer') }} as events_without_amount
    from {{ ref('fct_publisher_performance') }} as performance
    cross join last_delivery
    left join unsettled
        on
            performance.event_date = unsettled.event_date
            and performance.reporting_date = unsettled.reporting_date
            and performance.publisher_id is not distinct from unsettled.publisher_id
    left join {{ ref('dim_publishers') }} as publishers
        on performance.publisher_id = publishers.publisher_id
)

select * from final
