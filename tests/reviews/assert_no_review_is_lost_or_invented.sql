-- All records of a review have its time: for each day the fact counts as many records as staging holds, and has a text
-- for each review.
with records_and_texts as (
    select
        event_date,
        {{ cast_to('count(*)', 'integer') }} as records_too_many,
        {{ cast_to('0', 'integer') }} as texts_too_many
    from {{ ref('stg_reviews__reviews') }}
    where set_aside_reason is null
    group by event_date
    union all
    select
        event_date,
        -{{ cast_to('sum(record_count)', 'integer') }} as records_too_many,
        -{{ cast_to('count(*)', 'integer') }} as texts_too_many
    from {{ ref('fct_product_reviews') }}
    group by event_date
    union all
    select
        event_date,
        {{ cast_to('0', 'integer') }} as records_too_many,
        {{ cast_to('count(*)', 'integer') }} as texts_too_many
    from {{ ref('fct_product_review_texts') }}
    group by event_date
),

differences as (
    select
        event_date,
        sum(records_too_many) as records_lost,
        sum(texts_too_many) as texts_invented
    from records_and_texts
    group by event_date
)

select * from differences
where
    records_lost is distinct from 0
    or texts_invented is distinct from 0
