"""What landed, as assets: a table of a source is an asset, its partitions are deliveries, or files of events by day.

Runs do not make these assets: whoever lands something, Dagster or a command, the sensor in builds.py records it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from duckhouse.landing.looks import looks_in
from duckhouse.landing.manifest import Delivery, expected_rows, iso
from duckhouse.landing.whole import Faults, rows_apart, types_apart, undeclared
from duckhouse.landing.zone import Zone
from duckhouse.pipeline.config import Inflow
from duckhouse.settings import landing_dir
from duckhouse.sources import FILES, Source, load_source
from orchestration import names
from orchestration.project import Manifest

ROWS, COLUMNS, FRESH = "rows_are_those_of_the_manifest", "columns_are_those_declared", "source_is_fresh"
FILES_TABLE = "_files"  # every source has it: what is about the source as a whole stands there
SHOWN = 20
HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}


def tables(manifest: Manifest) -> dict[str, list[str]]:
    """The tables of each source, as dbt reads them."""
    found: dict[str, list[str]] = {}
    for source in manifest["sources"].values():
        found.setdefault(source["source_name"], []).append(source["name"])
    return found


def specs(manifest: Manifest, inflows: Sequence[Inflow]) -> list[dg.AssetSpec]:
    described = {(one["source_name"], one["name"]): one["description"] for one in manifest["sources"].values()}
    return [
        dg.AssetSpec(
            names.landing_key(source, table),
            deps=[names.inflow_key(inflow.name) for inflow in inflows if inflow.source == source],
            description=described[source, table],
            group_name=source,
            partitions_def=partitions(load_source(source), table),
            kinds={"parquet"},
        )
        for source, found in tables(manifest).items()
        for table in found
    ]


def is_by_file(source: Source, table: str) -> bool:
    """Whether a table comes as files of events, which mostly are a file a day."""
    return source.kind == FILES and any(entity.name == table and entity.day for entity in source.entities)


def partitions(source: Source, table: str) -> dg.DynamicPartitionsDefinition:
    return by_files(source, table) if is_by_file(source, table) else by_deliveries(source)


def by_files(source: Source, table: str) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=f"{source.name}_{table}_files")


def by_deliveries(source: Source) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=f"{source.name}_deliveries")


def partitions_of(delivery: Delivery) -> Iterator[tuple[dg.DynamicPartitionsDefinition, list[str]]]:
    """The partitions that a delivery has something of."""
    source = load_source(delivery.source)
    yield by_deliveries(source), [delivery.id]
    for table in expected_rows(delivery):
        if is_by_file(source, table):
            files = {names.file_partition(file.name) for file in delivery.files if file.entity == table}
            yield by_files(source, table), sorted(files)


def materializations(delivery: Delivery) -> Iterator[dg.AssetMaterialization]:
    """What landed with a delivery: for each table and partition the counts of records."""
    source = load_source(delivery.source)
    for table, rows in expected_rows(delivery).items():
        files = [file for file in delivery.files if file.entity == table]
        by_partition: dict[str, list[str]] = {delivery.id: [file.name for file in files]}
        if is_by_file(source, table):
            by_partition = {}
            for file in files:
                by_partition.setdefault(names.file_partition(file.name), []).append(file.name)
        for partition, found in by_partition.items():
            counted = [file for file in files if file.name in found]
            counts = {
                name: sum(getattr(file, name) for file in counted)
                for name in ("records_read", "records_landed", "records_rejected", "records_blank")
            }
            yield dg.AssetMaterialization(
                names.landing_key(source.name, table),
                partition=partition,
                metadata={
                    "delivery": delivery.id,
                    "delivered_at": iso(delivery.delivered_at),
                    "files": ", ".join(found[:SHOWN]),
                    **(counts if files else {"rows": rows}),
                },
            )


def checks(manifest: Manifest) -> Iterator[dg.AssetChecksDefinition]:
    """For each source: rows as in the manifests of deliveries, columns as declared, and how old the last look is."""
    limits = {one["source_name"]: one["freshness"] for one in manifest["sources"].values()}
    for source, found in tables(manifest).items():
        yield of_contents(source, found)
        yield of_freshness(source, limits[source])


def of_contents(source: str, found: Sequence[str]) -> dg.AssetChecksDefinition:
    """Blocks what is built from a table that is not what landed."""
    kinds: dict[str, str] = {
        ROWS: "As many rows as the manifests of the deliveries say. A build waits where a file was lost or changed.",
        COLUMNS: "Columns have the declared types; a warning names columns of files that are not declared.",
    }

    @dg.multi_asset_check(
        name=f"landed_{source}",
        specs=[
            dg.AssetCheckSpec(name, asset=names.landing_key(source, table), blocking=True, description=description)
            for table in found
            for name, description in kinds.items()
        ],
    )
    def contents() -> Iterator[dg.AssetCheckResult]:
        declared = load_source(source)
        deliveries = Zone(declared).deliveries()
        rows, types, unknown = rows_apart(deliveries), types_apart(declared, deliveries), undeclared(deliveries)
        for table in found:
            key = names.landing_key(source, table)
            yield result(key, ROWS, rows, table, dg.AssetCheckSeverity.ERROR)
            severity = dg.AssetCheckSeverity.ERROR if table in types else dg.AssetCheckSeverity.WARN
            yield result(key, COLUMNS, types if table in types else unknown, table, severity)

    return contents


def result(
    key: dg.AssetKey, name: str, faults: Faults, table: str, severity: dg.AssetCheckSeverity
) -> dg.AssetCheckResult:
    lines = faults.get(table, ())
    return dg.AssetCheckResult(
        passed=not lines,
        asset_key=key,
        check_name=name,
        severity=severity,
        description="; ".join(lines[:SHOWN]) or None,
        metadata={"faults": len(lines)},
    )


def of_freshness(source: str, limits: Mapping[str, Mapping[str, int | str]]) -> dg.AssetChecksDefinition:
    """Judges by the limits that dbt source freshness has."""

    @dg.asset_check(
        name=FRESH,
        asset=names.landing_key(source, FILES_TABLE),
        description="The source was looked at within the limits of DUCKHOUSE_STALE_WARN_HOURS and _ERROR_HOURS.",
    )
    def fresh() -> dg.AssetCheckResult:
        looked_at = looks_in(landing_dir()).get(source)
        age = datetime.now(UTC) - looked_at if looked_at else timedelta.max
        is_error = age > limit(limits["error_after"])
        return dg.AssetCheckResult(
            passed=age <= limit(limits["warn_after"]),
            severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
            metadata={"looked_at": iso(looked_at) if looked_at else "never"},
        )

    return fresh


def limit(given: Mapping[str, int | str]) -> timedelta:
    return timedelta(hours=int(given["count"]) * HOURS[str(given["period"])])
