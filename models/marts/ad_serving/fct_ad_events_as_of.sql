with figures as (
    select * from {{ ref('int_ad_serving__figures_by_delivery') }}
),

final as (
    select
        event_date,
        publisher_id,
        {{ cast_to('publication', 'text') }} as publication,
        {{ measures_and_rates('_after') }},
        superseded_by_delivery_id,
        _delivery_id,
        _delivered_at,
        day_version as _day_version
    from figures
)

select * from final
