with changed_days as (
    select
        event_date,
        max(day_version) as _day_version
    from {{ ref('int_ad_serving__figures_by_delivery') }}
    where
        publication = 'restatement'
        and (
            revenue_usd_moved <> 0
            {%- for effect in delivery_effects(ad_effects()) %}
            or {{ effect }}_count > 0
            {%- endfor %}
        )
    group by event_date
)

select * from changed_days
