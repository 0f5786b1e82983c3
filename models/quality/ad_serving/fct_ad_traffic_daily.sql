{%- set measures = {
    'events': ['true', '1', 'integer'],
    'impressions': ["events.event_type = 'impression'", '1', 'integer'],
    'clicks': ["events.event_type = 'click'", '1', 'integer'],
    'revenue_usd': ['true', 'events.revenue_usd', 'money'],
} %}

with traffic as (
    select
        events.event_date as event_date,
        events.publisher_id as publisher_id,
        {%- for name, (condition, value, kind) in measures.items() %}
        {{ sum_where(value, condition, kind) }} as {{ name }}_of_all,
        {%- for class in ['general_invalid', 'suspect'] %}
        {{ sum_where(value, condition ~ " and judged.traffic_class = '" ~ class ~ "'", kind) }} as {{ name }}_of_{{ class }},
        {%- endfor %}
        {%- endfor %}
        count(judged.event_id) as conspicuous_count
    from {{ ref('fct_ad_events') }} as events
    left join {{ ref('fct_ad_invalid_traffic') }} as judged on events.event_id = judged.event_id
    group by events.event_date, events.publisher_id
),

final as (
    select
        event_date,
        publisher_id,
        {%- for name, (condition, value, kind) in measures.items() %}
        {{ name }}_of_all as {{ name }},
        {{ name }}_of_general_invalid as {{ name }}_general_invalid,
        {{ name }}_of_suspect as {{ name }}_suspect,
        {{ cast_to(name ~ '_of_all - ' ~ name ~ '_of_general_invalid - ' ~ name ~ '_of_suspect', kind) }} as {{ name }}_net,
        {%- endfor %}
        {{ cast_to('conspicuous_count', 'integer') }} as events_with_signals
    from traffic
)

select * from final
