{%- set columns = bridge_columns(['revenue_usd']) %}

with last_delivery as (
    select max(_delivered_at) as delivered_at
    from {{ ref('fct_ad_event_records') }}
),

months as (
    select
        publisher_id,
        {{ month_of('reporting_date') }} as first_of_month,
        max(publisher_name) as name_of_publisher,
        max(account_manager) as manager,
        count(*) as day_count,
        {%- for column in columns %}
        sum({{ column }}) as {{ column }}_total,
        {%- endfor %}
        sum(revenue_usd_billable_not_settled) as not_settled_total,
        sum(revenue_usd_in_open_errors) as in_errors_total
    from {{ ref('rpt_ad_serving_billable_publisher_days') }}
    group by publisher_id, {{ month_of('reporting_date') }}
),

price_errors as (
    select
        regexp_extract(finding_key, '^([^|]*)', 1) as publisher_of_key,
        count(*) as error_count
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and rule_id in (
            'ad_serving__publisher_price_out_of_line', 'ad_serving__publisher_price_step',
            'ad_serving__cell_price_out_of_line'
        )
    group by regexp_extract(finding_key, '^([^|]*)', 1)
),

final as (
    select
        months.first_of_month as reporting_month,
        months.publisher_id as publisher_id,
        months.name_of_publisher as publisher_name,
        months.manager as account_manager,
        {{ cast_to(
            "last_delivery.delivered_at >= " ~ cast_to('months.first_of_month', 'timestamp')
            ~ " + interval 1 month + interval 12 hour", 'boolean'
        ) }} as is_over,
        {{ cast_to('months.day_count', 'integer') }} as days_with_events,

        ---------- from gross to billable
        {%- for column, kind in columns.items() %}
        {{ cast_to('months.' ~ column ~ '_total', kind) }} as {{ column }},
        {%- endfor %}

        ---------- what may still change
        {{ cast_to('months.not_settled_total', 'money') }} as revenue_usd_billable_not_settled,
        {{ cast_to('months.in_errors_total', 'money') }} as revenue_usd_in_open_errors,
        {{ cast_to('coalesce(price_errors.error_count, 0)', 'integer') }} as open_price_errors
    from months
    cross join last_delivery
    left join price_errors on months.publisher_id = price_errors.publisher_of_key
)

select * from final
