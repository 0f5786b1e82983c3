{#
    Few people write many reviews in a day, so only the days that a rule may find are kept, with the sums of their
    month. A month without such a day keeps one row, or each build would rebuild it.
#}
{%- set months = incremental_by_day('int_reviews__months', order_by=['event_date']) %}

with reviewer_days as (
    select
        {{ month_of('event_date') }} as month_start,
        event_date as busy_day,
        reviewer_key,
        {{ cast_to('count(*)', 'integer') }} as reviews,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_product_reviews') }}
    where {{ in_days(month_of('event_date'), months) }}
    group by event_date, reviewer_key
),

sums as (
    select
        month_start,
        {{ cast_to('count(*)', 'integer') }} as reviewer_days,
        {{ cast_to('sum(reviews)', 'integer') }} as reviews_of_month
    from reviewer_days
    group by month_start
),

busy as (
    select * from reviewer_days
    where reviews >= {{ var('dq_least_events') }}
),

final as (
    select
        months.event_date as event_date,
        busy.reviewer_key as reviewer_key,
        busy.busy_day as busy_day,
        busy.reviews as reviews,
        sums.reviewer_days as reviewer_days,
        sums.reviews_of_month as reviews_of_month,
        busy.first_of_cell as first_of_cell,
        busy.last_of_cell as last_of_cell,
        {{ cast_to('months._day_version', 'category') }} as _day_version
    from sums
    inner join {{ ref('int_reviews__months') }} as months on sums.month_start = months.event_date
    left join busy on sums.month_start = busy.month_start
)

select * from final
