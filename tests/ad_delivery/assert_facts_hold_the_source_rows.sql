-- Every impression and click that PostgreSQL counted for the newest extraction is in one hour of the facts, or set aside.
with newest as (
    select * from {{ ref('fct_ad_delivery_extractions') }}
    where table_name in ('impressions', 'clicks')
    qualify row_number() over (partition by table_name order by _delivery_id desc) = 1
),

counted as (
    select
        'impressions' as table_name,
        coalesce(sum(impressions), 0) as event_count
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        'clicks' as table_name,
        coalesce(sum(clicks), 0) as event_count
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        event_type || 's' as table_name,
        {{ cast_to('count(*)', 'integer') }} as event_count
    from {{ ref('fct_ad_delivery_set_aside') }}
    group by event_type
),

facts as (
    select
        table_name,
        sum(event_count) as event_count
    from counted
    group by table_name
)

select
    facts.table_name,
    newest.source_rows,
    facts.event_count
from facts
inner join newest on facts.table_name = newest.table_name
where newest.source_rows <> facts.event_count
