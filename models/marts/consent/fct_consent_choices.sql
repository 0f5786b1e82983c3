{%- set days = incremental_by_day('fct_consent_events', order_by=['company_id', 'event_id']) %}

with events as (
    select * from {{ ref('fct_consent_events') }}
    where
        parameters is not null
        and event_type in ('consent.asked', 'consent.given')
        and {{ in_days('event_date', days) }}
),

listed as (
    {%- for kind in ['purposes', 'purposes_li', 'vendors', 'vendors_li'] %}
    {%- for choice, keys in {'offered': [kind], 'enabled': [kind, 'enabled'], 'disabled': [kind, 'disabled']}.items() %}
    select
        event_id,
        '{{ kind }}' as kind,
        '{{ choice }}' as choice,
        {{ unnested(json_texts('parameters', keys)) }} as item
    from events
    where event_type = '{{ 'consent.asked' if choice == 'offered' else 'consent.given' }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

items as (
    select distinct
        event_id,
        kind,
        choice,
        {# a vendor is an integer, also where JSON writes it as 63.0 #}
        {{ whole_number_text('item') }} as item_id
    from listed
    where item is not null
),

final as (
    select
        {{ cast_to('items.event_id', 'text') }} as event_id,
        {{ cast_to('items.kind', 'category') }} as kind,
        {{ cast_to('items.item_id', 'category') }} as item_id,
        {{ cast_to('items.choice', 'category') }} as choice,
        events.company_id,
        events.event_type,
        events.country_code,
        events.device_type,
        events.events_weighted_once,
        events.variance_weighted_once,
        events.choice_created_at,
        events.choice_updated_at,
        events.event_date,
        events._delivery_id,
        events._day_version
    from items
    inner join events on items.event_id = events.event_id
)

select * from final
