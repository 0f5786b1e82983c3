"""Extracts a PostgreSQL database into a delivery: python -m scripts.extract_postgres [SOURCE] [--full | --cdc] [--json]

SOURCE is a source of kind postgres; it may be left out where only one is declared. Without an option, changes since the
last delivery are found by comparing: inserted rows (late and back-dated ones too), updated rows (silent updates too),
and deleted rows.
"""

import argparse
import re

from duckhouse.cli import UserError, print_json, run
from duckhouse.extraction.database import postgres_source
from duckhouse.extraction.results import describe, not_reconciled
from duckhouse.extraction.run import extract_noted, note_differences

SLOT_NAME = r"[a-z0-9_]{1,63}"


def main() -> int:
    options = _options()
    source = postgres_source(options.source)
    result = extract_noted(source, options.mode, options.slot)
    if options.json:
        print_json(result.document())
    else:
        print("\n".join(describe(result)))
    if apart := note_differences(source, result):
        raise UserError(not_reconciled(source.name, apart))
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
