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
        max(timezone) as time_zone,
        count(distinct reporting_date) as day_count,
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
        publisher_id as doubted_publisher,
        reporting_month as doubted_month,
        count(*) as error_count,
        sum(revenue_usd_in_doubt) as doubted_revenue
    from {{ ref('rpt_ad_serving_price_errors') }}
    group by publisher_id, reporting_month
),

judged as (
    select
        months.*,
        coalesce(price_errors.error_count, 0) as price_error_count,
        coalesce(price_errors.doubted_revenue, 0) as doubted_revenue,
        last_delivery.delivered_at >= {{ cast_to('months.first_of_month', 'timestamp') }}
        + interval 1 month + interval 12 hour as has_ended
    from months
    cross join last_delivery
    left join price_errors
        on
            months.publisher_id = price_errors.doubted_publisher
            and months.first_of_month = price_errors.doubted_month
),

final as (
    select
        first_of_month as reporting_month,
        publisher_id as publisher_id,
        name_of_publisher as publisher_name,
        manager as account_manager,
        time_zone as timezone,
        {{ cast_to('has_ended', 'boolean') }} as is_over,
        {{ cast_to('day_count', 'integer') }} as days_with_events,
        {{ cast_to(
            "date_diff('day', first_of_month, " ~ cast_to('first_of_month + interval 1 month', 'date') ~ ')', 'integer'
        ) }} as days_in_month,
        {{ cast_to(
            "case when not has_ended then 'not over' when price_error_count > 0 then 'waits' else 'yes' end", 'text'
        ) }} as can_be_billed,

        ---------- from gross to billable
        {%- for column, kind in columns.items() %}
        {{ cast_to(column ~ '_total', kind) }} as {{ column }},
        {%- endfor %}

        ---------- what may still change
        {{ cast_to('not_settled_total', 'money') }} as revenue_usd_billable_not_settled,
        {{ cast_to('in_errors_total', 'money') }} as revenue_usd_in_open_errors,
        {{ cast_to('price_error_count', 'integer') }} as open_price_errors,
        {{ cast_to('doubted_revenue', 'money') }} as revenue_usd_in_price_errors
    from judged
)

select * from final
