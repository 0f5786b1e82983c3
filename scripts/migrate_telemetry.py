"""Brings history from the lake of a stream to its store: python -m scripts.migrate_telemetry --from DAY --to DAY

For a store that is new, or whose retention dropped days. DAY is a day (UTC); the day of --to is not included. With
--hourly the table readings_hourly is filled instead, which can hold years. Each day is verified on both sides, device
by device; differences are printed, and the exit code is then 1. It is safe to run again: it continues where it stopped.
"""

import argparse
from collections.abc import Sequence
from datetime import date

from duckhouse.cli import UserError, print_json, run
from duckhouse.failures import noted
from duckhouse.streaming.history.migration import COMMAND, migrate_history
from duckhouse.streaming.running import stream_source


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    source, entity = stream_source(options.source)
    with noted(COMMAND, source.name):
        first, end = _day("--from", options.first), _day("--to", options.end)
        if first >= end:
            raise UserError(f"--from {first} --to {end}: there is no day between them, as that of --to is not included")
        done = migrate_history(source, entity, first, end, by_hour=options.hourly)
    print_json(done.document()) if options.json else print("\n".join(done.describe()))
    return 1 if done.differences else 0


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text!r} is not a day: write it as 2026-03-25") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.migrate_telemetry", description=__doc__)
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="the source (default: the only one)")
    parser.add_argument("--from", dest="first", required=True, metavar="DAY", help="the first day")
    parser.add_argument("--to", dest="end", required=True, metavar="DAY", help="the day after the last one")
    parser.add_argument("--hourly", action="store_true", help="hourly means instead of readings")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser


if __name__ == "__main__":
    run(main)
