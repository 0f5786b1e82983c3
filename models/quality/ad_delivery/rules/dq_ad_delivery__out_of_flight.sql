{# by the version that gives the day its bid and budget; events may be back-dated to before the start #}
with flown as (
    select
        daily.campaign_id as campaign_id,
        daily.event_date as event_date,
        {{ cast_to('daily.impressions + daily.clicks', 'integer') }} as events,
        daily.spend_usd as spend_usd,
        versions.start_date as start_date,
        versions.end_date as end_date
    from {{ ref('fct_ad_delivery_daily') }} as daily
    inner join {{ ref('dim_ad_delivery_campaigns_history') }} as versions
        on daily.campaign_version_id = versions.campaign_version_id
    where daily.impressions + daily.clicks > 0
),

outside as (
    select
        *,
        case when event_date > end_date then 'after the end' else 'before the start' end as verdict
    from flown
    where
        event_date > end_date
        or event_date < start_date - interval {{ var('dq_back_dated_days') }} day
),

final as (
    {{ with_deliveries_behind('outside') | indent(4) }}
)

{{ findings(
    'final', key=campaign_and_day(), day='event_date', observed='verdict',
    expected="coalesce(" ~ cast_to('start_date', 'text_nullable') ~ ", '') || ' to ' || coalesce("
        ~ cast_to('end_date', 'text_nullable') ~ ", '')",
    records='events', impact='spend_usd', numbers=['campaign_id', 'events'], first='first_of_cell', last='last_of_cell'
) }}
