"""The dbt project as assets of a target: models, seeds and snapshots, with their tests as asset checks.

dbt runs as dbt build does. Its plugin leaves out what is up to date; Dagster records that too, as made or passed then.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from dbt.version import __version__ as dbt_version
from packaging.version import Version

from duckhouse import settings
from duckhouse.cli import UserError
from duckhouse.dbt_plugin.graph import Done
from duckhouse.pipeline import steps
from duckhouse.processes import DBT
from duckhouse.turns import turn
from duckhouse.warehouse import news, prod, publish
from duckhouse.warehouse.blocked import blocked, lines
from duckhouse.warehouse.connection import asking, connect
from duckhouse.warehouse.target_engine import running
from orchestration import names
from orchestration.project import Manifest, folder_of

ADAPTERS = {"dev": "duckdb", "prod": "clickhouse"}
ALL = "fqn:*"
UP_TO_DATE = "up to date"
AGAIN = dg.RetryPolicy(max_retries=1, delay=30)
UNIQUE_ID = "dagster_dbt/unique_id"

Events = Iterator[Any]
"""Outputs, results of checks and observations."""


class Translator(DagsterDbtTranslator):
    """Keys and groups of what dbt makes on a target; what it reads is what landed."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return names.landing_key(dbt_resource_props["source_name"], dbt_resource_props["name"])
        return names.node_key(self.target, dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return names.group_of(dbt_resource_props, self.target)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description", ""))


class Dbt(DbtCliResource):
    """dbt, as the commands of the project run it."""

    @property
    def _cli_version(self) -> Version:
        """Known without dbt --version, which asks a package index for the latest one."""
        return Version(dbt_version)

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        """Dagster would ask for columns through it; builds lock the file that it opens."""
        return None


def models(target: str, manifest: Manifest, select: str = ALL) -> dg.AssetsDefinition:
    of_target = {**manifest, "metadata": {**manifest["metadata"], "adapter_type": ADAPTERS[target]}}

    @dbt_assets(
        manifest=of_target,
        name=f"dbt_{target}",
        select=select,
        exclude=prod.PUBLISHED_FIGURES if target == "prod" else None,
        dagster_dbt_translator=Translator(target),
        retry_policy=AGAIN,
        pool=names.engine_pool(target),
    )
    def built(context: dg.AssetExecutionContext) -> Events:
        try:
            with beside(target):
                yield from made_by_dbt(context, target)
        except UserError as error:
            raise dg.Failure(str(error)) from None

    return built


@contextmanager
def beside(target: str) -> Iterator[None]:
    """On prod the block builds in the audit databases; what passes there waits to be published."""
    if target == "dev":
        yield
        return
    publish.refuse_a_cluster()
    with running("prod"):
        client = connect()
        with turn(settings.clickhouse().prefix, asking) as own, prod.audited(client, own):
            yield


def prefix(target: str) -> Mapping[str, str]:
    """The settings with which dbt builds beside what is published."""
    return {"CLICKHOUSE_PREFIX": settings.audit_prefix()} if target == "prod" else {}


def made_by_dbt(context: dg.AssetExecutionContext, target: str) -> Events:
    """What dbt made and tested, and what it left out as up to date. Raises Failure where a node or a test fails."""
    dbt = Dbt(
        project_dir=str(settings.PROJECT),
        profiles_dir=str(settings.PROJECT),
        target=target,
        dbt_executable=DBT,
        global_config_flags=["--log-level-file", "none", "--no-write-json"],
    )
    left_out = LeftOut(context, records(target))
    with settings.environment(prefix(target)):
        running = dbt.cli(["build"], context=context, target_path=folder_of(target))
    failed: list[str] = []
    try:
        for event in running.stream():
            if isinstance(event, dg.AssetCheckResult) and event.asset_key and event.check_name:
                left_out.checked.add(dg.AssetCheckKey(event.asset_key, event.check_name))
                if not event.passed and event.severity == dg.AssetCheckSeverity.ERROR:
                    failed.append(event.check_name)
            elif isinstance(event, dg.Output):
                yield from left_out.above(event.output_name)
            yield event
    except DagsterDbtCliRuntimeError as error:
        if failed:
            raise dg.Failure(not_published(target, failed), allow_retries=False) from None
        raise dg.Failure(error.description) from None
    yield from left_out.others()


def not_published(target: str, failed: list[str]) -> str:
    """What stands in the way, in the words of the report, which is written anew, and of make prod; else the names of
    the tests."""
    if found := blocked(target):
        if steps.has_report():
            with suppress(UserError):  # what blocks is told all the same
                list(steps.report(target))
        return "\n".join(lines(found))
    return f"nothing is published, {target} keeps the figures of the last good build: {' and '.join(failed)} failed"


class LeftOut:
    """The nodes and tests that dbt does not run because they are up to date, as the warehouse knew them before.

    Dagster wants a node after those that it reads. dbt ends a node after them too, so one that it reads and that has
    not come yet was left out.
    """

    def __init__(self, context: dg.AssetExecutionContext, known: Mapping[str, Done]) -> None:
        self.definition = context.assets_def
        self.checks = context.selected_asset_check_keys
        self.keys = {key.to_python_identifier(): key for key in sorted(context.selected_asset_keys)}
        self.known = known
        self.seen: set[dg.AssetKey] = set()
        self.checked: set[dg.AssetCheckKey] = set()

    def above(self, output: str) -> Events:
        """What was left out above a node that dbt has made."""
        key = self.keys[output]
        self.seen.add(key)
        yield from self._parents(key)

    def others(self) -> Events:
        """What was left out besides, and tests, once dbt has ended well."""
        for key in self.keys.values():
            yield from self._left(key)
        for check in sorted(self.checks - self.checked, key=str):
            if done := self.known.get((self.definition.get_spec_for_check_key(check).metadata or {})[UNIQUE_ID]):
                metadata = {"status": UP_TO_DATE, "tested_at": done.at}
                yield dg.AssetCheckResult(
                    passed=True, asset_key=check.asset_key, check_name=check.name, metadata=metadata
                )

    def _parents(self, key: dg.AssetKey) -> Events:
        for parent in sorted(self.definition.asset_deps[key]):
            if parent.to_python_identifier() in self.keys:
                yield from self._left(parent)

    def _left(self, key: dg.AssetKey) -> Events:
        if key in self.seen:
            return
        self.seen.add(key)
        yield from self._parents(key)
        if done := self.known.get(self.definition.metadata_by_key[key][UNIQUE_ID]):
            counted = {"dagster/row_count": int(done.rows)} if done.rows else {}
            yield dg.Output(
                None, key.to_python_identifier(), metadata={"status": UP_TO_DATE, "built_at": done.at, **counted}
            )


def records(target: str) -> Mapping[str, Done]:
    """What the warehouse that dbt builds in says about its nodes."""
    if target == "prod":
        with settings.environment(prefix(target)):
            return news.published(connect()).records()
    with news.duckdb_of_dev() as warehouse:
        return warehouse.records() if warehouse else {}
