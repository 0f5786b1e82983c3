with figures as (
    select
        *,
        impressions_after as impression_count,
        filled_impressions_after as filled_impression_count,
        clicks_after as click_count,
        viewable_impressions_after as viewable_impression_count,
        revenue_usd_after as gross_revenue,
        revenue_usd_as_delivered_after as gross_revenue_as_delivered,
        revenue_usd_invalid_records_after as invalid_record_revenue
    from {{ ref('int_ad_serving__figures_by_delivery') }}
),

final as (
    select
        event_date,
        publisher_id,
        {{ cast_to('publication', 'text') }} as publication,
        {{ measures_and_rates() }},
        superseded_by_delivery_id,
        _delivery_id,
        _delivered_at,
        day_version as _day_version
    from figures
)

select * from final
