"""One run of the extraction: from the database to a committed delivery that records how the two compare."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg

from duckhouse import failures
from duckhouse.cli import UserError, refusal
from duckhouse.extraction.database import Database, database_of, first_line
from duckhouse.extraction.plan import Plan, make_plan
from duckhouse.extraction.read import read
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.results import Result, TableResult
from duckhouse.extraction.tables import report_of
from duckhouse.landing.manifest import SourceFile
from duckhouse.landing.zone import Draft, Zone, prepare_missing
from duckhouse.settings import landing_dir
from duckhouse.sources import Source

COMMAND = "extract"


def extract_noted(
    source: Source, mode: str = "compare", slot_name: str | None = None, *, only_news: bool = False
) -> Result:
    """Extracts from the database that the environment names; what ends the run is in the log of failures too."""
    with failures.noted(COMMAND, source.name), database_of(source) as database:
        try:
            result = extract(source, database, mode, slot_name, only_news=only_news)
        except psycopg.Error as error:
            raise UserError(
                f"PostgreSQL at {database.address}: {first_line(error)}; nothing is landed, run again once it is fixed"
            ) from None
        except OSError as error:
            raise UserError(refusal(error, landing_dir())) from None
    prepare_missing()
    return result


def note_differences(source: Source, result: Result) -> list[str]:
    """The tables of which the source has another number of rows than is known; they are in the log of failures too."""
    apart = []
    for table in (table for table in result.tables if not table.is_reconciled):
        counts = f"has {table.source_rows:,} rows, {table.known_rows:,} are known"
        failures.note(COMMAND, source.name, table.table_name, counts, abs(table.source_rows - table.known_rows))
        apart.append(f"{table.table_name} {counts}")
    return apart


def extract(
    source: Source, database: Database, mode: str, slot_name: str | None = None, *, only_news: bool = False
) -> Result:
    """Lands what changed since the last delivery. `mode` is compare, full or cdc.

    A run is a delivery, also one that finds nothing. With `only_news` such a run is a look at the source instead, but
    for the first of a day (UTC): marts have a row for each day up to that of the newest delivery.

    Raises UserError, and lands nothing, where the source cannot be read as declared.
    """
    with Zone(source).session() as session:
        plan = make_plan(session.zone, database, mode, slot_name)
        with SnapshotReader(database, source) as reader:
            tables = plan.checked_tables(reader)
            shown = f"{reader.identity}@{reader.snapshot}"
            draft = session.begin(_at(plan, reader), [(entity.name, entity.name, shown) for entity in source.entities])
            ranges = plan.known.tables
            results, files = read(plan, reader, tables, draft, shown)
            plan.known.identity, plan.known.snapshot = reader.identity, str(reader.snapshot)
            standing = plan.newest if only_news and not _is_news(plan, draft, results, files) else None
            if standing:
                plan.known.tables = ranges  # the same rows, in files that already belong to the delivery
            plan.known.save(standing.id if standing else draft.id)
        delivery = standing or session.commit(draft, files)
        if standing:
            session.note_look()
        plan.known.sweep(delivery.id)
        if mode == "cdc":
            _confirm(plan)
    return Result(delivery, results, plan.notes, draft.delivered_at if standing else None)


def _is_news(plan: Plan, draft: Draft, results: Sequence[TableResult], files: Sequence[SourceFile]) -> bool:
    """Whether a run says something that the newest delivery does not say, or is the first of its day."""
    report = report_of(plan.zone.source)
    changed = any(file.records_read for file in files if not report or file.entity != report.name)
    is_reconciled = all(table.is_reconciled for table in results)
    is_first = not plan.newest or plan.newest.delivered_at.date() < draft.delivered_at.date()
    return changed or not is_reconciled or is_first


def _at(plan: Plan, reader: SnapshotReader) -> datetime:
    """The time of the snapshot; always after the previous delivery, even where a clock was set back."""
    if plan.newest:
        return max(reader.at, plan.newest.delivered_at + timedelta(microseconds=1))
    return reader.at


def _confirm(plan: Plan) -> None:
    """Lets the server discard what has landed; where that fails, the next run does it."""
    if not plan.known.slot:
        return
    try:
        plan.slot.confirm(plan.known.slot["confirmed"])
    except (psycopg.Error, UserError) as error:
        said = first_line(error) if isinstance(error, psycopg.Error) else error
        plan.notes.append(f"slot {plan.slot.name} stays where it was until the next run: {said}")
