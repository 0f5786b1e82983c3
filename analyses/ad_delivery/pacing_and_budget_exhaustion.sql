-- Which campaigns have used up their budget or will before their flight ends, and which will not spend it?
-- Asked by ad ops. As of the end of the latest full UTC day, the one before the last extraction, or --vars '{report_day:
-- 2026-03-20}'. pace_ratio compares spend with an even pace over the flight. At the average of the last 7 days, or of
-- those since its first, a campaign whose flight goes on uses up its budget on projected_day: NULL without spend in
-- them, and where that is more than ten years away.
-- One row per campaign, with its budget and flight of today. US dollars; spend outside of the flight counts.
with latest_day as (
    select
        coalesce(
            {{ cast_to("nullif('" ~ var('report_day', '') ~ "', '')", 'date_nullable') }},
            {{ cast_to('max(_delivered_at)', 'date') }} - 1
        ) as report_day
    from {{ ref('fct_ad_delivery_extractions') }}
),

spends as (
    select
        daily.campaign_id as campaign_id,
        sum(daily.spend_usd) as spend,
        {{ sum_where('daily.spend_usd', 'not daily.is_in_flight') }} as spend_out_of_flight,
        {{ sum_where('daily.spend_usd', "date_diff('day', daily.event_date, latest_day.report_day) < 7") }} as recent_spend,
        least(max(date_diff('day', daily.event_date, latest_day.report_day)) + 1, 7) as recent_days,
        min(case when daily.spend_usd_to_date >= campaigns.budget_usd then daily.event_date end) as used_up_on
    from {{ ref('fct_ad_delivery_daily') }} as daily
    cross join latest_day
    inner join {{ ref('dim_ad_delivery_campaigns') }} as campaigns
        on daily.campaign_id = campaigns.campaign_id
    where daily.event_date <= latest_day.report_day
    group by daily.campaign_id
),

flights as (
    select
        campaigns.campaign_id as campaign_id,
        campaigns.campaign_name,
        campaigns.is_deleted as is_deleted,
        coalesce(campaigns.start_date, {{ cast_to('campaigns.created_at', 'date_nullable') }}) as first_date,
        campaigns.end_date as end_date,
        campaigns.budget_usd as budget,
        latest_day.report_day,
        coalesce(spends.spend, 0) as spend_to_date,
        coalesce(spends.spend_out_of_flight, 0) as spend_out_of_flight,
        {{ share_of('spends.recent_spend', '1', 'spends.recent_days') }} as daily_pace,
        spends.used_up_on,
        ceil({{ ratio(
            cast_to('(campaigns.budget_usd - spends.spend) * 1000000', 'integer_nullable') ~ ' * spends.recent_days',
            cast_to('spends.recent_spend * 1000000', 'integer_nullable')
        ) }}) as days_to_go
    from {{ ref('dim_ad_delivery_campaigns') }} as campaigns
    cross join latest_day
    left join spends on campaigns.campaign_id = spends.campaign_id
),

projections as (
    select
        *,
        date_diff('day', first_date, end_date) + 1 as flight_days,
        greatest(least(date_diff('day', first_date, report_day), date_diff('day', first_date, end_date)) + 1, 0) as days_run,
        case
            when used_up_on is null and not is_deleted and coalesce(end_date > report_day, true) and days_to_go <= 3652
                then report_day + cast(coalesce(days_to_go, 0) as integer) -- ClickHouse casts no NULL to integer
        end as projected_day
    from flights
)

select
    campaign_id,
    campaign_name,
    is_deleted,
    first_date as flight_start,
    end_date as flight_end,
    report_day,
    budget as budget_usd,
    spend_to_date as spend_usd,
    spend_out_of_flight as spend_usd_out_of_flight,
    budget - spend_to_date as budget_left_usd,
    {{ share_of('budget', 'days_run', 'flight_days') }} as even_pace_usd,
    {{ ratio('spend_to_date', share_of('budget', 'days_run', 'flight_days')) }} as pace_ratio,
    daily_pace as daily_pace_usd,
    used_up_on,
    projected_day,
    {{ cast_to('coalesce(coalesce(used_up_on, projected_day) < end_date, false)', 'boolean') }} as is_used_up_early
from projections
order by campaign_id
