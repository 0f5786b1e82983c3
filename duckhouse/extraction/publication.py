"""The publication through which the write-ahead log reports the tables of a source: created, and checked."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.extraction.database import Database, only_row
from duckhouse.extraction.tables import SourceTable

GENERATED_SINCE = 180000

_LISTED = (
    "unnest(%(schemas)s::text[], %(names)s::text[], %(keys)s::text[]) with ordinality as listed (s, n, key, place)"
)
# tables for which the log does not carry the key of updated and deleted rows
_NAMELESS = f"""
    select place from {_LISTED}
    join pg_class on pg_class.oid = to_regclass(format('%%I.%%I', s, n))
    where relreplident <> 'f' and not exists (
        select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
        where indrelid = pg_class.oid and indnkeyatts = 1 and attname = key
        and case relreplident when 'd' then indisprimary else indisreplident end
    )
    order by place
"""
# the log carries stored columns; generated ones only from PostgreSQL 18 on
_GENERATED = f"""
    select place, attname from {_LISTED}
    join pg_attribute on attrelid = to_regclass(format('%%I.%%I', s, n)) and attnum > 0 and not attisdropped
    where attgenerated = 'v' or attgenerated = 's' and %(stored_is_lost)s
    order by place, attnum
"""
_UNLOGGED = f"""
    with recursive parts as (
        select place, to_regclass(format('%%I.%%I', s, n))::oid as part from {_LISTED}
        union select place, inhrelid from pg_inherits join parts on inhparent = part
    )
    select place, part::regclass::text from parts join pg_class on pg_class.oid = part
    where relpersistence <> 'p' and relkind = 'r'
    order by place, part
"""
# the log reports rows of an inheriting table under that table's own name
_INHERITING = f"""
    select place, inhrelid::regclass::text from {_LISTED}
    join pg_class on pg_class.oid = to_regclass(format('%%I.%%I', s, n)) and relkind = 'r'
    join pg_inherits on inhparent = pg_class.oid
    order by place, inhrelid
"""
_UNPUBLISHED = f"""
    select place from {_LISTED}
    where not exists (
        select from pg_publication_tables
        where pubname = %(publication)s and rowfilter is null and schemaname = s and tablename = n
        and cardinality(attnames) = (
            select count(*) from pg_attribute
            where attrelid = to_regclass(format('%%I.%%I', s, n)) and attnum > 0
            and not attisdropped
        )
    )
    order by place
"""
_VERSION = """
    select string_agg(concat(parts.oid, '.', parts.xmin), ' ' order by parts.oid)
    from pg_publication
    cross join lateral (
        select pg_publication.oid, pg_publication.xmin
        union all select oid, xmin from pg_publication_rel where prpubid = pg_publication.oid
        union all select oid, xmin from pg_publication_namespace where pnpubid = pg_publication.oid
    ) as parts
    where pubname = %s
"""


def publish(database: Database, publication: str, tables: Sequence[SourceTable]) -> str:
    """Creates the publication of the tables where it is missing; returns a text that changes with the publication.

    Raises UserError where the log would not tell every change of the tables.
    """
    with database.connect(autocommit=True) as connection:
        _check_tables(connection, database, tables)
        found = connection.execute(
            "select pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = %s",
            [publication],
        ).fetchone()
        if found is None:
            names = sql.SQL(", ").join(table.name.identifier for table in tables)
            options = "publish_via_partition_root = true"
            if connection.info.server_version >= GENERATED_SINCE:
                options += ", publish_generated_columns = stored"
            query = sql.SQL("create publication {} for table {} with ({})")
            connection.execute(query.format(sql.Identifier(publication), names, sql.SQL(options)))
        lost = connection.execute(_UNPUBLISHED, {**_listed(tables), "publication": publication}).fetchone()
        if lost or found == (False,):
            what = f"does not publish all of {_shown(tables, lost)}" if lost else "does not publish every operation"
            raise UserError(
                f"{database.address}: publication {publication} {what}: drop publication {publication}, and run again, "
                "which creates it again and compares every row"
            )
        version: str = only_row(connection, _VERSION, publication)[0]
    return version


def _check_tables(connection: psycopg.Connection, database: Database, tables: Sequence[SourceTable]) -> None:
    if nameless := connection.execute(_NAMELESS, _listed(tables)).fetchone():
        table, key = _shown(tables, nameless), tables[nameless[0] - 1].key
        raise UserError(
            f"{database.address}: the log would not tell which rows of {table} change: alter table {table} add primary "
            f"key ({key}), or replica identity default"
        )
    stored_is_lost = connection.info.server_version < GENERATED_SINCE
    if generated := connection.execute(_GENERATED, {**_listed(tables), "stored_is_lost": stored_is_lost}).fetchone():
        raise UserError(
            f"{database.address}: the log would not tell of {_shown(tables, generated)}.{generated[1]}, which is "
            "generated: run without --cdc, which compares tables"
        )
    if unlogged := connection.execute(_UNLOGGED, _listed(tables)).fetchone():
        raise UserError(
            f"{database.address}: the log would not tell of the rows of {unlogged[1]}, which is unlogged: alter table "
            f"{unlogged[1]} set logged, or run without --cdc, which compares tables"
        )
    if inheriting := connection.execute(_INHERITING, _listed(tables)).fetchone():
        raise UserError(
            f"{database.address}: the log would not tell of the rows of {inheriting[1]}, which inherits "
            f"{_shown(tables, inheriting)}: run without --cdc, which compares tables"
        )


def _listed(tables: Sequence[SourceTable]) -> dict[str, list[str]]:
    return {
        "schemas": [table.name.schema for table in tables],
        "names": [table.name.name for table in tables],
        "keys": [table.key for table in tables],
    }


def _shown(tables: Sequence[SourceTable], row: tuple[Any, ...]) -> str:
    table: SourceTable = tables[row[0] - 1]
    return table.shown
