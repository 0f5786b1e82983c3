with unpaid as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and event_type = 'impression'
        and is_filled
        and revenue_usd = 0
)

{{ findings_of_records(
    'unpaid', observed="'0'", expected="'more than 0'", numbers=['bid_floor_usd'], texts=['campaign_id', 'publisher_id']
) }}
