{%- set columns = bridge_columns(['events', 'revenue_usd']) %}

with bridge as (
    select
        event_date,
        reporting_date,
        publisher_id,
        {%- for column in columns %}
        sum({{ column }}) as {{ column }}_total,
        {%- endfor %}
        sum(revenue_usd_billable_not_settled) as not_settled_total
    from {{ ref('fct_ad_gross_to_billable_daily') }}
    group by event_date, reporting_date, publisher_id
),

errors as (
    {{ events_in_open_errors(['event_date', 'reporting_date', 'publisher_id']) }}
),

final as (
    select
        {{ cast_to('bridge.event_date', 'date') }} as event_date,
        {{ month_of('bridge.event_date') }} as event_month,
        {{ cast_to('bridge.reporting_date', 'date') }} as reporting_date,
        bridge.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        publishers.timezone as timezone,

        ---------- from gross to billable
        {%- for column, kind in columns.items() %}
        {{ cast_to('bridge.' ~ column ~ '_total', kind) }} as {{ column }},
        {%- endfor %}

        ---------- beside the steps
        {{ cast_to('bridge.not_settled_total', 'money') }} as revenue_usd_billable_not_settled,
        {{ cast_to('coalesce(errors.error_count, 0)', 'integer') }} as events_in_open_errors,
        {{ cast_to('coalesce(errors.error_revenue, 0)', 'money') }} as revenue_usd_in_open_errors
    from bridge
    left join errors
        on
            bridge.event_date = errors.event_date
            and bridge.reporting_date = errors.reporting_date
            and bridge.publisher_id is not distinct from errors.publisher_id
    left join {{ ref('dim_publishers') }} as publishers on bridge.publisher_id = publishers.publisher_id
)

select * from final
