"""The steps of the pipeline. Each calls what landing, extraction, streaming, the warehouse and reporting already have.

What a step needs is imported when it runs: a pipeline without anything new ends before most of it is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from duckhouse.cli import UserError
from duckhouse.landing.load import Outcome, describe, faults, load
from duckhouse.landing.noted import land_noted
from duckhouse.landing.zone import Zone
from duckhouse.pipeline import seen
from duckhouse.pipeline.config import BUCKET, DATABASE, FOLDER, TOPIC, Inflow
from duckhouse.sources import Source, load_source


@dataclass(frozen=True)
class Brought:
    """What one look at an inflow brought: the ids of deliveries, and the records that they have, in a database the rows
    that changed. `faults` are lines about what did not land, or landed with a loss.
    """

    inflow: Inflow
    deliveries: list[str]
    records: int | None
    lines: list[str]
    faults: list[str] = field(default_factory=list)


def bring(inflow: Inflow) -> Brought:
    """Lands what is new at an inflow. Raises UserError where nothing can be landed at all."""
    return BRINGING[inflow.kind](inflow, load_source(inflow.source))


def _of_folder(inflow: Inflow, source: Source) -> Brought:
    folder = Path(inflow.place)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder: mount or make it, or correct the place of inflow {inflow.name}")
    if seen.is_empty(folder):
        return Brought(inflow, [], 0, [f"{folder} is empty"])
    stamps = seen.stamps_of(folder)
    if seen.is_seen(inflow.name, seen.state_of(stamps, source)):
        with Zone(source).session() as session:
            session.note_look()
        return Brought(inflow, [], 0, ["nothing new"])
    brought = _of_files(inflow, source)
    if not brought.faults:
        seen.note_seen(inflow.name, seen.state_of(stamps, source))
    return brought


def _of_files(inflow: Inflow, source: Source) -> Brought:
    def land() -> list[Outcome]:
        return load(source, [inflow.place], delivered_at=None, redelivery=True, dry_run=False, is_watched=True)

    return _landed(inflow, land_noted(source, land))


def _of_database(inflow: Inflow, source: Source) -> Brought:
    from duckhouse.extraction import results
    from duckhouse.extraction.run import extract_noted, note_differences

    result = extract_noted(source, "cdc" if inflow.cdc else "compare", only_news=True)
    changed = sum(table.new_rows + table.changed_rows + table.deleted_rows for table in result.tables)
    apart = note_differences(source, result)
    told = [results.not_reconciled(source.name, apart)] if apart else []
    deliveries = [] if result.unchanged_at else [result.delivery.id]
    return Brought(inflow, deliveries, changed, list(results.describe(result)), told)


def _of_topic(inflow: Inflow, source: Source) -> Brought:
    from duckhouse import failures
    from duckhouse.streaming.batch import Limits
    from duckhouse.streaming.lake.landable import deliver_from_lake
    from duckhouse.streaming.running import consume, stream_source
    from duckhouse.streaming.summary import Summary

    _, entity = stream_source(source.name)
    summary = Summary(source.name, entity)
    with failures.noted("consume", source.name):
        consume(summary, source, Event(), once=True, seconds=None, limits=Limits(), metrics_at=None)
    outcomes = land_noted(source, lambda: [deliver_from_lake(source, [], delivered_at=None, dry_run=False)])
    brought = _landed(inflow, outcomes)
    lost = [f"topic {entity.topic} no longer holds {summary.lost_messages:,} messages: they are lost"]
    return Brought(
        inflow,
        brought.deliveries,
        brought.records,
        [*summary.describe(), *brought.lines],
        [*(lost if summary.lost else []), *brought.faults],
    )


def _landed(inflow: Inflow, outcomes: list[Outcome]) -> Brought:
    deliveries = [outcome.delivery for outcome in outcomes if outcome.delivery]
    return Brought(
        inflow,
        [delivery.id for delivery in deliveries],
        sum(file.records_read for delivery in deliveries for file in delivery.files),
        [line for outcome in outcomes for line in describe(outcome, dry_run=False)],
        [line.rstrip("\n") for outcome in outcomes for line in faults(outcome)],
    )


BRINGING = {FOLDER: _of_folder, BUCKET: _of_files, DATABASE: _of_database, TOPIC: _of_topic}


def build(target: str) -> None:
    """Builds and tests a target. On dev the plugin of dbt publishes what passes; on prod everything that is landed is
    pushed, built beside what is published, and published if it passes. Raises UserError where it does not pass.
    """
    if target == "dev":
        from duckhouse.processes import dbt_build, run

        run(dbt_build("dev"))
        return
    from duckhouse.warehouse import prod, publish
    from duckhouse.warehouse.connection import connect
    from duckhouse.warehouse.target_engine import running_clickhouse

    publish.refuse_a_cluster()
    with running_clickhouse():
        prod.bring(connect())


def parity(_: str) -> Iterator[str]:
    """Compares the two targets where both are there and built from what is landed; gives the lines that sum it up.
    Raises UserError where they differ.
    """
    from duckhouse.settings import PROJECT, clickhouse, duckdb_path
    from duckhouse.warehouse.connection import answers
    from duckhouse.warehouse.news import is_new

    if not (PROJECT / duckdb_path()).exists() or not answers(clickhouse()):
        return
    if is_new("dev") or is_new("prod"):
        yield "parity is left out: dev and prod are not built from the same deliveries"
        return
    from duckhouse.reporting.formats import counted
    from duckhouse.warehouse.parity import compare_all, describe, published_models

    results = compare_all(published_models())
    if differing := [line for result in results if not result["equal"] for line in describe(result)]:
        raise UserError("dev and prod differ: " + "; ".join(differing))
    yield f"parity: {counted(len(results), 'table')} equal on dev and prod"


def has_report() -> bool:
    """Whether a report is there; before the first build that passes there are no figures to show."""
    from duckhouse.settings import PROJECT, report_path

    return (PROJECT / report_path()).exists()


def report(target: str) -> Iterator[str]:
    """Writes the report of what is published; gives a line."""
    from duckhouse.settings import is_publishing, report_path

    if target == "dev" and not is_publishing():
        return
    from duckhouse.reporting.report import write_report

    for _ in write_report(target, report_path()):
        pass
    yield f"report: {report_path()}"


AFTER = (parity, report)
"""What follows a build that passed. On dev the copy to read is part of the build."""


def after(target: str) -> list[str]:
    """Takes these steps; returns the lines that sum them up. Raises UserError for the first that fails."""
    return [line for step in AFTER for line in step(target)]
