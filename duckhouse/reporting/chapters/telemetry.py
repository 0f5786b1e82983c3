"""Telemetry in the report: what became of messages by day, silent devices, firmware, invalid messages, records."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from duckhouse.reporting import charts, formats
from duckhouse.reporting.page import (
    DAYS_LATEST_FIRST,
    Fact,
    Folded,
    Found,
    Part,
    Row,
    Section,
    Table,
    Text,
    View,
    latest_days,
    latest_first,
    records_fact,
    records_section,
)

HEADING = "Telemetry"
VIEWS = {
    "days": View("rpt_telemetry_days", ("event_date",)),
    "devices": View("rpt_telemetry_devices", ("device_id",)),
    "firmware": View("rpt_telemetry_firmware", ("firmware_version",)),
    "firmware_days": View("rpt_telemetry_firmware_days", ("event_date", "firmware_version")),
    "invalid": View("rpt_telemetry_invalid", ("event_date", "set_aside_reason")),
    "records": View("rpt_telemetry_records", ("delivery_id",)),
    "open_errors": View("rpt_telemetry_open_errors", ("event_date", "device_id"), quality=True),
}
FATES = {"readings": charts.BLUE, "duplicates": charts.PALE, "conflicts": charts.ORANGE, "invalid": charts.RED}
TEMPERATURES = {"highest": charts.RED, "mean": charts.BLUE}

DAY_HEADERS = ("day", "devices", *FATES, "late", "gaps")
SILENT_HEADERS = ("device", "last reading, UTC", "hours silent", "firmware", "messages", "invalid")
FAULT_HEADERS = ("device", "firmware", "messages", "invalid", "conflicts", "late", "gaps", "silent")
FIRMWARE_HEADERS = ("firmware", "devices", "run it now", "messages", "duplicates", "conflicts", "late", "early")
ROLLOUT_HEADERS = ("day", "firmware", "devices", "of all", "readings")
INVALID_HEADERS = ("reason", "messages", "last day", "for example")
ERROR_HEADERS = ("device", "day", "readings", "rules")
OF_DAYS = "A valid message counts for the UTC day of its reading, an invalid one for the day on which it was produced."
OF_SILENT = "No reading in the day before the last timely reading of the fleet. Devices that never had one come first."
OF_FAULTS = "Those with the most messages that are invalid, in conflict or late, and gaps."
OF_TEMPERATURE = "Degrees Celsius: the highest reading of the fleet, and the mean of the means of device and hour."
OF_ROLLOUT = "A device counts for each firmware with which it has readings on the day. The latest days come first."
OF_ERRORS = "Readings that an open error is about. They are part of the figures above."


def facts(found: Found) -> list[Fact]:
    """The figures that the chapter opens with."""
    devices = found["devices"]
    sums = {name: sum(getattr(row, name) for row in devices) for name in ("received", "late", "early", "gaps", *FATES)}
    active = sum(row.readings > 0 for row in devices)
    return [
        Fact("readings", formats.count(sums["readings"]), in_errors(found)),
        Fact("messages", formats.count(sums["received"])),
        *(
            Fact(name, formats.count(sums[name]), f"{formats.share(sums[name], sums['received'])} of the messages")
            for name in ("duplicates", "conflicts", "invalid")
        ),
        Fact("late messages", formats.count(sums["late"])),
        Fact("early messages", formats.count(sums["early"]), "of clocks that are ahead"),
        Fact("gaps within a day", formats.count(sums["gaps"])),
        Fact("devices", formats.count(len(devices)), f"{formats.count(active)} with readings"),
        Fact("silent devices", formats.count(sum(row.is_silent for row in devices))),
        Fact("devices that changed firmware", formats.count(sum(row.firmware_versions > 1 for row in devices))),
        records_fact(found["records"]),
    ]


def in_errors(found: Found) -> str:
    errors = found["open_errors"]
    return "" if errors is None else f"{sum(row.readings for row in errors):,} of them in open errors"


def sections(found: Found) -> list[Section]:
    doubts = [errors(found)] if found["open_errors"] else []
    return [
        Section("What became of the messages of each day?", *by_day(found)),
        Section("Which devices have stopped sending?", *silent(found)),
        Section("Which devices send what is wrong?", *at_fault(found), folded=True),
        Section("How warm is it where devices are?", *temperature(found), folded=True),
        Section("How well does each firmware do?", [firmware(found)], folded=True),
        Section("How far has each firmware come?", [rollout(found)], OF_ROLLOUT, folded=True),
        Section("Why are messages no readings?", [invalid(found)], folded=True),
        *(Section("Which readings are in doubt?", [table], OF_ERRORS, folded=True) for table in doubts),
        records_section(found["records"]),
    ]


def last_day(found: Found) -> date:
    day: date = max(row.delivered_at for row in found["records"]).date()
    return day


def by_day(found: Found) -> tuple[list[Part], str]:
    shown, note = latest_days(found["days"], last_day(found))
    points = [(row.event_date, fate, getattr(row, fate)) for row in shown for fate in FATES]
    drawn: list[Part] = [charts.days_chart(points, "messages", "d", FATES)] if points else []
    rows = map(day_row, latest_first(found["days"]))
    return [*drawn, Folded("All days", [Table(DAYS_LATEST_FIRST, DAY_HEADERS, rows)])], OF_DAYS + note


def silent(found: Found) -> tuple[list[Part], str]:
    rows = sorted((row for row in found["devices"] if row.is_silent), key=silence, reverse=True)
    if not rows:
        return [Text("Every device sent a reading in the last day.")], ""
    return [Table("Silent devices, the longest first", SILENT_HEADERS, map(silent_row, rows))], OF_SILENT


def silence(row: Row) -> tuple[bool, int]:
    return row.hours_silent is None, row.hours_silent or 0


def at_fault(found: Found) -> tuple[list[Part], str]:
    rows = sorted((row for row in found["devices"] if row.faults), key=lambda row: -row.faults)
    if not rows:
        return [Text("No device has an invalid, conflicting or late message, or a gap.")], ""
    return [Table("Devices at fault", FAULT_HEADERS, map(fault_row, rows))], OF_FAULTS


def temperature(found: Found) -> tuple[list[Part], str]:
    shown, _ = latest_days(found["days"], last_day(found))
    points = [
        (row.event_date, series, value)
        for row in shown
        for series, value in zip(TEMPERATURES, (row.temperature_highest, row.temperature_mean), strict=True)
        if value is not None
    ]
    if not points:
        return [Text("No day has readings.")], ""
    return [charts.line_chart(points, "degrees Celsius", ".0f", TEMPERATURES)], OF_TEMPERATURE


def firmware(found: Found) -> Table:
    return Table("Firmware", FIRMWARE_HEADERS, map(firmware_row, found["firmware"]))


def rollout(found: Found) -> Table:
    return Table("Firmware by day", ROLLOUT_HEADERS, map(rollout_row, reversed(found["firmware_days"])))


def invalid(found: Found) -> Table:
    by_reason = defaultdict(list)
    for row in found["invalid"]:
        by_reason[row.set_aside_reason].append(row)
    rows = sorted((reason_row(reason, days) for reason, days in by_reason.items()), key=lambda row: (-row[1], row[0]))
    return Table("Invalid messages", INVALID_HEADERS, ((reason, f"{count:,}", *told) for reason, count, *told in rows))


def reason_row(reason: str, days: Sequence[Row]) -> tuple[str, int, str, str]:
    """All days of a reason together: the number of messages, the last day, and what is wrong with one message."""
    return reason, sum(row.messages for row in days), str(days[-1].event_date), days[-1].example or ""


def errors(found: Found) -> Table:
    rows = sorted(found["open_errors"], key=lambda row: -row.readings)
    return Table("Days in open errors, by readings", ERROR_HEADERS, map(error_row, rows))


def day_row(row: Row) -> tuple[str, ...]:
    counts = (row.devices, *(getattr(row, fate) for fate in FATES), row.late, row.gaps)
    return (str(row.event_date), *map(formats.count, counts))


def silent_row(row: Row) -> tuple[str, ...]:
    return (
        row.device_id,
        formats.moment(row.last_reading_at) or "never",
        formats.count(row.hours_silent),
        row.firmware_version or "none",
        *map(formats.count, (row.received, row.invalid)),
    )


def fault_row(row: Row) -> tuple[str, ...]:
    return (
        row.device_id,
        row.firmware_version or "none",
        *map(formats.count, (row.received, row.invalid, row.conflicts, row.late, row.gaps)),
        "yes" if row.is_silent else "no",
    )


def firmware_row(row: Row) -> tuple[str, ...]:
    shares = (row.duplicate_share, row.conflict_share, row.late_share, row.early_share)
    return (
        row.firmware_version,
        *map(formats.count, (row.devices, row.devices_now, row.messages)),
        *(formats.percent(share, 2) for share in shares),
    )


def rollout_row(row: Row) -> tuple[str, ...]:
    return (
        str(row.event_date),
        row.firmware_version,
        formats.count(row.devices),
        formats.percent(row.device_share),
        formats.count(row.readings),
    )


def error_row(row: Row) -> tuple[str, ...]:
    return (row.device_id, str(row.event_date), formats.count(row.readings), row.rules.replace(",", ", "))
