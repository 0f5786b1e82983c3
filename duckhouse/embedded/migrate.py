"""The migrations of the ad delivery database: migrations/*.sql, each applied once, in the order of their names."""

from pathlib import Path

import psycopg

MIGRATIONS = Path(__file__).with_name("migrations")
_LEDGER = """
    create schema if not exists duckhouse;
    create table if not exists duckhouse.migrations (
        name text primary key,
        applied_at timestamptz not null default now()
    );
"""


def migrate(connection: psycopg.Connection) -> list[str]:
    """Applies what is missing, in one transaction; the names of what was applied."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('duckhouse.migrations', 0))")
        connection.execute(_LEDGER)
        applied = {name for (name,) in connection.execute("select name from duckhouse.migrations")}
        missing = [path for path in sorted(MIGRATIONS.glob("*.sql")) if path.name not in applied]
        for path in missing:
            connection.execute(path.read_text(encoding="utf-8"))
            connection.execute("insert into duckhouse.migrations (name) values (%s)", [path.name])
    return [path.name for path in missing]
