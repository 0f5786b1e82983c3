"""Recall and precision of the rules of data quality, by rule and planted kind, and the goals that they miss."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from duckhouse import generated
from tools.scoring.matching import Score, score
from tools.scoring.worlds import build

RECALL_GOALS = {"row": 1.0, "file": 1.0, "deliveries": 1.0, "sources": 1.0, "aggregate": 0.95}
PRECISION_GOAL = 0.95
FALSE_ERRORS_GOAL = 1

Scores = dict[tuple[str, str | None], Score]
Catalogue = dict[str, dict[str, str]]


def rules() -> Catalogue:
    return {rule.rule_id: rule.words for rule in generated.rules()}


def measure(folder: Path, options: dict[str, list[str]]) -> Scores:
    """The scores of all rules on the data set that the generators make with `options`; it is removed again."""
    folder = folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        world = build(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = [one for source in options for one in score(world.findings[source], world.faults[source], source)]
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
