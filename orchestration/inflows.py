"""Inflows of pipeline.yml as assets, each with a job that brings what is new, and a sensor or schedule for it."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg

from duckhouse.cli import UserError
from duckhouse.pipeline import seen
from duckhouse.pipeline.config import BUCKET, DATABASE, FOLDER, TOPIC, Inflow
from duckhouse.pipeline.steps import bring
from duckhouse.sources import load_source
from orchestration import names

SECONDS = 15  # between two looks of a sensor
EVERY = "0 * * * *"  # a database does not tell that something changed
AGAIN = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL)
ARRIVING = "files are still arriving"
NOTHING_NEW = "nothing new"

Job = Any  # of dagster, which does not name the type of an asset job that is not resolved yet


def refuse_equal_names(inflows: Sequence[Inflow]) -> None:
    """Raises UserError for two inflows that Dagster cannot tell apart."""
    known: dict[str, str] = {}
    for inflow in inflows:
        name = names.identifier(inflow.name)
        if known.setdefault(name, inflow.name) != inflow.name:
            raise UserError(
                f"inflows {known[name]} and {inflow.name} are both {name} in Dagster, whose names have letters, digits "
                "and _ only: rename one of them in pipeline.yml"
            )


def asset(inflow: Inflow) -> dg.AssetsDefinition:
    """One look at an inflow. Where something did not land, the run fails after what landed is there."""

    @dg.asset(
        key=names.inflow_key(inflow.name),
        description=f"What is new at the {inflow.kind} {inflow.place or 'of the settings'}, landed.",
        group_name=inflow.source,
        kinds={inflow.kind},
        pool=names.landing_pool(inflow.source),
        retry_policy=AGAIN,
    )
    def brought(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        try:
            done = bring(inflow)
        except UserError as error:
            raise dg.Failure(str(error)) from None
        for line in done.lines:
            context.log.info(line)
        if done.deliveries:
            context.instance.add_run_tags(context.run.run_id, {names.OF_DELIVERIES: names.listed(done.deliveries)})
        if done.faults:
            raise dg.Failure("; ".join(done.faults), allow_retries=False)
        return dg.MaterializeResult(
            metadata={"deliveries": ", ".join(done.deliveries) or "none", "records": done.records or 0}
        )

    return brought


def job(inflow: Inflow) -> Job:
    return dg.define_asset_job(
        names.bring_job(inflow.name),
        selection=dg.AssetSelection.assets(names.inflow_key(inflow.name)),
        tags={names.OF_INFLOW: inflow.name},
    )


def starts(inflow: Inflow, target: Job) -> dg.SensorDefinition | dg.ScheduleDefinition:
    """What starts the job of an inflow."""
    if inflow.kind == DATABASE:
        return dg.ScheduleDefinition(
            name=f"every_{names.identifier(inflow.name)}",
            job=target,
            cron_schedule=EVERY,
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )

    @dg.sensor(
        name=f"new_in_{names.identifier(inflow.name)}",
        job=target,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=SENSING[inflow.kind].__doc__,
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        try:
            return SENSING[inflow.kind](inflow, context.cursor or "")
        except UserError as error:  # the age of the source goes red if it lasts
            return dg.SensorResult(skip_reason=str(error), cursor=context.cursor)

    return look


def of_folder(inflow: Inflow, cursor: str) -> dg.SensorResult:
    """Starts a run once files of the folder are new, and did not change from one look to the next."""
    folder, source = Path(inflow.place), load_source(inflow.source)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder: mount or make it, or correct the place of inflow {inflow.name}")
    state = seen.state_of(seen.stamps_of(folder), source)
    if seen.is_empty(folder) or seen.is_seen(inflow.name, state):
        return dg.SensorResult(skip_reason=NOTHING_NEW, cursor=state)
    if state != cursor:
        return dg.SensorResult(skip_reason=ARRIVING, cursor=state)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)


def of_bucket(inflow: Inflow, _: str) -> dg.SensorResult:
    """Starts a run for objects that were not fetched yet."""
    from duckhouse.landing.fetch import new_objects

    versions = sorted((version.uri, version.etag) for version in new_objects(load_source(inflow.source), inflow.place))
    return requested(versions)


def of_topic(inflow: Inflow, _: str) -> dg.SensorResult:
    """Starts a run where the topic has messages that the lake does not have."""
    from duckhouse.streaming.lag import behind
    from duckhouse.streaming.running import stream_source

    lag = behind(*stream_source(inflow.source))
    return requested([(number, end) for number, (_, end) in sorted(lag.items())])


def requested(new: Sequence[Any]) -> dg.SensorResult:
    """One run for this state of what is new: one that fails is not repeated until something else comes."""
    if not new:
        return dg.SensorResult(skip_reason=NOTHING_NEW)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=sha256(json.dumps(new).encode()).hexdigest())])


SENSING = {FOLDER: of_folder, BUCKET: of_bucket, TOPIC: of_topic}


def definitions(inflows: Sequence[Inflow]) -> Iterator[dg.Definitions]:
    refuse_equal_names(inflows)
    for inflow in inflows:
        made = job(inflow)
        start = starts(inflow, made)
        yield dg.Definitions(
            assets=[asset(inflow)],
            jobs=[made],
            sensors=[start] if isinstance(start, dg.SensorDefinition) else [],
            schedules=[start] if isinstance(start, dg.ScheduleDefinition) else [],
        )
