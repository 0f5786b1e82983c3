with orphans as (
    select campaigns.*
    from {{ ref('dim_ad_delivery_campaigns') }} as campaigns
    left join {{ ref('dim_ad_delivery_advertisers') }} as known on campaigns.advertiser_id = known.advertiser_id
    where
        known.advertiser_id is null
        and not campaigns.is_deleted
)

{{ findings(
    'orphans', key="'campaigns/' || " ~ cast_to('campaign_id', 'text'), observed=cast_to('advertiser_id', 'text_nullable'),
    expected="'one of dim_ad_delivery_advertisers'", texts=['campaign_name']
) }}
