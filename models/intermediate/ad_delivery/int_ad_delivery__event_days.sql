select
    event_date,
    {{ cast_to('count(distinct delivery_id)', 'text') }} || '/' || max(delivery_id) as _day_version
from {{ ref('int_ad_delivery__delivery_touches') }}
group by event_date
