"""Saves every published table of a target as Parquet, and compares two such folders row by row."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from duckhouse import cli, duck, settings
from duckhouse.clickhouse_sql import full_name, literal
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.opening import open_duckdb
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.parity import canonical, fetch, open_dev

READERS = duck.name("copy of readers")


def dump(folder: Path, target: str, schemas: Sequence[str] = PUBLISHED_SCHEMAS) -> int:
    """Saves each table of these schemas of dev or prod in a new folder; returns how many there are."""
    if folder.exists():
        raise cli.UserError(f"{folder}: is there already: name a new folder")
    folder.mkdir(parents=True)
    return _dump_dev(folder, schemas) if target == "dev" else _dump_prod(folder, schemas)


def _dump_dev(folder: Path, schemas: Sequence[str]) -> int:
    with open_dev() as dev:
        relations = dev.execute(
            "select table_schema, table_name from information_schema.tables where table_schema in (select unnest(?))",
            [list(schemas)],
        ).fetchall()
        for schema, name in relations:
            target = duck.literal(folder / f"{name}.parquet")
            dev.execute(f"copy (from {duck.name(schema)}.{duck.name(name)}) to {target} (format parquet)")
    return len(relations)


def _dump_prod(folder: Path, schemas: Sequence[str]) -> int:
    client, prefix = connect(), settings.clickhouse().prefix
    databases = ", ".join(literal(f"{prefix}_{schema}") for schema in schemas)
    relations = client.query(
        f"select database, name from system.tables where database in ({databases}) and position(name, '__dbt_') = 0"
    ).result_rows
    for database, name in relations:
        fetch(client, full_name(database, name), folder / f"{name}.parquet")
    return len(relations)


def compare(before: Path, after: Path, names: Mapping[str, Any]) -> Iterator[str]:
    """A line for each table that is missing, or has other columns or rows. `names` says what was renamed:
    {"tables": {old: new}, "columns": {new table: {old: new}}}.
    """
    new_names = names.get("tables", {})
    for folder in (before, after):
        if not any(folder.glob("*.parquet")):
            raise cli.UserError(f"{folder}: holds no dump")
    found = {path.stem: path for path in after.glob("*.parquet")}
    expected = {new_names.get(path.stem, path.stem): path for path in before.glob("*.parquet")}
    with duckdb.connect() as connection:
        for name in sorted(found.keys() ^ expected.keys()):
            yield f"{name}: only {'after' if name in found else 'before'}"
        for name in sorted(found.keys() & expected.keys()):
            columns = names.get("columns", {}).get(name, {})
            yield from (f"{name}{line}" for line in _differing(connection, expected[name], found[name], columns))


def _differing(
    connection: duckdb.DuckDBPyConnection, before: Path, after: Path, new_names: Mapping[str, str]
) -> Iterator[str]:
    old, new = _types_of(connection, before), _types_of(connection, after)
    came_from = {new_names.get(column, column): column for column in old}
    for column in sorted(came_from.keys() ^ new.keys()):
        yield f".{column}: only {'before' if column in came_from else 'after'}"
    common = [column for column in new if column in came_from]
    gone, came, rows = count_differences(
        connection,
        _rows_of(before, [canonical(came_from[column], old[came_from[column]]) for column in common]),
        _rows_of(after, [canonical(column, new[column]) for column in common]),
    )
    if gone or came:
        yield f": of {rows:,} rows {came:,} are only after, {gone:,} only before"


def compare_copy(database: Path, copy: Path) -> Iterator[str]:
    """A line for each table or view of a DuckDB file that its published copy lacks, or has with other rows."""
    with open_duckdb(database) as connection:
        built = _published_in(connection)
        connection.execute(f"attach {duck.literal(copy)} as {READERS} (read_only)")
        connection.execute(f"use {READERS}")
        held = _published_in(connection)
        for schema, name in sorted(held ^ built):
            yield f"{schema}.{name}: only {'published' if (schema, name) in held else 'built'}"
        for schema, name in sorted(held & built):
            relation = f"{duck.name(schema)}.{duck.name(name)}"
            own = f"from {duck.name(database.stem)}.{relation}"
            gone, came, rows = count_differences(connection, own, f"from {READERS}.{relation}")
            if gone or came:
                yield f"{schema}.{name}: of {rows:,} published rows {came:,} are not built, and {gone:,} are missing"


def _published_in(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """The relations of the database in use."""
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema in (select unnest(?))",
        [list(PUBLISHED_SCHEMAS)],
    ).fetchall()
    return set(rows)


def count_differences(connection: duckdb.DuckDBPyConnection, first: str, second: str) -> tuple[int, int, int]:
    """The number of rows only in the first query, of those only in the second, and of all in the second."""
    [(only_first, only_second, rows)] = connection.execute(
        f"with first_rows as ({first}), second_rows as ({second}) "
        "select (select count(*) from (from first_rows except all from second_rows)), "
        "(select count(*) from (from second_rows except all from first_rows)), (select count(*) from second_rows)"
    ).fetchall()
    return only_first, only_second, rows


def _types_of(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    described = connection.execute(f"describe from read_parquet({duck.literal(path)})").fetchall()
    return dict(row[:2] for row in described)


def _rows_of(path: Path, columns: list[str]) -> str:
    return f"select {', '.join(columns)} from read_parquet({duck.literal(path)})"
