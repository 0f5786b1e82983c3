-- How warm and humid is it where devices are, hour by hour?
-- Asked by device operations. Means are of the means of devices, so that one that floods weighs no more than the others.
-- One row per UTC hour with readings. Degrees Celsius, percent.
select
    event_date,
    hour,
    count(*) as devices,
    sum(readings) as hour_readings,
    min(temperature_min) as lowest_temperature,
    {{ share_of('sum(temperature_mean)', '1', 'count(*)') }} as mean_temperature,
    max(temperature_max) as highest_temperature,
    {{ share_of('sum(humidity_mean)', '1', 'count(*)') }} as mean_humidity
from {{ ref('agg_device_hourly') }}
group by event_date, hour
order by event_date asc, hour asc
