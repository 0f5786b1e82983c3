with days as (
    select distinct
        {{ month_of('event_date') }} as month_start,
        {{ cast_to('event_date', 'text') }} || '=' || _day_version as day_text
    from {{ ref('fct_product_reviews') }}
),

months as (
    select
        month_start as event_date,
        {{ md5_text(ordered_text_agg('day_text')) }} as _day_version
    from days
    group by month_start
)

select * from months
