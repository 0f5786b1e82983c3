{%- set segments = ['ad_unit_id', 'campaign_id', 'publisher_id'] %}

with cells as (
    {%- for segment in segments %}
    select
        '{{ segment }}' as segment,
        {{ cast_to(segment, 'text_nullable') }} as member,
        count(*) filter (where event_type = 'impression' and is_filled) as filled,
        count(*) filter (where event_type = 'viewable_impression') as viewable,
        sum(case when event_type = 'impression' then revenue_usd else 0 end) as revenue_usd,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }}
    where {{ segment }} is not null
    group by {{ segment }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

others as (
    select
        *,
        {{ cast_to('sum(filled) over (partition by segment) - filled', 'integer') }} as filled_of_others,
        {{ cast_to('sum(viewable) over (partition by segment) - viewable', 'integer') }} as viewable_of_others
    from cells
),

expected as (
    select
        *,
        {{ share_of(cast_to('filled', 'money'), 'viewable_of_others', 'filled_of_others') }} as viewable_expected
    from others
),

unseen as (
    select * from expected
    where {{ falls_short('viewable', 'viewable_expected') }}
)

{{ findings(
    'unseen', key="segment || '|' || member",
    observed=cast_to('viewable', 'text') ~ " || ' viewable of ' || " ~ cast_to('filled', 'text'),
    expected=number_text('viewable_expected'), records='filled', impact='revenue_usd',
    numbers=['filled', 'viewable', 'viewable_expected'], texts=['segment', 'member'], first='first_of_cell', last='last_of_cell'
) }}
