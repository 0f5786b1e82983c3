"""One run of the extraction: from the database to a committed delivery that records how the two compare."""

from datetime import datetime, timedelta

import psycopg

from duckhouse.cli import UserError
from duckhouse.extraction.database import Database, first_line
from duckhouse.extraction.plan import Plan, make_plan
from duckhouse.extraction.read import read
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.results import Result
from duckhouse.landing.zone import Zone
from duckhouse.sources import Source


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
