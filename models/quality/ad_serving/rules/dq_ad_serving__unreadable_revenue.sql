with unreadable as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and has_unparsable_revenue
)

{{ findings_of_records('unreadable', observed='unparsable_revenue', expected="'a number'", texts=['publisher_id']) }}
