"""The copy of target dev that people read: marts, quality and reporting as tables, put in place by one rename.

A reader that has the old copy open keeps reading it. The copy holds tables because a view names the file in which it
was made and a table does not: so the copy may be renamed, moved and attached.
"""

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
    for schema, table in sorted(relations):
        yield f"create table {COPY}.{name(schema)}.{name(table)} as from {name(schema)}.{name(table)}"
    for schema, table, column, comment in query(DESCRIBED):
        if (schema, table) in relations:
            described = f"{COPY}.{name(schema)}.{name(table)}"
            kind, of = ("column", f"{described}.{name(column)}") if column else ("table", described)
            yield f"comment on {kind} {of} is {literal(comment)}"
    yield "commit"


def records_of(path: Path) -> dict[str, Done]:
    """What the copy says about its builds; nothing where no copy opens."""
    with suppress(UserError), open_published(path) as copy:
        return DuckDB(lambda sql: copy.execute(sql).fetchall(), path).records()
    return {}
