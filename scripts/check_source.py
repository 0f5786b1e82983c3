"""Checks a source. Without drops it lists what was forgotten around it: models, tests, YAML fields, rules, docs.

With drops it checks that every order of deliveries, a full refresh and both engines give the same published rows. Each
of several folders is a delivery, and so is each subfolder of a single one; a single drop is split by its files. Folders
named by a time, such as 2026-03-25, arrived then. Everything happens in a temporary folder: your landing zone,
databases and dbt's files do not change. Exit code 0: nothing was found; 1: something was; 2: the check could not run.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from duckhouse import cli
from duckhouse.checking.forgotten import forgotten, stale_files
from duckhouse.checking.orders import check
from duckhouse.checking.parts import read_project
from duckhouse.landing.manifest import moment_of
from duckhouse.project import manifest
from duckhouse.sources import load_source


def main(words: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(words)
    try:
        return _check_orders(options) if options.drops else _name_forgotten(options.source)
    except cli.UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.check_source", description=__doc__)
    parser.add_argument("source", metavar="NAME", help="a declared source")
    parser.add_argument("drops", nargs="*", type=Path, metavar="DROP", help="folders to land")
    parser.add_argument("--orders", type=_count, default=1, help="shuffled orders to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same orders")
    parser.add_argument(
        "--delivered-at", type=_moment, metavar="TIME", help="when the first arrived; the others follow by a day each"
    )
    return parser


def _name_forgotten(source: str) -> int:
    load_source(source)
    stale = stale_files()
    print("".join(f"{gap}\n" for gap in stale), end="", flush=True)  # before dbt, which may fail on stale files
    gaps = forgotten(read_project(manifest()), source)
    print("\n".join(map(str, gaps)) or f"{source}: nothing {'else ' if stale else ''}is missing")
    return 1 if stale or gaps else 0


def _check_orders(options: argparse.Namespace) -> int:
    is_equal = check(
        options.source,
        options.drops,
        shuffled=options.orders,
        seed=options.seed,
        first_at=options.delivered_at,
        say=partial(print, flush=True),
    )
    return 0 if is_equal else 1


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of orders")
    return int(text)


def _moment(text: str) -> datetime:
    if moment := moment_of(text):
        return moment
    raise argparse.ArgumentTypeError(f"{text!r} is not ISO 8601: write it as 2026-03-25T06:00:00Z")


if __name__ == "__main__":
    cli.run(main)
