"""Keeps every published table of a target as Parquet, and compares two such folders row by row.

    python -m tools.published dump FOLDER --target dev
    python -m tools.published compare BEFORE AFTER [--names FILE]

Two builds of one landing zone, before and after a change of shape, must hold the same rows. FILE says in JSON what has
another name after the change: {"tables": {old: new}, "columns": {new table: {old: new}}}.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from duckhouse import cli, duck, settings
from duckhouse.warehouse.connection import connect, full_name, literal
from duckhouse.warehouse.parity import PUBLISHED_SCHEMAS, canonical, fetch, open_dev


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.published", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    dumping = commands.add_parser("dump", help="keep the published tables of a target")
    dumping.add_argument("folder", type=Path)
    dumping.add_argument("--target", choices=("dev", "prod"), default="dev")
    comparing = commands.add_parser("compare", help="compare two folders; exit code 1 where rows differ")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--names", type=Path, metavar="FILE", help="what has another name after the change")
    options = parser.parse_args(words)
    if options.command == "dump":
        dump(options.folder, options.target)
        return 0
    names = json.loads(options.names.read_text(encoding="utf-8")) if options.names else {}
    differences = list(compare(options.before, options.after, names))
    print("\n".join(differences) or "every published row is the same")
    return 1 if differences else 0


def dump(folder: Path, target: str) -> None:
    if folder.exists():
        raise cli.UserError(f"{folder}: is there already: name a new folder")
    folder.mkdir(parents=True)
    tables = dump_dev(folder) if target == "dev" else dump_prod(folder)
    print(f"{folder}: {tables} tables of {target}")


def dump_dev(folder: Path) -> int:
    with open_dev() as dev:
        relations = dev.execute(
            f"select table_schema, table_name from information_schema.tables where table_schema in {PUBLISHED_SCHEMAS}"
        ).fetchall()
        for schema, name in relations:
            target = duck.literal(folder / f"{name}.parquet")
            dev.execute(f"copy (from {duck.name(schema)}.{duck.name(name)}) to {target} (format parquet)")
    return len(relations)


def dump_prod(folder: Path) -> int:
    client, prefix = connect(), settings.clickhouse().prefix
    databases = ", ".join(literal(f"{prefix}_{schema}") for schema in PUBLISHED_SCHEMAS)
    relations = client.query(
        f"select database, name from system.tables where database in ({databases}) and position(name, '__dbt_') = 0"
    ).result_rows
    for database, name in relations:
        fetch(client, full_name(database, name), folder / f"{name}.parquet")
    return len(relations)


def compare(before: Path, after: Path, names: dict[str, Any]) -> Iterator[str]:
    """A line for each table that is missing, has other columns, or other rows."""
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
            yield from (f"{name}{line}" for line in differing(connection, expected[name], found[name], columns))


def differing(
    connection: duckdb.DuckDBPyConnection, before: Path, after: Path, new_names: dict[str, str]
) -> Iterator[str]:
    old, new = types_of(connection, before), types_of(connection, after)
    came_from = {new_names.get(column, column): column for column in old}
    for column in sorted(came_from.keys() ^ new.keys()):
        yield f".{column}: only {'before' if column in came_from else 'after'}"
    common = [column for column in new if column in came_from]
    connection.execute(rows_as("before_rows", before, [canonical(came_from[c], old[came_from[c]]) for c in common]))
    connection.execute(rows_as("after_rows", after, [canonical(c, new[c]) for c in common]))
    gone, came, rows = connection.execute(
        "select (select count(*) from (from before_rows except all from after_rows)), "
        "(select count(*) from (from after_rows except all from before_rows)), (select count(*) from after_rows)"
    ).fetchone()
    if gone or came:
        yield f": of {rows:,} rows {came:,} are only after, {gone:,} only before"


def types_of(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    described = connection.execute(f"describe from read_parquet({duck.literal(path)})").fetchall()
    return dict(row[:2] for row in described)


def rows_as(view: str, path: Path, columns: list[str]) -> str:
    return f"create or replace temp view {view} as select {', '.join(columns)} from read_parquet({duck.literal(path)})"


if __name__ == "__main__":
    cli.run(main)
