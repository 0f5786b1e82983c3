"""The metrics of models/metrics, asked of MetricFlow on DuckDB and of the views on both engines."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from dbt.contracts.graph.semantic_manifest import SemanticManifest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from duckhouse.metrics import Metric, metrics
from support.dbt import environment, parsed
from support.warehouse import Warehouse

Groups = dict[Any, Any]
"""The figures of a metric by the value of what groups it."""

Figures = Mapping[str, Callable[[Any], Any] | tuple[str, str]]
"""For each metric what a row adds to it, None if nothing is known, or the two metrics of which it is the ratio."""


class WritesSql:
    """What MetricFlow needs of an engine to write SQL for it."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@dataclass(frozen=True)
class Grouping:
    """The same groups as mf query --group-by names them, as plain Python takes them from a row, and as a column of a
    view that has the columns of the metrics, if there is one."""

    by: str
    of: Callable[[Any], Any]
    view: str | None = None
    column: str = ""


def write_semantic_manifest(house: Warehouse, path: Path) -> None:
    """What mf reads: the semantic models and metrics as dbt has parsed them for the DuckDB file of the warehouse."""
    with environment(house.env):
        SemanticManifest(parsed(target="dev")).write_json_to_file(str(path))


def metricflow(house: Warehouse) -> MetricFlowEngine:
    path = house.folder / "semantic_manifest.json"
    write_semantic_manifest(house, path)
    manifest = parse_manifest_from_dbt_generated_manifest(manifest_json_string=path.read_text())
    return MetricFlowEngine(SemanticManifestLookup(manifest), WritesSql())


def asked_of_mf(house: Warehouse, engine: MetricFlowEngine, metric: str, by: str) -> Groups:
    request = MetricFlowQueryRequest.create(metric_names=[metric], group_by_names=[by])
    return _groups(house.rows(engine.explain(mf_request=request).sql_statement.without_descriptions.sql))


def asked_of_view(house: Warehouse, target: str, metric: Metric, view: str, column: str) -> Groups:
    """As a dashboard asks."""
    query = f"select {view}.{column}, {metric.over(view)} as {metric.column} from {{}}reporting.{view} group by 1"
    if target == "dev":
        return _groups(house.rows(query.format("")))
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        return _groups(client.query(query.format(f"{house.prefix}_")).result_rows)


def _groups(rows: Iterable[tuple[Any, Any]]) -> Groups:
    return {group.date() if isinstance(group, dt.datetime) else group: value for group, value in rows}


def assert_metrics(
    house: Warehouse,
    rows: Iterable[Any],
    figures: Figures,
    groupings: Iterable[Grouping],
    *,
    is_rounded: bool = False,
) -> None:
    """MetricFlow and the views of both engines agree with plain Python about all metrics of a view.

    Groups that only a view has hold nothing. Columns of the views are sums to the last digit, or `is_rounded` to six
    decimals.
    """
    known, engine, rows = metrics(), metricflow(house), list(rows)
    of_views = {known[name].view for name in figures}
    assert figures.keys() == {name for name, metric in known.items() if metric.view in of_views}
    for grouping in groupings:
        groups = defaultdict(list)
        for row in rows:
            groups[grouping.of(row)].append(row)
        for name in figures:
            expected = {key: figure(name, of_key, figures) for key, of_key in groups.items()}
            found = {"mf": asked_of_mf(house, engine, name, grouping.by)}
            if grouping.view:
                for target in ("dev", "prod"):
                    found[target] = asked_of_view(house, target, known[name], grouping.view, grouping.column)
                    others = {key: found[target].pop(key) for key in found[target].keys() - expected.keys()}
                    assert not any(others.values()), (name, grouping, target)
            for asked, told in found.items():
                if is_rounded:
                    told, wanted = as_floats(told), pytest.approx(as_floats(expected), rel=1e-7, nan_ok=True)
                else:
                    wanted = expected
                assert told == wanted, (name, grouping.by, asked)


def as_floats(groups: Groups) -> Groups:
    return {key: nan if value is None else float(value) for key, value in groups.items()}


def figure(name: str, rows: Iterable[Any], figures: Figures) -> Any:
    made_from = figures[name]
    if callable(made_from):
        known = [number for row in rows if (number := made_from(row)) is not None]
        return sum(known) if known else None
    part, whole = (figure(of, rows, figures) for of in made_from)
    return float(part) / float(whole) if whole and part is not None else None
