"""What failed in a build, as findings with their place, their evidence and what to do."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dbt.artifacts.resources.types import NodeType

from duckhouse import wording
from duckhouse.dbt_plugin.blocks import Block, Failure, Finding
from duckhouse.dbt_plugin.graph import ENDED_WELL
from duckhouse.dbt_plugin.messages import EVERY_BUILD, rows_of

FAILED = ("error", "fail")
MOST_KEPT = 50  # findings of a failure; the others are counted


def failures(adapter: Any, results: Sequence[Any]) -> dict[str, Failure]:
    """The nodes that failed, by their ids."""
    return {
        result.node.unique_id: _of_rules(rows_of(adapter, result)) if _is_gate(result) else _of_node(result)
        for result in results
        if str(result.status) in FAILED
    }


def block_after(
    before: Block | None, failed: Mapping[str, Failure], results: Sequence[Any], undone: Collection[str]
) -> Block | None:
    """What is to be recorded after a run: what failed in it, and what failed before, is not up to date (`undone`) and
    has not passed."""
    passed = {result.node.unique_id for result in results if str(result.status) in ENDED_WELL}
    known = before.failures if before else {}
    left = {node: failure for node, failure in known.items() if node in undone and node not in passed} | dict(failed)
    at = before.at if before else datetime.now(UTC).replace(tzinfo=None)
    return Block(at, left) if left else None


def _is_gate(result: Any) -> bool:
    return EVERY_BUILD in result.node.tags and str(result.status) == "fail"


def _of_rules(rows: Sequence[Mapping[str, Any]]) -> Failure:
    found = sorted(rows, key=lambda row: (row["rule_id"], row["finding_key"]))
    return Failure([_of_rule(row) for row in found[:MOST_KEPT]], max(len(found) - MOST_KEPT, 0))


def _of_rule(row: Mapping[str, Any]) -> Finding:
    compared, evidence = wording.compared(row["observed"], row["expected"]), wording.figures(row["evidence"])
    return Finding(
        rule_id=row["rule_id"],
        title=row["title"],
        place=wording.place(row["finding_key"]),
        evidence=f"{compared}; {evidence}" if evidence else compared,
        fix=row["fix"],
        record_count=int(row["record_count"]),
        take_back=_taking_back(row["source"], row["finding_key"]) if row["is_of_files"] else "",
        acknowledgement=_acknowledging(row["rule_id"], row["finding_key"]),
    )


def _taking_back(source: str, finding_key: str) -> str:
    """The command that takes the delivery of a finding back; of a database or a topic nothing is taken back."""
    delivery = wording.delivery_of(finding_key)
    return f'python -m scripts.land {source} --retract {delivery} --reason "REASON"' if delivery else ""


def _acknowledging(*rule_and_key: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([*rule_and_key, "REASON", "NAME", "YYYY-MM-DD"])
    return line.getvalue()


def _of_node(result: Any) -> Failure:
    node, is_test = result.node, result.node.resource_type in (NodeType.Test, NodeType.Unit)
    fix = (
        f"dbt show --select {node.name} lists the rows at fault: correct the delivery or the model."
        if node.resource_type == NodeType.Test and str(result.status) == "fail"
        else "Correct what dbt names, and build again."
    )
    message = " ".join(str(result.message or "").split())
    finding = Finding(
        rule_id=node.name,
        title=f"The {wording.words(str(node.resource_type))} {'failed' if is_test else 'could not be built'}",
        place=node.original_file_path,
        evidence=wording.shortened(message),
        fix=fix,
        record_count=int(result.failures or 0),
    )
    return Failure([finding])
