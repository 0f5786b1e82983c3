{%- set days = var('pace_days') %}
{%- set is_recent = "date_diff('day', daily.event_date, latest_day.report_day) < " ~ days %}

with latest_day as (
    select {{ cast_to('max(_delivered_at)', 'date') }} - 1 as report_day
    from {{ ref('fct_ad_delivery_extractions') }}
),

spends as (
    select
        daily.campaign_id as campaign_id,
        sum(daily.spend_usd) as spend,
        {{ sum_where('daily.spend_usd', 'not daily.is_in_flight') }} as spend_out_of_flight,
        {{ sum_where('daily.spend_usd', is_recent) }} as recent_spend,
        least(max(date_diff('day', daily.event_date, latest_day.report_day)) + 1, {{ days }}) as recent_days,
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
        campaigns.campaign_name as campaign_name,
        campaigns.is_deleted as is_deleted,
        coalesce(campaigns.start_date, {{ cast_to('campaigns.created_at', 'date_nullable') }}) as flight_start,
        campaigns.end_date as flight_end,
        campaigns.budget_usd as budget_usd,
        latest_day.report_day as report_day,
        coalesce(spends.spend, 0) as spend_usd,
        coalesce(spends.spend_out_of_flight, 0) as spend_usd_out_of_flight,
        {{ share_of('spends.recent_spend', '1', 'spends.recent_days') }} as daily_pace_usd,
        spends.used_up_on as used_up_on,
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
        date_diff('day', flight_start, flight_end) + 1 as flight_days,
        greatest(
            least(date_diff('day', flight_start, report_day), date_diff('day', flight_start, flight_end)) + 1, 0
        ) as days_run,
        case
            when
                used_up_on is null
                and not is_deleted
                and coalesce(flight_end > report_day, true)
                and days_to_go <= 3652
                then report_day + cast(coalesce(days_to_go, 0) as integer) -- ClickHouse casts no NULL to integer
        end as projected_day
    from flights
),

{%- set even_pace = share_of('projections.budget_usd', 'projections.days_run', 'projections.flight_days') %}

final as (
    select
        {{ declared_columns('projections', {
            'budget_left_usd': 'projections.budget_usd - projections.spend_usd',
            'even_pace_usd': even_pace,
            'pace_ratio': ratio('projections.spend_usd', even_pace),
            'runs_out_on': 'coalesce(projections.used_up_on, projections.projected_day)',
            'is_used_up_early':
                'coalesce(coalesce(projections.used_up_on, projections.projected_day) < projections.flight_end, false)',
        }) | indent(8) }}
    from projections
)

select * from final
