{%- set days = incremental_by_day(touches='int_reviews__review_touches', order_by=['reviewer_key', 'review_id'], by='month') %}
{{ config(post_hook="{{ erase_reviewers(['summary', 'review_text']) }}") }}

with latest as (
    {{ latest_states(ref('stg_reviews__reviews'), ref('int_reviews__review_touches'), days, key='review_id') | indent(4) }}
),

final as (
    select
        {{ cast_to('latest.review_id', 'text') }} as review_id,
        {{ cast_to('latest.reviewer_key', 'text') }} as reviewer_key,
        latest.summary,
        latest.review_text,
        {{ cast_to('latest.event_date', 'date') }} as event_date,
        {{ cast_to('latest.first_delivery_id', 'category') }} as first_delivery_id,
        latest._delivery_id,
        {{ cast_to('review_days._day_version', 'category') }} as _day_version
    from latest
    inner join {{ days_of(touches='int_reviews__review_touches') }} as review_days
        on latest.event_date = review_days.event_date
)

select * from final
