with hours as (
    select
        publisher_id,
        event_date,
        {{ hour_of('event_at') }} as hour_of_day,
        count(*) filter (where event_type = 'click') as clicks,
        count(*) filter (where event_type = 'impression' and is_filled) as filled,
        sum(case when event_type = 'click' then revenue_usd else 0 end) as click_revenue,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }}
    where publisher_id is not null
    group by publisher_id, event_date, {{ hour_of('event_at') }}
),

others as (
    select
        *,
        {{ cast_to('clicks', 'integer') }} as clicks_here,
        {{ cast_to('sum(clicks) over (partition by publisher_id) - sum(clicks) over day', 'integer') }} as clicks_of_other_days,
        {{ cast_to('sum(filled) over (partition by publisher_id) - sum(filled) over day', 'integer') }} as filled_of_other_days
    from hours
    window day as (partition by publisher_id, event_date)
),

expected as (
    select
        *,
        coalesce({{ share_of(cast_to('filled', 'money'), 'clicks_of_other_days', 'filled_of_other_days') }}, 0) as clicks_expected
    from others
),

bursts as (
    select * from expected
    where
        filled_of_other_days >= {{ var('least_sampled') }}
        and {{ stands_out('clicks_here', 'clicks_expected') }}
)

{{ findings(
    'bursts', key="publisher_id || '|' || " ~ cast_to('event_date', 'text') ~ " || '|' || " ~ cast_to('hour_of_day', 'text'),
    day='event_date', observed=cast_to('clicks_here', 'text') ~ " || ' clicks in an hour'",
    expected=number_text('clicks_expected'), records='clicks_here', impact='click_revenue',
    numbers=['clicks_here', 'clicks_expected', 'filled', 'clicks_of_other_days', 'filled_of_other_days'],
    first='first_of_cell', last='last_of_cell'
) }}
