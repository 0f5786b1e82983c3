"""python -m scripts.check_source NAME DROP sees a mart that depends on the order, and one that depends on the engine.

It is run on a project of two small sources. The shop has a mart of each kind of fault beside one that is right; the
stall is right, and is checked as on a machine without chdb.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from duckhouse.settings import PROJECT
from support.projects import copied

PARTS = ("duckhouse", "scripts", "macros", "tests/generic", "dbt_project.yml", "profiles.yml", "packages.yml")

DECLARED = """
sources:
  - name: {source}
    schema: raw_{source}
    config: {{meta: {{zone: {source}, kind: files}}}}
    tables:
      - name: orders
        config: {{meta: {{files: [orders.csv], key: order_id}}}}
        columns:
          - {{name: order_id, config: {{meta: {{type: id}}}}}}
          - {{name: paid, config: {{meta: {{type: money, as_delivered: false}}}}}}
      - name: _files
      - name: _rejected
"""
STAGED = "{{{{ staged_records('{source}', 'orders') }}}}"
MART = """
  - name: {name}
    config: {{meta: {{grain: [order_id, _delivery_id]}}}}
    columns:
      - {{name: order_id, data_type: text_nullable}}
      - {{name: paid, data_type: {paid}}}
      - {{name: _delivery_id, data_type: category}}
"""
LATEST = """
select order_id, paid, _delivery_id from {{{{ ref('stg_{source}__orders') }}}}
qualify row_number() over (partition by order_id order by _delivery_id desc) = 1
"""
# takes what is newer than all that it holds: an older delivery that arrives late is never read
NEWEST_ONLY = """
{{ config(materialized='incremental', on_schema_change='fail', incremental_strategy='append') }}
select order_id, paid, _delivery_id from {{ ref('stg_shop__orders') }}
{% if is_incremental() %} where _delivery_id > (select max(_delivery_id) from {{ this }}) {% endif %}
"""
# DuckDB rounds a float that becomes an integer, ClickHouse cuts it
ROUNDED = """
select order_id, cast(cast(paid as double) as {{ sql_type('integer_nullable') }}) as paid, _delivery_id
from {{ ref('stg_shop__orders') }}
"""
MARTS: Mapping[str, Mapping[str, str]] = {
    "shop": {"fct_latest": LATEST.format(source="shop"), "fct_newest_only": NEWEST_ONLY, "fct_rounded": ROUNDED},
    "stall": {"fct_stall": LATEST.format(source="stall")},
}
# o2 is corrected: 2.50, then 3.50; o3 is new
DELIVERIES = {
    "2026-03-01": "order_id,paid\no1,10.00\no2,2.50\n",
    "2026-03-02": "order_id,paid\no2,3.50\no3,1.00\n",
}
WITHOUT_CHDB = (
    "import sys; sys.modules['chdb'] = None; from duckhouse import cli; from scripts import check_source; "
    "cli.run(check_source.main)"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with two sources of its own instead of those that are there."""
    copy = copied(PARTS, tmp_path_factory.mktemp("project"))
    for source, marts in MARTS.items():
        staging, folder = copy / "models" / "staging" / source, copy / "models" / "marts" / source
        staging.mkdir(parents=True)
        folder.mkdir(parents=True)
        (staging / f"_{source}__sources.yml").write_text(DECLARED.format(source=source))
        (staging / f"stg_{source}__orders.sql").write_text(STAGED.format(source=source))
        for name, query in marts.items():
            (folder / f"{name}.sql").write_text(query)
        kinds = {name: "integer_nullable" if name == "fct_rounded" else "money_nullable" for name in marts}
        texts = [MART.format(name=name, paid=kind) for name, kind in kinds.items()]
        (folder / f"_{source}__models.yml").write_text("models:" + "".join(texts))
    return copy


def run(project: Path, home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the command, whose temporary folders are in `home`."""
    packages = os.environ.get("DBT_PACKAGES_FOLDER") or str(PROJECT / "dbt_packages")
    left_alone = ("DBT_TARGET_PATH", "DBT_LOG_PATH", "DUCKHOUSE_LANDING", "DUCKHOUSE_DUCKDB")
    env = {name: value for name, value in os.environ.items() if name not in left_alone}
    env |= {"DBT_PACKAGES_FOLDER": packages, "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *words], cwd=project, env=env, capture_output=True, text=True)


def drops(folder: Path, deliveries: Mapping[str, str]) -> Path:
    for name, orders in deliveries.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "orders.csv").write_text(orders)
    return folder


def test_a_mart_that_depends_on_the_order_and_one_that_depends_on_the_engine_are_named(
    project: Path, tmp_path: Path
) -> None:
    before = {path.name for path in project.iterdir()}
    given = drops(tmp_path / "drops", DELIVERIES)
    done = run(project, tmp_path, "-m", "scripts.check_source", "shop", given)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "delivery 1, 2026-03-01, 2026-03-01T00:00:00.000000Z: 1 files, 2 records",
        "delivery 2, 2026-03-02, 2026-03-02T00:00:00.000000Z: 1 files, 2 records",
    ]
    steps = [line.split(":")[0] for line in lines[2:6]]
    assert steps == ["order 1 2", "order 2 1", "full refresh", "ClickHouse, order 2 1"]
    latest, newest, rounded, kept = lines[6:]
    [folder] = tmp_path.glob("duckhouse-check-*")
    assert latest == "equal    fct_latest: 3 rows"
    # after delivery 2 only its two records are there, and those of delivery 1 never come
    assert newest == (
        f"DIFFERS  fct_newest_only: order 2 1 has 0 rows that a full refresh has not, and lacks 2 "
        f"({folder}/fct_newest_only.order-2-1.csv); "
        f"ClickHouse has 0 rows that DuckDB has not, and lacks 2 ({folder}/fct_newest_only.clickhouse.txt)"
    )
    # 2.50 and 3.50 are 2 and 4 on DuckDB, 2 and 3 on ClickHouse
    assert rounded == (
        "DIFFERS  fct_rounded: ClickHouse has 1 rows that DuckDB has not, and lacks 1 "
        f"({folder}/fct_rounded.clickhouse.txt)"
    )
    assert kept == f"what each build made is in {folder}: remove it when you have seen it"
    rows = (folder / "fct_newest_only.order-2-1.csv").read_text().splitlines()
    assert rows[0].startswith("found,order_id,paid,_delivery_id")
    assert [row.split(",")[:2] for row in rows[1:]] == [["in a full refresh", "o1"], ["in a full refresh", "o2"]]
    assert "paid is 4 on dev, 3 on prod" in (folder / "fct_rounded.clickhouse.txt").read_text()
    assert {path.name for path in project.iterdir()} == before


def test_a_source_in_order_without_chdb(project: Path, tmp_path: Path) -> None:
    given = drops(tmp_path / "drops", {"only": DELIVERIES["2026-03-01"]})
    words = ("-c", WITHOUT_CHDB, "stall", given / "only", "--delivered-at", "2026-03-01T06:00:00Z")
    done = run(project, tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    landed, *_, clickhouse, stall = done.stdout.splitlines()
    assert landed == "delivery 1, part 1, 2026-03-01T06:00:00.000000Z: 1 files, 2 records"
    assert [clickhouse, stall] == [
        "ClickHouse: not checked, because chdb is not installed (pip install '.[clickhouse]')",
        "equal    fct_stall: 2 rows",
    ]
    assert not list(tmp_path.glob("duckhouse-check-*"))
