-- The deductions of the bridge equal their sources for each UTC day and publisher: gross and invalid records come from
-- fct_ad_events_daily; invalid traffic comes from fct_ad_invalid_traffic, whose overlap is part of invalid records.
{{ config(tags=['quality']) }}

{%- set figures = [
    'events_gross', 'impressions_gross', 'clicks_gross', 'revenue_usd_gross', 'revenue_usd_invalid_records',
    'events_general', 'revenue_general', 'events_suspect', 'revenue_suspect', 'events_with_signals',
] %}

with bridge_less_sources as (
    select
        event_date,
        publisher_id,
        events_gross,
        impressions_gross,
        clicks_gross,
        revenue_usd_gross,
        revenue_usd_invalid_records,
        events_general_invalid_traffic + events_invalid_records_and_general_invalid_traffic as events_general,
        revenue_usd_general_invalid_traffic + revenue_usd_invalid_records_and_general_invalid_traffic as revenue_general,
        events_suspect_traffic + events_invalid_records_and_suspect_traffic as events_suspect,
        revenue_usd_suspect_traffic + revenue_usd_invalid_records_and_suspect_traffic as revenue_suspect,
        events_with_signals
    from {{ ref('fct_ad_gross_to_billable_daily') }}
    union all
    select
        event_date,
        publisher_id,
        0 as events_gross,
        -impressions as impressions_gross,
        -clicks as clicks_gross,
        -revenue_usd as revenue_usd_gross,
        -revenue_usd_invalid_records as revenue_usd_invalid_records,
        0 as events_general,
        {{ cast_to('0', 'money') }} as revenue_general,
        0 as events_suspect,
        {{ cast_to('0', 'money') }} as revenue_suspect,
        0 as events_with_signals
    from {{ ref('fct_ad_events_daily') }}
    union all
    select
        event_date,
        publisher_id,
        -1 as events_gross,
        0 as impressions_gross,
        0 as clicks_gross,
        {{ cast_to('0', 'money') }} as revenue_usd_gross,
        {{ cast_to('0', 'money') }} as revenue_usd_invalid_records,
        0 as events_general,
        {{ cast_to('0', 'money') }} as revenue_general,
        0 as events_suspect,
        {{ cast_to('0', 'money') }} as revenue_suspect,
        0 as events_with_signals
    from {{ ref('fct_ad_events') }}
    union all
    select
        event_date,
        publisher_id,
        0 as events_gross,
        0 as impressions_gross,
        0 as clicks_gross,
        {{ cast_to('0', 'money') }} as revenue_usd_gross,
        {{ cast_to('0', 'money') }} as revenue_usd_invalid_records,
        case when traffic_class = 'general_invalid' then -1 else 0 end as events_general,
        case when traffic_class = 'general_invalid' then -revenue_usd else 0 end as revenue_general,
        case when traffic_class = 'suspect' then -1 else 0 end as events_suspect,
        case when traffic_class = 'suspect' then -revenue_usd else 0 end as revenue_suspect,
        -1 as events_with_signals
    from {{ ref('fct_ad_invalid_traffic') }}
),

differences as (
    select
        event_date,
        publisher_id,
        {%- for figure in figures %}
        sum({{ figure }}) as {{ figure }}_difference,
        {%- endfor %}
        count(*) as parts
    from bridge_less_sources
    group by event_date, publisher_id
)

select * from differences
where
    false
    {%- for figure in figures %}
    or {{ figure }}_difference is distinct from 0
    {%- endfor %}
