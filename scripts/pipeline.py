"""Brings a target up to date: python -m scripts.pipeline [--target prod] [--if-new]. One line of cron can run it.

Lands, fetches, extracts and consumes what is new at the inflows of pipeline.yml, builds and tests, publishes what
passes, compares dev and prod where both are built, writes the report and announces what is new. One inflow that fails
does not stop the others. Exit codes: 0 all is done, or nothing is new; 1 something is not done, and standard error says
what; 2 wrong options; 3 another pipeline is running, so this one did nothing.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from duckhouse import cli
from duckhouse.pipeline.cycle import IsRunning, run

IS_RUNNING = 3


def main(words: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(words)
    try:
        with cli.output_on_stderr() if options.json else nullcontext():
            cycle = run(options.target, if_new=options.if_new, tell=_tell, complain=_complain)
    except IsRunning as error:
        _complain(str(error))
        return IS_RUNNING
    if options.json:
        cli.print_json(cycle.document())
    return 0 if cycle.is_whole else 1


def _tell(line: str) -> None:
    print(cli.one_line(line), flush=True)


def _complain(line: str) -> None:
    print(f"error: {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.pipeline", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="DuckDB (default) or ClickHouse")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--once", action="store_true", help="build also where nothing is new (default)")
    ways.add_argument(
        "--if-new", action="store_true", help="do not build if code and deliveries are those of the last good build"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, the rest on stderr")
    return parser


if __name__ == "__main__":
    cli.run(main)
