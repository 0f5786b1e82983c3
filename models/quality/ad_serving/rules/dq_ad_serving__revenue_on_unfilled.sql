with unfilled as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and not is_filled
        and (coalesce(revenue_usd, 0) <> 0 or campaign_id is not null)
)

{{ findings_of_records(
    'unfilled', observed=number_text('revenue_usd'), expected="'no revenue and no campaign'", impact='revenue_usd',
    texts=['campaign_id', 'publisher_id']
) }}
