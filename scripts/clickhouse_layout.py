"""Measures what questions read on target prod: the tables as dbt builds them against copies in other layouts.

Copies the tables into the database <prefix>_layout, which it drops first and last. For each table and layout the parts
and bytes on disk, its copies merged, and what the newest delivery makes it write, where the layout says that; for each
question rows and bytes read, and the fastest of a few runs.
"""

import argparse
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from scripts.common import cli
from scripts.common.clickhouse import connect, first_line, literal, quote
from scripts.common.settings import clickhouse

# the cache of conditions would let a second run read less than the first
SETTINGS = {"use_query_condition_cache": 0}
ALL_PARTITIONS = {"max_partitions_per_insert_block": 0}
DAYS = "toYYYYMMDD(event_date)"
MONTHS = "toYYYYMM(event_date)"
LARGEST = 4


@dataclass(frozen=True)
class Layout:
    """A copy to compare with. `increment` selects what a run writes: instead of partitions, or beside what is there."""

    name: str
    order_by: str = "tuple()"
    partition_by: str = "tuple()"
    granularity: int = 8192
    engine: str = "MergeTree"
    codec: str = "ZSTD(1)"
    """of the columns that have none of their own; the server's where it is empty"""
    codecs: Mapping[str, str] | None = None
    """of columns; where it is None, those of the table"""
    without: str = ""
    """the wrapper that types lose"""
    own_column: str = ""
    reading: str = "{table}"
    increment: str = ""


@dataclass(frozen=True)
class Question:
    """`sql` reads {table}; `rollup` is a smaller mart that answers it too."""

    name: str
    sql: str
    rollup: str | None = None


@dataclass(frozen=True)
class Table:
    """`rows` fill the copies. A copy named as built is measured instead of the table itself."""

    schema: str
    name: str
    layouts: tuple[Layout, ...]
    questions: tuple[Question, ...]
    rows: str = "select * from {table}"
    note: str = ""


@dataclass(frozen=True)
class Area:
    """`subjects` are what questions ask for: a query each, which may name subjects before it and databases."""

    subjects: Mapping[str, str]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Size:
    table: str
    layout: str
    parts: int
    rows: int
    bytes_on_disk: int
    columns: dict[str, int]
    """bytes on disk"""


@dataclass(frozen=True)
class Increment:
    table: str
    layout: str
    rows: int
    bytes_on_disk: int
    milliseconds: float


@dataclass(frozen=True)
class Reading:
    question: str
    table: str
    layout: str
    rows_read: int
    bytes_read: int
    milliseconds: float


@dataclass
class Measured:
    sizes: list[Size] = field(default_factory=list)
    increments: list[Increment] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)


def most(expression: str, table: str, condition: str = "1") -> str:
    return f"select toString({expression}) from {table} where {condition} group by 1 order by count() desc, 1 limit 1"


NAIVE = Layout("naive", codec="", codecs={}, without="LowCardinality")
AS_BUILT = "as built"
SUMS = "sum(impressions), sum(revenue_usd)"
AD_EVENTS = "{marts}.fct_ad_events"
AD_SERVING_SUBJECTS = {
    "publisher": most("publisher_id", AD_EVENTS, "publisher_id is not null"),
    "campaign": most("campaign_id", AD_EVENTS, "campaign_id is not null"),
    "day": most("event_date", AD_EVENTS),
    "event": most("event_id", AD_EVENTS, "event_date = {day}"),
    "first_day": most("toStartOfMonth(event_date)", AD_EVENTS),
    "last_day": "select toString(toLastDayOfMonth(toDate32({first_day})))",
}
AD_SERVING_TABLES = (
    Table(
        "marts",
        "fct_ad_events_daily",
        (
            NAIVE,
            Layout("8192 rows a granule, no projection", "publisher_id, ad_unit_id, campaign_id", DAYS),
            Layout("months", "publisher_id, event_date, ad_unit_id, campaign_id", MONTHS, 1024),
            Layout("by campaign", "campaign_id, publisher_id, ad_unit_id", DAYS, 1024),
        ),
        (
            Question(
                "a publisher's month by day",
                f"select event_date, {SUMS} from {{table}} where publisher_id = {{publisher}} "
                "and event_date between {first_day} and {last_day} group by event_date",
                "fct_publisher_performance",
            ),
            Question(
                "a publisher's day",
                f"select publisher_id, {SUMS} from {{table}} where publisher_id = {{publisher}} "
                "and event_date = {day} group by publisher_id",
                "fct_publisher_performance",
            ),
            Question(
                "all publishers on a day",
                f"select publisher_id, {SUMS} from {{table}} where event_date = {{day}} group by publisher_id",
                "fct_publisher_performance",
            ),
            Question(
                "invoices of a month of own days",
                "select publisher_id, sum(revenue_usd), sum(revenue_usd_invalid) from {table} "
                "where reporting_date between {first_day} and {last_day} group by publisher_id",
                "fct_publisher_performance",
            ),
            Question(
                "a campaign by day",
                f"select event_date, {SUMS} from {{table}} where campaign_id = {{campaign}} group by event_date",
                "fct_campaign_performance",
            ),
            Question(
                "a campaign by device and country",
                "select device_type, country_code, sum(clicks), sum(filled_impressions) from {table} "
                "where campaign_id = {campaign} group by device_type, country_code",
            ),
            Question(
                "all campaigns by device and country",
                "select device_type, country_code, sum(filled_impressions), sum(clicks), sum(viewable_impressions) "
                "from {table} where campaign_id is not null group by device_type, country_code",
            ),
            Question(
                "all ad units",
                f"select ad_unit_id, sum(filled_impressions), {SUMS} from {{table}} group by ad_unit_id",
            ),
        ),
    ),
    Table(
        "marts",
        "fct_ad_events",
        (NAIVE, Layout("8192 rows a granule, no index", "publisher_id, event_id", DAYS)),
        (
            Question("an event", "select event_at, revenue_usd from {table} where event_id = {event}"),
            Question(
                "a publisher's day",
                "select event_type, count(), sum(revenue_usd) from {table} where publisher_id = {publisher} "
                "and event_date = {day} group by event_type",
            ),
            Question(
                "rebuild of a day of the daily mart",
                "select publisher_id, ad_unit_id, campaign_id, device_type, country_code, count(), sum(revenue_usd) "
                "from {table} where event_date = {day} group by all",
            ),
            Question("versions of the days", "select distinct event_date, _day_version from {table}"),
        ),
    ),
    Table(
        "staging",
        "stg_ad_serving__events",
        (NAIVE, Layout("by file", "_source_file", "_delivery_id")),
        (
            Question(
                "records of a day",
                "select uniq(event_id), sum(revenue_usd), max(_delivery_id) from {table} "
                "where set_aside_reason is null and event_date = {day}",
            ),
            Question("deliveries that are held", "select distinct _delivery_id from {table}"),
        ),
    ),
)


IMPRESSIONS = "{staging}.stg_ad_delivery__impressions"
BY_DELIVERY = "_delivery_id"
IN_ORDER = "event_date, impression_id"
NUMBERS = ("impression_id", "_source_row", "campaign_id", "created_at")
# as an application writes them: the generator makes campaign after campaign, and times on whole minutes before now
MIXED = (
    "select * replace (intHash32(impression_id) % 100 + 1 as campaign_id, "
    "created_at + toIntervalMicrosecond(cityHash64(impression_id) % 60000000) as created_at) from {table}"
)
AD_DELIVERY_SUBJECTS = {
    "delivery": f"select toString(max(_delivery_id)) from {IMPRESSIONS} having count() > 0",
    "impression": f"select toString(quantileExact(impression_id)) from {IMPRESSIONS} having count() > 0",
    "campaign": most("campaign_id", IMPRESSIONS, "campaign_id is not null"),
    "day": most("event_date", IMPRESSIONS, "event_date is not null"),
    "week_before": "select toString(toDate32({day}) - 6)",
}


def of_newest(keys: str, of_records: str = "", chosen: str = "*") -> str:
    """The rows with the keys of the records of the newest delivery."""
    records = f"select {of_records or keys} from {IMPRESSIONS} where _delivery_id = {{delivery}}"
    return f"select {chosen} from {{table}} where ({keys}) in ({records})"


def all_numbers(codec: str, of_others: str) -> Layout:
    return Layout(codec, IN_ORDER, BY_DELIVERY, codec=of_others, codecs=dict.fromkeys(NUMBERS, codec))


CODECS = (
    Layout(AS_BUILT, IN_ORDER, BY_DELIVERY),
    all_numbers("LZ4", "LZ4"),
    all_numbers("ZSTD(1)", "ZSTD(1)"),
    all_numbers("ZSTD(3)", "ZSTD(3)"),
    all_numbers("Delta, ZSTD(1)", "ZSTD(1)"),
    all_numbers("DoubleDelta, ZSTD(1)", "ZSTD(1)"),
    all_numbers("T64, ZSTD(1)", "ZSTD(1)"),
)
COUNTS = "sum(impressions), sum(clicks)"
HOUR = "campaign_id, event_date, hour"
HOUR_OF_RECORD = "campaign_id, event_date, toHour(created_at)"
AD_DELIVERY_TABLES = (
    Table(
        "raw",
        "impressions",
        (
            NAIVE,
            Layout(AS_BUILT, "_source_file, _source_row", BY_DELIVERY, codec=""),
            Layout("ZSTD(1)", "_source_file, _source_row", BY_DELIVERY),
            Layout("without Nullable", "_source_file, _source_row", BY_DELIVERY, codec="", without="Nullable"),
        ),
        (
            Question(
                "records of the newest delivery",
                "select max(id), max(created_at) from {table} where _delivery_id = {delivery}",
            ),
        ),
    ),
    Table("staging", "stg_ad_delivery__impressions", CODECS, (), note="as generated"),
    Table("staging", "stg_ad_delivery__impressions", CODECS, (), MIXED, "mixed"),
    Table(
        "staging",
        "stg_ad_delivery__impressions",
        (
            NAIVE,
            Layout(AS_BUILT, IN_ORDER, BY_DELIVERY, increment=of_newest("_delivery_id")),
            Layout("days", "impression_id", DAYS, increment=of_newest("event_date")),
            Layout("deliveries of 1,000 rows", IN_ORDER, "intDiv(_source_row - 1, 1000)"),
            Layout("by id", "impression_id", BY_DELIVERY),
            Layout("by time", "created_at", BY_DELIVERY),
            Layout("by campaign", "campaign_id, created_at", BY_DELIVERY),
            Layout(
                "ReplacingMergeTree by id, FINAL",
                "impression_id",
                engine="ReplacingMergeTree(_delivered_at)",
                reading="{table} final",
                increment=of_newest("_delivery_id"),
            ),
            Layout("String for LowCardinality", IN_ORDER, BY_DELIVERY, without="LowCardinality"),
        ),
        (
            Question(
                "records of a day",
                "select uniq(impression_id), max(_delivery_id) from {table} where event_date = {day}",
            ),
            Question("records of the ids of the newest delivery", of_newest("impression_id", chosen="count()")),
            Question("an impression", "select created_at, campaign_id from {table} where impression_id = {impression}"),
            Question("deliveries that are held", "select distinct _delivery_id from {table}"),
            Question(
                "campaigns over all days",
                "select campaign_id, count() from {table} where operation = 'upsert' group by campaign_id",
            ),
        ),
        MIXED,
    ),
    Table(
        "marts",
        "fct_delivery_hourly",
        (
            NAIVE,
            Layout(AS_BUILT, "campaign_id, hour", DAYS, 1024, increment=of_newest("event_date")),
            Layout("8192 rows a granule", "campaign_id, hour", DAYS),
            Layout("by hour", "hour, campaign_id", DAYS, 1024),
            Layout("months", HOUR, MONTHS, 1024, increment=of_newest(MONTHS)),
            Layout(
                "ReplacingMergeTree, FINAL",
                HOUR,
                MONTHS,
                1024,
                "ReplacingMergeTree",
                reading="{table} final",
                increment=of_newest(HOUR, HOUR_OF_RECORD),
            ),
            Layout(
                "CollapsingMergeTree",
                HOUR,
                MONTHS,
                1024,
                "CollapsingMergeTree(sign)",
                own_column="sign Int8 default 1",
                reading="(select * replace (impressions * sign as impressions, clicks * sign as clicks) from {table})",
                increment=of_newest(HOUR, HOUR_OF_RECORD, "* replace (arrayJoin([-1, 1]) as sign)"),
            ),
            Layout("String for LowCardinality", "campaign_id, hour", DAYS, 1024, without="LowCardinality"),
            Layout("LZ4", "campaign_id, hour", DAYS, 1024, codec="LZ4"),
        ),
        (
            Question("campaigns over all days", f"select campaign_id, {COUNTS} from {{table}} group by campaign_id"),
            Question(
                "campaigns in a week",
                f"select campaign_id, event_date, {COUNTS} from {{table}} "
                "where event_date between {week_before} and {day} group by all",
            ),
            Question(
                "a campaign by day",
                f"select event_date, {COUNTS} from {{table}} where campaign_id = {{campaign}} group by event_date",
            ),
            Question("versions of the days", "select distinct event_date, _day_version from {table}"),
        ),
        # a year and more of days
        "select facts.* replace (facts.event_date - 10 * tens.number as event_date) "
        "from {table} as facts cross join numbers(40) as tens",
    ),
)
AREAS = {
    "ad_serving": Area(AD_SERVING_SUBJECTS, AD_SERVING_TABLES),
    "ad_delivery": Area(AD_DELIVERY_SUBJECTS, AD_DELIVERY_TABLES),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.clickhouse_layout", description=__doc__)
    parser.add_argument(
        "source", nargs="?", choices=AREAS, default="ad_serving", help="whose tables to measure (default %(default)s)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs of each question (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the tables")
    arguments = parser.parse_args()
    if arguments.repeat < 1:
        raise cli.UserError("--repeat takes at least 1")
    try:
        measured = measure(connect(), clickhouse().prefix, arguments.source, arguments.repeat)
    except ClickHouseError as error:
        raise cli.UserError(f"ClickHouse: {first_line(error)}; measured is what dbt build made") from None
    if arguments.json:
        cli.print_json(asdict(measured))
        return 0
    print_sizes(measured.sizes)
    print_increments(measured.increments)
    print_readings(measured.readings)
    return 0


def measure(client: Client, prefix: str, source: str, repeat: int) -> Measured:
    databases = {"staging": f"{prefix}_staging", "marts": f"{prefix}_marts", "raw": f"raw_{source}"}
    subjects = choose_subjects(client, source, {name: quote(database) for name, database in databases.items()})
    measured = Measured()
    for table in cli.progress(AREAS[source].tables, label="layouts", unit="table"):
        database = databases[table.schema]
        with copies(client, prefix, table, database) as scratch:
            measure_table(client, table, database, scratch, subjects, repeat, measured)
    return measured


def measure_table(
    client: Client, table: Table, database: str, scratch: str, subjects: dict[str, str], repeat: int, into: Measured
) -> None:
    label = f"{table.name}, {table.note}" if table.note else table.name
    places = {layout.name: (scratch, f"copy_{number}") for number, layout in enumerate(table.layouts)}
    places.setdefault(AS_BUILT, (database, table.name))
    readable = {layout: relation(*place) for layout, place in places.items()}
    into.sizes += [Size(label, layout, *stored(client, *place)) for layout, place in places.items()]
    for number, layout in enumerate(table.layouts):
        readable[layout.name] = layout.reading.format(table=readable[layout.name])
        if layout.increment:
            selected = layout.increment.format(table=relation(scratch, f"copy_{number}"), **subjects)
            written = arrive(client, scratch, f"copy_{number}", layout.engine, selected)
            into.increments.append(Increment(label, layout.name, *written))
    for question in table.questions:
        homes = {(label, layout): text for layout, text in readable.items()}
        if question.rollup:
            homes[(question.rollup, AS_BUILT)] = relation(database, question.rollup)
        for (name, layout), text in homes.items():
            sql = question.sql.format(table=text, **subjects)
            into.readings.append(Reading(question.name, name, layout, *read(client, sql, repeat)))


def choose_subjects(client: Client, source: str, databases: Mapping[str, str]) -> dict[str, str]:
    """The databases, and what questions ask for as literals."""
    found = dict(databases)
    for name, query in AREAS[source].subjects.items():
        rows = client.query(query.format(**found)).result_rows
        if not rows:
            raise cli.UserError(f"{source} holds no events to measure with: bring a delivery and build")
        found[name] = literal(rows[0][0])
    return found


@contextmanager
def copies(client: Client, prefix: str, table: Table, database: str) -> Iterator[str]:
    """The table in each of its layouts, merged, in a database that goes with the block; gives its name."""
    scratch = f"{prefix}_layout"
    original = relation(database, table.name)
    columns = client.query(f"describe table {original}").result_rows
    names = ", ".join(quote(name) for name, *_ in columns)
    client.command(f"drop database if exists {quote(scratch)} sync")
    client.command(f"create database {quote(scratch)}")
    try:
        for number, layout in enumerate(table.layouts):
            copy = relation(scratch, f"copy_{number}")
            definitions = [define(layout, name, kind, codec) for name, kind, _, _, _, codec, *_ in columns]
            definitions += [layout.own_column] if layout.own_column else []
            codec = f", default_compression_codec = '{layout.codec}'" if layout.codec else ""
            client.command(
                f"create table {copy} ({', '.join(definitions)}) engine = {layout.engine} "
                f"partition by {layout.partition_by} order by ({layout.order_by}) "
                f"settings allow_nullable_key = 1, index_granularity = {layout.granularity}{codec}"
            )
            rows = table.rows.format(table=original)
            client.command(f"insert into {copy} ({names}) {rows}", settings=ALL_PARTITIONS)
            client.command(f"optimize table {copy} final")
        yield scratch
    finally:
        client.command(f"drop database {quote(scratch)} sync")


def define(layout: Layout, name: str, data_type: str, codec: str) -> str:
    """A column of the copy, whose type and codec in the table are given."""
    if layout.without:
        data_type = re.sub(rf"{layout.without}\((.+)\)", r"\1", data_type)
    if layout.codecs is not None:
        codec = layout.codecs.get(name, "")
    return f"{quote(name)} {data_type}" + (f" codec({codec})" if codec else "")


def arrive(client: Client, scratch: str, copy: str, engine: str, selected: str) -> tuple[int, int, float]:
    """Brings the selected rows into the copy as a run does; the rows and bytes written, and milliseconds.

    A MergeTree gets them instead of what its partitions hold, the other engines beside it, unmerged.
    """
    table, increment = relation(scratch, copy), relation(scratch, f"{copy}_increment")
    client.command(f"system stop merges {table}")
    client.command(f"create table {increment} as {table}")
    start = time.perf_counter()
    client.command(f"insert into {increment} {selected}", settings=ALL_PARTITIONS)
    partitions = client.query(
        "select distinct partition_id from system.parts "
        "where active and database = {database:String} and table = {table:String} order by 1",
        parameters={"database": scratch, "table": f"{copy}_increment"},
    ).result_rows
    action = "replace" if engine == "MergeTree" else "attach"
    client.command(
        f"alter table {table} "
        + ", ".join(f"{action} partition id {literal(partition)} from {increment}" for (partition,) in partitions)
    )
    milliseconds = round((time.perf_counter() - start) * 1000, 1)
    _, rows, on_disk, _ = stored(client, scratch, f"{copy}_increment")
    return rows, on_disk, milliseconds


def relation(database: str, table: str) -> str:
    return f"{quote(database)}.{quote(table)}"


def stored(client: Client, database: str, table: str) -> tuple[int, int, int, dict[str, int]]:
    """Parts, rows, bytes on disk, and those of each column, the largest first."""
    parameters = {"database": database, "table": table}
    condition = "where active and database = {database:String} and table = {table:String}"
    parts, rows, on_disk = client.query(
        f"select count(), sum(rows), sum(bytes_on_disk) from system.parts {condition}", parameters=parameters
    ).first_row
    columns = client.query(
        f"select column, sum(column_bytes_on_disk) as size from system.parts_columns {condition} "
        "group by column having size > 0 order by size desc, column",
        parameters=parameters,
    ).result_rows
    return parts, rows, on_disk, dict(columns)


def read(client: Client, sql: str, repeat: int) -> tuple[int, int, float]:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        summary = client.query(sql, settings=SETTINGS).summary
        seconds.append(time.perf_counter() - start)
    return int(summary["read_rows"]), int(summary["read_bytes"]), round(min(seconds) * 1000, 1)


def print_sizes(sizes: list[Size]) -> None:
    heading = f"{'table':<42} {'layout':<36} {'parts':>6} {'rows':>12} {'bytes on disk':>14} {'a row':>7}"
    print(f"{heading}  largest columns, a row")
    for entry in sizes:
        largest = [f"{name} {size / entry.rows:.2f}" for name, size in list(entry.columns.items())[:LARGEST]]
        print(
            f"{entry.table:<42} {entry.layout:<36} {entry.parts:>6} {entry.rows:>12,} {entry.bytes_on_disk:>14,} "
            f"{entry.bytes_on_disk / entry.rows:>7.2f}  {', '.join(largest)}".rstrip()
        )


def print_increments(increments: list[Increment]) -> None:
    if increments:
        print("\nwritten for the newest delivery")
        print(f"    {'table':<28} {'layout':<36} {'rows':>11} {'bytes on disk':>13} {'ms':>7}")
    for entry in increments:
        print(
            f"    {entry.table:<28} {entry.layout:<36} {entry.rows:>11,} {entry.bytes_on_disk:>13,} "
            f"{entry.milliseconds:>7.1f}"
        )


def print_readings(readings: list[Reading]) -> None:
    heading = f"    {'table':<28} {'layout':<36} {'rows read':>11} {'bytes read':>13} {'ms':>7}"
    for entry in readings:
        if entry.layout == NAIVE.name:
            print(f"\n{entry.question}\n{heading}")
        print(
            f"    {entry.table:<28} {entry.layout:<36} {entry.rows_read:>11,} {entry.bytes_read:>13,} "
            f"{entry.milliseconds:>7.1f}"
        )


if __name__ == "__main__":
    cli.run(main)
