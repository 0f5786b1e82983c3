"""A day of the store: what it holds by device, and what was recorded of it. Queries run in the caller's transaction."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pyarrow as pa
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.sources import Entity
from duckhouse.streaming.history.lake_day import DaySums, LakeDay, compared, hourly
from duckhouse.streaming.history.sums import in_postgres
from duckhouse.streaming.store.copying import copied
from duckhouse.streaming.store.shape import SQL_TYPES, listed

READINGS, HOURLY = "readings", "hourly"
ONE_VIEW = "set transaction isolation level repeatable read"
"""Lets all queries of a transaction see the same data."""
_DEVICE = "encode(convert_to(device_id, 'UTF8'), 'hex')"  # as digits: no text can break the CSV
_MESSAGES = """
    select {columns}, {hash} as hash, true as is_reading from readings
    where "timestamp" >= {first} and "timestamp" < {end}
    union all
    select {columns}, {hash}, false from reading_repeats where "timestamp" >= {first} and "timestamp" < {end}
"""
_HOURS = """
    select device_id, hour, readings, messages, {hash} as hash from readings_hourly
    where hour >= {first} and hour < {end}
"""
_TEXTS = ("device_id", "_topic_id")
_TEXT = "decode(unhex(coalesce({0}, ''))) as {0}"
_DIFFERING = """
    create or replace table disk.differing as
    select device_id, coalesce(l.rows, 0) as lake_rows, coalesce(s.rows, 0) as store_rows,
        coalesce(l.readings, 0) as lake_readings, coalesce(s.readings, 0) as store_readings
    from disk.lake_sums as l full join disk.store_sums as s using (device_id)
    where row(l.rows, l.checksum, l.readings, l.readings_checksum)
        is distinct from row(s.rows, s.checksum, s.readings, s.readings_checksum)
"""
_SUMS = {
    READINGS: "select {device} as device_id, count(*) as rows, sum(hash) as checksum, "
    "count(*) filter (where is_reading) as readings, "
    "coalesce(sum(hash) filter (where is_reading), 0) as readings_checksum from ({items}) as items group by device_id",
    HOURLY: "select {device} as device_id, count(*) as rows, sum(hash) as checksum, sum(readings) as readings, "
    "0 as readings_checksum from ({items}) as items group by device_id",
}
_TOTALS = (
    "select count(*), coalesce(sum(rows), 0), coalesce(sum(checksum), 0), coalesce(sum(readings), 0), "
    "coalesce(sum(readings_checksum), 0) from ({sums}) as sums"
)
_NOTE = """
    insert into history_days (form, day, snapshot_id, rows, checksum, readings, readings_checksum)
    values (%s, %s, %s, %s, %s, %s, %s)
    on conflict (form, day) do update set (snapshot_id, rows, checksum, readings, readings_checksum, verified_at) =
    (excluded.snapshot_id, excluded.rows, excluded.checksum, excluded.readings, excluded.readings_checksum, now())
"""
_NOTED = """
    select rows, checksum, readings, readings_checksum from history_days
    where form = %s and day = %s and snapshot_id = %s
"""
_COLUMNS = """
    select attname from pg_attribute
    where attrelid = to_regclass('readings_hourly') and attnum > 0 and not attisdropped
"""
_SUMMARIZE = """
    select brin_summarize_new_values(indexrelid) from pg_index
    join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
    where amname = 'brin' and indrelid = to_regclass(%s)
"""
_UPSERT = """
    insert into readings_hourly ({columns}) select {columns} from hours_arrived
    on conflict (device_id, hour) do update set ({others}) = row({new})
"""


def prepare(connection: psycopg.Connection, entity: Entity) -> None:
    """Adds the columns of measures that readings_hourly lacks. Raises UserError where there is no such table."""
    there = {name for (name,) in connection.execute(_COLUMNS)}
    if not there:
        raise UserError(
            f"the store of {entity.name} has no tables for its history: python -m scripts.postgres --migrate makes them"
        )
    for field in hourly(entity):
        if field.name not in there:
            connection.execute(
                sql.SQL("alter table readings_hourly add column if not exists {} {}").format(
                    sql.Identifier(field.name), sql.SQL(SQL_TYPES[field.type])
                )
            )


def help_planner(connection: psycopg.Connection, day: date, pieces: int) -> None:
    """Call it after adding each piece of a day. It updates the index of ranges at once instead of within a minute, and
    the planner's statistics whenever the table has doubled. Otherwise each piece would read all of the day so far.
    """
    table = f"readings_{day:%Y%m%d}"
    indexes = connection.execute(_SUMMARIZE, [table]).fetchall()
    if indexes and pieces & (pieces - 1) == 0:
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))


def totals(connection: psycopg.Connection, entity: Entity, form: str, day: date) -> DaySums:
    query = sql.SQL(_TOTALS).format(sums=_sums(entity, form, day))
    [(_, *found)] = connection.execute(query).fetchall()
    return DaySums(*map(int, found))


def noted(connection: psycopg.Connection, form: str, day: date, snapshot_id: int) -> DaySums | None:
    """What the store held when this day was verified against this snapshot; None where it was not."""
    found = connection.execute(_NOTED, [form, day, snapshot_id]).fetchone()
    return DaySums(*map(int, found)) if found else None


def note(connection: psycopg.Connection, form: str, day: date, snapshot_id: int, sums: DaySums) -> None:
    connection.execute(_NOTE, [form, day, snapshot_id, *sums])


def bring_sums(connection: psycopg.Connection, lake: LakeDay, form: str, day: date) -> None:
    """Makes the table `store_sums` by device beside `lake_sums`, and the table `differing` of devices that differ."""
    sums = "rows::bigint as rows, checksum, readings::bigint as readings, readings_checksum"
    _bring(connection, lake, _sums(lake.entity, form, day), "store_sums", f"{_TEXT.format('device_id')}, {sums}")
    lake.duck.execute(_DIFFERING)


def bring_messages(connection: psycopg.Connection, lake: LakeDay, day: date) -> None:
    """Makes the table `store_items`: places and hashes of the messages of the store."""
    query = sql.SQL(
        "select {device} as device_id, encode(convert_to(_topic_id, 'UTF8'), 'hex') as _topic_id, _partition, _offset, "
        "hash from ({items}) as items"
    ).format(device=sql.SQL(_DEVICE), items=_items(lake.entity, READINGS, day))
    texts = ", ".join(map(_TEXT.format, _TEXTS))
    columns = f"{texts}, _partition::integer as _partition, _offset::bigint as _offset, hash"
    _bring(connection, lake, query, "store_items", columns)


def bring_hours(connection: psycopg.Connection, lake: LakeDay, day: date) -> None:
    """Makes the table `store_items`: hours of the store, each with its number of messages and its hash."""
    query = sql.SQL(
        "select {device} as device_id, extract(epoch from hour)::bigint as hour, messages, hash from ({items}) as items"
    ).format(device=sql.SQL(_DEVICE), items=_items(lake.entity, HOURLY, day))
    columns = f"{_TEXT.format('device_id')}, to_timestamp(hour) as hour, messages, hash"
    _bring(connection, lake, query, "store_items", columns)


def write_hours(connection: psycopg.Connection, entity: Entity, pieces: Iterable[pa.Table]) -> int:
    """Inserts hours, replacing existing ones; returns how many."""
    names = [field.name for field in hourly(entity)]
    others = names[2:]
    connection.execute("create temporary table hours_arrived (like readings_hourly) on commit drop")
    statement = sql.SQL("copy hours_arrived ({}) from stdin (format binary)").format(listed(names))
    count = 0
    for piece in pieces:
        count += piece.num_rows
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in copied(piece):
                copy.write(part)
    connection.execute(
        sql.SQL(_UPSERT).format(columns=listed(names), others=listed(others), new=listed(others, "excluded"))
    )
    return count


def _sums(entity: Entity, form: str, day: date) -> sql.Composed:
    return sql.SQL(_SUMS[form]).format(device=sql.SQL(_DEVICE), items=_items(entity, form, day))


def _items(entity: Entity, form: str, day: date) -> sql.Composed:
    first = datetime.combine(day, time.min, UTC)
    fields = compared(entity) if form == READINGS else hourly(entity)
    return sql.SQL(_MESSAGES if form == READINGS else _HOURS).format(
        columns=listed(["device_id", "_topic_id", "_partition", "_offset"]),
        hash=in_postgres(fields),
        first=sql.Literal(first),
        end=sql.Literal(first + timedelta(days=1)),
    )


def _bring(connection: psycopg.Connection, lake: LakeDay, query: sql.Composed, table: str, columns: str) -> None:
    """Copies the result of a query to the day's disk database, as CSV with numbers, and texts in hexadecimal digits."""
    file = lake.folder / f"{table}.csv"
    statement = sql.SQL("copy ({}) to stdout (format csv, header)").format(query)
    with file.open("wb") as out, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for part in copy:
            out.write(part)
    with file.open() as made:
        names = made.readline().strip().split(",")
    types = ", ".join(f"'{each}': '{'varchar' if each in _TEXTS else 'hugeint'}'" for each in names)
    read = f"read_csv(?, header = true, auto_detect = false, columns = {{{types}}})"
    lake.duck.execute(f"create or replace table disk.{table} as select {columns} from {read}", [str(file)])
    file.unlink()
