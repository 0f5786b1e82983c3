with hours as (
    select * from {{ ref('int_ad_serving__publisher_hours') }}
    where publisher_id is not null
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
    numbers=['clicks_here', 'clicks_expected', 'filled', 'clicks_of_other_days', 'filled_of_other_days'], texts=['publisher_id'],
    first='first_of_cell', last='last_of_cell'
) }}
