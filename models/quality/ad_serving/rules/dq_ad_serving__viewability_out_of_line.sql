with units as (
    select
        ad_unit_id,
        count(*) filter (where event_type = 'impression' and is_filled) as filled,
        count(*) filter (where event_type = 'viewable_impression') as viewable,
        sum(case when event_type = 'impression' then revenue_usd else 0 end) as revenue_usd,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }}
    where ad_unit_id is not null
    group by ad_unit_id
),

others as (
    select
        *,
        {{ cast_to('sum(filled) over () - filled', 'integer') }} as filled_of_others,
        {{ cast_to('sum(viewable) over () - viewable', 'integer') }} as viewable_of_others
    from units
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
    'unseen', key='ad_unit_id', observed=cast_to('viewable', 'text') ~ " || ' viewable of ' || " ~ cast_to('filled', 'text'),
    expected=number_text('viewable_expected'), records='filled', impact='revenue_usd',
    numbers=['filled', 'viewable', 'viewable_expected'], first='first_of_cell', last='last_of_cell'
) }}
