"""A day of the lake on the local disk: its valid messages, which of them are readings, and the readings by the hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
from pyiceberg.table import Table

from duckhouse.duck import literal, name, on_disk
from duckhouse.sources import Entity
from duckhouse.streaming.history.sums import in_duckdb, with_bits
from duckhouse.streaming.lake.scans import scanned
from duckhouse.streaming.rows import INSTANT, PLACE, schema

MEMORY = "256MB"
PIECE = 50_000
NOT_COMPARED = ("_consumed_at", "_fault", "_fault_detail", "_value")
"""After a replay from Kafka the time of arrival differs between stores; the others are columns of invalid messages."""
HOUR = (
    pa.field("device_id", pa.string()),
    pa.field("hour", INSTANT),
    pa.field("readings", pa.int64()),
    pa.field("messages", pa.int64()),
)
PLACES = ", ".join(field.name for field in PLACE)
_ITEMS = f"""
    create table disk.items as select device_id, {PLACES}, hash, row_number() over (
        partition by device_id, "timestamp" order by coalesce(_produced_at, 'infinity'::timestamptz), {PLACES}
    ) = 1 as is_reading from disk.messages
"""
_SUMS_OF_MESSAGES = """
    create table disk.lake_sums as select device_id, count(*) as rows, sum(hash) as checksum,
        count(*) filter (where is_reading) as readings,
        coalesce(sum(hash) filter (where is_reading), 0) as readings_checksum
    from disk.items group by device_id
"""
_SUMS_OF_HOURS = """
    create table disk.lake_sums as select device_id, count(*) as rows, sum(hash) as checksum,
        sum(readings)::bigint as readings, 0::hugeint as readings_checksum
    from disk.hours group by device_id
"""


class DaySums(NamedTuple):
    """Sums of a day: rows and their checksum, and the same for the readings among them; for hours, the number of
    readings.
    """

    rows: int
    checksum: int
    readings: int
    readings_checksum: int


@dataclass(frozen=True)
class LakeDay:
    """`duck` has a database `disk` with a table `messages`. Files in `folder` exist as long as this object is used."""

    duck: duckdb.DuckDBPyConnection
    folder: Path
    entity: Entity

    def sum_messages(self) -> None:
        """Makes the tables `items` (messages, and whether each is the reading of its key) and `lake_sums` by device."""
        self.duck.execute(_ITEMS)
        self.duck.execute(_SUMS_OF_MESSAGES)

    def sum_hours(self) -> None:
        """Makes the tables `hours` and `lake_sums` by device."""
        self.duck.execute(_ITEMS)
        values = ", ".join(map(_of_hour, measures(self.entity)))
        self.duck.execute(f"""
            create table disk.by_hour as select device_id, date_trunc('hour', "timestamp") as hour,
                count(*) filter (where is_reading) as readings, count(*) as messages, {values}
            from disk.messages join disk.items using (device_id, {PLACES}) group by 1, 2
        """)
        fields = hourly(self.entity)
        pieces = self.pieces("disk.by_hour", pa.schema(fields), "device_id, hour")
        fill_hashed(self.duck, "hours", pa.schema(fields), fields, pieces)
        self.duck.execute(_SUMS_OF_HOURS)

    def totals(self) -> DaySums:
        """The sums over all devices."""
        sums = ", ".join(f"coalesce(sum({name(each)}), 0)" for each in DaySums._fields)
        [found] = self.duck.execute(f"select {sums} from disk.lake_sums").fetchall()
        return DaySums(*map(int, found))

    def pieces(self, rows: str, columns: pa.Schema, order: str) -> Iterator[pa.Table]:
        """These columns of rows, in pieces; `rows` is the SQL after FROM."""
        query = f"select {', '.join(map(name, columns.names))} from {rows} order by {order}"
        for batch in self.duck.cursor().execute(query).to_arrow_reader(PIECE):
            yield pa.Table.from_batches([batch]).cast(columns)


@contextmanager
def lake_day(table: Table, entity: Entity, day: date) -> Iterator[LakeDay]:
    """The valid messages of a day (UTC) in the table's current snapshot. What does not fit into memory goes to
    temporary files on disk.
    """
    with on_disk(MEMORY) as (duck, folder):
        columns = schema(entity)
        fill_hashed(duck, "messages", columns, compared(entity), scanned(table, _of_day(day), columns.names))
        yield LakeDay(duck, folder, entity)


def fill_hashed(
    duck: duckdb.DuckDBPyConnection, table: str, columns: pa.Schema, hashed: list[pa.Field], pieces: Iterator[pa.Table]
) -> None:
    """Makes a table of rows, each with its `hash`."""
    rows = f"select {', '.join(map(name, columns.names))}, {in_duckdb(hashed)} as hash from piece"
    duck.register("piece", with_bits(columns.empty_table()))
    duck.execute(f"create table disk.{table} as {rows}")
    for piece in pieces:
        duck.register("piece", with_bits(piece.cast(columns)))
        duck.execute(f"insert into disk.{table} {rows}")


def compared(entity: Entity) -> list[pa.Field]:
    """The columns of a message that are compared."""
    return [field for field in schema(entity) if field.name not in NOT_COMPARED]


def measures(entity: Entity) -> list[pa.Field]:
    """The declared columns that are numbers."""
    declared = {column.name for column in entity.columns}
    return [field for field in schema(entity) if field.name in declared and field.type in (pa.float64(), pa.int64())]


def hourly(entity: Entity) -> list[pa.Field]:
    """The columns of an hour: the minimum, maximum and mean of each measure."""
    of_measures = (
        pa.field(f"{field.name}_{what}", pa.float64() if what == "mean" else field.type)
        for field in measures(entity)
        for what in ("min", "max", "mean")
    )
    return [*HOUR, *of_measures]


def _of_hour(field: pa.Field) -> str:
    """Sums exactly, to nine decimals, so that the mean does not depend on the order of the rows."""
    column, least, most, mean = (name(f"{field.name}{end}") for end in ("", "_min", "_max", "_mean"))
    return (
        f"min({column}) filter (where is_reading) as {least}, max({column}) filter (where is_reading) as {most}, "
        f"sum({column}::decimal(38, 9)) filter (where is_reading)::double "
        f"/ nullif(count({column}) filter (where is_reading), 0) as {mean}"
    )


def _of_day(day: date) -> str:
    first, end = (literal(f"{each}T00:00:00+00:00") for each in (day, day + timedelta(days=1)))
    return f"timestamp >= {first} and timestamp < {end} and _fault is null"
