"""What is published is read by name, with the same Python types from DuckDB and ClickHouse."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb
import pytest
import yaml

from dashboard.asking import Asking
from duckhouse.cli import UserError
from duckhouse.settings import PROJECT, published_path
from duckhouse.warehouse.questions import Between, Comparison, Condition, In, Question
from duckhouse.warehouse.reading import Answer, House, reading
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
HOSTILE = "o'neil\\' or 1=1 -- `\""
SALES = [
    (date(2026, 1, 1), "a", 4, 10, Decimal("1.000001")),
    (date(2026, 1, 2), "a", 1, 10, Decimal("0.500000")),
    (date(2026, 1, 2), None, 2, 4, Decimal("2.000000")),
    (date(2026, 1, 3), "a", 6, 10, Decimal("3.000000")),
    (date(2026, 1, 3), HOSTILE, 0, 0, Decimal("0.000000")),
    (date(2026, 1, 4), None, 3, 4, Decimal("1.000000")),
]
MEASURES = {
    "sold": "sum(sold)",
    "sold_share": "sum(sold) * 1e0 / nullif(sum(offered), 0)",
    "revenue_usd": "sum(revenue_usd)",
}
BY_SHOP = Question("rpt_sales", ("shop",), MEASURES, order_by=("-revenue_usd", "shop"))
JANUARY = [date(2026, 1, day) for day in range(5)[1:]]


def statements(engine: str, schema: str) -> list[str]:
    """A view of all kinds with a full row and one of NULLs, one with an odd name, one of sales, and one of days up to
    the last day of no rows."""
    types = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["types"][engine]
    place, odd = ("schema", '"odd "" name"') if engine == "duckdb" else ("database", '`odd " name`')

    kinds = {"event_date": "date", "shop": "text_nullable", "sold": "integer", "offered": "integer"}
    columns = [f"{name} {types[kind]}" for name, kind in (kinds | {"revenue_usd": "money"}).items()]

    def table(name: str, *columns: str, order: str = "id") -> str:
        ends = f" engine = MergeTree order by {order}" if engine == "clickhouse" else ""
        return f"create table {name} ({', '.join(columns)}){ends}"

    def written(value: Any) -> str:
        escaped = str(value).replace("\\", "\\\\") if engine == "clickhouse" else str(value)
        return "null" if value is None else "'" + escaped.replace("'", "''") + "'"

    key = f"id {types['integer']}"
    last_day = f"select cast(max(event_date) as {types['date']}) as last_day from {schema}.rpt_sales where sold < 0"
    values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in VALUES.values())
    return [
        f"create {place} {schema}",
        table(f"{schema}.rpt_kinds", key, *(f"a_{kind} {types[f'{kind}_nullable']}" for kind in VALUES)),
        f"insert into {schema}.rpt_kinds (id) values (2)",
        f"insert into {schema}.rpt_kinds values (1, {values})",
        table(f"{schema}.{odd}", key),
        table(f"{schema}.rpt_sales", *columns, order="event_date"),
        *(f"insert into {schema}.rpt_sales values ({', '.join(map(written, row))})" for row in SALES),
        f"create {'table' if engine == 'duckdb' else 'view'} {schema}.rpt_known_days as "
        f"select sold from {schema}.rpt_sales cross join ({last_day}) as known where event_date <= last_day",
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


def test_the_last_day_of_no_rows_is_null(house: House) -> None:
    assert house.rows("rpt_known_days") == []


def test_rows_come_in_an_order_in_which_null_is_last(house: House) -> None:
    assert [row.id for row in house.rows("rpt_kinds", ["a_text"])] == [1, 2]
    assert [row.id for row in house.rows("rpt_kinds", ["a_text", "id"])] == [1, 2]


def test_views_are_listed_and_read_whatever_their_names_are(house: House) -> None:
    assert house.views() == {"rpt_kinds", "rpt_known_days", "rpt_sales", 'odd " name'}
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


@pytest.mark.parametrize(
    "sql", ["insert into {} (id) values (3)", "drop table {}", "alter table {} drop column a_text"]
)
def test_a_reader_writes_nothing(house: House, sql: str) -> None:
    with pytest.raises(UserError, match=r"read-?only"):
        house.ask(sql.format(house.dialect.relation("reporting", "rpt_kinds")))
    assert len(house.rows("rpt_kinds")) == 2


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


def test_a_question_groups_filters_and_orders(house: House) -> None:
    found = house.answer(BY_SHOP.narrowed(Between("event_date", JANUARY[1], JANUARY[2])))
    assert found == [
        ("a", 7, 0.35, Decimal("3.500000")),
        (None, 2, 0.5, Decimal("2.000000")),
        (HOSTILE, 0, None, Decimal("0.000000")),
    ]
    assert found[0].sold_share == 0.35
    assert [row.shop for row in house.answer(BY_SHOP.limited(1))] == ["a"]


@pytest.mark.parametrize(("first_rows", "asked"), [(7, 1), (6, 2), (4, 3)])
def test_a_chart_and_a_table_of_one_question_share_an_answer(
    house: House, monkeypatch: pytest.MonkeyPatch, first_rows: int, asked: int
) -> None:
    """All 6 sales, the first 2 and the first 5: an answer that may not have all of them is asked for anew."""
    statements: list[str] = []

    def counted(sql: str) -> Answer:
        statements.append(sql)
        return house.ask(sql)

    monkeypatch.setattr("dashboard.asking.FIRST_ROWS", first_rows)
    asking = Asking("dev", replace(house, ask=counted, version=f"{house.version} {first_rows}"))
    question = Question("rpt_sales", ("sold",), order_by=("sold",))
    assert [[row.sold for row in asking.rows(one)] for one in (question, question.limited(2), question.limited(5))] == [
        [0, 1, 2, 3, 4, 6],
        [0, 1],
        [0, 1, 2, 3, 4],
    ]
    assert len(statements) == asked


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        (In("shop", (HOSTILE,)), [3]),
        (In("shop", (None,)), [2, 4]),
        (In("shop", ("a", None)), [1, 2, 2, 3, 4]),
        (In("shop", ("' or '1'='1",)), []),
        (In("shop", ()), []),
        (In("sold", (3, 4)), [1, 4]),
        (Between("event_date", JANUARY[2]), [3, 3, 4]),
        (Between("event_date", None, JANUARY[0]), [1]),
        (Between("event_date"), [1, 2, 2, 3, 3, 4]),
        (Between("revenue_usd", Decimal("1.000001"), Decimal("2")), [1, 2]),
    ],
)
def test_a_condition_keeps_what_it_names(house: House, condition: Condition, days: list[int]) -> None:
    found = house.answer(Question("rpt_sales", ("event_date",), where=(condition,), order_by=("event_date",)))
    assert [row.event_date.day for row in found] == days


def test_bars_order_by_the_size_of_a_change(house: House) -> None:
    """Sold are 11, 5 and 0, so the changes are 6, 0 and -5."""
    asked = Question("rpt_sales", ("shop",), {"change": "sum(sold) - 5"}, order_by=("-|change|", "shop"))
    assert [(row.shop, row.change) for row in house.answer(asked)] == [("a", 6), (HOSTILE, -5), (None, 0)]


def test_a_comparison_keeps_groups_of_either_period(house: House) -> None:
    now, before = Between("event_date", JANUARY[2], JANUARY[3]), Between("event_date", JANUARY[0], JANUARY[1])
    a, nobody, hostile = house.answer(Comparison(BY_SHOP, now, before))

    assert (a.shop, a.sold, a.sold_before, a.sold_change, a.sold_change_share) == ("a", 6, 5, 1, 0.2)
    assert (a.sold_share, a.sold_share_before) == (0.6, 0.25)
    assert a.revenue_usd_change == Decimal("1.499999")
    assert (nobody.shop, nobody.sold_change, nobody.revenue_usd_change_share) == (None, 1, -0.5)
    assert (hostile.shop, hostile.sold, hostile.sold_before, hostile.sold_change) == (HOSTILE, 0, None, None)


def test_a_comparison_without_groups_has_one_row_also_without_rows(house: House) -> None:
    question = Question("rpt_sales", measures=MEASURES)
    on, before = (Between("event_date", day, day) for day in (JANUARY[2], JANUARY[1]))
    never = Between("event_date", None, date(1999, 1, 1))

    [row] = house.answer(Comparison(question, on, before))
    assert (row.sold, row.sold_before, row.sold_change, row.sold_change_share) == (6, 3, 3, 1.0)
    [row] = house.answer(Comparison(question, on, never))
    assert (row.sold, row.sold_change, row.revenue_usd_change_share) == (6, None, None)


def test_a_copy_that_is_replaced_is_read_anew_while_the_old_one_is_open(settings: dict[str, str]) -> None:
    with environment(settings), reading("dev") as old:
        other = published_path().with_name("other.duckdb")
        other.write_bytes(published_path().read_bytes())
        with duckdb.connect(str(other)) as connection:
            connection.execute("delete from reporting.rpt_sales")
        kept = published_path().rename(published_path().with_name("kept.duckdb"))
        other.rename(published_path())
        with reading("dev") as new:
            assert (len(old.rows("rpt_sales")), len(new.rows("rpt_sales"))) == (len(SALES), 0)
            assert old.version != new.version
        kept.rename(published_path())


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
