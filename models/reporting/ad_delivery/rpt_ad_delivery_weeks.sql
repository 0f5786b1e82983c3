with last_extraction as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as extraction_day
    from {{ ref('fct_ad_delivery_extractions') }}
),

days as (
    select
        *,
        -- weeks are counted from a Monday
        event_date
        - cast(date_diff('day', {{ cast_to("'1900-01-01'", 'date') }}, event_date) % 7 as integer) as week_start
    from {{ ref('rpt_ad_delivery_days') }}
),

weeks as (
    select
        days.week_start as week_start,
        count(*) filter (where days.impressions > 0) as days_with_impressions,
        sum(days.impressions) as impressions,
        sum(days.clicks) as clicks,
        sum(days.spend_usd) as spend_usd
    from days
    group by days.week_start
),

finished as (
    select
        weeks.*,
        weeks.week_start + 6 < last_extraction.extraction_day as is_over
    from weeks
    cross join last_extraction
),

final as (
    select
        {{ declared_columns('finished', {
            'change_of_impressions': ratio('finished.impressions - previous.impressions', 'previous.impressions'),
            'change_of_clicks': ratio('finished.clicks - previous.clicks', 'previous.clicks'),
            'ctr': ratio('finished.clicks', 'finished.impressions'),
            'change_of_ctr_in_points': ratio('finished.clicks', 'finished.impressions') ~ ' - '
                ~ ratio('previous.clicks', 'previous.impressions'),
            'change_of_spend': ratio('finished.spend_usd - previous.spend_usd', 'previous.spend_usd'),
        }) | indent(8) }}
    from finished
    left join weeks as previous
        on
            finished.week_start = previous.week_start + 7
            and finished.is_over
)

select * from final
