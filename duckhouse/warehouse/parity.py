"""Compares every mart, dimension and finding on dev (DuckDB) and prod (ClickHouse), row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import IOBase
from pathlib import Path
from typing import Any, cast

import duckdb
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest

from duckhouse import cli, duck, settings
from duckhouse.clickhouse_sql import full_name
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.opening import open_duckdb
from duckhouse.project import manifest, model_names
from duckhouse.scratch import scratch_folder
from duckhouse.warehouse.connection import connect, first_line

KEYS_SHOWN = 20
MEMORY = "2GB"  # what is more goes to the scratch folder
NOT_THERE = ("UNKNOWN_TABLE", "UNKNOWN_DATABASE")  # the names of ClickHouse's errors


@dataclass(frozen=True)
class Model:
    """A published relation; `key` is the grain from its meta, or all columns where meta has none."""

    schema: str
    name: str
    key: tuple[str, ...]


def published_models(selection: Sequence[str] | None = None, excluded: Sequence[str] = ()) -> list[Model]:
    """The marts and quality models of the dbt project, or of a selection, in the order of their names."""
    found = published_in(manifest())
    if selection or excluded:
        selection = selection or ("*",)
        chosen = model_names(selection, excluded)
        found = [model for model in found if model.name in chosen]
        if not found:
            raise cli.UserError(f"--select {' '.join(selection)}: no published model is selected")
    return found


def published_in(project: Manifest) -> list[Model]:
    """The marts and quality models of a manifest, in the order of their names."""
    nodes = [
        node
        for node in project.nodes.values()
        if node.resource_type == NodeType.Model
        and node.schema in PUBLISHED_SCHEMAS
        and node.config.materialized != "ephemeral"
    ]
    return sorted(
        (Model(node.schema, node.name, tuple(node.config.meta.get("grain", ()))) for node in nodes),
        key=lambda model: model.name,
    )


def open_dev() -> duckdb.DuckDBPyConnection:
    """The DuckDB file of target dev, read only; its views name the database, so it keeps its name."""
    connection = open_duckdb(settings.duckdb_path())
    connection.execute("set TimeZone = 'UTC'")
    return connection


def compare_all(models: Sequence[Model]) -> list[dict[str, Any]]:
    client = connect()
    with scratch_folder() as folder, open_dev() as dev:
        dev.execute(f"set temp_directory = {duck.literal(folder)}")
        dev.execute("set memory_limit = ?", [MEMORY])
        return [
            compare(dev, client, model, folder / f"{model.name}.parquet")
            for model in cli.progress(models, label="parity", unit="model")
        ]


def compare(dev: duckdb.DuckDBPyConnection, client: Client, model: Model, download: Path) -> dict[str, Any]:
    """What `model` has on both engines, and where it differs: rows, columns, or the first keys with both values."""
    result: dict[str, Any] = {"model": model.name, "equal": False}
    dev_columns = dev.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
        [model.schema, model.name],
    ).fetchall()
    if not dev_columns:
        return result | {"problem": f"{model.schema}.{model.name} is not on dev: run dbt build --target dev"}
    database = f"{settings.clickhouse().prefix}_{model.schema}"
    try:
        fetch(client, full_name(database, model.name), download)
    except ClickHouseError as error:
        advice = ": run dbt build --target prod" if any(name in str(error) for name in NOT_THERE) else ""
        return result | {"problem": f"{database}.{model.name} cannot be read on prod: {first_line(error)}{advice}"}
    prod_columns = [
        row[:2] for row in dev.execute(f"describe select * from read_parquet({duck.literal(download)})").fetchall()
    ]
    problem = differing_columns(dev_columns, prod_columns)
    if problem:
        return result | {"problem": problem}

    names = [name for name, _ in dev_columns]
    prod_types = dict(prod_columns)
    sides = {
        "dev": (f"{duck.name(model.schema)}.{duck.name(model.name)}", dict(dev_columns)),
        "prod": (f"read_parquet({duck.literal(download)})", prod_types),
    }
    for side, (relation, types) in sides.items():
        columns = ", ".join(f"{canonical(name, types[name])} as {duck.name(name)}" for name in names)
        dev.execute(f"create or replace temp view {side}_rows as select {columns} from {relation}")
    rows, _ = ours = fingerprint(dev, "dev_rows", names)
    result |= {"equal": True, "rows": rows, "only_on_dev": 0, "only_on_prod": 0}
    if ours != fingerprint(dev, "prod_rows", names):
        [(only_dev, only_prod)] = dev.execute(
            "select (select count(*) from (from dev_rows except all from prod_rows)), "
            "(select count(*) from (from prod_rows except all from dev_rows))"
        ).fetchall()
        equal = only_dev == only_prod == 0
        result |= {"equal": equal, "only_on_dev": only_dev, "only_on_prod": only_prod}
    if result["equal"]:
        download.unlink()
        return result
    return result | {"first_differences": list(first_differences(dev, names, model.key or tuple(names)))}


def fingerprint(dev: duckdb.DuckDBPyConnection, relation: str, names: Sequence[str]) -> tuple[int, int]:
    """How many rows there are, and the sum of their hashes: equal rows have equal ones in any order."""
    columns = ", ".join(duck.name(name) for name in names)
    [found] = dev.execute(f"select count(*), coalesce(sum(hash({columns})), 0) from {relation}").fetchall()
    rows, hashes = found
    return rows, hashes


def fetch(client: Client, relation: str, path: Path) -> None:
    settings = {"output_format_parquet_string_as_string": 1}
    # only an asynchronous client would return a StreamContext
    stream = cast(IOBase, client.raw_stream(f"select * from {relation}", fmt="Parquet", settings=settings))
    with stream, path.open("wb") as file:
        while block := stream.read(1 << 20):
            file.write(block)


def differing_columns(dev_columns: list[tuple[str, str]], prod_columns: list[tuple[str, str]]) -> str | None:
    dev_kinds = {name: kind(data_type) for name, data_type in dev_columns}
    prod_kinds = {name: kind(data_type) for name, data_type in prod_columns}
    for name in sorted(dev_kinds.keys() | prod_kinds.keys()):
        if dev_kinds.get(name) != prod_kinds.get(name):
            return f"column {name} is {dev_kinds.get(name, 'absent')} on dev, {prod_kinds.get(name, 'absent')} on prod"
    return None


def kind(data_type: str) -> str:
    """A type name that both engines share: decimals keep their scale; all integers are one kind, so are timestamps."""
    if data_type.startswith("DECIMAL"):
        return f"decimal with scale {data_type.rstrip(')').split(',')[1]}"
    if data_type.startswith("TIMESTAMP"):
        return "timestamp"
    return "integer" if data_type.lstrip("U") in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT") else data_type


def canonical(name: str, data_type: str) -> str:
    """Decimals as scaled integers, timestamps as epoch microseconds, the rest as it is."""
    column = duck.name(name)
    if data_type.startswith("DECIMAL"):
        return f"cast(replace(cast({column} as varchar), '.', '') as hugeint)"
    if data_type.startswith("TIMESTAMP"):
        return f"epoch_us({column})"
    return f"cast({column} as hugeint)" if kind(data_type) == "integer" else column


def first_differences(
    dev: duckdb.DuckDBPyConnection, names: list[str], key: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """The first differing keys in their order; for each the columns with the value on dev and on prod."""
    others = [name for name in names if name not in key]
    same_key = " and ".join(f"d.{duck.name(name)} is not distinct from p.{duck.name(name)}" for name in key)
    keys = [f"case when d.present then d.{duck.name(name)} else p.{duck.name(name)} end" for name in key]
    values = [f"{side}.{duck.name(name)}" for name in others for side in ("d", "p")]
    found = dev.execute(
        "with d as (select *, true as present from (from dev_rows except all from prod_rows)), "
        "p as (select *, true as present from (from prod_rows except all from dev_rows)) "
        f"select d.present, p.present, {', '.join(keys + values)} "
        f"from d full join p on {same_key} order by {', '.join(str(3 + place) for place in range(len(key)))} "
        f"limit {KEYS_SHOWN}"
    ).fetchall()
    for on_dev, on_prod, *row in found:
        difference: dict[str, Any] = {"key": dict(zip(key, row, strict=False))}
        if on_dev and on_prod:
            pairs = zip(row[len(key) :: 2], row[len(key) + 1 :: 2], strict=True)
            difference["columns"] = {
                name: {"dev": ours, "prod": theirs}
                for name, (ours, theirs) in zip(others, pairs, strict=True)
                if ours != theirs
            }
        else:
            difference["only_on"] = "dev" if on_dev else "prod"
        yield difference


def describe(result: dict[str, Any]) -> Iterator[str]:
    name = result["model"]
    if result["equal"]:
        yield f"equal    {name}: {result['rows']:,} rows"
        return
    if "problem" in result:
        yield f"DIFFERS  {name}: {result['problem']}"
        return
    yield f"DIFFERS  {name}: {result['only_on_dev']:,} rows only on dev, {result['only_on_prod']:,} only on prod"
    for difference in result["first_differences"]:
        key = ", ".join(f"{column}={value}" for column, value in difference["key"].items())
        if "only_on" in difference:
            yield f"  {key}: only on {difference['only_on']}"
        for column, values in difference.get("columns", {}).items():
            yield f"  {key}: {column} is {values['dev']!r} on dev, {values['prod']!r} on prod"
