with undated as (
    select * from {{ ref('stg_ad_serving__events') }}
    where set_aside_reason = 'unparsable_timestamp'
)

{{ findings_of_records(
    'undated', observed='timestamp_as_delivered', expected="'a time'", impact='revenue_usd', texts=['event_type', 'publisher_id']
) }}
