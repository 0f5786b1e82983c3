"""Commits to the lake: files to add, files to remove, and the offsets of the new snapshot."""

from collections.abc import Callable, Sequence

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update.snapshot import UpdateSnapshot

from duckhouse.cli import UserError
from duckhouse.streaming.offsets import Offsets, read, written

OFFSETS = "duckhouse.offsets"
"""The property in a snapshot's summary that says how far its rows go, in the format of offsets.written()."""
TRIES = 100


def offsets_of(table: Table) -> Offsets:
    """How far the rows of the current snapshot go, according to itself or to its nearest ancestor with the property:
    other programs that rewrite files leave it out.

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
    """Adds and removes files in one snapshot; `offsets` computes its offsets from the current ones.

    Where another writer was faster, the commit is tried again on top of that writer's snapshot and offsets; an
    exception from `offsets` ends it. Raises ValidationException where a file to be removed is gone,
    CommitFailedException where others were faster each time.
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
    """Checks that the new files still exist: the machine may have slept before the commit, and maintenance removes
    leftovers after a day.
    """
    for file in added:
        if not table.io.new_input(file.file_path).exists():
            raise UserError(f"lake {name_of(table)}: a new file was removed before its commit: run again")


def _stage(update: UpdateSnapshot, added: Sequence[DataFile], removed: Sequence[DataFile]) -> None:
    with update.overwrite() if removed else update.merge_append() as snapshot:
        for file in added:
            snapshot.append_data_file(file)
        for file in removed:
            snapshot.delete_data_file(file)
