{%- set days = incremental_by_day('fct_ad_events', order_by=['publisher_id']) %}

with hours as (
    select
        event_date,
        {{ hour_of('event_at') }} as hour_of_day,
        publisher_id,
        count(*) as events,
        count(*) filter (where event_type = 'click') as clicks,
        count(*) filter (where event_type = 'impression' and is_filled) as filled,
        count(*) filter (where {{ is_whole_second('event_at') }}) as on_the_second,
        {{ sum_where('revenue_usd', "event_type = 'click'") }} as click_revenue,
        {{ sum_where('revenue_usd', is_whole_second('event_at')) }} as revenue_on_the_second,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell,
        max(_day_version) as _day_version
    from {{ ref('fct_ad_events') }}
    where {{ in_days('event_date', days) }}
    group by event_date, {{ hour_of('event_at') }}, publisher_id
),

final as (
    select
        event_date,
        hour_of_day,
        publisher_id,
        {%- for count in ['events', 'clicks', 'filled', 'on_the_second'] %}
        {{ cast_to(count, 'integer') }} as {{ count }},
        {%- endfor %}
        click_revenue,
        revenue_on_the_second,
        first_of_cell,
        last_of_cell,
        _day_version
    from hours
)

select * from final
