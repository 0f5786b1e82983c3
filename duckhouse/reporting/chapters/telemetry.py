"""Telemetry in the report: what became of messages by day, firmware, invalid messages, devices to look at, records."""

from datetime import date, datetime

from duckhouse.reporting.page import (
    Found,
    Row,
    days_chart,
    definitions,
    first_rows,
    folded,
    latest_days,
    line_chart,
    paragraph,
    records_section,
    section,
    share,
    table,
)

HEADING = "Telemetry"
MOST_DEVICES = 10
FATES = {"readings": "#0b6e99", "duplicates": "#9ac4d8", "conflicts": "#e0a030", "invalid": "#c0392b"}
TEMPERATURES = {"highest": "#c0392b", "mean": "#0b6e99"}

TOTALS = """
    select count(*), count(*) filter (readings > 0), count(*) filter (firmware_versions > 1), sum(received),
           sum(readings), sum(duplicates), sum(conflicts), sum(invalid), sum(late), sum(early), sum(gaps)
    from marts.dim_devices
"""
DAYS = """
    select event_date, sum(readings), sum(duplicates), sum(conflicts), sum(invalid), sum(late), sum(gaps)
    from marts.agg_telemetry_quality_daily
    group by event_date
    order by event_date
"""
TEMPERATURE = """
    select event_date, max(temperature_max), avg(temperature_mean)
    from marts.agg_device_hourly
    group by event_date
    order by event_date
"""
FIRMWARE = """
    select daily.firmware_version, count(distinct daily.device_id),
           count(distinct daily.device_id) filter (devices.firmware_version = daily.firmware_version),
           sum(daily.valid), sum(daily.duplicates), sum(daily.conflicts), sum(daily.late)
    from marts.agg_telemetry_quality_daily as daily
    inner join marts.dim_devices as devices using (device_id)
    where daily.valid > 0
    group by daily.firmware_version
    order by daily.firmware_version
"""
INVALID = """
    select set_aside_reason, count(*), count(distinct device_id), min(fault_detail)
    from marts.fct_device_readings_set_aside
    where not is_repaired
    group by set_aside_reason
    order by 2 desc, 1
"""
DEVICES = """
    select device_id, coalesce(firmware_version, 'none'), last_reading_at, received, invalid, conflicts, late, gaps
    from marts.dim_devices
    where invalid + conflicts + late + gaps > 0
    order by invalid + conflicts + late + gaps desc, device_id
"""
RECORDS = """
    select _delivery_id, min(_delivered_at), count(*), sum(records_read), sum(records_first),
           sum(records_duplicate + records_in_conflict), sum(records_untimed), sum(records_invalid + records_repaired),
           sum(records_blank)
    from quality.fct_device_reading_records
    group by _delivery_id
    order by _delivery_id
"""
QUERIES = {
    "rows": "select 1 from marts.fct_device_readings limit 1",
    "totals": TOTALS,
    "days": DAYS,
    "temperature": TEMPERATURE,
    "firmware": FIRMWARE,
    "invalid": INVALID,
    "devices": DEVICES,
    "records": RECORDS,
}
DAY_HEADERS = ("day", *FATES, "late", "gaps")
FIRMWARE_HEADERS = ("firmware", "devices", "run it now", "messages", "duplicates", "conflicts", "late")
INVALID_HEADERS = ("reason", "messages", "devices", "for example")
DEVICE_HEADERS = ("device", "firmware", "last reading, UTC", "messages", "invalid", "conflicts", "late", "gaps")
OF_DAYS = "A valid message counts for the UTC day of its reading, an invalid one for the day on which it was produced."
OF_TEMPERATURE = "Degrees Celsius: the highest reading of the fleet, and the mean of the means of device and hour."


def summary(found: Found) -> list[tuple[str, str]]:
    """The figures that the chapter opens with, named and formatted."""
    devices, active, upgraded, received, readings, duplicates, conflicts, invalid, late, early, gaps = found["totals"][
        0
    ]
    read, *fates = (sum(row[place] for row in found["records"]) for place in range(3, 9))
    return [
        ("devices, with readings", f"{devices:,}, {active:,}"),
        ("  that changed their firmware", f"{upgraded:,}"),
        ("messages", f"{received:,}"),
        ("  readings", f"{readings:,}"),
        ("  duplicates", f"{duplicates:,} ({share(duplicates, received)})"),
        ("  conflicts", f"{conflicts:,} ({share(conflicts, received)})"),
        ("  invalid", f"{invalid:,} ({share(invalid, received)})"),
        ("late messages, early ones", f"{late:,}, {early:,}"),
        ("gaps within a day", f"{gaps:,}"),
        ("records read", f"{read:,}, {'all' if read == sum(fates) else f'{sum(fates):,}'} accounted for"),
    ]


def sections(found: Found) -> list[str]:
    return [
        section("Summary", definitions(summary(found))),
        section("Messages by day", *by_day(found)),
        section("Temperature by day", *temperature(found)),
        section("Firmware", table(FIRMWARE_HEADERS, map(firmware_row, found["firmware"]))),
        section("Messages that are no readings", invalid(found)),
        section("Devices to look at", *devices(found)),
        records_section(found["records"]),
    ]


def last_delivery(found: Found) -> date:
    moment: datetime = max(row[1] for row in found["records"])
    return moment.date()


def by_day(found: Found) -> tuple[str, str]:
    shown, note = latest_days(found["days"], last_delivery(found))
    points = [(row[0], fate, count) for row in shown for fate, count in zip(FATES, row[1:5], strict=True)]
    drawn = days_chart(points, "messages", "d", FATES) if points else ""
    rows = (tuple(map(str, row[:1])) + tuple(f"{count:,}" for count in row[1:]) for row in found["days"])
    return drawn + folded("All days", table(DAY_HEADERS, rows)), OF_DAYS + note


def temperature(found: Found) -> tuple[str, str]:
    shown, _ = latest_days(found["temperature"], last_delivery(found))
    points = [
        (day, series, float(value))
        for day, *values in shown
        for series, value in zip(TEMPERATURES, values, strict=True)
    ]
    return (line_chart(points, "degrees Celsius", ".0f", TEMPERATURES) if points else ""), OF_TEMPERATURE


def invalid(found: Found) -> str:
    if not found["invalid"]:
        return paragraph("Every message is a reading, or repeats one.")
    rows = ((reason, f"{messages:,}", f"{own:,}", detail or "") for reason, messages, own, detail in found["invalid"])
    return table(INVALID_HEADERS, rows)


def devices(found: Found) -> tuple[str, str]:
    if not found["devices"]:
        return paragraph("No device has an invalid, conflicting or late message, or a gap."), ""
    shown, left_out = first_rows(found["devices"], MOST_DEVICES, "devices with fewer")
    note = "Those with the most messages that are invalid, conflict or are late, and gaps."
    return table(DEVICE_HEADERS, map(device_row, shown)), note + left_out


def firmware_row(row: Row) -> tuple[str, ...]:
    firmware, devices, current, messages, *parts = row
    return (firmware, f"{devices:,}", f"{current:,}", f"{messages:,}", *(share(part, messages) for part in parts))


def device_row(row: Row) -> tuple[str, ...]:
    device, firmware, last, *counts = row
    return (device, firmware, f"{last:%Y-%m-%d %H:%M}" if last else "none", *(f"{count:,}" for count in counts))
