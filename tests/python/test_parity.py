"""Parity is green on equal rows and names the key, the columns and both values where they differ."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from support.drops import NO_TESTS
from support.projects import OF_DBT, copied
from support.warehouse import Warehouse, warehouse

READ = ("dim_ad_units", "dim_campaigns", "dim_publishers", "fct_ad_events_daily", "fct_publisher_performance")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("parity")
    with warehouse(only=READ) as built:
        size = ("--days", "2", "--events-per-day", "60", "--seed", "3")
        built.run("tools.generate", "ad_serving", *size, "--out", folder / "drop")
        built.land(folder / "drop", "--delivered-at", "2026-03-25T06:00:00Z")
        built.build(*NO_TESTS)
        yield built


@pytest.fixture
def client(house: Warehouse) -> Iterator[Client]:
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as connected:
        yield connected


def test_equal_rows_are_equal(house: Warehouse) -> None:
    assert all(result["equal"] for result in house.parity())


def test_a_model_that_one_engine_computes_otherwise_turns_parity_red(house: Warehouse, tmp_path: Path) -> None:
    """Revenue is one micro-dollar a row too high on ClickHouse alone."""
    project = copied(OF_DBT, tmp_path / "project")
    model = project / "models" / "marts" / "ad_serving" / "fct_publisher_performance.sql"
    sound = "{{ sums_of_measures() }}"
    assert sound in model.read_text()
    too_high = "sum(revenue_usd) + cast('0.000001' as decimal(38, 6)) as"
    broken = f"""{{{{ sums_of_measures() | replace('sum(revenue_usd) as', "{too_high}") }}}}"""
    model.write_text(model.read_text().replace(sound, broken))

    other = replace(house, prefix="broken", project=project)
    other.dbt("prod", "build", *NO_TESTS)
    results = {result["model"]: result for result in other.parity(code=1)}
    wrong = results.pop("fct_publisher_performance")
    assert all(result["equal"] for result in results.values())
    assert wrong["only_on_dev"] == wrong["only_on_prod"] == wrong["rows"]
    assert len(wrong["first_differences"]) == min(20, wrong["rows"])
    for difference in wrong["first_differences"]:
        assert set(difference["key"]) == {"event_date", "reporting_date", "publisher_id"}
        [(column, values)] = difference["columns"].items()
        assert column == "revenue_usd"
        assert values["prod"] - values["dev"] == 1


def test_missing_surplus_and_changed_rows_are_named_by_key(house: Warehouse, client: Client) -> None:
    table = "duckhouse_marts.dim_ad_units"
    before = client.query(f"select * from {table} order by ad_unit_id").result_rows
    [first, second, *_] = [row[0] for row in before]
    client.command(f"alter table {table} delete where ad_unit_id = '{first}' settings mutations_sync = 1")
    client.command(
        f"alter table {table} update ad_unit_name = 'Renamed' where ad_unit_id = '{second}' settings mutations_sync = 1"
    )
    client.command(f"insert into {table} (ad_unit_id, _delivery_id) values ('zz_new', 'd')")
    done = house.run("parity", "--select", "dim_ad_units", code=1)
    assert "DIFFERS  dim_ad_units: 2 rows only on dev, 2 only on prod" in done.stdout
    assert f"  ad_unit_id={first}: only on dev" in done.stdout
    assert "  ad_unit_id=zz_new: only on prod" in done.stdout
    assert f"  ad_unit_id={second}: ad_unit_name is " in done.stdout
    assert "'Renamed' on prod" in done.stdout
    house.dbt("prod", "run", "--select", "dim_ad_units")
    assert house.parity("--select", "dim_ad_units")[0]["equal"]


def test_a_row_that_is_there_twice_on_one_engine_is_a_difference(house: Warehouse, client: Client) -> None:
    table = "duckhouse_marts.dim_ad_units"
    client.command(f"insert into {table} select * from {table} limit 1")
    [twice] = house.parity("--select", "dim_ad_units", code=1)
    assert (twice["equal"], twice["only_on_dev"], twice["only_on_prod"]) == (False, 0, 1)
    house.dbt("prod", "run", "--select", "dim_ad_units")
    assert house.parity("--select", "dim_ad_units")[0]["equal"]


def test_a_column_of_another_type_or_a_missing_table_is_a_difference(house: Warehouse, client: Client) -> None:
    client.command("rename table duckhouse_marts.dim_campaigns to duckhouse_marts.kept")
    try:
        [gone] = house.parity("--select", "dim_campaigns", code=1)
        assert "duckhouse_marts.dim_campaigns cannot be read on prod" in gone["problem"]
        assert gone["problem"].endswith(": run dbt build --target prod")
        client.command(
            "create table duckhouse_marts.dim_campaigns engine = MergeTree order by tuple() "
            "as select * replace (cast(budget_usd as Nullable(Float64)) as budget_usd) from duckhouse_marts.kept"
        )
        [retyped] = house.parity("--select", "dim_campaigns", code=1)
        assert retyped["problem"] == "column budget_usd is decimal with scale 6 on dev, DOUBLE on prod"
    finally:
        client.command("drop table if exists duckhouse_marts.dim_campaigns")
        client.command("rename table duckhouse_marts.kept to duckhouse_marts.dim_campaigns")


def test_faults_of_the_user_are_one_line(house: Warehouse, tmp_path: Path) -> None:
    unknown = house.run("parity", "--select", "no_such_model", code=1)
    assert unknown.stderr.strip() == "error: --select no_such_model: no published model is selected"
    unbuilt = Warehouse(tmp_path, house.clickhouse_port).run("parity", code=1)
    assert "run dbt build --target dev first" in unbuilt.stderr
    assert len(unbuilt.stderr.strip().splitlines()) == 1
    unreachable = Warehouse(tmp_path, 1).run("parity", code=1)
    assert "no ClickHouse answers at 127.0.0.1:1" in unreachable.stderr


def test_json_is_a_document(house: Warehouse) -> None:
    [result] = json.loads(house.run("parity", "--json", "--select", "dim_publishers").stdout)
    assert result["model"] == "dim_publishers"
    assert result["equal"] is True
    assert result["rows"] == house.rows("select count(*) from marts.dim_publishers")[0][0]
