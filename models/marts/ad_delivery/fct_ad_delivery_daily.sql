with activity as (
    select
        campaign_id,
        event_date,
        impressions,
        clicks
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        {{ cast_to('campaign_id', 'integer_nullable') }} as campaign_id,
        event_date,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks
    from {{ ref('int_ad_delivery__flight_days') }}
),

daily as (
    select
        campaign_id,
        event_date,
        {{ cast_to('event_date', 'timestamp') }} + interval 1 day as day_end,
        sum(impressions) as impression_count,
        sum(clicks) as click_count
    from activity
    group by campaign_id, event_date
),

priced as (
    select
        daily.campaign_id as campaign_id,
        daily.event_date as event_date,
        daily.impression_count,
        daily.click_count,
        versions.campaign_version_id,
        versions.bid_usd,
        versions.budget_usd,
        coalesce({{ share_of('versions.bid_usd', 'daily.impression_count', '1000') }}, 0) as spend,
        coalesce(versions.start_date, {{ cast_to('versions.created_at', 'date_nullable') }}) as first_date,
        coalesce(versions.end_date, daily.event_date) as last_date
    from daily
    asof left join {{ ref('dim_ad_delivery_campaigns_history') }} as versions
        on
            daily.campaign_id = versions.campaign_id
            and daily.day_end > versions.valid_from
),

to_date as (
    select
        *,
        sum(spend) over (
            partition by campaign_id order by event_date
            rows between unbounded preceding and current row
        ) as spend_to_date
    from priced
),

final as (
    select
        ---------- ids
        campaign_id,
        {{ cast_to('event_date', 'date') }} as event_date,
        campaign_version_id,

        ---------- measures
        {{ cast_to('impression_count', 'integer') }} as impressions,
        {{ cast_to('click_count', 'integer') }} as clicks,
        {{ ratio('click_count', 'impression_count') }} as ctr,

        ---------- money
        bid_usd,
        {{ cast_to('spend', 'money') }} as spend_usd,
        {{ cast_to('spend_to_date', 'money') }} as spend_usd_to_date,
        budget_usd,
        {{ cast_to('budget_usd - spend_to_date', 'money_nullable') }} as budget_left_usd,

        ---------- flight
        {{ cast_to('coalesce(event_date between first_date and last_date, false)', 'boolean') }} as is_in_flight
    from to_date
)

select * from final
