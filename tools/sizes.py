"""Bytes on disk by source, and for a million landed records, as a markdown table: landing, lake, DuckDB, ClickHouse.

    python -m tools.sizes [--prod]

A table counts for the source in whose folder its model is; what several sources share is a line of its own. DuckDB
counts whole blocks of 256 KiB, so small tables count for too much.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from duckhouse import cli, duck
from duckhouse.landing.zone import Zone
from duckhouse.opening import open_duckdb
from duckhouse.project import manifest
from duckhouse.settings import clickhouse, duckdb_path, lake_address, landing_dir
from duckhouse.sources import load_source, sources
from duckhouse.warehouse.connection import asking

MILLION, MEGABYTE = 1_000_000, 1_000_000
SHARED = "shared"
RAW = "raw_"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.sizes", description=__doc__)
    parser.add_argument("--prod", action="store_true", help="ClickHouse too, at the address of the settings")
    options = parser.parse_args(words)
    columns = {
        "landing": {name: bytes_below(landing_dir() / name) for name in sources()},
        "lake": {name: bytes_below(Path(lake_address()) / name) for name in sources()},
        "DuckDB": in_duckdb(),
    }
    if options.prod:
        columns["ClickHouse raw"], columns["ClickHouse"] = in_clickhouse()
    print(f"| source | records | {' | '.join(f'{name} | a million' for name in columns)} |")
    print(f"|---|---|{'---|---|' * len(columns)}")
    for source in (*sources(), SHARED):
        records = landed(source) if source != SHARED else 0
        sizes = [sizes.get(source, 0) for sizes in columns.values()]
        cells = [f"{told(size)} | {told(size * MILLION / records) if records else ''}" for size in sizes]
        print(f"| {source} | {records:,} | {' | '.join(cells)} |")
    return 0


def told(size: float) -> str:
    return f"{size / MEGABYTE:,.1f} MB"


def landed(source: str) -> int:
    return sum(file.records_landed for each in Zone(load_source(source)).deliveries() for file in each.files)


def bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def in_duckdb() -> Counter[str]:
    sizes: Counter[str] = Counter()
    with open_duckdb(duckdb_path()) as connection:
        [(block,)] = connection.execute("select block_size from pragma_database_size()").fetchall()
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            relation = duck.literal(f"{duck.name(schema)}.{duck.name(table)}")
            [(blocks,)] = connection.execute(
                f"select count(distinct block_id) from pragma_storage_info({relation}) where persistent"
            ).fetchall()
            sizes[source_of(table)] += blocks * block
    return sizes


def in_clickhouse() -> tuple[Counter[str], Counter[str]]:
    raw: Counter[str] = Counter()
    built: Counter[str] = Counter()
    prefix = clickhouse().prefix
    with asking() as ask:
        rows = ask("select database, table, sum(bytes_on_disk) from system.parts where active group by all")
    for database, table, size in rows:
        if database.startswith(RAW):
            raw[database.removeprefix(RAW)] += size
        elif database.startswith(f"{prefix}_") and not database.startswith(f"{prefix}_audit"):
            built[source_of(table)] += size
    return raw, built


def source_of(table: str) -> str:
    """The source in whose folder the model or snapshot of a table is."""
    named = places().get(table.removesuffix("__retracted"), "")
    return next((source for source in sources() if source in named), SHARED)


@cache
def places() -> dict[str, str]:
    return {node.name: node.original_file_path for node in manifest().nodes.values()}


if __name__ == "__main__":
    cli.run(main)
