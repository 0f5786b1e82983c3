"""The tables of both engines as files: DuckDB's as Parquet, ClickHouse's as Native, each with its definition.

Views are left out: they hold no rows, and the next build makes them.
"""

import tarfile
from pathlib import Path

import duckdb
from clickhouse_connect.driver.client import Client

from duckhouse.clickhouse_sql import full_name, quote
from duckhouse.duck import name

OF_BUILDS = "'^(duckhouse|raw)_'"
OF_DUCKDB, OF_CLICKHOUSE, LANDING = "duckdb", "clickhouse", "landing"


def dump_duckdb(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name, sql from duckdb_tables() order by all").fetchall()
        for schema, table, definition in tables:
            (folder / f"{schema}.{table}.sql").write_text(definition, encoding="utf-8")
            rows = folder / f"{schema}.{table}.parquet"
            connection.execute(f"copy {name(schema)}.{name(table)} to '{rows}' (format parquet)")


def restore_duckdb(folder: Path, file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        for definition in sorted(folder.glob("*.sql")):
            schema, table = definition.stem.split(".")
            connection.execute(f"create schema if not exists {name(schema)}")
            connection.execute(definition.read_text(encoding="utf-8"))
            rows = definition.with_suffix(".parquet")
            connection.execute(f"insert into {name(schema)}.{name(table)} by name from '{rows}'")


def dump_clickhouse(client: Client, folder: Path) -> None:
    folder.mkdir(parents=True)
    tables = (
        "select database, name, create_table_query from system.tables "
        f"where match(database, {OF_BUILDS}) and engine like '%MergeTree' order by all"
    )
    for database, table, definition in client.query(tables).result_rows:
        (folder / f"{database}.{table}.sql").write_text(definition, encoding="utf-8")
        rows = client.raw_query(f"select * from {full_name(database, table)}", fmt="Native")
        (folder / f"{database}.{table}.native").write_bytes(rows)


def restore_clickhouse(folder: Path, client: Client) -> None:
    for definition in sorted(folder.glob("*.sql")):
        database, table = definition.stem.split(".")
        client.command(f"create database if not exists {quote(database)}")
        client.command(definition.read_text(encoding="utf-8"))
        if rows := definition.with_suffix(".native").read_bytes():
            client.raw_insert(full_name(database, table), insert_block=rows, fmt="Native")


def pack(folder: Path, archive: Path) -> None:
    """The files alone: who made them and when is left out."""

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(archive, "w:xz") as packed:
        for part in (LANDING, OF_DUCKDB, OF_CLICKHOUSE):
            packed.add(folder / part, part, filter=anonymous)


def unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
