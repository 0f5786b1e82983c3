"""Arguments of the generators, and their summary."""

import argparse
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from duckhouse.cli import print_json

FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2200, 1, 1)


class Parser(argparse.ArgumentParser):
    """Reports what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def whole(least: int, most: int):
    """An argument type: a whole number from `least` to `most`."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return number


SEED = whole(0, 2**63 - 1)


def day(text: str) -> date:
    try:
        value = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, YYYY-MM-DD") from None
    if not FIRST_DATE <= value <= LAST_DATE:
        raise argparse.ArgumentTypeError(f"{text} is not between {FIRST_DATE} and {LAST_DATE}")
    return value


def share(text: str) -> Decimal:
    """An argument type: a number from 0 to 1. Decimal, so that 0.29 of 100 are 29."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def add_common(parser: argparse.ArgumentParser, start: date) -> None:
    parser.add_argument("--seed", type=SEED, default=7, help="the same seed gives the same bytes")
    parser.add_argument("--start", type=day, default=start, help=f"first day (default: {start})")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--clean", action="store_true", help="plant no faults; the redelivery's changes stay")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def tell(
    args: argparse.Namespace, truth: dict[str, Any], asked: dict[str, Any], made: dict[str, Any], text: str
) -> None:
    """Prints what was `asked` for and `made`, and the counts of every truth.json."""
    records = truth["totals"]["records"]
    summary = {
        "out": str(args.out),
        **asked,
        "files": len(records),
        "records": sum(counts["read"] for counts in records.values()),
        **made,
        "fault_kinds": len(truth["faults"]),
        "faults": sum(fault["count"] for fault in truth["faults"]),
    }
    if args.json:
        print_json(summary)
    else:
        text += ": {files} files, {records:,} records, {faults:,} faults of {fault_kinds} kinds"
        print(text.format(**summary))
