"""The metrics of models/metrics: what is declared, its SQL on both engines, what is refused, and mf from a shell.

Figures over real deliveries are compared where these are built: test_reporting_*.py, test_consent_cases.py and
test_telemetry_marts.py call support.metrics.assert_metrics.
"""

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb
import pytest
import yaml

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.metrics import Metric, metrics
from duckhouse.metrics.catalogue import catalogue, groups_of
from duckhouse.metrics.definitions import semantic_models
from duckhouse.processes import DBT
from duckhouse.project import manifest
from duckhouse.settings import PROJECT
from support.metrics import metricflow, write_semantic_manifest
from support.warehouse import Warehouse

FIGURES = "(day varchar, impressions bigint, clicks bigint, revenue_usd decimal(38, 6), moved_usd decimal(38, 6))"
ON_CLICKHOUSE = (
    "(day String, impressions Int64, clicks Int64, revenue_usd Decimal(38, 6), moved_usd Nullable(Decimal(38, 6)))"
)
ROWS = """values
    ('full', 3, 1, 7654321.123456, null), ('full', 4, 1, 0.000001, 0.5), ('no impressions', 0, 2, -1, null),
    ('odd', 3, 2, 0.1, -0.25), ('odd', 0, 0, 0.2, 0.25),
    ('vast', 0, 0, '12345678901234567890.123456', null), ('vast', 0, 0, 0.000001, null)"""


def simple(column: str) -> Metric:
    return Metric(column, column, column, "count", "rpt_days", column)


ASKED = {
    "impressions": simple("impressions"),
    "clicks": simple("clicks"),
    "revenue_usd": simple("revenue_usd"),
    "moved_usd": simple("moved_usd"),
    "ctr": Metric("ctr", "CTR", "Clicks per impression", "share", "rpt_days", "clicks", "impressions"),
    "cpm": Metric("cpm", "CPM", "Revenue per impression", "usd", "rpt_days", "revenue_usd", "impressions"),
}


@pytest.fixture(scope="module")
def figures(shared_house: Warehouse) -> Warehouse:
    """A view of one name with the same rows on both engines."""
    with duckdb.connect(str(shared_house.duckdb)) as connection:
        connection.execute(f"create schema reporting; create table reporting.rpt_days {FIGURES}")
        connection.execute(f"insert into reporting.rpt_days {ROWS}")
    with clickhouse_connect.get_client(host="127.0.0.1", port=shared_house.clickhouse_port) as client:
        client.command("create database duckhouse_reporting")
        client.command(f"create table duckhouse_reporting.rpt_days {ON_CLICKHOUSE} engine Memory")
        client.command(f"insert into duckhouse_reporting.rpt_days {ROWS}")
    return shared_house


def asked(house: Warehouse, target: str, columns: str, rest: str = "") -> list[tuple[Any, ...]]:
    """All metrics of one view in one query, under the names of its columns: aliases that ClickHouse would prefer."""
    chosen = ", ".join(f"{metric.expression} as {name}" for name, metric in ASKED.items())
    query = f"select {columns}{chosen} from {{}}reporting.rpt_days {rest}"
    if target == "dev":
        return house.rows(query.format(""))
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        return [tuple(row) for row in client.query(query.format("duckhouse_")).result_rows]


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_sums_are_exact_and_ratios_unknown_without_a_denominator(figures: Warehouse, target: str) -> None:
    assert asked(figures, target, "day, ", "group by day order by day") == [
        ("full", 7, 2, Decimal("7654321.123457"), Decimal("0.5"), 2 / 7, 7654321.123457 / 7),
        ("no impressions", 0, 2, Decimal(-1), None, None, None),
        ("odd", 3, 2, Decimal("0.3"), Decimal(0), 2 / 3, 0.3 / 3),
        ("vast", 0, 0, Decimal("12345678901234567890.123457"), None, None, None),
    ]


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_without_rows_nothing_is_known(figures: Warehouse, target: str) -> None:
    assert asked(figures, target, "", "where day = 'never'") == [(None,) * len(ASKED)]


def test_every_metric_is_what_dbt_has_parsed() -> None:
    declared = manifest().metrics.values()
    assert {metric.name for metric in declared} == metrics().keys()
    for node in declared:
        metric = metrics()[node.name]
        said = " ".join(node.description.split())
        assert (node.label, said, node.config.meta["unit"]) == (metric.label, metric.description, metric.unit)
        assert node.type.value == ("ratio" if metric.divisor else "simple")


def test_semantic_models_name_columns_that_exist() -> None:
    columns = {node.name: set(node.columns) for node in manifest().nodes.values() if node.resource_type == "model"}
    nodes = manifest().semantic_models.values()
    assert {node.name for node in nodes} == semantic_models().keys()
    for node in nodes:
        model = semantic_models()[node.name]
        for element in [*node.entities, *node.dimensions, *node.measures]:
            named = set(re.findall(r"[a-z_]\w*", re.sub(r"'[^']*'", "", element.expr or element.name)))
            assert named - SQL_WORDS <= columns[model.model], (model.name, element.name)
        if model.measures:
            assert set(model.measures) <= columns[model.view or ""], model.name


SQL_WORDS = {"case", "when", "then", "else", "end", "and", "is", "null", "coalesce"}


def test_the_page_lists_what_mf_groups_by(shared_house: Warehouse) -> None:
    models = semantic_models()
    offered = {
        metric.name: {each.granularity_free_dunder_name for each in metric.dimensions}
        for metric in metricflow(shared_house).list_metrics()
    }
    assert offered.keys() == metrics().keys()
    page = catalogue("make")
    for metric in metrics().values():
        [model] = [model for model in models.values() if metric.column in model.measures]
        groups = groups_of(model, models)
        assert set(groups) - model.keys.keys() == offered[metric.name], metric.name
        assert f"| `{metric.name}` | {metric.unit} | **{metric.label}.** {metric.description} |" in page
        assert f"`{groups[-1]}`." in " ".join(page.split())


def test_a_project_without_metrics_has_no_page(tmp_path: Path) -> None:
    assert (metrics(tmp_path), catalogue("make", tmp_path)) == ({}, "")


def test_another_metric_builds_nothing_again(tmp_path: Path) -> None:
    (written(tmp_path, "metrics: []") / "models" / "days.yml").touch()
    before = fingerprint(tmp_path)
    (tmp_path / "models" / "metrics" / "shop.yml").write_text(yaml.safe_dump(DECLARED))
    assert fingerprint(tmp_path) == before
    (tmp_path / "models" / "days.yml").write_text("models: []")
    assert fingerprint(tmp_path) != before


# ---------- what is refused

DECLARED = yaml.safe_load("""
semantic_models:
  - name: days
    model: ref('fct_days')
    config: {meta: {view: rpt_days}}
    measures:
      - {name: impressions, agg: sum}
      - {name: clicks, agg: sum, expr: clicks_of_people + clicks_of_others}
  - name: spends
    model: ref('rpt_spends')
    measures:
      - {name: spend_usd, agg: sum}
metrics:
  - {name: impressions, label: Impressions, description: All., type: simple, type_params: {measure: impressions}}
  - {name: clicks, label: Clicks, description: All., type: simple, type_params: {measure: clicks}}
  - {name: spend, label: Spend, description: All., type: simple, type_params: {measure: spend_usd}}
  - name: ctr
    label: CTR
    description: Clicks per impression.
    type: ratio
    type_params: {numerator: clicks, denominator: impressions}
""")
for declared in DECLARED["metrics"]:
    declared["config"] = {"meta": {"unit": "count"}}
DAYS, SPENDS, CTR = ("semantic_models", 0), ("semantic_models", 1), ("metrics", 3)
GONE = object()


def changed(*place: Any, to: Any) -> dict[str, Any]:
    """What is declared with another value at a place, or without it."""
    whole = yaml.safe_load(yaml.safe_dump(DECLARED))
    node = whole
    for step in place[:-1]:
        node = node[step]
    if to is GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = to
    return whole


def written(folder: Path, text: str) -> Path:
    file = folder / "models" / "metrics" / "shop.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return folder


def test_what_is_declared_becomes_sql(tmp_path: Path) -> None:
    made = metrics(written(tmp_path, yaml.safe_dump(DECLARED)))
    assert list(made) == ["impressions", "clicks", "spend", "ctr"]
    assert made["spend"].expression == "case when count(rpt_spends.spend_usd) > 0 then sum(rpt_spends.spend_usd) end"
    ratio = "sum({0}.clicks) * 1e0 / nullif(sum({0}.impressions) * 1e0, 0)"
    assert (made["ctr"].expression, made["ctr"].over("rpt_weeks")) == (
        ratio.format("rpt_days"),
        ratio.format("rpt_weeks"),
    )


def test_a_change_is_seen_by_whoever_asked_before(tmp_path: Path) -> None:
    file = written(tmp_path, yaml.safe_dump(DECLARED)) / "models" / "metrics" / "shop.yml"
    assert metrics(tmp_path)["ctr"].label == "CTR"
    file.write_text(yaml.safe_dump(changed(*CTR, "label", to="Click-through rate")))
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    assert metrics(tmp_path)["ctr"].label == "Click-through rate"


@pytest.mark.parametrize(
    ("whole", "told"),
    [
        (changed(*CTR, "type", to="cumulative"), "metric ctr: type 'cumulative' cannot become SQL here: write simple"),
        (changed(*CTR, "type", to=GONE), "metric ctr: type None cannot become SQL"),
        (changed(*CTR, "filter", to="x"), "metric ctr: filter cannot become SQL here: write only config, description"),
        (changed(*CTR, "type_params", "numerator", to="views"), "ctr: numerator 'views' is no metric of type simple"),
        (changed(*CTR, "type_params", "numerator", to="ctr"), "ctr: numerator 'ctr' is no metric of type simple"),
        (changed(*CTR, "type_params", "numerator", to={"name": "clicks"}), "ctr: numerator {'name': 'clicks'} is no"),
        (
            changed(*CTR, "type_params", "denominator", to="spend"),
            "ctr: clicks is in rpt_days, spend in rpt_spends: us",
        ),
        (changed(*CTR, "type_params", "denominator", to=GONE), "type_params of type ratio are numerator and denom"),
        (changed(*CTR, "type_params", to=None), "type_params of type ratio are numerator and denominator"),
        (changed(*CTR, "config", "meta", "unit", to="euro"), "config.meta.unit 'euro': write usd, count, share, rat"),
        (changed(*CTR, "config", to=GONE), "metric ctr: config.meta.unit None"),
        (changed(*CTR, "config", to="meta"), "metric ctr: config is not keys and values"),
        (changed(*CTR, "label", to=" "), "metric ctr: needs a label and a description"),
        (changed(*CTR, "description", to=GONE), "metric ctr: needs a label and a description"),
        (changed(*CTR, "name", to="a-b"), "a metric is named 'a-b': write lower-case letters"),
        (changed(*CTR, "name", to="clicks"), "metric clicks is declared twice"),
        (changed("metrics", 0, "type_params", "measure", to="views"), "measure 'views' is no measure of a semantic"),
        (changed("metrics", to={"name": "ctr"}), "shop.yml: metrics is no list of entries"),
        (changed(*DAYS, "model", to="fct_days"), "semantic model days: model 'fct_days': write ref('<name of a"),
        (changed(*DAYS, "config", to=GONE), "semantic model days: say in config.meta.view which view"),
        (changed(*DAYS, "config", "meta", "view", to="fct_days"), "say in config.meta.view which view"),
        (changed(*DAYS, "measures", 0, "agg", to="max"), "measure impressions: agg 'max': only sums become SQL"),
        (changed(*DAYS, "measures", 0, "agg_params", to={}), "measure impressions: agg_params cannot become SQL here"),
        (changed(*DAYS, "measures", 0, "name", to="sum(x)"), "a measure is named 'sum(x)'"),
        (changed(*DAYS, "measures", 0, "name", to="spend_usd"), "measure spend_usd is declared twice"),
        (changed(*SPENDS, "measures", 0, "expr", to="a + b"), "rpt_spends has no such column: add the expr to the v"),
        (changed(*SPENDS, "name", to="days"), "semantic model days is declared twice"),
    ],
)
def test_what_cannot_become_sql_is_refused_in_one_line(whole: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        metrics(written(tmp_path, yaml.safe_dump(whole)))
    assert told in str(refused.value)
    assert str(refused.value).startswith("models/metrics/shop.yml: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [("metrics: [}", "not readable as YAML"), ("- metrics", "expected semantic_models and metrics")],
)
def test_what_is_no_yaml_of_dbt_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        metrics(written(tmp_path, text))


# ---------- mf from a shell

MESSAGES = """create schema marts; create table marts.agg_telemetry_quality_daily as from (values
    (date '2026-03-01', 'a', 'v1', 4, 3), (date '2026-03-02', 'b', 'v1', 4, 4), (date '2026-03-03', 'b', 'v2', 0, 0)
) as t(event_date, device_id, firmware_version, received, valid)"""  # 1 March 2026 is a Sunday


@pytest.fixture(scope="module")
def mf(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[list[str]]]:
    """mf in a folder that has what it reads of the project, with a DuckDB of one table."""
    folder = tmp_path_factory.mktemp("mf")
    house = Warehouse(folder, 0)
    with duckdb.connect(str(house.duckdb)) as connection:
        connection.execute(MESSAGES)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, folder)
    (folder / "target").mkdir()
    write_semantic_manifest(house, folder / "target" / "semantic_manifest.json")

    def ask(*words: str) -> list[list[str]]:
        out = folder / "answer.csv"
        command = [Path(DBT).with_name("mf"), "query", *words, "--csv", str(out), "--quiet"]
        env = {**os.environ, **house.env, "HTTPS_PROXY": "http://127.0.0.1:9"}  # mf asks for its newest version
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        with out.open(newline="") as file:
            return list(csv.reader(file))

    return ask


def test_mf_answers_from_a_shell(mf: Callable[..., list[list[str]]]) -> None:
    words = ("--metrics", "messages,valid_reading_share", "--group-by", "metric_time__week,message__firmware_version")
    header, *rows = mf(*words, "--order", "metric_time__week,message__firmware_version")
    assert header == ["metric_time__week", "message__firmware_version", "messages", "valid_reading_share"]
    assert [[row[0][:10], *row[1:]] for row in rows] == [
        ["2026-02-23", "v1", "4", "0.75"],
        ["2026-03-02", "v1", "4", "1.0"],
        ["2026-03-02", "v2", "0", ""],
    ]
