"""What tests have passed of the models that are kept by day or by delivery (builds.tested).

The macro untested_rows lets a test read the other days and deliveries only. What a test has passed is forgotten when
the code changes, and before it reads everything: what it then finds, it finds again until it has passed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dbt.artifacts.schemas.results import NodeStatus

from duckhouse.dbt_plugin.warehouses import Passed, Warehouse

CONNECTION = "tested"
IN_GRAPH = "tested"  # where the macro finds what tests have passed, and leaves what they read
ALL_DAYS = "all_days"  # the variable with which tests read everything


@contextmanager
def reading_untested(task: Any, adapter: Any, warehouse: Warehouse, code: str, nodes: set[str]) -> Iterator[None]:
    """Tells the tests among the nodes what they have passed with the same code, and notes what they pass."""
    tests = {node for node in nodes if node.startswith("test.")}
    if not tests:
        yield
        return
    with adapter.connection_named(CONNECTION):
        noted = noted_of(tests, warehouse)
        outdated = {test for test, held in noted if held != code or reads_everything(task)}
        warehouse.forget_tested(outdated)

    read: dict[str, list[str]] = {}
    graph = task.manifest.flat_graph
    graph[IN_GRAPH] = {"table": warehouse.tested_table, "tests": {test for test, _ in noted} - outdated, "read": read}
    try:
        yield
    finally:
        del graph[IN_GRAPH]
        passed = {result.node.unique_id for result in task.node_results if result.status == NodeStatus.Pass}
        with adapter.connection_named(CONNECTION):
            warehouse.write_tested(
                [Passed(test, parts) for test, models in read.items() if test in passed for parts in models], code
            )


def noted_of(tests: set[str], warehouse: Warehouse) -> set[tuple[str, str]]:
    """Those of the tests that have passed something, each with the fingerprint of the code with which it did."""
    if not warehouse.holds("tested"):
        return set()
    rows = warehouse.query(f"select distinct node_id, code from {warehouse.tested_table}")
    return {(test, code) for test, code in rows if test in tests}


def reads_everything(task: Any) -> bool:
    return bool(getattr(task.args, "full_refresh", False) or task.config.cli_vars.get(ALL_DAYS))
