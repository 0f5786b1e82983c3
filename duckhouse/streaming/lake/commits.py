"""Commits to the lake: files that come, files that go, and the offsets of the snapshot that this makes."""

from collections.abc import Callable, Sequence

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update.snapshot import UpdateSnapshot

from duckhouse.cli import UserError
from duckhouse.streaming.offsets import Offsets, read, written

OFFSETS = "duckhouse.offsets"
"""The property in the summary of a snapshot: how far its rows go, as offsets.written()."""
TRIES = 100


def offsets_of(table: Table) -> Offsets:
    """How far the rows of the current snapshot go: what it says itself, or else its nearest ancestor that says so, as
    other programs that rewrite files leave the property out.

    Raises UserError where there are rows and no snapshot says how far they go.
    """
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        if text := _said(snapshot, OFFSETS):
            return read(text)
    current = table.current_snapshot()
    if current and _said(current, "total-records") != "0":
        raise UserError(
            f"lake {name_of(table)} has rows, and none of its snapshots has offsets ({OFFSETS}), so "
            "it is unknown which messages are in it: roll it back to a snapshot that has them, or rename the table and "
            "let it fill again"
        )
    return {}


def commit(
    table: Table,
    added: Sequence[DataFile],
    removed: Sequence[DataFile] = (),
    offsets: Callable[[Offsets], Offsets] = lambda there: there,
) -> None:
    """Adds and removes files in one snapshot, whose offsets are made of those that are there.

    Where another writer was quicker, it is tried again on what that one made, with the offsets that are then there; an
    exception of `offsets` ends it. Raises ValidationException where a file to be removed is gone, CommitFailedException
    where others were quicker each time.
    """
    for _ in range(TRIES):
        table.refresh()
        _refuse_removed(table, added)
        properties = {OFFSETS: written(offsets(offsets_of(table)))}
        try:
            with table.transaction() as transaction:
                _stage(transaction.update_snapshot(snapshot_properties=properties), added, removed)
            return
        except CommitFailedException:
            continue
    raise CommitFailedException


def name_of(table: Table) -> str:
    return ".".join(table.name())


def has_offsets(snapshot: Snapshot) -> bool:
    return _said(snapshot, OFFSETS) is not None


def _said(snapshot: Snapshot, name: str) -> str | None:
    return snapshot.summary.additional_properties.get(name) if snapshot.summary else None


def _refuse_removed(table: Table, added: Sequence[DataFile]) -> None:
    """A machine may have slept between the files and their commit, and maintenance removes leftovers after a day."""
    for file in added:
        if not table.io.new_input(file.file_path).exists():
            raise UserError(f"lake {name_of(table)}: a new file was removed before its commit: run again")


def _stage(update: UpdateSnapshot, added: Sequence[DataFile], removed: Sequence[DataFile]) -> None:
    with update.overwrite() if removed else update.merge_append() as snapshot:
        for file in added:
            snapshot.append_data_file(file)
        for file in removed:
            snapshot.delete_data_file(file)
