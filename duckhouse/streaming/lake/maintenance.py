"""Maintenance of a lake: safe while others write and read, and when it is killed at any time."""

from datetime import UTC, datetime
from typing import NamedTuple

from pyiceberg.table import Table

from duckhouse.streaming.lake.compaction import compact
from duckhouse.streaming.lake.expiry import expire
from duckhouse.streaming.lake.leftovers import remove_leftovers


class Maintained(NamedTuple):
    """What one run of maintenance did."""

    rewritten: int
    """Data files that were merged into fewer files."""
    expired: int
    """Snapshots that can no longer be read."""
    removed: int
    """Files that were deleted."""


def maintain(table: Table, now: datetime | None = None) -> Maintained:
    """Does everything; for a separate run, with or without a running consumer."""
    now = now or datetime.now(UTC)
    return Maintained(compact(table, now), expire(table, now), remove_leftovers(table, now))


def maintain_a_little(table: Table, now: datetime | None = None) -> Maintained:
    """Does a share of what is due, which takes seconds: rewrites at most one group of files, and searches the folder
    once an hour. For a consumer, between two batches.
    """
    now = now or datetime.now(UTC)
    return Maintained(compact(table, now, most=1), expire(table, now), remove_leftovers(table, now, always=False))
