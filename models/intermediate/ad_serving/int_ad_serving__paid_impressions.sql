with paid as (
    select * from {{ ref('fct_ad_events') }}
    where
        event_type = 'impression'
        and is_filled
        and revenue_usd > 0
)

select * from paid
