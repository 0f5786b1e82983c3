with unsettled as (
    select * from {{ ref('int_ad_serving__redelivered_states') }}
    where
        revenue_usd is null
        and not has_unparsable_revenue
        and previous_revenue_usd is not null
)

{{ findings_of_records(
    'unsettled', expected=number_text('previous_revenue_usd'), impact='previous_revenue_usd',
    texts=['publisher_id', 'previous_delivery_id']
) }}
