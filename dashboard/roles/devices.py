"""Devices: which are silent or at fault, how firmware progresses, and what became of the messages."""

from datetime import datetime, time

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period
from dashboard.parts import Tile
from dashboard.roles.data_quality import rule_links
from duckhouse.reporting import formats
from duckhouse.warehouse.questions import Between, Condition, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Devices"
ICON = ":material/sensors:"

FIGURES = ("messages", "valid_reading_share")
GOOD = {"messages": True, "valid_reading_share": True}
FATES = {"readings": "Readings", "duplicates": "Duplicates", "conflicts": "Conflicts", "invalid": "Invalid"}
FAULTS = {"duplicates": "Duplicates", "conflicts": "Conflicts", "invalid": "Invalid", "late": "Late", "gaps": "Gaps"}
DEVICE_LABELS = {
    "device_id": "Device",
    "firmware_version": "Firmware",
    "last_reading_at": "Last reading, UTC",
    "hours_silent": "Hours silent",
    "received": "Messages",
    "readings": "Readings",
    "faults": "Faults",
    "invalid": "Invalid",
    "conflicts": "Conflicts",
    "late": "Late",
    "gaps": "Gaps within a day",
    "duplicates": "Duplicates",
    "is_silent": "Silent",
}
FAULTY = "rpt_telemetry_faulty_devices"
FAULTY_LABELS = {
    "device_id": "Device",
    "open_findings": "Open findings",
    "open_errors": "Errors",
    "findings": "Findings",
    "last_day_of_findings": "Last day of them",
    "faults": "Faults",
    "invalid": "Invalid",
    "conflicts": "Conflicts",
    "late": "Late",
    "gaps": "Gaps within a day",
    "received": "Messages",
    "readings": "Readings",
    "firmware_version": "Firmware",
    "last_reading_at": "Last reading, UTC",
}
COUNTS = {
    "devices": "count(*)",
    "silent": "sum(case when is_silent then 1 else 0 end)",
    "never": "sum(case when last_reading_at is null then 1 else 0 end)",
}


def show(asking: Asking) -> None:
    days = parts.known_days(asking, "rpt_telemetry_days", "telemetry", In("is_after_last_delivery", (False,)))
    if not days:
        return
    period = filters.period(*days, usual="Day")
    asked = Question("rpt_telemetry_days", measures=parts.asked(FIGURES))
    parts.figures(asking.one(parts.compared(asked, period)), FIGURES, GOOD)
    counts = asking.one(Question("rpt_telemetry_devices", measures=COUNTS))
    parts.tiles(
        Tile("Devices", formats.count(counts.devices)),
        Tile("Silent devices", formats.count(counts.silent), f"{formats.count(counts.never)} never sent a reading"),
        faulty_tile(asking),
    )
    silent(asking)
    by_day(asking, period)
    by_hour(asking, period)
    firmware(asking, period)
    at_fault(asking)
    invalid(asking, period)
    device(asking, period)
    open_errors(asking)


def silent(asking: Asking) -> None:
    st.subheader("Which devices are silent?")
    asked = Question(
        "rpt_telemetry_devices", where=(In("is_silent", (True,)),), order_by=("-hours_silent", "device_id")
    )
    parts.table(asking, asked, "Silent devices", DEVICE_LABELS)
    st.caption("No reading in the day before the last timely reading of the fleet.")


def by_day(asking: Asking, period: Period) -> None:
    st.subheader("What became of the messages?")
    asked = Question("rpt_telemetry_days", where=(period.around(),), order_by=("-event_date",))
    rows = asking.rows(asked)
    shown = filters.one_of("Show", "show", {"faults": "Faults", "all": "All messages"})
    series = FAULTS if shown == "faults" else FATES
    parts.chart(
        charts.bars(rows, "event_date", series, "count"), f"Messages by day up to {period.last}, by what became of them"
    )
    labels = {
        "event_date": "Day",
        "devices": "Devices",
        "received": "Messages",
        "readings": "Readings",
        "duplicates": "Duplicates",
        "conflicts": "Conflicts",
        "invalid": "Invalid",
        "late": "Late",
        "early": "Early",
        "gaps": "Gaps within a day",
    }
    parts.table(asking, asked, "Days", labels)
    st.caption(
        "A valid message counts for the UTC day of its reading, an invalid one for the day on which it was produced. "
        "Gaps are pauses between two readings of one day; the rule Gap in readings also finds those over midnight."
    )


def by_hour(asking: Asking, period: Period) -> None:
    st.subheader("At which hours are readings missing or out of line?")
    asked = Question("rpt_telemetry_hours", where=(period.within(),), order_by=("event_date", "hour"))
    figure = filters.one_of(
        "Figure", "figure", {"readings": "Readings", "temperature": "Temperature", "devices": "Devices"}
    )
    series = (
        {"temperature_highest": "highest", "temperature_mean": "mean", "temperature_lowest": "lowest"}
        if figure == "temperature"
        else {figure: figure.capitalize()}
    )
    hours = asking.rows(asked)
    unit = "number" if figure == "temperature" else "count"
    if hours:
        parts.chart(charts.lines(hours, hour_of, series, unit), f"{figure.capitalize()} by hour in the period")
    labels = {
        "event_date": "Day",
        "hour": "Hour, UTC",
        "devices": "Devices",
        "readings": "Readings",
        "temperature_lowest": "Lowest, °C",
        "temperature_mean": "Mean, °C",
        "temperature_highest": "Highest, °C",
        "humidity_mean": "Mean humidity, %",
    }
    parts.table(asking, asked, "Hours", labels)


def hour_of(row: Row) -> datetime:
    return datetime.combine(row.event_date, time(row.hour))


def firmware(asking: Asking, period: Period) -> None:
    st.subheader("How far is each firmware, and is it at fault?")
    days = Question(
        "rpt_telemetry_firmware_days", where=(period.around(),), order_by=("event_date", "firmware_version")
    )
    rows = asking.rows(days)
    if rows:
        parts.chart(
            charts.lines_by(rows, "event_date", "firmware_version", "device_share", "share"),
            "Share of the devices that ran each firmware on a day",
        )
    labels = {
        "firmware_version": "Firmware",
        "devices_now": "Devices now",
        "devices": "Devices ever",
        "messages": "Messages",
        "duplicate_share": "Duplicates",
        "conflict_share": "Conflicts",
        "late_share": "Late",
        "early_share": "Early",
        "gaps_a_device_day": "Gaps a device and day",
    }
    parts.table(
        asking, Question("rpt_telemetry_firmware", order_by=("-devices_now", "firmware_version")), "Firmware", labels
    )
    st.caption("A device counts for each firmware with which it has readings on the day.")


def at_fault(asking: Asking) -> None:
    st.subheader("Which devices are at fault?")
    if asking.has(FAULTY):
        asked = Question(FAULTY, order_by=("-open_errors", "-open_findings", "-faults", "device_id"))
        parts.table(asking, asked, "Devices at fault", FAULTY_LABELS)
    else:
        asked = Question("rpt_telemetry_devices", where=(Between("faults", 1),), order_by=("-faults", "device_id"))
        parts.table(asking, asked, "Devices at fault", DEVICE_LABELS)
    st.caption("All days. Faults: messages that are invalid, in conflict or late, and gaps within a day.")
    rule_links(asking, "telemetry")


def faulty_tile(asking: Asking) -> Tile:
    title = "Devices at fault"
    if asking.has(FAULTY):
        sums = {"devices": "count(*)", "found": "sum(case when open_findings > 0 then 1 else 0 end)"}
        counts = asking.one(Question(FAULTY, measures=sums))
        note = f"{formats.count(counts.found or 0)} with open findings"
        return Tile(title, formats.count(counts.devices), note)
    sums = {"devices": "sum(case when faults > 0 then 1 else 0 end)"}
    counts = asking.one(Question("rpt_telemetry_devices", measures=sums))
    return Tile(title, formats.count(counts.devices), "invalid, in conflict, late or with gaps")


def invalid(asking: Asking, period: Period) -> None:
    st.subheader("Why are messages invalid?")
    asked = Question(
        "rpt_telemetry_invalid",
        columns=("set_aside_reason",),
        measures={"messages": "sum(messages)", "last_day": "max(event_date)", "example": "min(example)"},
        where=(period.within(),),
        order_by=("-messages", "set_aside_reason"),
    )
    labels = {"set_aside_reason": "Reason", "messages": "Messages", "last_day": "Last day", "example": "For example"}
    parts.table(asking, asked, "Reasons", labels)
    with st.expander("The messages themselves, in the period"):
        set_aside(asking, (period.within(),))


def set_aside(asking: Asking, where: tuple[Condition, ...]) -> None:
    labels = {
        "_produced_at": "Produced, UTC",
        "device_id": "Device",
        "firmware_version": "Firmware",
        "set_aside_reason": "Reason",
        "fault_detail": "What is wrong",
        "is_repaired": "Repaired later",
        "_delivery_id": "Delivery",
        "_source_file": "File",
        "_source_row": "Record",
    }
    asked = Question(
        "fct_device_readings_set_aside",
        columns=tuple(labels),
        where=where,
        order_by=("-_produced_at", "_source_file", "_source_row"),
        schema="marts",
    )
    parts.table(asking, asked, "Messages set aside", labels)


def device(asking: Asking, period: Period) -> None:
    st.subheader("What does a device send?")
    known = asking.rows(Question("rpt_telemetry_devices", columns=("device_id",), order_by=("device_id",)))
    chosen = filters.choice("Device", "device", filters.named(known, "device_id", "device_id"), "Choose a device")
    if not chosen:
        return
    of_device = (period.within(), In("device_id", (chosen,)))
    series = {"temperature_max": "highest", "temperature_mean": "mean", "temperature_min": "lowest"}
    hours = Question(
        "agg_device_hourly",
        columns=("event_date", "hour", *series),
        where=of_device,
        order_by=("event_date", "hour"),
        schema="marts",
    )
    if rows := asking.rows(hours):
        parts.chart(charts.lines(rows, hour_of, series, "number"), "Temperature of the device by hour, degrees Celsius")
    labels = {
        "event_at": "Time, UTC",
        "temperature": "Temperature, °C",
        "humidity": "Humidity, %",
        "pressure": "Pressure, hPa",
        "firmware_version": "Firmware",
        "is_late": "Late",
        "is_early": "Early",
        "record_count": "Received",
        "reading_id": "Id of the reading",
        "_delivery_id": "Delivery",
        "_source_file": "File",
        "_source_row": "Record",
    }
    readings = Question(
        "fct_device_readings",
        columns=tuple(labels),
        where=of_device,
        order_by=("-event_at", "reading_id"),
        schema="marts",
    )
    parts.table(asking, readings, "Readings of the device", labels)


def open_errors(asking: Asking) -> None:
    if not asking.has("rpt_telemetry_open_errors"):
        return
    st.subheader("Which readings are in doubt?")
    labels = {
        "device_id": "Device",
        "event_date": "Day",
        "readings": "Readings of the day",
        "readings_found": "Found at fault",
        "rules": "Rules",
    }
    asked = Question("rpt_telemetry_open_errors", order_by=("-event_date", "device_id"))
    parts.table(asking, asked, "Days in open errors", labels)
    st.caption(
        "Found at fault: the readings that the rule with the most of them found; the others of the day may be right. "
        "The rules are linked above, below the devices at fault."
    )
