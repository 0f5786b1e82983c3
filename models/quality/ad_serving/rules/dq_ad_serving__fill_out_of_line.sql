{%- set segments = [['country_code', 'device_type'], ['country_code', 'publisher_id']] %}

with cells as (
    {%- for whole, part in segments %}
    select
        '{{ whole }} and {{ part }}' as segment,
        {{ cast_to("coalesce(" ~ whole ~ ", '')", 'text') }} as whole,
        {{ cast_to("coalesce(" ~ part ~ ", '')", 'text') }} as part,
        count(*) as impressions,
        count(*) filter (where is_filled) as filled,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }}
    where event_type = 'impression'
    group by {{ whole }}, {{ part }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

others as (
    select
        *,
        {{ cast_to('sum(impressions) over peers - impressions', 'integer') }} as impressions_of_peers,
        {{ cast_to('sum(filled) over peers - filled', 'integer') }} as filled_of_peers
    from cells
    window peers as (partition by segment, part)
),

expected as (
    select
        *,
        {{ share_of(cast_to('impressions', 'money'), 'filled_of_peers', 'impressions_of_peers') }} as filled_expected
    from others
),

unfilled as (
    select * from expected
    where {{ falls_short('filled', 'filled_expected') }}
)

{{ findings(
    'unfilled', key="segment || '|' || whole || '|' || part",
    observed=cast_to('filled', 'text') ~ " || ' of ' || " ~ cast_to('impressions', 'text') ~ " || ' filled'",
    expected=number_text('filled_expected'), records='impressions', numbers=['impressions', 'filled', 'filled_expected'],
    texts=['segment', 'whole', 'part'], first='first_of_cell', last='last_of_cell'
) }}
