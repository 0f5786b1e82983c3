with touches as (
    select
        _delivery_id,
        delivery_id,
        record_date,
        event_date
    from {{ ref('int_ad_delivery__impression_touches') }}
    union distinct
    select
        _delivery_id,
        delivery_id,
        record_date,
        event_date
    from {{ ref('int_ad_delivery__click_touches') }}
)

select * from touches
