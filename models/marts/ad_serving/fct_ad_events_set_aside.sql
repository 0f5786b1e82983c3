{%- set events = ref('stg_ad_serving__events') %}

with records as (
    select * from {{ events }}
    where
        set_aside_reason is not null
        and {{ is_new_in(events, '_delivery_id') }}
),

final as (
    select
        {{ cast_to('set_aside_reason', 'text') }} as set_aside_reason,
        event_id,
        event_type,
        timestamp_as_delivered,
        publisher_id,
        revenue_usd,
        _delivery_id,
        _source_file,
        _source_row,
        _unmapped
    from records
)

select * from final
