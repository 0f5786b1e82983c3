{#
    Texts that are too short to tell whether they were copied have no hash. A day without longer texts keeps one row, or
    each build would rebuild it.
#}
{%- set days = incremental_by_day('fct_product_review_texts', order_by=['event_date'], by='month') %}
{%- set is_long = 'char_length(review_text) >= ' ~ var('dq_shared_text_length') %}
{{ config(post_hook="{{ erase_reviewers(['text_hash']) }}") }}

with texts as (
    select
        event_date,
        {{ cast_to('case when ' ~ is_long ~ ' then reviewer_key end', 'text_nullable') }} as reviewer_key,
        {{ cast_to('case when ' ~ is_long ~ ' then ' ~ md5_text('review_text') ~ ' end', 'text_nullable') }} as text_hash,
        case when {{ is_long }} then char_length(review_text) end as text_length,
        first_delivery_id,
        _delivery_id,
        _day_version
    from {{ ref('fct_product_review_texts') }}
    where {{ in_days('event_date', days) }}
),

text_days as (
    select
        event_date,
        reviewer_key,
        text_hash,
        {{ cast_to('count(*)', 'integer') }} as reviews,
        {{ cast_to('max(text_length)', 'integer_nullable') }} as text_length,
        min(first_delivery_id) as first_of_text,
        max(_delivery_id) as last_of_text,
        max(_day_version) as _day_version
    from texts
    group by event_date, reviewer_key, text_hash
)

select * from text_days
