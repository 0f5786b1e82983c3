"""Maintenance of a lake, safe beside its writers and its readers, and at any time killed."""

from datetime import UTC, datetime
from typing import NamedTuple

from pyiceberg.table import Table

from duckhouse.streaming.lake.compaction import compact
from duckhouse.streaming.lake.expiry import expire
from duckhouse.streaming.lake.leftovers import remove_leftovers


class Maintained(NamedTuple):
    """What one run of maintenance did."""

    rewritten: int
    """Data files whose rows are now in fewer files."""
    expired: int
    """Snapshots that can no longer be read."""
    removed: int
    """Files that were deleted."""


def maintain(table: Table, now: datetime | None = None) -> Maintained:
    """All that is to be done; for a run of its own, beside the consumer or without it."""
    now = now or datetime.now(UTC)
    return Maintained(compact(table, now), expire(table, now), remove_leftovers(table, now))


def maintain_a_little(table: Table, now: datetime | None = None) -> Maintained:
    """What is due, in a share that takes seconds: at most one group of files is rewritten, and the folder is looked
    through once an hour. For a consumer, between two batches.
    """
    now = now or datetime.now(UTC)
    return Maintained(compact(table, now, most=1), expire(table, now), remove_leftovers(table, now, always=False))
