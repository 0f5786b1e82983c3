"""The message of a test of several checks where some fail."""

from typing import Any

SEVERAL = "checks"  # the generic test of tests/generic/checks.sql


def name_what_failed(adapter: Any, results: list[Any]) -> None:
    """Puts the one row of a failed test of checks, which names them, in place of dbt's "Got 1 result"."""
    for result in results:
        metadata = getattr(result.node, "test_metadata", None)
        if metadata and metadata.name == SEVERAL and str(result.status) in ("fail", "warn"):
            _, table = adapter.execute(result.node.compiled_code, fetch=True)
            result.message = "; ".join(str(row[0]).rstrip("; ") for row in table.rows)
