"""What dbt says of a test that found something, in place of "Got 2 results": the checks that failed, or the rules."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from duckhouse.wording import counted

SEVERAL = "checks"  # the generic test of tests/generic/checks.sql
EVERY_BUILD = "every_build"  # the tag of tests that report open findings in every build
MOST_RULES = 10


def name_what_failed(adapter: Any, results: Sequence[Any]) -> None:
    """Replaces the messages of tests of several checks, and of those that report findings."""
    for result in results:
        if str(result.status) in ("fail", "warn"):
            metadata = getattr(result.node, "test_metadata", None)
            if metadata and metadata.name == SEVERAL:
                result.message = "; ".join(row["broken"].rstrip("; ") for row in rows_of(adapter, result))
            elif EVERY_BUILD in result.node.tags:
                result.message = rules_in(rows_of(adapter, result))


def rows_of(adapter: Any, result: Any) -> list[dict[str, Any]]:
    """The rows that made a test fail."""
    _, table = adapter.execute(result.node.compiled_code, fetch=True)
    return [dict(zip(table.column_names, row, strict=True)) for row in table.rows]


def rules_in(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rules of findings, or of counts of open findings, those with the most findings first."""
    found: Counter[str] = Counter()
    for row in rows:
        found[row["rule_id"]] += int(row.get("open_findings", 1))
    ranked = sorted(found.items(), key=lambda rule: (-rule[1], rule[0]))
    named = ", ".join(f"{rule} ({number:,})" for rule, number in ranked[:MOST_RULES])
    more = f" and {counted(len(ranked) - MOST_RULES, 'more rule')}" if len(ranked) > MOST_RULES else ""
    return f"{counted(found.total(), 'open finding')}: {named}{more}"
