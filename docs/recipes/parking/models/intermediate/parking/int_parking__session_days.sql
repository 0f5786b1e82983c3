{{ config(materialized='table') }}

select
    event_date,
    {{ cast_to('count(distinct delivery_id)', 'text') }} || '/' || max(delivery_id) as _day_version
from {{ ref('int_parking__session_touches') }}
group by event_date
