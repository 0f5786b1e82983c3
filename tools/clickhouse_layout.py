"""Measures what questions read on target prod: the tables as dbt builds them against copies in other layouts.

Copies the tables into the database <prefix>_layout, which it drops first and last. For each table and layout the parts
and bytes on disk, its copies merged, and what the newest delivery makes it write, where the layout says that; for each
question rows and bytes read, and the fastest of a few runs.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse import cli
from duckhouse.settings import clickhouse
from duckhouse.warehouse.connection import connect, first_line
from tools.layouts.areas import areas
from tools.layouts.measure import Increment, Reading, Size, measure
from tools.layouts.tables import NAIVE

LARGEST = 4


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.clickhouse_layout", description=__doc__)
    parser.add_argument("source", choices=areas(), help="whose tables to measure")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each question (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the tables")
    arguments = parser.parse_args(words)
    if arguments.repeat < 1:
        raise cli.UserError("--repeat takes at least 1")
    try:
        measured = measure(connect(), clickhouse().prefix, arguments.source, arguments.repeat)
    except ClickHouseError as error:
        raise cli.UserError(f"ClickHouse: {first_line(error)}; measured is what dbt build made") from None
    if arguments.json:
        cli.print_json(asdict(measured))
        return 0
    print_sizes(measured.sizes)
    print_increments(measured.increments)
    print_readings(measured.readings)
    return 0


def print_sizes(sizes: list[Size]) -> None:
    heading = f"{'table':<42} {'layout':<36} {'parts':>6} {'rows':>12} {'bytes on disk':>14} {'a row':>7}"
    print(f"{heading}  largest columns, a row")
    for entry in sizes:
        largest = [f"{name} {size / entry.rows:.2f}" for name, size in list(entry.columns.items())[:LARGEST]]
        print(
            f"{entry.table:<42} {entry.layout:<36} {entry.parts:>6} {entry.rows:>12,} {entry.bytes_on_disk:>14,} "
            f"{entry.bytes_on_disk / entry.rows:>7.2f}  {', '.join(largest)}".rstrip()
        )


def print_increments(increments: list[Increment]) -> None:
    if increments:
        print("\nwritten for the newest delivery")
        print(f"    {'table':<28} {'layout':<36} {'rows':>11} {'bytes on disk':>13} {'ms':>7}")
    for entry in increments:
        print(
            f"    {entry.table:<28} {entry.layout:<36} {entry.rows:>11,} {entry.bytes_on_disk:>13,} "
            f"{entry.milliseconds:>7.1f}"
        )


def print_readings(readings: list[Reading]) -> None:
    heading = f"    {'table':<28} {'layout':<36} {'rows read':>11} {'bytes read':>13} {'ms':>7}"
    for entry in readings:
        if entry.layout == NAIVE.name:
            print(f"\n{entry.question}\n{heading}")
        print(
            f"    {entry.table:<28} {entry.layout:<36} {entry.rows_read:>11,} {entry.bytes_read:>13,} "
            f"{entry.milliseconds:>7.1f}"
        )


if __name__ == "__main__":
    cli.run(main)
