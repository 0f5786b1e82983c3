"""Compares every mart, dimension and finding on dev (DuckDB) and prod (ClickHouse), row by row."""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.warehouse.parity import compare_all, describe, published_models


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.parity", description=__doc__)
    parser.add_argument(
        "--select", nargs="+", metavar="NODES", help="only these models, as dbt selects: names, source:consent+"
    )
    parser.add_argument("--exclude", nargs="+", metavar="NODES", default=[], help="and not these")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(words)
    results = compare_all(published_models(arguments.select, arguments.exclude))
    if arguments.json:
        cli.print_json(results)
    else:
        print("\n".join(line for result in results for line in describe(result)))
    return 0 if all(result["equal"] for result in results) else 1


if __name__ == "__main__":
    cli.run(main)
