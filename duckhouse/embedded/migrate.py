"""The migrations of a source's database: migrations/<source>/*.sql, each applied once, in the order of their names."""

from pathlib import Path

import psycopg
from psycopg import sql

MIGRATIONS = Path(__file__).with_name("migrations")
_LEDGER = """
    create schema if not exists duckhouse;
    create table if not exists duckhouse.migrations (
        name text primary key,
        applied_at timestamptz not null default now()
    );
"""
# where a session makes tables; a role with the name of the ledger's schema would make them there
_SCHEMA = "select name from unnest(current_schemas(false)) as schemas (name) where name <> 'duckhouse' limit 1"


def migrations(source: str) -> list[Path]:
    """The migration files of a source; none where its tables are not ours. Two sources may share a database and so its
    ledger, so each file name says which source it belongs to.
    """
    return sorted((MIGRATIONS / source).glob("*.sql"))


def migrate(connection: psycopg.Connection, source: str) -> list[str]:
    """Applies the missing migrations in one transaction; returns the names of those applied."""
    wanted = migrations(source)
    if not wanted:
        return []
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('duckhouse.migrations', 0))")
        connection.execute(_LEDGER)
        applied = {name for (name,) in connection.execute("select name from duckhouse.migrations")}
        missing = [path for path in wanted if path.name not in applied]
        if missing and (schema := connection.execute(_SCHEMA).fetchone()):
            connection.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(*schema)))
        for path in missing:
            connection.execute(path.read_text(encoding="utf-8"))
            connection.execute("insert into duckhouse.migrations (name) values (%s)", [path.name])
    return [path.name for path in missing]
