with owners as (
    {{ owners_of(ref('dim_campaigns_history'), 'campaign_id', 'advertiser_id') | indent(4) }}
),

{{ strangers_to_owners(ref('fct_ad_events'), 'campaign_id', 'advertiser_id') }}

{{ findings_of_records(
    'strangers', observed="'advertiser ' || advertiser_id", expected="'advertiser ' || owner_ids", impact='revenue_usd',
    texts=['campaign_id']
) }}
