"""Dagster in this process: sensors and schedules that tick when a test says so, and runs that end before it goes on."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from duckhouse.pipeline.config import Inflow
from orchestration.assemble import assembled
from orchestration.project import Manifest, attached
from support.dbt import parsed_anew

FEW = "+fct_ad_events_daily"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@cache
def manifest() -> Manifest:
    document = parsed_anew(target="dev").writable_manifest().to_dict(omit_none=False)
    return attached(json.loads(json.dumps(document, default=str)))


@dataclass
class Ticking:
    """A Dagster whose time is that of the test."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    cursors: dict[str, str | None] = field(default_factory=dict)
    keys: set[tuple[str, str]] = field(default_factory=set)

    def look(self, name: str) -> Any:
        """What a sensor asks for; Dagster notes the partitions and events that it reports."""
        sensor = self.definitions.resolve_sensor_def(name)
        with dg.build_sensor_context(self.instance, self.cursors.get(name), sensor_name=name) as context:
            asked = sensor.evaluate_tick(context)
        self.cursors[name] = asked.cursor
        for request in asked.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
        for event in asked.asset_events:
            self.instance.report_runless_asset_event(event)
        return asked

    def tick(self, name: str) -> list[Any]:
        """The runs that a sensor starts; a key starts one only."""
        asked = self.look(name)
        only = self.definitions.resolve_sensor_def(name).job_name if len(asked.run_requests or ()) else ""
        return [run for request in asked.run_requests or () for run in self.run(name, request, only)]

    def run(self, name: str, request: dg.RunRequest, job: str = "") -> Iterator[Any]:
        if (name, request.run_key) in self.keys:
            return
        if request.run_key:
            self.keys.add((name, request.run_key))
        made = self.definitions.resolve_job_def(request.job_name or job)
        yield made.execute_in_process(instance=self.instance, tags=dict(request.tags), raise_on_error=False)

    def scheduled(self, name: str) -> list[Any]:
        """The runs that a schedule starts."""
        schedule = self.definitions.resolve_schedule_def(name)
        with dg.build_schedule_context(self.instance, NOW) as context:
            asked = schedule.evaluate_tick(context)
        return [run for request in asked.run_requests or () for run in self.run("", request, schedule.job_name)]

    def announced(self, run: Any) -> str:
        """What is said once a run has ended."""
        status = "built" if run.success else "not_built"
        sensor = self.definitions.resolve_sensor_def(f"announce_{status}")
        context = dg.build_run_status_sensor_context(
            sensor.name, run.all_events[-1], self.instance, run.dagster_run, partition_key=None
        )
        return str(sensor(context).skip_message)

    def partitions(self, source: str) -> list[str]:
        return list(self.instance.get_dynamic_partitions(f"{source}_deliveries"))


@contextmanager
def ticking(inflows: Sequence[Inflow], targets: Sequence[str] = ("dev",), select: str = FEW) -> Iterator[Ticking]:
    """A Dagster that has done nothing yet. `select` chooses what dbt makes, as its --select does."""
    with dg.DagsterInstance.ephemeral() as instance:  # in memory: of a file it commits each event on its own
        yield Ticking(assembled(manifest(), inflows, targets, select), instance)


def failures(run: Any) -> list[str]:
    """What the failed steps of a run say."""
    found = [event.event_specific_data for event in run.all_events if event.is_step_failure]
    return [one.user_failure_data.description if one.user_failure_data else one.error.message for one in found]


def folder_inflow(place: Path) -> Inflow:
    return Inflow("drops", "ad_serving", "folder", str(place))
