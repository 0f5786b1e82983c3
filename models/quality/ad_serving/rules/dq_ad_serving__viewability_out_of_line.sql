with cells as (
    select
        parts.segment as segment,
        parts.member as member,
        {{ cast_to('sum(parts.filled)', 'integer') }} as filled,
        {{ cast_to('sum(parts.viewable)', 'integer') }} as viewable,
        sum(parts.revenue_usd) as revenue_usd,
        min(parts.first_of_cell) as first_of_cell,
        max(parts.last_of_cell) as last_of_cell
    from {{ ref('int_ad_serving__member_days') }} as parts
    group by parts.segment, parts.member
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
