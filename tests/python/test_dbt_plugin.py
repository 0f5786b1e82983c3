"""What the plugin of dbt spares: events that nobody reads, questions about columns, contexts and code of templates."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import clickhouse_connect
import pytest
from dbt.adapters.clickhouse.httpclient import ChHttpClient
from dbt.adapters.clickhouse.impl import ClickHouseAdapter
from dbt.adapters.clickhouse.relation import ClickHouseRelation
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.events.types import AdapterEventDebug, AdapterEventWarning
from dbt.artifacts.resources import InjectedCTE, ModelConfig
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.configured import ConfiguredContext
from dbt.context.macros import MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.tracking import track_behavior_change_warn
from dbt_common.behavior_flags import Behavior
from dbt_common.clients.jinja import get_environment
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import PrintEvent
from dbt_common.exceptions import DbtDatabaseError

from duckhouse.dbt_plugin import asked, inlined, repeated, unread
from support.places import place


class Logger:
    """A logger of one level that keeps the texts which it gets."""

    def __init__(self, level: EventLevel) -> None:
        self.level = level
        self.texts: list[str] = []

    def filter(self, message: Any) -> bool:
        return True

    def write_line(self, message: Any) -> None:
        self.texts.append(message.info.msg)


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """With the plugin, whatever ran in this process before; as it was afterwards."""
    unread.install()
    repeated.install()
    yield


def fired(event: BaseEvent, *loggers: Logger, **others: Any) -> None:
    manager = EventManager()
    manager.loggers = list(loggers)
    manager.callbacks = others.pop("callbacks", [track_behavior_change_warn])
    manager.fire_event(event, **others)


def debug(text: str) -> AdapterEventDebug:
    return AdapterEventDebug(name="duckdb", base_msg=text, args=[])


def test_an_event_below_all_loggers_is_not_made() -> None:
    errors, event = Logger(EventLevel.ERROR), debug("select 1")
    fired(event, errors)
    assert "pb_msg" not in vars(event)
    assert errors.texts == []


def test_each_logger_gets_what_it_takes() -> None:
    errors, everything = Logger(EventLevel.ERROR), Logger(EventLevel.DEBUG)
    fired(debug("select 1"), errors, everything)
    fired(debug("select 2"), errors, everything, level=EventLevel.ERROR)
    assert "select 1" in everything.texts[0]
    assert "select 2" in errors.texts[-1]


@pytest.mark.parametrize(
    ("event", "callbacks"),
    [
        (PrintEvent(msg="printed"), [track_behavior_change_warn]),
        (AdapterEventWarning(name="duckdb", base_msg="printed", args=[]), [track_behavior_change_warn]),
        (AdapterEventDebug(name="duckdb", base_msg="printed", args=[]), [track_behavior_change_warn, lambda _: None]),
    ],
    ids=["what a macro prints", "a warning", "somebody listens"],
)
def test_what_may_be_read_is_made(event: BaseEvent, callbacks: list[Any]) -> None:
    errors = Logger(EventLevel.ERROR)
    fired(event, errors, callbacks=callbacks)
    assert "printed" in errors.texts[0]


def test_a_warning_can_still_be_an_error() -> None:
    with pytest.raises(Exception, match="a warning"):
        manager = EventManager()
        manager.warn_error = True
        manager.fire_event(
            AdapterEventWarning(name="duckdb", base_msg="a warning", args=[]), force_warn_or_error_handling=True
        )


def test_an_event_has_its_fields_when_they_are_asked_for() -> None:
    event = debug("select 1")
    assert (event.name, event.base_msg) == ("duckdb", "select 1")
    event.base_msg = "select 2"
    assert event.to_dict()["base_msg"] == "select 2"


def test_nodes_are_not_described_for_a_summary_of_the_graph() -> None:
    linker = Linker()
    linker.graph.add_node("model.duckhouse.orders")
    assert linker.get_graph_summary(SimpleNamespace()) == {}


def test_a_behavior_flag_names_the_module_that_declares_it() -> None:
    flags = Behavior([{"name": "shop_rounds", "default": False, "description": "rounds amounts"}], {})
    assert flags.shop_rounds._behavior_change_event.flag_source == __name__


@pytest.fixture
def node() -> Iterator[None]:
    """While a model of the table orders runs."""
    model = SimpleNamespace(compiled_code="select 1 as told\n", config=ModelConfig(meta={"makes": {"told": "UInt8"}}))
    asked.of_node.node, asked.of_node.table, asked.of_node.answers = model, "orders", {}
    yield
    asked.of_node.node, asked.of_node.answers = None, None


QUESTIONS = {"table": ("orders", 1), "new table": ("orders__dbt_tmp", 2), "query": ("orders", 3)}


def answered() -> dict[str, int]:
    """The answers of now; each question that is asked anew gives a negative one."""
    return {
        question: asked.told(question, about, lambda number=number: [-number])[0]
        for question, (about, number) in QUESTIONS.items()
    }


@pytest.mark.parametrize(
    ("statement", "forgotten"),
    [
        ("select * from orders", set()),
        ('/* {"app": "dbt", "node_id": "orders"} */\n\n  with old as (select 1) select * from orders', set()),
        ("-- alter table orders\ninsert into orders select 1", set()),
        ("alter table `marts`.`orders` replace partition id 'a' from `marts`.`orders__dbt_tmp`", set()),
        ("alter table marts.orders \n  modify comment 'One row per order'", set()),
        ("drop table if exists marts.orders__dbt_tmp", {"new table"}),
        ("create table marts.orders__dbt_tmp (id Int64)", {"new table"}),
        ("alter table marts.orders add column if not exists late Bool", {"table", "query"}),
        ("EXCHANGE TABLES marts.orders__dbt_tmp AND marts.orders", {"table", "new table", "query"}),
        ('alter table "orders__dbt_tmp" rename to "orders"', {"table", "new table", "query"}),
        ("create or replace view marts.orders as select 1", {"table", "query"}),
        ("/* a */ create table orders_of_day (id Int64)", set()),
    ],
)
def test_an_answer_about_columns_holds_until_they_may_change(node: None, statement: str, forgotten: set[str]) -> None:
    for question, (about, number) in QUESTIONS.items():
        asked.told(question, about, lambda number=number: [number])
    asked.forget(statement)
    assert {question for question, number in answered().items() if number < 0} == forgotten


@pytest.mark.parametrize("adapter", [DuckDBAdapter, ClickHouseAdapter])
def test_each_adapter_is_asked_once_for_a_table_and_for_a_query(
    node: None, adapter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of its settings: a query gives other types under others."""
    asked.install()
    assert adapter.get_column_schema_from_query.__module__ == asked.__name__
    questions: list[Any] = []
    for way in ("plain_columns", "described"):
        monkeypatch.setattr(asked, way, lambda _, relation: questions.append(relation.identifier) or ["id"])
    table = SimpleNamespace(identifier="orders")
    for _ in range(2):
        assert adapter.get_columns_in_relation(object.__new__(adapter), table) == ["id"]
    assert questions == ["orders"]

    class Engine:
        def get_column_schema_from_query(self, sql: str, *others: Any, **words: Any) -> list[Any]:
            questions.append((sql, others, words))
            return [sql]

    asked.keep_columns_of_queries(Engine)
    for words in ({}, {"query_settings": {}}, {"query_settings": {"join_use_nulls": 1}}, {"query_settings": None}):
        assert Engine().get_column_schema_from_query("select 1", **words) == ["select 1"]
    assert questions[1:] == [("select 1", (), {}), ("select 1", (), {"query_settings": {"join_use_nulls": 1}})]


def test_clickhouse_describes_a_query_by_the_columns_of_its_answer() -> None:
    asked.install()
    query = (
        "select a.x as x, b.y as y, toDecimal128(1, 6) as money, toDateTime64(0, 6, 'UTC') as at, [a.x] as list "
        "from (select 1 as x) as a left join (select 2 as x, toDate32('2026-01-01') as y) as b on a.x = b.x"
    )
    with place() as (_, port), clickhouse_connect.get_client(host="127.0.0.1", port=port) as client:
        of_dbt: Any = object.__new__(ChHttpClient)
        of_dbt._client = client
        for settings in ({}, {"join_use_nulls": 1}):
            answer = client.query(query, settings=settings)
            types = dict(zip(answer.column_names, (column.name for column in answer.column_types), strict=True))
            columns = of_dbt.columns_in_query(f"{query} -- the end", settings=settings)
            assert {column.name: column.data_type for column in columns} == types
            assert types["y"] == ("Nullable(Date32)" if settings else "Date32")
        with pytest.raises(DbtDatabaseError, match="no_such_column"):
            of_dbt.columns_in_query("select no_such_column")


CREATED = """/* a (b) */
    create table `marts`.`orders__dbt_tmp`
    ON CLUSTER house
    engine = MergeTree() order by (number)
    SETTINGS allow_nullable_key=1
    empty
    as (
        {}
    )
    -- settings_section
    SETTINGS join_use_nulls=1
"""
"""As dbt-clickhouse words it."""


def test_a_table_is_created_with_columns_that_are_known(node: None) -> None:
    """Not with those of a query under other settings, nor once a table that it reads has changed."""
    of_dbt, asks = SimpleNamespace(), []
    of_dbt.query = lambda sql, **_: asks.append(sql) or SimpleNamespace(result_rows=[("number", "UInt8", "", "")])
    query = "select (1) as number from orders"
    statement = CREATED.format(query)
    assert asked.with_columns(statement) == statement
    asked.columns_by_description(of_dbt, query, settings={"join_use_nulls": 1})
    assert asked.with_columns(statement) == statement
    asked.columns_by_description(of_dbt, f"\n{query}\n")
    made = " ".join(asked.with_columns(statement).split())
    assert made == (
        "create table `marts`.`orders__dbt_tmp` ON CLUSTER house (`number` UInt8) engine = MergeTree() "
        "order by (number) SETTINGS allow_nullable_key=1"
    )
    asked.forget("alter table marts.orders add column late Bool")
    assert asked.with_columns(statement) == statement
    assert len(asks) == 2


def test_what_a_model_says_it_makes_is_not_asked(node: None) -> None:
    [column] = asked.columns_by_description(None, "select 1 as told")
    assert (column.name, column.data_type) == ("told", "UInt8")
    assert "(`told` UInt8) engine" in asked.with_columns(CREATED.format("select 1 as told"))


def test_the_columns_of_a_table_on_clickhouse_are_described_and_none_are_those_of_one_that_is_gone() -> None:
    with (
        place() as (_, port),
        clickhouse_connect.get_client(host="127.0.0.1", port=port, autogenerate_session_id=True) as client,
    ):
        client.command("create table default.orders (id Int64, paid Nullable(Decimal(38, 6))) engine = Memory")
        client.command("create temporary table late (id Int8) engine = Memory")
        of_dbt: Any = object.__new__(ChHttpClient)
        of_dbt._client = client
        connection = SimpleNamespace(handle=of_dbt)
        adapter = SimpleNamespace(connections=SimpleNamespace(get_thread_connection=lambda: connection))

        def columns(schema: str, name: str, is_temporary: bool = False) -> dict[str, str]:
            relation = ClickHouseRelation.create(schema=schema, identifier=name, is_temporary=is_temporary)
            return {column.name: column.data_type for column in asked.described(adapter, relation)}

        assert columns("default", "orders") == {"id": "Int64", "paid": "Nullable(Decimal(38, 6))"}
        assert columns("default", "late", is_temporary=True) == {"id": "Int8"}
        assert columns("default", "late") == columns("no_such_database", "orders") == {}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "select * from __dbt__cte__b",
            "select * from (select y from (select 1 as y) as __dbt__cte__a) as __dbt__cte__b",
        ),
        (
            "with c as (select * from `__dbt__cte__b` as b) select * from c",
            "with c as (select * from (select y from (select 1 as y) as __dbt__cte__a) as b) select * from c",
        ),
        (
            "select * from __dbt__cte__b union all select * from __dbt__cte__a",
            "with __dbt__cte__a as (select 1 as y) select * from (select y from __dbt__cte__a) as __dbt__cte__b "
            "union all select * from __dbt__cte__a",
        ),
        (
            "select __dbt__cte__b.y from __dbt__cte__b",
            "with __dbt__cte__b as (select y from (select 1 as y) as __dbt__cte__a) "
            "select __dbt__cte__b.y from __dbt__cte__b",
        ),
        (
            "select * from __dbt__cte__b where y in __dbt__cte__a",
            "with __dbt__cte__a as (select 1 as y) select * from (select y from __dbt__cte__a) as __dbt__cte__b "
            "where y in __dbt__cte__a",
        ),
        ("select * from __dbt__cte__bc", None),
    ],
    ids=["once", "under another name", "in two places", "by its name", "not in from", "a longer name"],
)
def test_an_ephemeral_model_that_is_read_once_is_a_subquery(sql: str, expected: str | None) -> None:
    first = InjectedCTE(id="a", sql=" __dbt__cte__a as (\nselect 1 as y\n)")
    second = InjectedCTE(id="b", sql=' __dbt__cte__b as (\nselect y from "__dbt__cte__a"\n)')
    made = " ".join(inlined.inject(sql, [first, second]).split()).replace('"', "").replace("( ", "(").replace(" )", ")")
    assert made == (expected or f"with __dbt__cte__b as (select y from (select 1 as y) as __dbt__cte__a) {sql}")


def test_outside_of_a_node_every_question_is_asked() -> None:
    assert asked.told("table", "orders", lambda: [1]) == [1]
    assert asked.told("table", "orders", lambda: [2]) == [2]


def test_whoever_changes_an_answer_changes_it_for_itself(node: None) -> None:
    asked.told("table", "orders", lambda: [1]).append(2)
    assert asked.told("table", "orders", lambda: [3]) == [1]


def macro(package: str, name: str) -> Any:
    return SimpleNamespace(package_name=package, name=name, unique_id=f"macro.{package}.{name}")


def test_macros_are_found_where_dbt_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the package of the node, in the project, in dbt's own packages, of which the adapter's comes first."""
    by_package = {
        package: {name: macro(package, name) for name in names}
        for package, names in {
            "shop": ("everywhere", "ours"),
            "utils": ("everywhere", "theirs"),
            "dbt_duckdb": ("everywhere", "of_both"),
            "dbt": ("everywhere", "of_both", "of_dbt"),
        }.items()
    }
    node = SimpleNamespace(name="node")
    builder = MacroNamespaceBuilder("shop", "utils", None, ["dbt_duckdb", "dbt"], node)
    context: dict[str, Any] = {"target": "dev"}
    found = builder.build_namespace(by_package, context)
    flat = {name: found[name].macro.package_name for name in ("everywhere", "ours", "theirs", "of_both", "of_dbt")}
    assert flat == {
        "everywhere": "utils",
        "ours": "shop",
        "theirs": "utils",
        "of_both": "dbt_duckdb",
        "of_dbt": "dbt",
    }
    assert found.get_from_package("dbt", "of_both").macro.package_name == "dbt_duckdb"
    assert found.get_from_package("shop", "everywhere").macro.package_name == "shop"
    assert found.get_from_package("utils", "ours") is None
    assert (found["ours"].context, found["ours"].node) == (context, node)

    monkeypatch.setattr(ConfiguredContext, "to_dict", lambda _: {"everywhere": "what a macro replaces"})
    made = object.__new__(ManifestContext)
    made.namespace = found
    laid_out = {name: value for name, value in made.to_dict().items() if isinstance(value, MacroGenerator | dict)}
    assert {name: laid_out[name].macro.package_name for name in flat} == flat
    assert laid_out["dbt"]["of_both"] is found["of_both"]
    assert laid_out["shop"]["everywhere"].macro.package_name == "shop"


def test_the_code_of_a_template_is_made_once_for_each_kind_of_environment() -> None:
    text, native = get_environment(), get_environment(native=True)
    source = "{{ 1 + 1 }} of test_dbt_plugin"
    code = text.compile(source)
    assert get_environment().compile(source) is code
    assert native.compile(source) is not code
    assert text.compile(source, filename="elsewhere.sql") is not code
    assert text.from_string(source).render({}) == "2 of test_dbt_plugin"
