"""The copy of target dev that people read: marts, quality and reporting, put in place by one rename.

A reader that has the old copy open keeps reading it. The copy may be renamed, moved and attached, and a view names the
file in which it was made: so views are copied as tables. Those of marts that read nothing but what is copied stay
views, which name no file: as tables they can be as large as the facts.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.graph import Done
from duckhouse.dbt_plugin.warehouses import SCHEMA, DuckDB, Query, Relation
from duckhouse.duck import literal, name
from duckhouse.opening import open_published

PUBLISHED_SCHEMAS = ("marts", "quality", "reporting")
RECORDS: Relation = (SCHEMA, "nodes")
"""Is copied too: when each table was built."""
COPY = name("the copy")
READ_ONLY = 0o400  # a process that opened it for writing would lock out all others
VIEWS_STAY_IN = "marts"  # views of the other schemas are small, and answers that should not be worked out twice
VIEWS = f"""select current_database(), view_name, sql from duckdb_views()
    where database_name = current_database() and schema_name = {literal(VIEWS_STAY_IN)}"""
DESCRIBED = """select schema_name, table_name, null as column_name, comment from duckdb_tables()
    where database_name = current_database() and comment <> ''
    union all
    select schema_name, view_name, null, comment from duckdb_views()
    where database_name = current_database() and comment <> ''
    union all
    select schema_name, table_name, column_name, comment from duckdb_columns()
    where database_name = current_database() and comment <> ''"""


def publish(query: Query, relations: Collection[Relation], path: Path) -> None:
    """Replaces the copy with the current state of these relations in the database that `query` asks. Clears what a
    killed run left behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    leave_nothing(new)
    try:
        with attached(query, new):
            query("; ".join(statements(query, relations)))
            query(f"checkpoint {COPY}")
        new.chmod(READ_ONLY)
        log_of(path).unlink(missing_ok=True)  # the log of a writer, for the old copy
        new.rename(path)
    except BaseException:
        leave_nothing(new)
        raise


def leave_nothing(new: Path) -> None:
    for left in (new, log_of(new)):
        left.unlink(missing_ok=True)


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


@contextmanager
def attached(query: Query, new: Path) -> Iterator[None]:
    query(f"attach {literal(new)} as {COPY}")
    try:
        yield
    except BaseException:
        with suppress(Exception):  # there may be no transaction
            query("rollback")
        raise
    finally:
        query(f"detach {COPY}")


def statements(query: Query, relations: Collection[Relation]) -> Iterator[str]:
    """Uses one transaction: each commit waits for the disk, and there are thousands of comments."""
    yield "begin"
    for schema in sorted({schema for schema, _ in relations}):
        yield f"create schema {COPY}.{name(schema)}"
    views = dict(views_that_stay(query, relations))
    for schema, table in sorted(set(relations) - views.keys()):
        yield f"create table {COPY}.{name(schema)}.{name(table)} as from {name(schema)}.{name(table)}"
    for (schema, view), select in views.items():
        yield f"create view {COPY}.{name(schema)}.{name(view)} as {select}"
    for schema, table, column, comment in query(DESCRIBED):
        if (schema, table) in relations:
            described = f"{COPY}.{name(schema)}.{name(table)}"
            kind = "view" if (schema, table) in views else "table"
            if column:
                kind, described = "column", f"{described}.{name(column)}"
            yield f"comment on {kind} {described} is {literal(comment)}"
    yield "commit"


def views_that_stay(query: Query, relations: Collection[Relation]) -> Iterator[tuple[Relation, str]]:
    """Views that read nothing but copied tables, each with its query. dbt names tables with their database; without it,
    the engine first looks in the database of the view.
    """
    views = {(VIEWS_STAY_IN, view): (database, sql) for database, view, sql in query(VIEWS)}
    for relation, (database, sql) in views.items():
        named = rf"(?<![\w.\"])(?:{re.escape(database)}|{re.escape(name(database))})\.(?=(\w+)\.(\w+))"
        read = {(schema, table) for schema, table in re.findall(named, sql)}
        if relation in relations and read <= set(relations) - views.keys():
            yield relation, re.sub(named, "", sql.partition(" AS ")[2].rstrip(";"))


def records_of(path: Path) -> dict[str, Done]:
    """What the copy says about its builds; nothing where no copy opens."""
    with suppress(UserError), open_published(path) as copy:
        return DuckDB(lambda sql: copy.execute(sql).fetchall(), path).records()
    return {}
