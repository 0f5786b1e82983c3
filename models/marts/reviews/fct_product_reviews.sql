{%- set days = incremental_by_day(touches='int_reviews__review_touches', order_by=['product_id', 'event_at'], by='month') %}

with latest as (
    {{ latest_states(ref('stg_reviews__reviews'), ref('int_reviews__review_touches'), days, key='review_id') | indent(4) }}
),

final as (
    select
        ---------- ids
        {{ cast_to('latest.review_id', 'text') }} as review_id,
        {{ cast_to('latest.reviewer_key', 'text') }} as reviewer_key,
        {{ cast_to("coalesce(latest.product_id, 'unknown')", 'text') }} as product_id,

        ---------- rating and votes
        {{ cast_to('case when latest.rating in (1, 2, 3, 4, 5) then latest.rating end', 'integer_nullable') }} as rating,
        {{ cast_to('latest.helpful_votes', 'integer_nullable') }} as helpful_votes,
        {{ cast_to('latest.total_votes', 'integer_nullable') }} as total_votes,
        case
            when latest.helpful_votes <= latest.total_votes then {{ ratio('latest.helpful_votes', 'latest.total_votes') }}
        end as helpful_share,
        {{ wilson_columns('helpful_share', 'latest.helpful_votes', 'latest.total_votes') }},
        {{ cast_to('latest.text_length', 'integer') }} as text_length,

        ---------- timestamps
        {{ cast_to('latest.event_at', 'timestamp') }} as event_at,
        {{ cast_to('latest.event_date', 'date') }} as event_date,
        latest.review_day,

        ---------- delivery
        {{ cast_to('latest.record_count', 'integer') }} as record_count,
        {{ cast_to('latest.first_delivery_id <> latest._delivery_id', 'boolean') }} as is_corrected,
        {{ cast_to('latest.first_delivery_id', 'category') }} as first_delivery_id,
        latest._delivery_id,
        latest._source_file,
        latest._source_row,
        {{ cast_to('review_days._day_version', 'category') }} as _day_version
    from latest
    inner join {{ days_of(touches='int_reviews__review_touches') }} as review_days
        on latest.event_date = review_days.event_date
)

select * from final
