"""Measures the rules of data quality against planted truth: recall and precision by rule and planted kind.

Each seed gives a faulty and a clean data set of both sources, delivered twice, built on DuckDB and on ClickHouse; the
findings must be the same on both. Ends with 1 where a goal is missed.
"""

import argparse
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.common import cli
from scripts.quality_docs import read_rules
from scripts.scoring.matching import Score, score
from scripts.scoring.worlds import DELIVERED, build

RECALL_GOALS = {"row": 1.0, "file": 1.0, "deliveries": 1.0, "sources": 1.0, "aggregate": 0.95}
PRECISION_GOAL = 0.95
FALSE_ERRORS_GOAL = 1
OF_KIND = ("kind", "planted", "found", "recall")
OF_RULE = ("findings", "explained", "precision", "false on clean data")

Scores = dict[tuple[str, str | None], Score]
Catalogue = dict[str, dict[str, str]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.score", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default="1..10", metavar="A..B", help="default: %(default)s")
    parser.add_argument("--days", type=int, default=30, help="days of ad events (default: %(default)s)")
    parser.add_argument("--events-per-day", type=int, default=4000, help="ad events of a day (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=Path("bench/score"), help="scratch folder, removed after")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of a Markdown table")
    arguments = parser.parse_args()

    faulty: Scores = {}
    clean: list[Scores] = []
    for seed in cli.progress(arguments.seeds, label="score", unit="seed"):
        of_seed = ["--seed", str(seed)]
        ad_size = ["--days", str(arguments.days), "--events-per-day", str(arguments.events_per_day)]
        options = {"ad_serving": [*of_seed, *ad_size], "consent": of_seed}
        add(faulty, measure(arguments.work, options))
        clean.append(measure(arguments.work, {source: [*words, "--clean"] for source, words in options.items()}))
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


def rules() -> Catalogue:
    return {rule["rule_id"]: rule for rule in read_rules()}


def measure(folder: Path, options: dict[str, list[str]]) -> Scores:
    """The scores of all rules on the data set that the generators make with `options`; it is removed again."""
    folder = folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        world = build(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = [one for source in DELIVERED for one in score(world.findings[source], world.faults[source], source)]
    return {(one.rule_id, one.kind): one for one in found}


def add(sums: Scores, scores: Scores) -> None:
    for key, one in scores.items():
        sums.setdefault(key, Score(one.rule_id, one.kind)).add(one)


def judge(faulty: Scores, clean: list[Scores], catalogue: Catalogue) -> dict[str, Any]:
    """The scores as rows, and the goals that they miss."""
    rows, missed = [], []
    for (rule_id, kind), one in sorted(faulty.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        rule = catalogue[rule_id]
        row = {"rule": rule_id, "severity": rule["severity"], "scope": rule["scope"]}
        if kind is not None:
            recall = one.found / one.planted if one.planted else 0.0
            row |= {"kind": kind, "planted": one.planted, "found": one.found, "recall": recall, "missed": one.missed}
            if recall < RECALL_GOALS[rule["scope"]]:
                missed.append(f"{rule_id}: recall of {kind} is {recall:.3f} of {one.planted}: {', '.join(one.missed)}")
        else:
            precision = one.explained / one.findings if one.findings else None
            row |= {"findings": one.findings, "explained": one.explained, "precision": precision, "false": one.false}
            row["false on clean data"] = sum(scores[rule_id, None].false_count for scores in clean)
            if precision is not None and precision < PRECISION_GOAL:
                missed.append(f"{rule_id}: precision is {precision:.3f}: {', '.join(one.false)}")
        rows.append(row)
    for place, scores in enumerate(clean, start=1):
        errors = false_errors(scores, catalogue)
        if errors.total() > FALSE_ERRORS_GOAL:
            worst = ", ".join(f"{rule_id} {count}" for rule_id, count in errors.most_common(3))
            missed.append(f"clean data set {place}: {errors.total()} false findings of severity error: {worst}")
    return {"rows": rows, "missed_goals": missed}


def false_errors(scores: Scores, catalogue: Catalogue) -> Counter[str]:
    of_rules = {rule_id: one.false_count for (rule_id, kind), one in scores.items() if kind is None}
    return Counter({rule_id: n for rule_id, n in of_rules.items() if catalogue[rule_id]["severity"] == "error"})


def print_table(result: dict[str, Any]) -> None:
    """A Markdown table: a line a rule, and one more for each further kind that it must find."""
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
