-- The current figures of fct_ad_events_as_of equal the daily mart for each day and publisher, in both directions. A
-- publisher that no longer has events on a day stays in fct_ad_events_as_of, with zeros.
with now_less_daily as (
    select
        event_date,
        {%- for measure in ad_measures() %}
        {{ measure }},
        {%- endfor %}
        publisher_id
    from {{ ref('fct_ad_events_as_of') }}
    where superseded_by_delivery_id is null
    union all
    select
        event_date,
        {%- for measure in ad_measures() %}
        -1 * {{ measure }} as {{ measure }},
        {%- endfor %}
        publisher_id
    from {{ ref('fct_ad_events_daily') }}
),

differences as (
    select
        event_date,
        publisher_id,
        {{ sums_of_measures() }}
    from now_less_daily
    group by event_date, publisher_id
)

select * from differences
where
    false
    {%- for measure in ad_measures() %}
    or {{ measure }}_total is distinct from 0
    {%- endfor %}
