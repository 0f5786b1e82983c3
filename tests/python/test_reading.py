"""What is published is read by name, with the same Python types from DuckDB and ClickHouse."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb
import pytest
import yaml

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT, published_path
from duckhouse.warehouse.reading import House, reading
from support.dbt import environment
from support.warehouse import Warehouse

VALUES: dict[str, Any] = {
    "text": "it's",
    "category": "a",
    "integer": -5,
    "money": Decimal("0.100000"),
    "weight": Decimal("1.000000000001"),
    "ratio": 0.25,
    "boolean": False,
    "date": date(1950, 1, 2),
    "timestamp": datetime(2026, 1, 2, 3, 4, 5, 6),
}
"""A value of each kind of column that a contract knows."""
PUBLISHED = datetime(2026, 1, 2, 3, 4, 5)


def statements(engine: str, schema: str) -> list[str]:
    """A view of all kinds with a full row and one of NULLs, and one with an odd name."""
    types = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["types"][engine]
    place, odd = ("schema", '"odd "" name"') if engine == "duckdb" else ("database", '`odd " name`')

    def table(name: str, *columns: str) -> str:
        ends = " engine = MergeTree order by id" if engine == "clickhouse" else ""
        return f"create table {name} ({', '.join(columns)}){ends}"

    key = f"id {types['integer']}"
    values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in VALUES.values())
    return [
        f"create {place} {schema}",
        table(f"{schema}.rpt_kinds", key, *(f"a_{kind} {types[f'{kind}_nullable']}" for kind in VALUES)),
        f"insert into {schema}.rpt_kinds (id) values (2)",
        f"insert into {schema}.rpt_kinds values (1, {values})",
        table(f"{schema}.{odd}", key),
    ]


@pytest.fixture(scope="module")
def settings(shared_house: Warehouse) -> Iterator[dict[str, str]]:
    """Both targets, each with a published view of every kind of column."""
    settings = {**shared_house.env, "CLICKHOUSE_PREFIX": "shop"}
    with environment(settings):
        published_path().parent.mkdir()
        with duckdb.connect(str(published_path())) as connection:
            for statement in statements("duckdb", "reporting"):
                connection.execute(statement)
    with clickhouse_connect.get_client(host="127.0.0.1", port=shared_house.clickhouse_port) as client:
        for statement in statements("clickhouse", "shop_reporting"):
            client.command(statement)
    yield settings


@pytest.fixture(params=["dev", "prod"])
def house(request: pytest.FixtureRequest, settings: dict[str, str]) -> Iterator[House]:
    with environment(settings), reading(request.param) as opened:
        yield opened


def test_values_are_of_the_same_types_on_both(house: House) -> None:
    full, empty = house.rows("rpt_kinds", ["id"])
    read = {kind: getattr(full, f"a_{kind}") for kind in VALUES}

    assert read == VALUES
    assert {kind: type(value) for kind, value in read.items()} == {kind: type(value) for kind, value in VALUES.items()}
    assert str(full.a_money) == "0.100000"
    assert full.a_timestamp.tzinfo is None
    assert empty == (2, *[None] * len(VALUES))


def test_rows_come_in_an_order_in_which_null_is_last(house: House) -> None:
    assert [row.id for row in house.rows("rpt_kinds", ["a_text"])] == [1, 2]
    assert [row.id for row in house.rows("rpt_kinds", ["a_text", "id"])] == [1, 2]


def test_views_are_listed_and_read_whatever_their_names_are(house: House) -> None:
    assert house.views() == {"rpt_kinds", 'odd " name'}
    assert house.rows('odd " name') == []


def test_the_time_of_a_copy_is_that_of_its_file(settings: dict[str, str]) -> None:
    moment = PUBLISHED.replace(tzinfo=UTC).timestamp()
    with environment(settings):
        os.utime(published_path(), (moment, moment))
        with reading("dev") as house:
            assert house.built_at() == PUBLISHED


def test_the_time_of_databases_is_that_of_their_youngest_view(settings: dict[str, str]) -> None:
    with environment(settings), reading("prod") as house:
        assert timedelta(0) <= datetime.now(UTC).replace(tzinfo=None) - house.built_at() < timedelta(minutes=10)


def test_a_column_that_a_view_does_not_have_is_told_in_one_line(house: House) -> None:
    [row, _] = house.rows("rpt_kinds", ["id"])
    assert getattr(row, "revenue_usd", None) is None
    with pytest.raises(UserError, match=r"rpt_kinds has no column revenue_usd, as if another version.*; .* anew$"):
        row.revenue_usd  # noqa: B018


@pytest.mark.parametrize(
    ("name", "order_by"), [("rpt_kinds", ["day"]), ("rpt_days", []), ("rpt_kinds", ['id" desc; drop table x; --'])]
)
def test_what_is_not_there_is_told_in_one_line(house: House, name: str, order_by: list[str]) -> None:
    with pytest.raises(UserError, match=r"^(/.*/first\.duckdb|database shop_reporting of 127.0.0.1:\d+): .* anew$"):
        house.rows(name, order_by)


def refused(target: str) -> str:
    """What is said where a target cannot be read."""
    with pytest.raises(UserError) as refusal, reading(target):
        pass
    return str(refusal.value)


def test_where_nothing_is_published_one_line_says_what_to_do(settings: dict[str, str], tmp_path: Path) -> None:
    nowhere = {"DUCKHOUSE_DUCKDB": str(tmp_path / "a.duckdb"), "CLICKHOUSE_PREFIX": "nobody"}
    with environment({**settings, **nowhere}):
        assert refused("dev").startswith(f"{tmp_path}/published/a.duckdb: nothing is published there; dbt build")
        assert refused("prod").startswith("database nobody_reporting of 127.0.0.1:")
        published_path().parent.mkdir()
        published_path().write_text("a text, and long enough to have a header")
        assert "not a valid DuckDB" in refused("dev")
        assert refused("dev").endswith("; python -m scripts.publish --target dev makes it anew")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with environment({**settings, "CLICKHOUSE_PORT": str(port)}):
        assert refused("prod").startswith(f"no ClickHouse answers at 127.0.0.1:{port}: start one with")
