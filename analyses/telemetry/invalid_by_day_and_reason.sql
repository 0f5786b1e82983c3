-- Why are messages no readings, and of how many devices?
-- Asked by device operations. Repaired messages are left out; messages without a key count as one device, unknown.
-- One row per UTC day on which messages were produced and reason.
select
    event_date,
    set_aside_reason,
    count(*) as messages,
    count(distinct device_id) as devices,
    min(fault_detail) as example
from {{ ref('fct_device_readings_set_aside') }}
where not is_repaired
group by event_date, set_aside_reason
order by event_date asc, count(*) desc, set_aside_reason asc
