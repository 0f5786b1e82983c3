"""Extracts a PostgreSQL database into a delivery: python -m scripts.extract_postgres [SOURCE] [--full | --cdc] [--json]

SOURCE is a source of kind postgres; it may be left out where only one is declared. Without an option, changes since the
last delivery are found by comparing: inserted rows (late and back-dated ones too), updated rows (silent updates too),
and deleted rows.
"""

import argparse
import re

import psycopg

from duckhouse import failures
from duckhouse.cli import UserError, print_json, refusal, run
from duckhouse.extraction.command import command
from duckhouse.extraction.database import database_of, first_line, postgres_source
from duckhouse.extraction.results import describe
from duckhouse.extraction.run import extract
from duckhouse.landing.zone import prepare_missing
from duckhouse.settings import landing_dir

SLOT_NAME = r"[a-z0-9_]{1,63}"


def main() -> int:
    options = _options()
    source = postgres_source(options.source)
    with failures.noted("extract", source.name), database_of(source) as database:
        try:
            result = extract(source, database, options.mode, options.slot)
        except psycopg.Error as error:
            raise UserError(
                f"PostgreSQL at {database.address}: {first_line(error)}; nothing is landed, run again once it is fixed"
            ) from None
        except OSError as error:
            raise UserError(refusal(error, landing_dir())) from None
    prepare_missing()
    if options.json:
        print_json(result.document())
    else:
        print("\n".join(describe(result)))
    apart = []
    for table in (table for table in result.tables if not table.is_reconciled):
        counts = f"has {table.source_rows:,} rows, {table.known_rows:,} are known"
        failures.note("extract", source.name, table.table_name, counts, abs(table.source_rows - table.known_rows))
        apart.append(f"{table.table_name} {counts}")
    if apart:
        told = ", ".join(apart)
        raise UserError(f"source and deliveries do not reconcile: {told}; run {command(source.name, '--full')}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.extract_postgres", description=__doc__)
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="the source (default: the only one)")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--full", dest="mode", action="store_const", const="full", help="read and compare every row")
    ways.add_argument(
        "--cdc", dest="mode", action="store_const", const="cdc", help="read every change from the write-ahead log"
    )
    parser.add_argument("--slot", type=_slot, help="replication slot of --cdc (default: duckhouse_SOURCE)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(mode="compare")
    return parser.parse_args()


def _slot(text: str) -> str:
    if not re.fullmatch(SLOT_NAME, text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of 1 to 63 lower-case letters, digits and _")
    return text


if __name__ == "__main__":
    run(main)
