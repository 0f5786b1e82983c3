"""What questions read on ClickHouse: the tables as dbt builds them against copies in other layouts."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client

from duckhouse import cli
from duckhouse.clickhouse_sql import full_name, literal, quote
from tools.layouts.areas import areas
from tools.layouts.tables import AS_BUILT, Layout, MeasuredTable

# the query condition cache would let a second run read less than the first
SETTINGS = {"use_query_condition_cache": 0}
ALL_PARTITIONS = {"max_partitions_per_insert_block": 0}


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


def measure(client: Client, prefix: str, source: str, repeat: int) -> Measured:
    databases = {schema: f"{prefix}_{schema}" for schema in ("staging", "intermediate", "marts")}
    databases["raw"] = f"raw_{source}"
    subjects = choose_subjects(client, source, {name: quote(database) for name, database in databases.items()})
    measured = Measured()
    for table in cli.progress(areas()[source].tables, label="layouts", unit="table"):
        database = databases[table.schema]
        with copies(client, prefix, table, database) as scratch:
            measure_table(client, table, database, scratch, subjects, repeat, measured)
    return measured


def measure_table(
    client: Client,
    table: MeasuredTable,
    database: str,
    scratch: str,
    subjects: dict[str, str],
    repeat: int,
    into: Measured,
) -> None:
    label = f"{table.name}, {table.note}" if table.note else table.name
    places = {layout.name: (scratch, f"copy_{number}") for number, layout in enumerate(table.layouts)}
    places.setdefault(AS_BUILT, (database, table.name))
    readable = {layout: full_name(*place) for layout, place in places.items()}
    into.sizes += [Size(label, layout, *stored(client, *place)) for layout, place in places.items()]
    for number, layout in enumerate(table.layouts):
        readable[layout.name] = layout.reading.format(table=readable[layout.name])
        if layout.increment:
            selected = layout.increment.format(table=full_name(scratch, f"copy_{number}"), **subjects)
            written = arrive(client, scratch, f"copy_{number}", layout.engine, selected)
            into.increments.append(Increment(label, layout.name, *written))
    for question in table.questions:
        homes = {(label, layout): text for layout, text in readable.items()}
        if question.rollup:
            homes[(question.rollup, AS_BUILT)] = full_name(database, question.rollup)
        for (name, layout), text in homes.items():
            sql = question.sql.format(table=text, **subjects)
            into.readings.append(Reading(question.name, name, layout, *read(client, sql, repeat)))


def choose_subjects(client: Client, source: str, databases: Mapping[str, str]) -> dict[str, str]:
    """The databases, and the subjects of questions as literals."""
    found = dict(databases)
    for name, query in areas()[source].subjects.items():
        rows = client.query(query.format(**found)).result_rows
        if not rows:
            raise cli.UserError(f"{source} holds no events to measure with: bring a delivery and build")
        found[name] = literal(rows[0][0])
    return found


@contextmanager
def copies(client: Client, prefix: str, table: MeasuredTable, database: str) -> Iterator[str]:
    """The table in each of its layouts, merged, in a database that is dropped after the block; yields its name."""
    scratch = f"{prefix}_layout"
    original = full_name(database, table.name)
    columns = client.query(f"describe table {original}").result_rows
    names = ", ".join(quote(name) for name, *_ in columns)
    client.command(f"drop database if exists {quote(scratch)} sync")
    client.command(f"create database {quote(scratch)}")
    try:
        for number, layout in enumerate(table.layouts):
            copy = full_name(scratch, f"copy_{number}")
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
    """A column of the copy, from its type and codec in the table."""
    if layout.without:
        data_type = re.sub(rf"{layout.without}\((.+)\)", r"\1", data_type)
    if layout.codecs is not None:
        codec = layout.codecs.get(name, "")
    return f"{quote(name)} {data_type}" + (f" codec({codec})" if codec else "")


def arrive(client: Client, scratch: str, copy: str, engine: str, selected: str) -> tuple[int, int, float]:
    """Inserts the selected rows into the copy as a run does; returns the rows and bytes written, and milliseconds.

    In a MergeTree they replace the rows of their partitions; other engines add them, unmerged.
    """
    table, increment = full_name(scratch, copy), full_name(scratch, f"{copy}_increment")
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


def stored(client: Client, database: str, table: str) -> tuple[int, int, int, dict[str, int]]:
    """Parts, rows, bytes on disk, and bytes of each column, the largest first."""
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
