"""Expiry: drops snapshots that nobody will need, because every commit writes the list of all of them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import AssertRefSnapshotId, AssertTableUUID, RemoveSnapshotsUpdate

from duckhouse.streaming.lake.commits import TRIES, has_offsets

LATEST = 25
"""How many of the newest snapshots are kept,"""
HOURS = 24
"""plus the last one of each of so many hours,"""
DAYS = 7
"""and the last one of each of so many days (UTC)."""


def expire(table: Table, now: datetime) -> int:
    """Drops the other snapshots; returns how many. Files that only they used become leftovers."""
    for _ in range(TRIES):
        table.refresh()
        kept = _kept(table, now)
        expired = [snapshot.snapshot_id for snapshot in table.snapshots() if snapshot.snapshot_id not in kept]
        if not expired:
            return 0
        current = table.current_snapshot()
        unchanged = (
            AssertTableUUID(uuid=table.metadata.table_uuid),
            # Otherwise a snapshot to which somebody has just rolled back could be dropped.
            AssertRefSnapshotId.model_validate({"ref": MAIN_BRANCH, "snapshot-id": current and current.snapshot_id}),
        )
        removal = RemoveSnapshotsUpdate.model_validate({"snapshot-ids": expired})
        try:
            table.catalog.commit_table(table, unchanged, (removal,))
        except (CommitFailedException, ValueError):  # ValueError: another maintenance has dropped one of them
            continue
        table.refresh()
        return len(expired)
    raise CommitFailedException


def _kept(table: Table, now: datetime) -> set[int]:
    by_age = sorted(table.snapshots(), key=lambda snapshot: snapshot.timestamp_ms)
    kept = [
        *by_age[-LATEST:],
        *_last_of_each("%Y-%m-%d %H", HOURS, by_age),
        *_last_of_each("%Y-%m-%d", DAYS, by_age),
        *_back_to_offsets(table),
    ]
    return {snapshot.snapshot_id for snapshot in kept} | {ref.snapshot_id for ref in table.refs().values()}


def _last_of_each(time: str, most: int, by_age: Iterable[Snapshot]) -> list[Snapshot]:
    last = {datetime.fromtimestamp(each.timestamp_ms / 1000, UTC).strftime(time): each for each in by_age}
    return list(last.values())[-most:]


def _back_to_offsets(table: Table) -> Iterator[Snapshot]:
    """The current snapshot and its ancestors, up to the first one with offsets."""
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        yield snapshot
        if has_offsets(snapshot):
            return
