with premature as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and event_at > _delivered_at
)

{{ findings_of_records(
    'premature', observed='timestamp_as_delivered', expected="'before the delivery'", impact='revenue_usd', texts=['publisher_id']
) }}
