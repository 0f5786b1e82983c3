"""One run of the extraction: from the database to a committed delivery that records how the two compare."""

from datetime import datetime, timedelta

import psycopg

from duckhouse import failures
from duckhouse.cli import UserError, refusal
from duckhouse.extraction.database import Database, database_of, first_line
from duckhouse.extraction.plan import Plan, make_plan
from duckhouse.extraction.read import read
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.results import Result
from duckhouse.landing.zone import Zone, prepare_missing
from duckhouse.settings import landing_dir
from duckhouse.sources import Source

COMMAND = "extract"


def extract_noted(source: Source, mode: str = "compare", slot_name: str | None = None) -> Result:
    """Extracts from the database that the environment names; what ends the run is in the log of failures too."""
    with failures.noted(COMMAND, source.name), database_of(source) as database:
        try:
            result = extract(source, database, mode, slot_name)
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


def extract(source: Source, database: Database, mode: str, slot_name: str | None = None) -> Result:
    """Lands what changed since the last delivery. `mode` is compare, full or cdc.

    Raises UserError, and lands nothing, where the source cannot be read as declared.
    """
    with Zone(source).session() as session:
        plan = make_plan(session.zone, database, mode, slot_name)
        with SnapshotReader(database, source) as reader:
            tables = plan.checked_tables(reader)
            shown = f"{reader.identity}@{reader.snapshot}"
            draft = session.begin(_at(plan, reader), [(entity.name, entity.name, shown) for entity in source.entities])
            results, files = read(plan, reader, tables, draft, shown)
            plan.known.identity, plan.known.snapshot = reader.identity, str(reader.snapshot)
            plan.known.save(draft.id)
        delivery = session.commit(draft, files)
        plan.known.sweep(draft.id)
        if mode == "cdc":
            _confirm(plan)
    return Result(delivery, results, plan.notes)


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
