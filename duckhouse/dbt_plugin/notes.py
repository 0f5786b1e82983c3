"""What a dbt command knows about the nodes of the project in the warehouse of its target, and what it records there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbt.adapters.factory import get_adapter
from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.results import NodeStatus
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventLevel
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note
from dbt_common.exceptions import DbtRuntimeError
from dbt_common.invocation import get_invocation_id

from duckhouse.cli import UserError, refusal
from duckhouse.dbt_plugin.block_lines import blocked_by, lines
from duckhouse.dbt_plugin.blocking import block_after, failures
from duckhouse.dbt_plugin.blocks import BesideCopy, Block, BlockPlace, InTable
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.dbt_plugin.graph import ALL, FORGOTTEN, WARNED, Done, version_of_all
from duckhouse.dbt_plugin.messages import EVERY_BUILD
from duckhouse.dbt_plugin.project_graph import WITH_RELATION, graph_of
from duckhouse.dbt_plugin.refusals import refuse_missing_zones, refuse_name
from duckhouse.dbt_plugin.tested import ALL_DAYS
from duckhouse.dbt_plugin.warehouses import ClickHouse, DuckDB, NodeRun, Query, row_counts, through
from duckhouse.settings import is_publishing, landing_dir, published_beside
from duckhouse.turns import turn

CONNECTION = "up_to_date"
TURN = "turn"
REPORTING = "reporting"  # the folder of models, whatever the schema is called on a target
OF_RULES = "quality"  # the tag of nodes that read rules; their group finds out which areas are built


class Notes:
    """What is known about the nodes of one command, in the warehouse of its target."""

    def __init__(self, task: Any) -> None:
        manifest: Manifest = task.manifest
        adapter = get_adapter(task.config)
        credentials = task.config.credentials
        self.adapter = adapter
        self.told = self.told_areas = False
        self.whole: Done | None = None  # says that everything is up to date; recorded once the published copy is, too
        self.graph = graph_of(manifest)
        self.exposures = set(manifest.exposures)
        self.every_build = {node.unique_id for node in manifest.nodes.values() if EVERY_BUILD in node.tags}
        self.views_of_areas = {node.unique_id for node in manifest.nodes.values() if is_view_of_area(node)}
        if credentials.type == "duckdb":
            refuse_name(credentials.path, credentials.database, {schema for schema, _ in self.relations})
        self.query = through(adapter)
        self.warehouse: DuckDB | ClickHouse = (
            DuckDB(self.query, Path(task.config.project_root) / landing_dir())
            if credentials.type == "duckdb"
            else ClickHouse(self.query, credentials.schema)
        )
        self.copy = published_beside(Path(credentials.path)) if credentials.type == "duckdb" else Path()
        self.place: BlockPlace = (
            BesideCopy(self.copy) if credentials.type == "duckdb" else InTable(self.query, credentials.schema)
        )
        variables = {name: value for name, value in task.config.cli_vars.items() if name != ALL_DAYS}
        self.code = fingerprint(Path(task.config.project_root), variables)
        with adapter.connection_named(CONNECTION):
            self.deliveries = self.warehouse.deliveries()
            self.records = self.warehouse.records()
            self.counts = row_counts(self.query, self.relations)
        self.versions = self.graph.versions(self.code, self.deliveries)
        self.current = self.up_to_date()

    @property
    def is_published(self) -> bool:
        """Whether builds make a copy for readers; on ClickHouse people read the databases themselves."""
        return isinstance(self.warehouse, DuckDB) and is_publishing()

    @property
    def relations(self) -> set[tuple[str, str]]:
        return {node.relation for node in self.graph.nodes if node.relation}

    def without_other_areas(self, selected: set[str]) -> set[str]:
        """Leaves out the views of findings whose own area is not built: findings cover all areas, so a build of one
        area selects everything that reads them."""
        left_out = selected & self.graph.unreadable(self.views_of_areas, selected, self.counts)
        if left_out and not self.told_areas:
            fire_event(Note(msg=f"{len(left_out)} nodes of areas that are not built are left out"))
            self.told_areas = True
        return selected - left_out

    def up_to_date(self) -> set[str]:
        graph = self.graph.without(self.graph.absent(self.records, self.counts))
        return graph.up_to_date(self.versions, self.records, self.counts)

    def without_up_to_date(self, selected: set[str]) -> set[str]:
        """The nodes that a build runs: those that are not up to date, that warned, or that report open findings."""
        left_out = {node for node in selected & self.current if self.records[node].outcome != WARNED} - self.every_build
        if left_out and not self.told:
            could_run = sum(1 for step in self.graph.nodes if step.id in selected)
            fire_event(Note(msg=f"{len(left_out)} of {could_run} nodes are up to date and left out"))
            self.told = True
        return selected - left_out - self.exposures  # exposures make nothing, and each would print a line

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Only one command at a time writes to a prefix on ClickHouse; DuckDB opens a file for one writer anyway."""
        if isinstance(self.warehouse, DuckDB):
            yield
            return
        try:
            with turn(self.warehouse.prefix, self.asking):
                yield
        except UserError as error:
            raise DbtRuntimeError(str(error)) from None

    @contextmanager
    def asking(self) -> Iterator[Query]:
        with self.adapter.connection_named(TURN):
            yield self.query

    def refuse_without_landing(self, nodes: set[str]) -> None:
        if isinstance(self.warehouse, DuckDB):
            read = {source for node in self.graph.nodes if node.id in nodes for source, _ in node.tables}
            refuse_missing_zones(self.warehouse.landing, read)

    def forget(self, nodes: set[str]) -> None:
        """Also records nodes that are started for the first time, so that they count as missing where they fail."""
        written = dict.fromkeys(sorted(nodes | ({ALL} & self.records.keys())), FORGOTTEN)
        if written:
            with self.adapter.connection_named(CONNECTION):
                self.warehouse.write(written)
            self.records |= written
        self.current -= nodes

    def not_done(self) -> list[str]:
        """The nodes of the project that a run has started and none has ended well."""
        return [node.id for node in self.graph.nodes if self.records.get(node.id) == FORGOTTEN]

    def note(self, results: list[Any]) -> None:
        """Records what the run made up to date."""
        done = {result.node.unique_id: (str(result.status), finished(result)) for result in results}
        with self.adapter.connection_named(CONNECTION):
            self.counts = row_counts(self.query, self.relations)
            absent = self.graph.absent(self.records, self.counts)
            known = self.graph.without(absent)
            new, is_all = known.to_record(self.versions, self.current, self.records, done, self.counts)
            if is_all and not absent:
                last = max(at for _, at in done.values())
                self.whole = Done(version_of_all(self.code, self.deliveries), "success", last)
                if not self.is_published:
                    new[ALL] = self.whole
            if new:
                self.warehouse.write(new)
                self.records |= new
            if runs := [run_of(result) for result in results if made_relation(result)]:
                self.warehouse.write_runs(runs)

    def end(self, results: list[Any]) -> None:
        """Publishes what passed, or records what failed, for people and other commands, and says it."""
        undone = {node.id for node in self.graph.nodes} - self.up_to_date()
        with self.adapter.connection_named(CONNECTION):
            failed = failures(self.adapter, [result for result in results if result.node.unique_id in undone])
            before = self.place.read()
        block = block_after(before, failed, results, undone)
        if self.is_published and not failed:
            self.publish()
        self.replace_block(before, block)
        if failed and (told := blocked_by(block, self.place.is_in_place)):
            fire_event(Note(msg="\n".join(lines(told, self.place.published_at()))), level=EventLevel.ERROR)

    def replace_block(self, before: Block | None, after: Block | None) -> None:
        try:
            with self.adapter.connection_named(CONNECTION):
                if after is None:
                    self.place.remove()
                elif after != before:
                    self.place.write(after)
        except OSError as error:
            raise DbtRuntimeError(refusal(error, self.copy)) from None

    def publish(self) -> None:
        """Replaces the copy that people read where it is older than what is built, unless something is not done."""
        from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS, records_of

        built = self.graph.built(self.counts, PUBLISHED_SCHEMAS)
        if undone := self.graph.unfinished(self.up_to_date(), self.records, self.counts, built):
            fire_event(Note(msg=not_published(undone)))
            return
        held = records_of(self.copy)
        if any(held.get(node) != self.records.get(node) for node in self.graph.shown(built)):
            self.replace_copy(set(built.values()))
        if self.whole:
            with self.adapter.connection_named(CONNECTION):
                self.warehouse.write({ALL: self.whole})

    def replace_copy(self, relations: set[tuple[str, str]]) -> None:
        from duckhouse.dbt_plugin.published import RECORDS, publish

        path = self.copy
        started = time.perf_counter()
        try:
            with self.adapter.connection_named(CONNECTION):
                publish(self.query, relations | {RECORDS}, path)
        except OSError as error:
            raise DbtRuntimeError(refusal(error, path)) from None
        except DbtRuntimeError as error:
            told = f"{path} is not replaced: {error.msg.splitlines()[0]}; the next dbt build publishes what is built"
            raise DbtRuntimeError(told) from None
        seconds = time.perf_counter() - started
        fire_event(Note(msg=f"published {len(relations)} tables in {path} ({seconds:.1f} s)"))


def not_published(undone: list[str]) -> str:
    more = f" (and {len(undone) - 1} more)" if len(undone) > 1 else ""
    return (
        f"nothing is published, because {undone[0].split('.')[2]} failed or is out of date{more}: "
        "dbt build makes and tests everything"
    )


def finished(result: Any) -> str:
    """When a node was done, in UTC, as a text that sorts like the time."""
    ended = [timing.completed_at for timing in result.timing if timing.completed_at]
    return max(ended, default=datetime.now(UTC).replace(tzinfo=None)).isoformat(timespec="microseconds")


def made_relation(result: Any) -> bool:
    return result.node.resource_type in WITH_RELATION and result.status != NodeStatus.Skipped


def run_of(result: Any) -> NodeRun:
    return NodeRun(
        result.node.unique_id, get_invocation_id(), finished(result), str(result.status), result.execution_time
    )


def is_view_of_area(node: Any) -> bool:
    return (
        node.resource_type == NodeType.Model
        and node.fqn[1] == REPORTING
        and OF_RULES in node.tags
        and node.group != OF_RULES
    )
