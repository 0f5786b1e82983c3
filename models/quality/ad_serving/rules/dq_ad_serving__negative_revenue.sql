with negative as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and revenue_usd < 0
)

{{ findings_of_records('negative', observed=number_text('revenue_usd'), expected="'0 or more'", impact='revenue_usd') }}
