with impressions as (
    select distinct bid_request_id from {{ ref('int_ad_serving__event_identities') }}
    where
        event_type = 'impression'
        and bid_request_id is not null
),

orphans as (
    select followers.*
    from {{ ref('int_ad_serving__event_identities') }} as followers
    left join impressions on followers.bid_request_id = impressions.bid_request_id
    where
        followers.event_type in ('click', 'viewable_impression')
        and followers.bid_request_id is not null
        and impressions.bid_request_id is null
)

{{ findings_of_records(
    'orphans', observed="event_type || ' of request ' || bid_request_id", expected="'an impression of the same request'",
    impact='revenue_usd', texts=['user_id_hash', 'bid_request_id']
) }}
