with contradictory as (
    select
        *,
        date_diff('day', event_date, review_day) as days_apart
    from {{ ref('stg_reviews__reviews') }}
    where
        set_aside_reason is null
        and review_day <> event_date
)

{{ findings_of_records(
    'contradictory', key='review_id', observed='review_day_as_delivered', expected=cast_to('event_date', 'text'),
    numbers=['days_apart'], texts=['timestamp_as_delivered', 'product_id']
) }}
