"""Writes docs/clickhouse_tables: the `show create table` of every published table and view on ClickHouse.

make demo demo-prod
set -a; . ./demo.env; set +a
python -m scripts.clickhouse &
python -m tools.clickhouse_tables
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.settings import PROJECT, clickhouse
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.parity import published_models
from tools.layouts.definitions import FOLDER, definitions, kept


def main(words: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m tools.clickhouse_tables", description=__doc__.splitlines()[0]).parse_args(
        words
    )
    prefix = clickhouse().prefix
    with connect() as client:
        found = definitions(client, prefix)
    expected = {FOLDER / model.schema / f"{model.name}.sql" for model in published_models()}
    if missing := sorted(path.stem for path in expected - found.keys()):
        raise cli.UserError(
            f"{prefix}_* lack {len(missing)} tables, such as {missing[0]}: build everything first, with make prod"
        )
    before = kept()
    for path in sorted(before.keys() - found.keys()):
        path.unlink()
        print(f"{path.relative_to(PROJECT)}: removed")
    for path, statement in sorted(found.items()):
        if before.get(path) != statement:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(statement, encoding="utf-8")
            print(f"{path.relative_to(PROJECT)}: written")
    return 0


if __name__ == "__main__":
    cli.run(main)
