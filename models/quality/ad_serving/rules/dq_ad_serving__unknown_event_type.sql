with unknown as (
    select * from {{ ref('stg_ad_serving__events') }}
    where
        set_aside_reason is null
        and coalesce(event_type, '') not in ('impression', 'click', 'viewable_impression')
)

{{ findings_of_records(
    'unknown', observed='event_type', expected="'impression, click or viewable_impression'", impact='revenue_usd'
) }}
