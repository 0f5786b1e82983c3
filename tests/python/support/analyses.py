"""Runs the analyses of a source on both engines."""

from dataclasses import dataclass
from typing import Any

import clickhouse_connect
import duckdb

from duckhouse.settings import PROJECT
from duckhouse.warehouse import parity
from support.dbt import environment, parsed
from support.warehouse import Warehouse

SHOW_LIMIT = "\nlimit 1000000"  # dbt show appends one

Record = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What one engine says: `rows` as parity compares them, `records` with the values as they are (DuckDB only)."""

    types: list[tuple[str, str]]
    rows: list[tuple]
    records: list[Record]


def analyses_of(source: str) -> list[str]:
    return sorted(path.stem for path in (PROJECT / "analyses" / source).glob("*.sql"))


def compiled(house: Warehouse, target: str, *arguments: str) -> dict[str, str]:
    """The analyses of the warehouse's source as SQL of an engine, as dbt show runs them."""
    house.dbt(target, "compile", "--select", f"path:analyses/{house.source}", *arguments)
    folder = house.folder / f"target-{target}-{house.name}" / "compiled" / "duckhouse" / "analyses" / house.source
    return {path.stem: path.read_text() + SHOW_LIMIT for path in sorted(folder.glob("*.sql"))}


def answers_of_dev(house: Warehouse, queries: dict[str, str]) -> dict[str, Answer]:
    answers = {}
    with duckdb.connect(str(house.duckdb), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, query in queries.items():
            connection.execute(f'create temp table "{name}" as {query}')
            answers[name] = answer(connection, f'"{name}"')
    return answers


def answers_of_prod(house: Warehouse, queries: dict[str, str]) -> dict[str, Answer]:
    settings = {"join_use_nulls": 1, "output_format_parquet_string_as_string": 1}
    answers = {}
    with (
        clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client,
        duckdb.connect() as connection,
    ):
        for name, query in queries.items():
            path = house.folder / f"{name}.parquet"
            path.write_bytes(client.raw_query(query, fmt="Parquet", settings=settings))
            answers[name] = answer(connection, f"read_parquet('{path}')", with_records=False)
    return answers


def answer(connection: duckdb.DuckDBPyConnection, relation: str, with_records: bool = True) -> Answer:
    types = [row[:2] for row in connection.execute(f"describe select * from {relation}").fetchall()]
    columns = ", ".join(parity.canonical(name, data_type) for name, data_type in types)
    rows = connection.execute(f"select {columns} from {relation}").fetchall()
    records = connection.execute(f"from {relation}").fetchall() if with_records else []
    return Answer(types, rows, [dict(zip((name for name, _ in types), row, strict=True)) for row in records])


def described(house: Warehouse) -> set[str]:
    """The analyses of the warehouse's source that have a description, as dbt has parsed them."""
    with environment(house.env):
        nodes = parsed(target="dev").nodes.values()
    return {
        node.name
        for node in nodes
        if node.resource_type == "analysis" and node.description and node.path.startswith(f"analysis/{house.source}/")
    }
