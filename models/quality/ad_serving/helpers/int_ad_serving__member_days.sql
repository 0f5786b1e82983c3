{%- set days = incremental_by_day('fct_ad_events', order_by=['segment', 'member']) %}

with member_days as (
    {%- for segment in ['ad_unit_id', 'campaign_id', 'publisher_id'] %}
    select
        event_date,
        {{ cast_to("'" ~ segment ~ "'", 'text') }} as segment,
        {{ cast_to(segment, 'text') }} as member,
        {{ cast_to("count(*) filter (where event_type = 'impression' and is_filled)", 'integer') }} as filled,
        {{ cast_to("count(*) filter (where event_type = 'viewable_impression')", 'integer') }} as viewable,
        {{ sum_where('revenue_usd', "event_type = 'impression'") }} as revenue_usd,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell,
        max(_day_version) as _day_version
    from {{ ref('fct_ad_events') }}
    where
        {{ segment }} is not null
        and {{ in_days('event_date', days) }}
    group by event_date, {{ segment }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from member_days
