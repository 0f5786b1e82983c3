with records as (
    select
        {{ cast_to("'impression-' || " ~ cast_to('impressions.impression_id', 'text'), 'text') }} as event_id,
        {{ cast_to("'impression'", 'category') }} as event_type,
        impressions.impression_id as id,
        impressions.campaign_id as campaign_id,
        impressions.created_at as event_at,
        impressions.event_date as event_date,
        impressions.operation as operation,
        case
            when impressions.operation = 'upsert' and impressions.created_at is null then 'unparsable_timestamp'
        end as set_aside_reason,
        impressions._delivery_id as _delivery_id,
        impressions._delivered_at as _delivered_at,
        impressions._source_file as _source_file,
        impressions._source_row as _source_row,
        impressions._unmapped as _unmapped
    from {{ ref('stg_ad_delivery__impressions') }} as impressions
    union all
    select
        {{ cast_to("'click-' || " ~ cast_to('clicks.click_id', 'text'), 'text') }} as event_id,
        {{ cast_to("'click'", 'category') }} as event_type,
        clicks.click_id as id,
        clicks.campaign_id as campaign_id,
        clicks.created_at as event_at,
        clicks.event_date as event_date,
        clicks.operation as operation,
        case
            when clicks.operation = 'upsert' and clicks.created_at is null then 'unparsable_timestamp'
        end as set_aside_reason,
        clicks._delivery_id as _delivery_id,
        clicks._delivered_at as _delivered_at,
        clicks._source_file as _source_file,
        clicks._source_row as _source_row,
        clicks._unmapped as _unmapped
    from {{ ref('stg_ad_delivery__clicks') }} as clicks
)

select * from records
