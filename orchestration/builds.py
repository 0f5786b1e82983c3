"""Jobs that build, and what starts them: the sensor that sees what landed, and a schedule for what grows old."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.landed import OF_SOURCE, Deliveries, in_zones
from duckhouse.landing.manifest import Delivery, read_manifest
from duckhouse.landing.zone import Zone
from duckhouse.settings import landing_dir
from duckhouse.sources import Source, load_source
from duckhouse.warehouse import news
from orchestration import alerts, landing, names, published
from orchestration.inflows import SECONDS, Job
from orchestration.project import Manifest

FRESHNESS = "freshness"
COMPARE = "compare"
HOURLY = "5 * * * *"
MOST_AT_ONCE = 20  # deliveries that one look records: each is some ten events
ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def job(target: str, models: dg.AssetsDefinition, others: Sequence[dg.AssetsDefinition], manifest: Manifest) -> Job:
    """Checks what landed, builds and tests it, publishes what passed, writes the report."""
    landed = [
        dg.AssetCheckKey(names.landing_key(source, table), check)
        for source, found in landing.tables(manifest).items()
        for table in found
        for check in (landing.ROWS, landing.COLUMNS)
    ]
    return dg.define_asset_job(
        names.build_job(target),
        selection=dg.AssetSelection.assets(models, *others) | dg.AssetSelection.checks(*landed),
        tags={names.OF_TARGET: target},
    )


def freshness_job(manifest: Manifest) -> Job:
    checked = [
        dg.AssetCheckKey(names.landing_key(source, landing.FILES_TABLE), landing.FRESH)
        for source in landing.tables(manifest)
    ]
    return dg.define_asset_job(FRESHNESS, selection=dg.AssetSelection.checks(*checked))


def schedule(freshness: Job) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="every_hour", job=freshness, cron_schedule=HOURLY, default_status=dg.DefaultScheduleStatus.RUNNING
    )


def sensor(sources: Sequence[str], targets: Sequence[str], jobs: Sequence[Job]) -> dg.SensorDefinition:
    """Records what landed, whoever landed it, and starts a build of each target that is not up to date."""

    @dg.sensor(
        name="landed",
        jobs=jobs,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records deliveries, starts builds of what is new, and compares the targets once both are built.",
    )
    def landed(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        waiting: dict[str, list[str]] = json.loads(context.cursor or "{}")
        held = in_zones(landing_dir())
        if not any(held.get(source, {}).get(OF_SOURCE) for source in sources):
            return dg.SensorResult(skip_reason="nothing has landed yet")
        found = unrecorded(context.instance, sources, held)
        requests: list[dg.RunRequest] = []
        reasons: list[str] = []
        built: list[str] = []
        for target in targets:
            waiting[target] = [*waiting.get(target, []), *(delivery.id for delivery in found)]
            if is_active(context.instance, target):
                reasons.append(f"{target} is being built")
                continue
            try:
                wanted, made = news.news(target)
            except UserError as error:
                reasons.append(str(error))
                continue
            if wanted == made:
                built.append(made)
                continue
            tags = {names.OF_DELIVERIES: names.listed(waiting[target])} if waiting[target] else {}
            waiting[target] = []
            # a version is built once: one that is blocked waits for the next delivery, or the next change of code
            requests.append(dg.RunRequest(f"{target} {wanted}", job_name=names.build_job(target), tags=tags))
        if len(built) == len(targets) > 1:
            requests.append(dg.RunRequest(f"{COMPARE} {' '.join(built)}", job_name=COMPARE))
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else "; ".join(reasons) or "everything that landed is built",
            cursor=json.dumps(waiting),
            dynamic_partitions_requests=partitions(found),
            asset_events=[event for delivery in found for event in landing.materializations(delivery)],
        )

    return landed


def is_active(instance: dg.DagsterInstance, target: str) -> bool:
    active = dg.RunsFilter(job_name=names.build_job(target), statuses=ACTIVE)
    return bool(instance.get_runs(active, limit=1))


def unrecorded(instance: dg.DagsterInstance, sources: Sequence[str], held: Deliveries) -> list[Delivery]:
    """The oldest deliveries in landing that Dagster does not know."""
    unknown: list[tuple[str, Source]] = []
    for source in map(load_source, sources):
        known = instance.get_dynamic_partitions(landing.by_deliveries(source).name or "")
        unknown += [(identity, source) for identity in held.get(source.name, {}).get(OF_SOURCE, frozenset()) - {*known}]
    return [
        read_manifest(source.name, Zone(source).delivery_path(identity))
        for identity, source in sorted(unknown, key=lambda one: one[0])[:MOST_AT_ONCE]
    ]


def partitions(deliveries: Sequence[Delivery]) -> list[Any]:
    """What makes Dagster know the partitions of deliveries."""
    keys: dict[str, tuple[dg.DynamicPartitionsDefinition, list[str]]] = {}
    for delivery in deliveries:
        for definition, found in landing.partitions_of(delivery):
            known = keys.setdefault(definition.name or "", (definition, []))[1]
            known += [key for key in found if key not in known]
    return [definition.build_add_request(found) for definition, found in keys.values()]


def definitions(
    manifest: Manifest, targets: Sequence[str], models: Sequence[dg.AssetsDefinition]
) -> Iterator[dg.Definitions]:
    jobs: list[Job] = []
    for target, made in zip(targets, models, strict=True):
        others = published.assets(target, made)
        jobs.append(job(target, made, others, manifest))
        yield dg.Definitions(assets=[made, *others])
    if len(targets) > 1:
        jobs.append(dg.define_asset_job(COMPARE, selection=dg.AssetSelection.assets(published.parity_of_targets)))
        yield dg.Definitions(assets=[published.parity_of_targets])
    freshness = freshness_job(manifest)
    yield dg.Definitions(
        jobs=[*jobs, freshness],
        sensors=[
            sensor(sorted(landing.tables(manifest)), targets, jobs),
            *alerts.sensors(targets, [*jobs, freshness]),
        ],
        schedules=[schedule(freshness)],
    )
