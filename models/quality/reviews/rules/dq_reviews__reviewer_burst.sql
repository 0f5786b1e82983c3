with days as (
    select
        *,
        reviewer_days - 1 as other_days,
        {{ share_of(cast_to('1', 'money'), '(reviews_of_month - reviews)', '(reviewer_days - 1)') }} as usual_reviews
    from {{ ref('int_reviews__busy_reviewers') }}
    where reviewer_key is not null
),

bursts as (
    select * from days
    where
        other_days >= {{ var('dq_least_users') }}
        and {{ stands_out('reviews', 'usual_reviews') }}
)

{{ findings(
    'bursts', key="reviewer_key || '|' || " ~ cast_to('busy_day', 'text'), day='busy_day',
    observed=cast_to('reviews', 'text') ~ " || ' reviews'", expected="'about ' || " ~ number_text('round(usual_reviews, 1)'),
    records='reviews', numbers=['other_days'], texts=['reviewer_key'], first='first_of_cell', last='last_of_cell'
) }}
