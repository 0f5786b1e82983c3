"""The shape of the tables: adds declared columns that the store does not have yet, and maintains the views."""

from collections.abc import Iterable, Sequence

import psycopg
import pyarrow as pa
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.sources import Entity
from duckhouse.streaming.rows import PLACE, TYPES

SQL_TYPES = {
    pa.string(): "text",
    pa.binary(): "bytea",
    pa.float64(): "double precision",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.timestamp("us", tz="UTC"): "timestamp with time zone",
}
TABLES = ("readings_near", "readings_far", "reading_repeats")
LAST_VIEW = "reading_conflicts"
DEAD_LETTER = (
    "_topic_id", "_partition", "_offset", "_produced_at", "_consumed_at", "_key", "_fault", "_fault_detail", "_value",
    "_unmapped",
)  # fmt: skip
ABOUT = ("_produced_at", "_consumed_at", "_key")
"""Columns that may differ between two messages with the same content."""
_COLUMNS = """
    select attname, format_type(atttypid, null) from pg_attribute
    where attrelid = to_regclass('readings_near') and attnum > 0 and not attisdropped order by attnum
"""
_KEY = """
    select array_agg(attname order by attname) from pg_index
    join pg_attribute on attrelid = indrelid and attnum = any (indkey)
    where indrelid = to_regclass('readings_far') and indisprimary
"""


def check_key(connection: psycopg.Connection, entity: Entity) -> None:
    """Raises UserError where there are no tables, or where their key is not the declared one."""
    [(key,)] = connection.execute(_KEY).fetchall()
    if key is None:
        raise UserError(f"the store of {entity.name} has no tables: python -m scripts.postgres --migrate makes them")
    if key != sorted(entity.keys):
        raise UserError(f"the store of {entity.name} has the key {', '.join(key)}, not {', '.join(entity.keys)}")


def fit(connection: psycopg.Connection, entity: Entity) -> list[str]:
    """Adds columns that are new in the declaration, in the transaction of the caller, who holds the writers' lock;
    returns the columns of a reading. A column that is no longer declared stays.

    Raises UserError where a column does not have the declared type.
    """
    there: dict[str, str] = dict(connection.execute(_COLUMNS).fetchall())
    added = [name for name, data_type in declared(entity).items() if not _has(entity, there, name, data_type)]
    for name in added:
        for table in TABLES:
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    sql.Identifier(table), sql.Identifier(name), sql.SQL(declared(entity)[name])
                )
            )
    names = [*there, *added]
    if added or connection.execute("select to_regclass(%s)", [LAST_VIEW]).fetchone() == (None,):
        _make_views(connection, entity, names)
    return names


def declared(entity: Entity) -> dict[str, str]:
    """The SQL type of each declared column."""
    return {column.name: SQL_TYPES[TYPES[column.type or ""]] for column in entity.columns}


def listed(names: Iterable[str], of: str | None = None) -> sql.Composed:
    """Names of columns, separated by commas; of the table or alias `of`."""
    return sql.SQL(", ").join(sql.Identifier(*([of] if of else []), name) for name in names)


def alike(names: Sequence[str], keys: Sequence[str]) -> sql.Composed:
    """SQL: whether the rows r and w, which have the same key, have the same content."""
    own = [name for name in names if name not in (*keys, *ABOUT, *(field.name for field in PLACE))]
    return sql.SQL("(row({}) is not distinct from row({}))").format(listed(own, "r"), listed(own, "w"))


def _has(entity: Entity, there: dict[str, str], name: str, data_type: str) -> bool:
    if there.get(name, data_type) != data_type:
        raise UserError(
            f"{entity.name}.{name}: the store has it as {there[name]}, and the declaration makes it {data_type}: "
            "declare the new type under another name"
        )
    return name in there


def _make_views(connection: psycopg.Connection, entity: Entity, names: Sequence[str]) -> None:
    """Existing views keep their grants: a new column comes last."""
    columns, keys = listed(names), listed(entity.keys)
    connection.execute(
        sql.SQL(
            "create or replace view readings as "
            "select {columns} from readings_near union all select {columns} from readings_far"
        ).format(columns=columns)
    )
    for view, condition in (("reading_duplicates", "{}"), (LAST_VIEW, "not {}")):
        connection.execute(
            sql.SQL(
                "create or replace view {view} as select {columns} from reading_repeats as r "
                "join readings as w using ({keys}) where {condition}"
            ).format(
                view=sql.Identifier(view),
                columns=listed(names, "r"),
                keys=keys,
                condition=sql.SQL(condition).format(alike(names, entity.keys)),
            )
        )
