-- Impressions of an unknown campaign, or of one whose bid is not a number, cost nothing here: check them.
{{ config(severity='warn') }}

select
    campaign_id,
    event_date,
    impressions
from {{ ref('fct_ad_delivery_daily') }}
where
    impressions > 0
    and bid_usd is null
