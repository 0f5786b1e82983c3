"""The days of readings_near: partitions where PostgreSQL has no hypertable, and how long days are kept."""

from datetime import date, timedelta

import psycopg
from psycopg import sql

from duckhouse.streaming.store.settling import NEAR

_IS_PARTITIONED = "select relkind = 'p' from pg_class where oid = to_regclass('readings_near')"
_WITHOUT_PARTITION = f"""
    select day from (select distinct ("timestamp" at time zone 'UTC')::date as day from arrived where {NEAR}) as days
    where to_regclass('readings_' || to_char(day, 'YYYYMMDD')) is null order by day
"""


def is_partitioned(connection: psycopg.Connection) -> bool:
    """Whether days are partitions; else they are chunks, which TimescaleDB makes by itself."""
    return connection.execute(_IS_PARTITIONED).fetchone() == (True,)


def make_days(connection: psycopg.Connection) -> None:
    """Makes the partitions that rows in `arrived` need. Attaching one lets others read the rest meanwhile."""
    for (day,) in connection.execute(_WITHOUT_PARTITION).fetchall():
        name = sql.Identifier(f"readings_{day:%Y%m%d}")
        connection.execute(sql.SQL("create table {} (like readings_near including constraints)").format(name))
        connection.execute(
            sql.SQL("alter table readings_near attach partition {} for values from ({}) to ({})").format(
                name, _midnight(day), _midnight(day + timedelta(days=1))
            )
        )


def _midnight(day: date) -> sql.Literal:
    return sql.Literal(f"{day} 00:00:00+00")
