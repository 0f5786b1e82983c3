{%- set columns = bridge_columns(['events', 'impressions', 'clicks', 'revenue_usd']) %}

with last_delivery as (
    {{ last_delivery(ref('fct_ad_event_records')) }}
),

bridge as (
    select
        event_date,
        {%- for column in columns %}
        sum({{ column }}) as {{ column }}_total,
        {%- endfor %}
        sum(revenue_usd_billable_not_settled) as not_settled_total,
        sum(events_with_signals) as signalled_count
    from {{ ref('fct_ad_gross_to_billable_daily') }}
    group by event_date
),

errors as (
    {{ events_in_open_errors(['event_date']) }}
),

final as (
    select
        {{ cast_to('bridge.event_date', 'date') }} as event_date,
        {{ cast_to('bridge.event_date > last_delivery.delivery_date', 'boolean') }} as is_after_last_delivery,

        ---------- from gross to billable
        {%- for column, kind in columns.items() %}
        {{ cast_to('bridge.' ~ column ~ '_total', kind) }} as {{ column }},
        {%- endfor %}

        ---------- beside the steps
        {{ cast_to('bridge.not_settled_total', 'money') }} as revenue_usd_billable_not_settled,
        {{ cast_to('bridge.signalled_count', 'integer') }} as events_with_signals,
        {{ cast_to('coalesce(errors.error_count, 0)', 'integer') }} as events_in_open_errors,
        {{ cast_to('coalesce(errors.error_revenue, 0)', 'money') }} as revenue_usd_in_open_errors,
        {{ cast_to('coalesce(scorecard.findings_error, 0)', 'integer') }} as open_errors
    from bridge
    cross join last_delivery
    left join errors on bridge.event_date = errors.event_date
    left join {{ ref('agg_dq_scorecard') }} as scorecard
        on
            bridge.event_date = scorecard.event_date
            and scorecard.source = 'ad_serving'
)

select * from final
