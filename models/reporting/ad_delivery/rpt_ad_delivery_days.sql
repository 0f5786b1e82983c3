with last_extraction as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as extraction_day
    from {{ ref('fct_ad_delivery_extractions') }}
),

counted as (
    select
        daily.event_date as event_date,
        count(*) filter (where daily.is_in_flight) as campaigns_in_flight,
        count(*) filter (where daily.impressions > 0) as campaigns_with_impressions,
        sum(daily.impressions) as impressions,
        sum(daily.clicks) as clicks,
        sum(daily.spend_usd) as spend_usd
    from {{ ref('fct_ad_delivery_daily') }} as daily
    group by daily.event_date
),

rated as (
    select
        counted.*,
        last_extraction.extraction_day,
        {{ ratio('counted.clicks', 'counted.impressions') }} as ctr,
        {{ wilson_columns('ctr', 'counted.clicks', 'counted.impressions') }}
    from counted
    cross join last_extraction
),

final as (
    select
        {{ declared_columns('rated', {
            'is_over': 'rated.event_date < rated.extraction_day',
            'is_after_last_delivery': 'rated.event_date > rated.extraction_day',
        }) | indent(8) }}
    from rated
)

select * from final
