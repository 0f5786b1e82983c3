with orphans as (
    select events.*
    from {{ ref('fct_ad_events') }} as events
    left join {{ ref('dim_campaigns') }} as known on events.campaign_id = known.campaign_id
    where
        events.campaign_id is not null
        and known.campaign_id is null
)

{{ findings_of_records(
    'orphans', observed='campaign_id', expected="'a campaign of dim_campaigns'", impact='revenue_usd'
) }}
