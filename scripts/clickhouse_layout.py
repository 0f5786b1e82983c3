"""Measures what questions read on target prod: the tables as dbt builds them against copies in other layouts.

Copies the tables into the database <prefix>_layout, which it drops first and last. For each question and layout: rows
and bytes read, and the fastest of a few runs; for each table the parts and bytes on disk, its copies merged.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

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


@dataclass(frozen=True)
class Layout:
    """A copy to compare with; `plain` takes String for LowCardinality, and the server's own codec for all columns."""

    name: str
    order_by: str = "tuple()"
    partition_by: str = "tuple()"
    granularity: int = 8192
    plain: bool = False


@dataclass(frozen=True)
class Question:
    """`sql` reads {table}; `rollup` is a smaller mart that answers it too."""

    name: str
    sql: str
    rollup: str | None = None


@dataclass(frozen=True)
class Table:
    schema: str
    name: str
    layouts: tuple[Layout, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Size:
    table: str
    layout: str
    parts: int
    rows: int
    bytes_on_disk: int


@dataclass(frozen=True)
class Reading:
    question: str
    table: str
    layout: str
    rows_read: int
    bytes_read: int
    milliseconds: float


NAIVE = Layout("naive", plain=True)
SUMS = "sum(impressions), sum(revenue_usd)"
TABLES = (
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.clickhouse_layout", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each question (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the tables")
    arguments = parser.parse_args()
    if arguments.repeat < 1:
        raise cli.UserError("--repeat takes at least 1")
    try:
        sizes, readings = measure(connect(), clickhouse().prefix, arguments.repeat)
    except ClickHouseError as error:
        raise cli.UserError(f"ClickHouse: {first_line(error)}; measured is what dbt build made") from None
    if arguments.json:
        cli.print_json({"sizes": list(map(asdict, sizes)), "readings": list(map(asdict, readings))})
        return 0
    print_sizes(sizes)
    print_readings(readings)
    return 0


def measure(client: Client, prefix: str, repeat: int) -> tuple[list[Size], list[Reading]]:
    subjects = choose_subjects(client, f"{quote(f'{prefix}_marts')}.fct_ad_events")
    sizes: list[Size] = []
    readings: list[Reading] = []
    for table in cli.progress(TABLES, label="layouts", unit="table"):
        database = f"{prefix}_{table.schema}"
        with copies(client, prefix, table) as scratch:
            homes = {layout.name: (scratch, f"copy_{number}") for number, layout in enumerate(table.layouts)}
            homes["as built"] = (database, table.name)
            sizes += [size(client, table.name, layout, *home) for layout, home in homes.items()]
            for question in table.questions:
                places = {(table.name, layout): home for layout, home in homes.items()}
                if question.rollup:
                    places[(question.rollup, "as built")] = (database, question.rollup)
                for (name, layout), home in places.items():
                    sql = question.sql.format(table=relation(*home), **subjects)
                    readings.append(Reading(question.name, name, layout, *read(client, sql, repeat)))
    return sizes, readings


def choose_subjects(client: Client, events: str) -> dict[str, str]:
    """The publisher, the campaign, the day and the month with most events, and an event of the day, as literals."""

    def most(expression: str, condition: str = "1") -> str:
        found = client.query(
            f"select toString({expression}) from {events} where {condition} group by 1 order by count() desc, 1 limit 1"
        ).result_rows
        if not found:
            raise cli.UserError("fct_ad_events holds no events to measure with: push a delivery and build")
        return found[0][0]

    day, month = most("event_date"), most("toStartOfMonth(event_date)")
    month_end = client.query(f"select toString(toLastDayOfMonth(toDate32({literal(month)})))").first_row[0]
    return {
        "publisher": literal(most("publisher_id", "publisher_id is not null")),
        "campaign": literal(most("campaign_id", "campaign_id is not null")),
        "event": literal(most("event_id", f"event_date = {literal(day)}")),
        "day": literal(day),
        "first_day": literal(month),
        "last_day": literal(month_end),
    }


@contextmanager
def copies(client: Client, prefix: str, table: Table) -> Iterator[str]:
    """The table in each of its layouts, merged, in a database that goes with the block; gives its name."""
    scratch = f"{prefix}_layout"
    original = relation(f"{prefix}_{table.schema}", table.name)
    columns = client.query(f"describe table {original}").result_rows
    client.command(f"drop database if exists {quote(scratch)} sync")
    client.command(f"create database {quote(scratch)}")
    try:
        for number, layout in enumerate(table.layouts):
            copy = relation(scratch, f"copy_{number}")
            types = {name: plain(kind) if layout.plain else kind for name, kind, *_ in columns}
            definitions = ", ".join(f"{quote(name)} {kind}" for name, kind in types.items())
            codec = "" if layout.plain else ", default_compression_codec = 'ZSTD(1)'"
            client.command(
                f"create table {copy} ({definitions}) engine = MergeTree "
                f"partition by {layout.partition_by} order by ({layout.order_by}) "
                f"settings allow_nullable_key = 1, index_granularity = {layout.granularity}{codec}"
            )
            client.command(f"insert into {copy} select * from {original}", settings=ALL_PARTITIONS)
            client.command(f"optimize table {copy} final")
        yield scratch
    finally:
        client.command(f"drop database {quote(scratch)} sync")


def plain(data_type: str) -> str:
    return data_type.removeprefix("LowCardinality(").removesuffix(")") if data_type.startswith("LowCard") else data_type


def relation(database: str, table: str) -> str:
    return f"{quote(database)}.{quote(table)}"


def size(client: Client, name: str, layout: str, database: str, table: str) -> Size:
    row = client.query(
        "select count(), sum(rows), sum(bytes_on_disk) from system.parts "
        "where active and database = {database:String} and table = {table:String}",
        parameters={"database": database, "table": table},
    ).first_row
    return Size(name, layout, *row)


def read(client: Client, sql: str, repeat: int) -> tuple[int, int, float]:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        summary = client.query(sql, settings=SETTINGS).summary
        seconds.append(time.perf_counter() - start)
    return int(summary["read_rows"]), int(summary["read_bytes"]), round(min(seconds) * 1000, 1)


def print_sizes(sizes: list[Size]) -> None:
    print(f"{'table':<24} {'layout':<36} {'parts':>6} {'rows':>12} {'bytes on disk':>14}")
    for entry in sizes:
        print(f"{entry.table:<24} {entry.layout:<36} {entry.parts:>6} {entry.rows:>12,} {entry.bytes_on_disk:>14,}")


def print_readings(readings: list[Reading]) -> None:
    heading = f"    {'table':<26} {'layout':<36} {'rows read':>11} {'bytes read':>13} {'ms':>7}"
    for entry in readings:
        if entry.layout == NAIVE.name:
            print(f"\n{entry.question}\n{heading}")
        print(
            f"    {entry.table:<26} {entry.layout:<36} {entry.rows_read:>11,} {entry.bytes_read:>13,} "
            f"{entry.milliseconds:>7.1f}"
        )


if __name__ == "__main__":
    cli.run(main)
