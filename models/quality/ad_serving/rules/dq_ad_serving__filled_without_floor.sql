with files_with_floors as (
    select
        _delivery_id,
        _source_file
    from {{ ref('stg_ad_serving__events') }}
    group by _delivery_id, _source_file
    having count(bid_floor_usd) > 0
),

floorless as (
    select events.*
    from {{ ref('stg_ad_serving__events') }} as events
    inner join files_with_floors
        on
            events._delivery_id = files_with_floors._delivery_id
            and events._source_file = files_with_floors._source_file
    where
        events.set_aside_reason is null
        and events.event_type = 'impression'
        and events.is_filled
        and events.revenue_usd is not null
        and events.bid_floor_usd is null
)

{{ findings_of_records(
    'floorless', expected="'a bid floor'", impact='revenue_usd', texts=['ad_unit_id', 'campaign_id', 'publisher_id']
) }}
