with errors as (
    select
        {{ month_of('event_date') }} as month,
        count(distinct finding_key) as reviews_in_open_errors
    from {{ ref('fct_dq_findings') }}
    where
        source = 'reviews'
        and severity = 'error'
        and is_open
        and is_about_event
        and event_date is not null
    group by {{ month_of('event_date') }}
),

months as (
    select
        ratings.month as month,
        sum(ratings.reviews) as reviews
    from {{ ref('agg_category_ratings') }} as ratings
    group by ratings.month
),

final as (
    select
        {{ declared_columns('months', {
            'reviews_in_open_errors': 'coalesce(errors.reviews_in_open_errors, 0)',
            'share_in_open_errors': ratio('coalesce(errors.reviews_in_open_errors, 0)', 'months.reviews'),
        }) | indent(8) }}
    from months
    left join errors on months.month = errors.month
)

select * from final
