"""Measures the rules of data quality against planted truth: recall and precision by rule and planted kind.

Each seed gives a faulty and a clean data set of each source whose generator plants faults, delivered twice, built on
DuckDB and on ClickHouse; the findings must be the same on both. Ends with 1 where a goal is missed.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duckhouse import cli
from tools.generators import planting
from tools.scoring.scores import Scores, add, judge, measure, rules
from tools.scoring.worlds import CLEAN

OF_KIND = ("kind", "planted", "found", "recall")
OF_RULE = ("findings", "explained", "precision", "false on clean data")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.score", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default="1..10", metavar="A..B", help="default: %(default)s")
    parser.add_argument("--days", type=int, default=30, help="days of ad events (default: %(default)s)")
    parser.add_argument("--events-per-day", type=int, default=4000, help="ad events per day (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=list(planting()), default=list(planting()), metavar="SOURCE", help="default: all"
    )
    parser.add_argument("--work", type=Path, default=Path("bench/score"), help="scratch folder, removed after")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of a Markdown table")
    arguments = parser.parse_args(words)

    faulty: Scores = {}
    clean: list[Scores] = []
    for seed in cli.progress(arguments.seeds, label="score", unit="seed"):
        options = {
            source: [
                "--seed",
                str(seed),
                *generator.sized(days=arguments.days, events_per_day=arguments.events_per_day),
            ]
            for source, generator in planting().items()
            if source in arguments.only
        }
        add(faulty, measure(arguments.work, options))
        clean.append(measure(arguments.work, {source: [*words, CLEAN] for source, words in options.items()}))
    result = {"seeds": arguments.seeds, **judge(faulty, clean, rules())}
    if arguments.json:
        cli.print_json(result)
    else:
        print_table(result)
    return 1 if result["missed_goals"] else 0


def _seeds(text: str) -> list[int]:
    bounds = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", text)
    first, last = (int(bounds[1]), int(bounds[2] or bounds[1])) if bounds else (1, 0)
    if last < first:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a seed nor a range as 1..10")
    return list(range(first, last + 1))


def print_table(result: dict[str, Any]) -> None:
    """A Markdown table: one line per rule, and one for each further kind that it must find."""
    headers = ("rule", "severity", *OF_KIND, *OF_RULE)
    print(f"| {' | '.join(headers)} |")
    print("|---" * len(headers) + "|")
    for rule in (row for row in result["rows"] if "kind" not in row):
        kinds = [row for row in result["rows"] if row["rule"] == rule["rule"] and "kind" in row] or [{}]
        about_rule = [_text(rule[name]) for name in OF_RULE]
        for place, row in enumerate(kinds):
            about_kind = [_text(row.get(name)) for name in OF_KIND]
            first = [f"`{rule['rule']}`", rule["severity"]] if place == 0 else ["", ""]
            print(f"| {' | '.join([*first, *about_kind, *(about_rule if place == 0 else [''] * len(OF_RULE))])} |")
    print()
    for line in result["missed_goals"] or ["All goals are met."]:
        print(line)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value


if __name__ == "__main__":
    cli.run(main)
