"""The reading part of a run: from the tables in its snapshot to the files of its delivery and the new known state."""

from contextlib import ExitStack
from dataclasses import asdict

import pyarrow as pa

from duckhouse.cli import progress
from duckhouse.extraction.changes import ChangesFile, changes_file, repeated
from duckhouse.extraction.compare import compare
from duckhouse.extraction.followed import FollowedTable
from duckhouse.extraction.known import KnownTable
from duckhouse.extraction.plan import Plan
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.recall import landed_keys
from duckhouse.extraction.results import TableResult
from duckhouse.extraction.revision import Revision
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.stream import follow
from duckhouse.extraction.tables import SourceTable, report_of
from duckhouse.landed_types import LANDED_TYPES
from duckhouse.landing.manifest import SourceFile
from duckhouse.landing.zone import Draft

Counts = dict[str, tuple[int, int, int]]
"""New, changed and deleted rows by table."""


def read(
    plan: Plan, reader: SnapshotReader, tables: list[SourceTable], draft: Draft, shown: str
) -> tuple[list[TableResult], list[SourceFile]]:
    """Writes the files of the delivery; `plan.known` is what will be known after it. `shown` says what was read."""
    with ExitStack() as stack:
        files = {
            entity.name: stack.enter_context(changes_file(entity, draft.folder, draft.id, draft.delivered_at))
            for entity in plan.zone.source.entities
        }
        known = {table.entity.name: _known(plan, table) for table in tables}
        revisions = {name: stack.enter_context(Revision(of_table, name, draft.id)) for name, of_table in known.items()}
        counts: Counts = dict.fromkeys(known, (0, 0, 0))
        compared = tables
        if plan.previous:
            followed = [FollowedTable(table, known[table.entity.name], files[table.entity.name]) for table in tables]
            counts = _by_log(plan, plan.previous, reader, followed, revisions)
            compared = [each.table for each in followed if each.is_apart or _was_altered(plan, each.table)]
            for name in (table.entity.name for table in compared):
                known[name] = revisions[name].known_after()
                revisions[name] = stack.enter_context(Revision(known[name], f"{name}-compared", draft.id))
        for table in compared:
            name = table.entity.name
            new, changed, deleted = _by_comparing(plan, reader, table, known[name], revisions[name], files[name])
            if plan.previous and (new or changed or deleted):
                plan.notes.append(
                    f"{table.shown} has changed without a word in the log: by comparing {new:,} rows are new, "
                    f"{changed:,} changed, {deleted:,} deleted"
                )
            counts[name] = counts[name][0] + new, counts[name][1] + changed, counts[name][2] + deleted
        for revision in revisions.values():
            revision.finish()
        lag = plan.lag()
        results = [
            TableResult(name, plan.mode, reader.count(table), revisions[name].rows, *counts[name], lag)
            for name, table in zip(known, tables, strict=True)
        ]
        if report := report_of(plan.zone.source):
            _report(files[report.name], results)
    plan.known.tables = {name: revision.ranges for name, revision in revisions.items()}
    plan.known.names = {table.entity.name: str(table.name) for table in tables}
    plan.known.shapes = {table.entity.name: table.shape for table in tables}
    return results, [files[name].file(shown) for name in sorted(files)]


def _known(plan: Plan, table: SourceTable) -> KnownTable:
    known = plan.known.table(table.entity.name)
    if plan.newest and plan.known.identity is None:
        known.recall(landed_keys(plan.zone, table.entity))
    return known


def _was_altered(plan: Plan, table: SourceTable) -> bool:
    return plan.known.shapes.get(table.entity.name) != table.shape


def _by_comparing(
    plan: Plan, reader: SnapshotReader, table: SourceTable, known: KnownTable, revision: Revision, file: ChangesFile
) -> tuple[int, int, int]:
    new = changed = deleted = 0
    with progress(label=f"reading {table.entity.name}", unit="rows") as bar:
        for difference in compare(reader, table, known, revision, every_row=plan.every_row):
            count, gone = len(difference.land), len(difference.deleted)
            file.write({**difference.landed(), "operation": repeated("upsert", count)}, count)
            tombstones = {table.key: pa.array(difference.deleted), "operation": repeated("delete", gone)}
            file.write(tombstones, gone)
            new, changed, deleted = new + difference.new, changed + count - difference.new, deleted + gone
            bar.update(len(difference.rows.keys))
    return new, changed, deleted


def _by_log(
    plan: Plan,
    previous: Snapshot,
    reader: SnapshotReader,
    tables: list[FollowedTable],
    revisions: dict[str, Revision],
) -> Counts:
    confirmed = follow(plan.slot, tables, previous, reader.snapshot)
    if confirmed and plan.known.slot:
        plan.known.slot["confirmed"] = confirmed
    return {each.table.entity.name: each.settle(reader, revisions[each.table.entity.name]) for each in tables}


def _report(file: ChangesFile, results: list[TableResult]) -> None:
    rows = pa.Table.from_pylist([asdict(result) for result in results])
    types = {column.name: LANDED_TYPES[column.data_type].arrow for column in file.entity.columns}
    named = types.keys() & set(rows.column_names)
    file.write({name: rows[name].combine_chunks().cast(types[name]) for name in named}, len(results))
