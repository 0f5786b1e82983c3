with last_deliveries as (
    select
        source,
        {{ cast_to('max(delivered_at)', 'date') }} as delivery_day
    from {{ ref('rpt_quality_deliveries') }}
    group by source
),

days as (
    select
        scorecard.*,
        coalesce(scorecard.event_date > last_deliveries.delivery_day, false) as is_later,
        max(case when scorecard.event_date <= last_deliveries.delivery_day then scorecard.events else 0 end)
            over (partition by scorecard.source) as most_events
    from {{ ref('agg_dq_scorecard') }} as scorecard
    left join last_deliveries on scorecard.source = last_deliveries.source
),

periods as (
    select
        source,
        min(event_date) as first_day,
        max(event_date) as last_day
    from days
    where
        event_date is not null
        and not is_later
        and events > 0
        and events * {{ var('dq_stray_part') }} >= most_events
    group by source
),

final as (
    select
        ---------- source and day
        days.source as source,
        {{ cast_to(source_label('days.source'), 'text') }} as source_label,
        days.event_date as event_date,
        {{ cast_to(
            'coalesce(days.event_date between periods.first_day and periods.last_day, false)', 'boolean'
        ) }} as is_in_period,
        {{ cast_to('days.is_later', 'boolean') }} as is_after_last_delivery,

        ---------- events, and what was found about them
        days.events,
        {%- for severity in ['error', 'warning', 'information'] %}
        days.findings_{{ severity }} as open_{{ {'error': 'errors', 'warning': 'warnings'}.get(severity, severity) }},
        {%- endfor %}
        days.findings_mended as closed_findings,
        days.events_at_fault,
        days.share_without_fault,
        days.impact_amount,
        days.impact_currency
    from days
    left join periods on days.source = periods.source
)

select * from final
