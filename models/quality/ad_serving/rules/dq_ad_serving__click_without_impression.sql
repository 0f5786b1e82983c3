with followers as (
    select * from {{ ref('int_ad_serving__event_identities') }}
    where
        event_type in ('click', 'viewable_impression')
        and bid_request_id is not null
),

{# impressions are many: only those of requests with a later event are read #}
impressions as (
    select bid_request_id from {{ ref('int_ad_serving__event_identities') }}
    where
        event_type = 'impression'
        and bid_request_id in (select followers.bid_request_id from followers)
),

orphans as (
    select * from followers
    where bid_request_id not in (select impressions.bid_request_id from impressions)
)

{{ findings_of_records(
    'orphans', observed="event_type || ' of request ' || bid_request_id", expected="'an impression of the same request'",
    impact='revenue_usd', texts=['user_id_hash', 'bid_request_id']
) }}
