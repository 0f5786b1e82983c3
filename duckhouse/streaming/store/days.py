"""The days of readings_near: partitions where PostgreSQL has no hypertable, and how long days are kept."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import psycopg
from psycopg import sql

from duckhouse.streaming.store.settling import NEAR

MOST_SPANS = 16
_DAYS = """
    select distinct ("timestamp" at time zone 'UTC')::date as day from {} where {}
        and "timestamp" > '0001-01-02' and "timestamp" < '9999-12-30' order by day
"""
_OLD_PARTITIONS = """
    select relname from pg_inherits join pg_class on inhrelid = pg_class.oid
    where inhparent = to_regclass('readings_near') and relname < 'readings_' || to_char(%s::date, 'YYYYMMDD')
"""
_OLD_CHUNKS = "select {}.drop_chunks('readings_near', older_than => %s)"
_SCHEMA_OF_TIMESCALEDB = """
    select nspname from pg_extension join pg_namespace on extnamespace = pg_namespace.oid where extname = 'timescaledb'
"""
_OLD_ROWS = (
    "delete from readings_far where _consumed_at < %s",
    'delete from reading_repeats as r where least("timestamp", _consumed_at) < %s and not exists '
    '(select from readings as w where w.device_id = r.device_id and w."timestamp" = r."timestamp")',
    "delete from dead_letters where _consumed_at < %s",
)
_IS_PARTITIONED = "select relkind = 'p' from pg_class where oid = to_regclass('readings_near')"
_WITHOUT_PARTITION = f"""
    select day from (select distinct ("timestamp" at time zone 'UTC')::date as day from arrived where {NEAR}) as days
    where to_regclass('readings_' || to_char(day, 'YYYYMMDD')) is null order by day
"""


def is_partitioned(connection: psycopg.Connection) -> bool:
    """Whether days are partitions; otherwise they are chunks, which TimescaleDB creates itself."""
    return connection.execute(_IS_PARTITIONED).fetchone() == (True,)


def make_days(connection: psycopg.Connection) -> None:
    """Makes the partitions that rows in `arrived` need. They are attached, so that others can still read meanwhile."""
    for (day,) in connection.execute(_WITHOUT_PARTITION).fetchall():
        name = sql.Identifier(f"readings_{day:%Y%m%d}")
        connection.execute(sql.SQL("create table {} (like readings_near including constraints)").format(name))
        connection.execute(
            sql.SQL("alter table readings_near attach partition {} for values from ({}) to ({})").format(
                name, sql.Literal(_midnight(day)), sql.Literal(_midnight(day + timedelta(days=1)))
            )
        )


def spans(connection: psycopg.Connection, table: str, condition: str) -> Iterator[dict[str, datetime]]:
    """The days of rows in a temporary table, as a few spans from `first` to before `end` that include few other days.
    Readings of other millennia are not in readings_near.
    """
    query = sql.SQL(_DAYS).format(sql.Identifier(table), sql.SQL(condition))
    days = [day for (day,) in connection.execute(query).fetchall()]
    gaps = sorted(range(1, len(days)), key=lambda n: days[n] - days[n - 1], reverse=True)[: MOST_SPANS - 1]
    bounds = [0, *sorted(n for n in gaps if days[n] - days[n - 1] > timedelta(days=1)), len(days)]
    for start, end in pairwise(bounds):
        if start < end:
            yield {"first": _midnight(days[start]), "end": _midnight(days[end - 1] + timedelta(days=1))}


def drop_days_before(connection: psycopg.Connection, day: date) -> None:
    """Drops readings of days before this one, readings in readings_far that arrived before it, the repeats of both, and
    dead letters that arrived before it.
    """
    if is_partitioned(connection):
        for (name,) in connection.execute(_OLD_PARTITIONS, [day]).fetchall():
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
    else:
        [(schema,)] = connection.execute(_SCHEMA_OF_TIMESCALEDB).fetchall()
        connection.execute(sql.SQL(_OLD_CHUNKS).format(sql.Identifier(schema)), [_midnight(day)])
    for statement in _OLD_ROWS:
        connection.execute(statement, [_midnight(day)])


def _midnight(day: date) -> datetime:
    """Midnight in the column's type: with a bound of another type TimescaleDB finds no rows of compressed chunks."""
    return datetime.combine(day, time.min, UTC)
