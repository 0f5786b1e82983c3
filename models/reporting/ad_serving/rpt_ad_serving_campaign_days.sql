with last_delivery as (
    {{ last_delivery(ref('fct_ad_event_records')) }}
),

final as (
    select
        ---------- the day and the campaign
        performance.event_date as event_date,
        performance.campaign_id as campaign_id,
        campaigns.campaign_name as campaign_name,
        campaigns.advertiser_name as advertiser_name,
        {{ cast_to('performance.event_date > last_delivery.delivery_date', 'boolean') }} as is_after_last_delivery,

        ---------- figures
        performance.active_publishers as active_publishers,
        {%- for measure in ad_measures() %}
        performance.{{ measure }} as {{ measure }},
        {%- endfor %}
        performance.fill_rate as fill_rate,
        performance.ctr as ctr,
        performance.viewability_rate as viewability_rate,
        {{ cast_to('performance.revenue_usd - performance.revenue_usd_invalid_records', 'money') }}
            as revenue_usd_net_of_invalid_records,
        {{ cast_to('performance.revenue_usd - performance.revenue_usd_as_delivered', 'money') }} as revenue_usd_not_settled
    from {{ ref('fct_campaign_performance') }} as performance
    cross join last_delivery
    left join {{ ref('dim_campaigns') }} as campaigns on performance.campaign_id = campaigns.campaign_id
)

select * from final
