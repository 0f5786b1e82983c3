{#
    Events with an open error of their own, by columns of fct_ad_events: their number (error_count) and revenue
    (error_revenue). An event with two errors counts once. Errors about a price or an entire day name no event.
#}
{% macro events_in_open_errors(by) -%}
    select
        {%- for column in by %}
        events.{{ column }} as {{ column }},
        {%- endfor %}
        count(*) as error_count,
        sum(events.revenue_usd) as error_revenue
    from {{ ref('fct_ad_events') }} as events
    inner join (
        select distinct finding_key
        from {{ ref('fct_dq_findings') }}
        where
            source = 'ad_serving'
            and severity = 'error'
            and is_open
            and is_about_event
    ) as errors on events.event_id = errors.finding_key
    group by events.{{ by | join(', events.') }}
{%- endmacro %}
