-- Impressions of no known campaign, or of one whose bid is no number, cost nothing here: they are to be looked at.
{{ config(severity='warn') }}

select
    campaign_id,
    event_date,
    impressions
from {{ ref('fct_ad_delivery_daily') }}
where
    impressions > 0
    and bid_usd is null
