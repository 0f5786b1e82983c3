"""Layouts of the tables of telemetry, and what its questions read."""

from tools.layouts.tables import AS_BUILT, DAYS, MONTHS, NAIVE, Area, Layout, MeasuredTable, TimedQuery, most

READINGS = "{marts}.fct_device_readings"
MESSAGES = "{staging}.stg_telemetry__readings"
BY_DELIVERY = "_delivery_id"
IN_ORDER = "device_id, event_at"
TIMES = ("event_at", "_produced_at", "_consumed_at", "_source_row")
SUBJECTS = {
    "day": most("event_date", READINGS),
    "week_before": "select toString(toDate32({day}) - 6)",
    "device": most("device_id", READINGS),
    "reading": f"select toString(max(reading_id)) from {READINGS} where event_date = {{day}} having count() > 0",
    "delivery": f"select toString(max(_delivery_id)) from {MESSAGES} having count() > 0",
}


def of_newest(keys: str) -> str:
    """The rows with the keys of the messages of the newest delivery."""
    messages = f"select {keys} from {MESSAGES} where _delivery_id = {{delivery}}"
    return f"select * from {{table}} where ({keys}) in ({messages})"


TABLES = (
    MeasuredTable(
        "marts",
        "fct_device_readings",
        (
            NAIVE,
            Layout(AS_BUILT, IN_ORDER, DAYS, 1024, increment=of_newest("event_date")),
            Layout("8192 rows a granule", IN_ORDER, DAYS),
            Layout("by time", "event_at, device_id", DAYS, 1024),
            Layout("months", IN_ORDER, MONTHS, 1024, increment=of_newest(MONTHS)),
            Layout(
                "ReplacingMergeTree, FINAL",
                IN_ORDER,
                MONTHS,
                1024,
                "ReplacingMergeTree",
                reading="{table} final",
                increment=of_newest(IN_ORDER),
            ),
            Layout("DoubleDelta of times", IN_ORDER, DAYS, 1024, codecs=dict.fromkeys(TIMES, "DoubleDelta, ZSTD(1)")),
            Layout("String for LowCardinality", IN_ORDER, DAYS, 1024, without="LowCardinality"),
            Layout("ZSTD(3)", IN_ORDER, DAYS, 1024, codec="ZSTD(3)"),
            Layout("LZ4", IN_ORDER, DAYS, 1024, codec="LZ4"),
        ),
        (
            TimedQuery(
                "a device's day",
                "select event_at, temperature, humidity from {table} where device_id = {device} and event_date = {day}",
            ),
            TimedQuery(
                "a device in a week",
                "select event_date, min(temperature), max(temperature) from {table} "
                "where device_id = {device} and event_date between {week_before} and {day} group by event_date",
            ),
            TimedQuery(
                "the fleet on a day",
                "select device_id, count(), max(temperature) from {table} where event_date = {day} group by device_id",
            ),
            TimedQuery("firmware by day", "select event_date, firmware_version, count() from {table} group by all"),
            TimedQuery("a reading by its id", "select event_at, temperature from {table} where reading_id = {reading}"),
            TimedQuery("versions of the days, each run", "select distinct event_date, _day_version from {table}"),
        ),
    ),
    MeasuredTable(
        "marts",
        "agg_device_hourly",
        (
            NAIVE,
            Layout(AS_BUILT, "device_id, hour", DAYS, 1024),
            Layout("8192 rows a granule", "device_id, hour", DAYS),
            Layout("by hour", "hour, device_id", DAYS, 1024),
            Layout("months", "device_id, event_date, hour", MONTHS, 1024),
        ),
        (
            TimedQuery(
                "the fleet by hour",
                "select event_date, hour, count(), sum(temperature_mean) from {table} group by event_date, hour",
            ),
            TimedQuery(
                "a device in a week",
                "select event_date, hour, temperature_mean from {table} "
                "where device_id = {device} and event_date between {week_before} and {day}",
            ),
        ),
    ),
    MeasuredTable(
        "staging",
        "stg_telemetry__readings",
        (
            NAIVE,
            Layout(AS_BUILT, "event_date", BY_DELIVERY),
            Layout("by place", "_source_file, _source_row", BY_DELIVERY),
            Layout("by device", IN_ORDER, BY_DELIVERY),
        ),
        (
            TimedQuery(
                "messages of a day",
                "select uniq(device_id, event_at), max(_delivery_id) from {table} where event_date = {day}",
            ),
            TimedQuery("deliveries that are held", "select distinct _delivery_id from {table}"),
        ),
    ),
)
AREA = Area(SUBJECTS, TABLES)
