-- Which firmware repeats, contradicts or delays its readings?
-- Asked by device operations. Shares are of the valid messages of the firmware; an invalid message tells none. gaps_a_device_day
-- is how often a device that runs it pauses on a day.
-- One row per firmware, the one with most messages first.
select
    firmware_version,
    count(distinct device_id) as devices,
    sum(valid) as messages,
    {{ ratio('sum(duplicates)', 'sum(valid)') }} as duplicate_share,
    {{ ratio('sum(conflicts)', 'sum(valid)') }} as conflict_share,
    {{ ratio('sum(late)', 'sum(valid)') }} as late_share,
    {{ ratio('sum(early)', 'sum(valid)') }} as early_share,
    {{ ratio('sum(gaps)', 'count(*)') }} as gaps_a_device_day
from {{ ref('agg_telemetry_quality_daily') }}
where valid > 0
group by firmware_version
order by sum(valid) desc, firmware_version asc
