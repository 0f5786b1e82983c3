with moved as (
    select * from {{ ref('int_ad_serving__redelivered_states') }}
    where event_date <> previous_event_date
)

{{ findings_of_records(
    'moved', observed=cast_to('event_date', 'text_nullable'), expected=cast_to('previous_event_date', 'text_nullable'),
    impact='revenue_usd', texts=['publisher_id', 'previous_delivery_id']
) }}
