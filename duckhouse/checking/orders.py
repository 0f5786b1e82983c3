"""Checks that any order of deliveries, a full refresh and both engines publish the same rows, in a separate folder."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from math import factorial
from pathlib import Path
from random import Random

import duckdb
from dbt.contracts.graph.manifest import Manifest

from duckhouse import builds, cli, duck
from duckhouse.checking.deliveries import Arriving, arriving
from duckhouse.dbt_plugin.project_graph import macros_of
from duckhouse.landing.load import load
from duckhouse.landing.manifest import Delivery, iso
from duckhouse.landing.zone import Zone, prepare
from duckhouse.processes import embedded_clickhouse
from duckhouse.settings import environment
from duckhouse.sources import FILES, Source, load_source
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.dumps import count_differences, dump
from duckhouse.warehouse.parity import Model, compare_all, describe, published_in
from duckhouse.warehouse.push import push_source

BUILD = ("--log-level", "none", *builds.WITHOUT_FILES, "build", "--exclude-resource-type", "test", "unit_test")
BUILT = ("model", "snapshot", "seed")
GATHERS = {"macro.duckhouse.judged_sources", "macro.duckhouse.built_facts"}
"""Models that read all sources, and leave out those that are not built, call one of these or a macro that does."""
CLICKHOUSE = ("HOST", "PORT", "USER", "PASSWORD", "SECURE", "PREFIX", "CLUSTER")

Order = tuple[int, ...]
Say = Callable[[str], object]


@dataclass(frozen=True)
class Workshop:
    """The check's own landing zone and DuckDB file. Deliveries wait on a shelf until they arrive."""

    folder: Path
    source: Source
    deliveries: tuple[Delivery, ...]

    @property
    def duckdb(self) -> Path:
        return self.folder / "duckhouse.duckdb"

    def show(self, places: Sequence[int]) -> None:
        """Makes the landing zone hold these deliveries and no others."""
        for place, delivery in enumerate(self.deliveries):
            shelf = self.folder / "shelf" / delivery.id
            landed = Zone(self.source).delivery_path(delivery.id)
            origin, target = (shelf, landed) if place in places else (landed, shelf)
            if origin.exists():
                target.parent.mkdir(exist_ok=True)
                origin.rename(target)


def check(name: str, drops: Sequence[Path], *, shuffled: int, seed: int, first_at: datetime | None, say: Say) -> bool:
    """Whether the published tables of a source are the same in every order, in a full refresh, and on ClickHouse.

    `say` gets a line for each step and each table. Raises UserError where the check cannot run or a build fails.
    """
    source = load_source(name)
    if source.kind != FILES:
        raise cli.UserError(
            f"{name}: its data do not come as files (kind {source.kind}), so there is no drop to land in another order"
        )
    expected = arriving(source, drops, first_at)
    with _folder() as folder, environment(settings_of(folder)):
        workshop = Workshop(folder, source, tuple(_land(source, expected, say)))
        differences = _differences(workshop, orders_of(len(workshop.deliveries), shuffled, seed), say)
        if not differences:
            shutil.rmtree(folder)
    if differences:
        say(f"what each build made is in {folder}: remove it when you have seen it")
    return not differences


@contextmanager
def _folder() -> Iterator[Path]:
    """A new folder. It is kept where a build fails, and removed however else the check ends."""
    folder = Path(tempfile.mkdtemp(prefix="duckhouse-check-"))
    try:
        yield folder
    except builds.BuildError as error:
        # dbt adds the macros that led there, one per line
        told = [line.strip() for line in str(error).splitlines() if not line.strip().startswith(">")]
        raise cli.UserError(f"{' '.join(filter(None, told))}; what was built is in {folder}") from None
    except BaseException:
        shutil.rmtree(folder)
        raise


def settings_of(folder: Path) -> dict[str, str]:
    """Settings that put everything the project writes into this folder; ClickHouse is the embedded one."""
    return {
        "DUCKHOUSE_LANDING": str(folder / "landing"),
        "DUCKHOUSE_DUCKDB": str(folder / "duckhouse.duckdb"),
        "DUCKHOUSE_PUBLISH": "false",
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DUCKHOUSE_ELEMENTARY": "",
        **{f"CLICKHOUSE_{name}": "" for name in CLICKHOUSE},
    }


def orders_of(deliveries: int, shuffled: int, seed: int) -> list[Order]:
    """The given order, its reverse, and that many shuffled ones; no order twice."""
    given = tuple(range(deliveries))
    orders = list(dict.fromkeys([given, given[::-1]]))
    random = Random(seed)  # noqa: S311 (no secret)
    while len(orders) < min(2 + shuffled, factorial(deliveries)):
        order = tuple(random.sample(given, deliveries))
        if order not in orders:
            orders.append(order)
    return orders


def nodes_of(project: Manifest, source: str) -> list[str]:
    """The nodes that are built from this source alone, with the seeds and others that they need, for --select."""

    @cache
    def is_made_from_it(node_id: str) -> bool:
        return node_id.startswith(own) or any(map(is_made_from_it, parents(node_id)))

    @cache
    def stands_alone(node_id: str) -> bool:
        if node_id.startswith("source."):
            return node_id.startswith(own)
        node = project.nodes[node_id]
        gathers = not GATHERS.isdisjoint(macros_of(node.depends_on.macros, project))
        return gathers or all(map(stands_alone, parents(node_id)))

    def parents(node_id: str) -> list[str]:
        node = project.nodes.get(node_id)
        return list(node.depends_on_nodes) if node else []

    own = f"source.{project.metadata.project_name}.{source}."
    known = [key for key, node in project.nodes.items() if node.resource_type in BUILT]
    wanted = {key for key in known if is_made_from_it(key) and stands_alone(key)}
    waiting = list(wanted)
    while waiting:
        needed = {key for key in parents(waiting.pop()) if key in project.nodes and stands_alone(key)} - wanted
        wanted |= needed
        waiting += needed
    return sorted(project.nodes[key].name for key in wanted)


def _land(source: Source, expected: Sequence[Arriving], say: Say) -> Iterator[Delivery]:
    prepare(source)
    for number, drop in enumerate(expected, 1):
        [outcome] = load(source, drop.paths, delivered_at=drop.at, redelivery=False, dry_run=False)
        for name, reason in (*outcome.unknown, *outcome.failed):
            say(f"not landed: {name}: {reason}")
        if outcome.delivery is None:
            raise cli.UserError(f"{drop.name}: nothing of it lands as a delivery of its own: leave it out")
        files = outcome.delivery.files
        records = sum(file.records_landed for file in files)
        say(f"delivery {number}, {drop.name}, {iso(drop.at)}: {len(files)} files, {records:,} records")
        yield outcome.delivery


def _differences(workshop: Workshop, orders: Sequence[Order], say: Say) -> dict[str, list[str]]:
    """A line for each table that differs."""
    project = builds.parse("--log-level", "none", target="dev")
    nodes = nodes_of(project, workshop.source.name)
    published = [model for model in published_in(project) if model.name in nodes]
    if not published:
        raise cli.UserError(f"{workshop.source.name}: no mart is made from it, so there is nothing to compare")
    for order in orders:
        with _timed(f"order {_shown(order)}: built after each delivery", say):
            _arrive(workshop, order, "dev", nodes, project)
        _keep(workshop, order)
    with _timed("full refresh: all in one build", say):
        workshop.show(orders[0])
        _build("dev", nodes, project, "full refresh")
    dump(workshop.folder / "full-refresh", "dev")
    rows, differences = _compare(workshop, orders)
    if find_spec("chdb"):
        _try_clickhouse(workshop, orders[min(1, len(orders) - 1)], nodes, published, differences, say)
    else:
        say("ClickHouse: not checked, because chdb is not installed (pip install '.[clickhouse]')")
    for table, count in rows.items():
        told = differences.get(table)
        say(f"DIFFERS  {table}: {'; '.join(told)}" if told else f"equal    {table}: {count:,} rows")
    return differences


def _arrive(workshop: Workshop, order: Order, target: str, nodes: Sequence[str], project: Manifest) -> None:
    """Lets the deliveries arrive in an order, and builds after each one."""
    for last in range(len(order)):
        workshop.show(order[: last + 1])
        if target == "prod":
            push_source(connect(), workshop.source.name)
        _build(target, nodes, project, f"order {_shown(order)}, delivery {order[last] + 1}")


def _build(target: str, nodes: Sequence[str], project: Manifest, when: str) -> None:
    try:
        builds.invoke(*BUILD, "--select", *nodes, target=target, manifest=project)
    except builds.BuildError as error:
        raise builds.BuildError(f"{when}: {error}") from None


def _keep(workshop: Workshop, order: Order) -> None:
    """Puts aside what an order has made; the next order starts from nothing."""
    folder = workshop.folder / f"order-{_shown(order).replace(' ', '-')}"
    dump(folder, "dev")
    workshop.duckdb.rename(folder / workshop.duckdb.name)
    workshop.show([])


def _compare(workshop: Workshop, orders: Sequence[Order]) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The rows of each table after the full refresh, and a line for each table that differs from it in an order."""
    at_once = {path.stem: path for path in sorted((workshop.folder / "full-refresh").glob("*.parquet"))}
    rows: dict[str, int] = {}
    differences: dict[str, list[str]] = {}
    with duckdb.connect() as connection:
        for table, path in at_once.items():
            for order in orders:
                name = f"order-{_shown(order).replace(' ', '-')}"
                ours, theirs = (
                    f"from read_parquet({duck.literal(file)})" for file in (workshop.folder / name / path.name, path)
                )
                only_ours, only_theirs, rows[table] = count_differences(connection, ours, theirs)
                if only_ours or only_theirs:
                    file = workshop.folder / f"{table}.{name}.csv"
                    _write_differences(connection, ours, theirs, file)
                    differences.setdefault(table, []).append(
                        f"order {_shown(order)} has {only_ours:,} rows that a full refresh has not, and lacks "
                        f"{only_theirs:,} ({file})"
                    )
    return rows, differences


def _write_differences(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str, file: Path) -> None:
    connection.execute(
        f"copy (select 'in this order' as found, * from (({ours}) except all ({theirs})) "
        f"union all select 'in a full refresh', * from (({theirs}) except all ({ours})) order by all) "
        f"to {duck.literal(file)} (format csv, header)"
    )


def _try_clickhouse(
    workshop: Workshop,
    order: Order,
    nodes: Sequence[str],
    published: Sequence[Model],
    differences: dict[str, list[str]],
    say: Say,
) -> None:
    """Builds the order on ClickHouse, and adds its differences from the full refresh on DuckDB."""
    workshop.show([])
    with embedded_clickhouse("--port", "0", "--data", str(workshop.folder / "clickhouse")):
        project = builds.parse("--log-level", "none", target="prod")
        with _timed(f"ClickHouse, order {_shown(order)}: pushed and built after each delivery", say):
            _arrive(workshop, order, "prod", nodes, project)
        results = compare_all(published)
    for result in results:
        if not result["equal"]:
            file = workshop.folder / f"{result['model']}.clickhouse.txt"
            file.write_text("\n".join(describe(result)) + "\n", encoding="utf-8")
            told = result.get("problem") or (
                f"has {result['only_on_prod']:,} rows that DuckDB has not, and lacks {result['only_on_dev']:,}"
            )
            differences.setdefault(result["model"], []).append(f"ClickHouse {told} ({file})")


@contextmanager
def _timed(what: str, say: Say) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"{what}, {time.monotonic() - began:.0f} s")


def _shown(order: Order) -> str:
    return " ".join(str(place + 1) for place in order)
