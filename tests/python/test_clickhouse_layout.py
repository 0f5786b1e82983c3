"""The layout on ClickHouse survives rebuilds of days, is measured, and goes to several nodes by one variable.

The embedded engine has neither a cluster nor Keeper. A relay stands between dbt and the engine, records what dbt sends,
and takes out what only a cluster understands.
"""

import datetime as dt
import http.client
import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from support import review_files
from support.ad_delivery import advertiser, campaign, deliver, event
from support.dbt import environment, invoke_dbt, parsed
from support.review_files import Product, Review
from support.warehouse import Warehouse, warehouse
from tools.layouts import measure as measuring

CLUSTER = "analytics"
REPLICATED = "replicated"  # the prefix of what is built for the cluster
APART = "apart"  # the prefix of what is built beside the tables of ad serving
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
DAY_FACTS = (
    "marts.fct_ad_events",
    "marts.fct_ad_events_daily",
    "marts.fct_publisher_performance",
    "marts.fct_campaign_performance",
    "intermediate.int_ad_serving__record_ledger",
)
FOR_ONE_NODE = (
    (re.compile(rf'on cluster\s+"{CLUSTER}"', re.IGNORECASE), ""),
    (re.compile(rf'clusterAllReplicas\("{CLUSTER}", (system\.tables)\)'), r"\1"),
    (re.compile(r"\b_shard_num\b"), "1"),
    (re.compile(r"\bReplicated(\w*MergeTree)\b"), r"\1"),
    (re.compile(r"system sync replica.*", re.IGNORECASE | re.DOTALL), "select 1"),
)
LISTED = (
    "{% for schema in ('duckhouse_marts', 'duckhouse_intermediate', 'nowhere') if execute %}"
    "{% set schema_of_all = api.Relation.create(schema=schema) %}"
    "{% for row in MACRO(schema_of_all).rows | map('list') | sort %}{{ row | join(' ') }}\n{% endfor %}"
    "{% endfor %}"
)
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Relay(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, engine_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relayed)
        self.engine_port = engine_port
        self.statements: list[str] = []

    def starting_with(self, *words: str) -> list[str]:
        """The recorded statements that begin so, in lower case, comments and repeated white space left out."""
        return [statement for statement in map(_bare, self.statements) if statement.startswith(words)]


class _Relayed(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        statement = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.statements.append(statement)
        for cluster_only, replacement in FOR_ONE_NODE:
            statement = cluster_only.sub(replacement, statement)
        self._pass_on(statement.encode())

    def _pass_on(self, body: bytes) -> None:
        engine = http.client.HTTPConnection("127.0.0.1", self.server.engine_port)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {*HOP_BY_HOP, "host"}}
        engine.request(self.command, self.path, body, headers)
        answer = engine.getresponse()
        content = answer.read()
        engine.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _bare(statement: str) -> str:
    return " ".join(re.sub(r"/\*.*?\*/|--[^\n]*", " ", statement, flags=re.DOTALL).lower().split())


@contextmanager
def relay(engine_port: int) -> Iterator[Relay]:
    server = Relay(engine_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Clustered(Warehouse):
    """The marts of the same raw tables, built with CLICKHOUSE_CLUSTER set."""

    cluster: str = field(default=CLUSTER)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "env", {**self.env, "CLICKHOUSE_CLUSTER": self.cluster})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("layout")
    with warehouse() as built:
        size = ("--days", "3", "--events-per-day", "80", "--seed", "4")
        built.run("tools.generate", "ad_serving", *size, "--out", folder / "drop")
        built.land(folder / "drop", "--delivered-at", "2026-03-25T06:00:00Z")
        built.run("push")
        built.dbt("prod", "build", *WITHOUT_TESTS)
        yield built


@pytest.fixture
def client(house: Warehouse) -> Iterator[Client]:
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as connected:
        yield connected


@pytest.fixture(scope="module")
def recorded(house: Warehouse) -> Iterator[Relay]:
    """What dbt sends for a first build, and for a run that brings back a lost day and clears one that has no events."""
    with relay(house.clickhouse_port) as between:
        clustered = Clustered(house.folder, between.server_port, REPLICATED)
        clustered.dbt("prod", "build", *WITHOUT_TESTS)
        with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as engine:
            lost, kept = busiest_days(engine, "replicated")
            engine.command(f"alter table replicated_marts.fct_ad_events drop partition id '{lost}'")
            engine.command(
                "insert into replicated_marts.fct_ad_events select * replace (toDate32('2031-01-01') as event_date) "
                f"from replicated_marts.fct_ad_events as events where toYYYYMMDD(events.event_date) = {kept}"
            )
        again = ("fct_ad_events", "dim_publishers", "snap_ad_serving__publishers")
        clustered.dbt("prod", "build", "--select", *again, *WITHOUT_TESTS)
        yield between


@pytest.fixture(scope="module")
def delivery(house: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two deliveries of ad delivery on the same ClickHouse: six hours of campaigns, of which the second changes two."""
    built = Warehouse(tmp_path_factory.mktemp("delivery"), house.clickhouse_port, APART, source="ad_delivery")
    first = [
        event(1, "2026-01-20 10:00", 1),
        event(2, "2026-01-20 10:30", 1),
        event(3, "2026-01-20 11:00", 2),
        event(4, "2026-01-20 13:00", 2),
        event(5, "2026-01-21 10:00", 1),
        event(6, "2026-01-21 11:00", 2),
    ]
    deliver(built, 22, advertiser=[advertiser(1)], campaign=[campaign(1), campaign(2)], impressions=first)
    deliver(built, 23, impressions=[event(7, "2026-01-20 10:59", 1), event(8, "2026-01-20 12:00", 2)])
    built.run("push", "ad_delivery")
    built.dbt("prod", "build", *WITHOUT_TESTS)
    return built


@pytest.fixture(scope="module")
def reviewed(house: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two deliveries of reviews on the same ClickHouse: five reviews in three months; the second corrects one."""
    built = Warehouse(tmp_path_factory.mktemp("reviewed"), house.clickhouse_port, APART, source="reviews")
    first = [
        Review("a", "B001", dt.date(2014, 6, 20), "4.0", (1, 2)),
        Review("b", "B001", dt.date(2014, 6, 20), "5.0", (1, 1)),
        Review("b", "B002", dt.date(2014, 6, 21), "1.0"),
        Review("a", "B001", dt.date(2014, 5, 1), "2.0"),
        Review("c", "B002", dt.date(2013, 1, 1), "3.0"),
    ]
    review_files.deliver(built, "2014-07-01", {"a": first}, [Product("B001", "Sony")])
    review_files.deliver(built, "2014-07-02", {"b": [first[0]._replace(rating="1.0")]})
    built.run("push", "reviews")
    built.dbt("prod", "build", *WITHOUT_TESTS)
    return built


def busiest_days(client: Client, prefix: str) -> list[str]:
    rows = client.query(
        f"select toYYYYMMDD(event_date) from {prefix}_marts.fct_ad_events group by 1 order by count() desc, 1 limit 2"
    ).result_rows
    return [str(day) for (day,) in rows]


def rows_of(client: Client, table: str) -> list[tuple]:
    return client.query(f"select * from {table} order by all").result_rows


def test_relations_are_listed_as_the_adapter_lists_them(house: Warehouse) -> None:
    def listed(macro: str) -> str:
        inline = ("compile", "--inline", LISTED.replace("MACRO", macro))
        [shown] = invoke_dbt(*inline, target="prod", env=house.env).result.results
        return shown.node.compiled_code

    relations = listed("clickhouse__list_relations_without_caching")
    assert relations == listed("dbt.clickhouse__list_relations_without_caching")
    assert "\nfct_ad_events duckhouse_marts table Atomic " in relations
    assert "\nfct_ad_events_as_of duckhouse_marts view Atomic " in relations


def test_a_rebuilt_day_keeps_the_indexes_and_the_projection(house: Warehouse, client: Client) -> None:
    before = {table: rows_of(client, f"duckhouse_{table}") for table in DAY_FACTS}
    [day, _] = busiest_days(client, "duckhouse")
    for table in DAY_FACTS:
        client.command(f"alter table duckhouse_{table} drop partition id '{day}'")
    house.dbt("prod", "run", "--select", *(table.partition(".")[2] for table in DAY_FACTS))

    assert {table: rows_of(client, f"duckhouse_{table}") for table in DAY_FACTS} == before
    projected = client.query(
        "select sum(rows) > 0 from system.projection_parts where active and database = 'duckhouse_marts' "
        "and name = 'by_campaign_device_and_country' and partition_id = {day:String}",
        parameters={"day": day},
    ).result_rows
    indexes = client.query(
        "select table, name from system.data_skipping_indices where database = 'duckhouse_marts' order by all"
    ).result_rows
    assert projected == [(True,)]
    assert indexes == [
        ("fct_ad_events", "by_event_id"),
        ("fct_ad_events", "by_reporting_date"),
        ("fct_ad_events_daily", "by_reporting_date"),
        ("fct_publisher_performance", "by_reporting_date"),
    ]


def test_the_projection_answers_as_the_table_does(client: Client) -> None:
    question = """
        select device_type, country_code, sum(filled_impressions), sum(clicks), sum(viewable_impressions)
        from duckhouse_marts.fct_ad_events_daily
        where campaign_id is not null
        group by device_type, country_code
        order by all
    """
    projected = client.query(question, settings={"force_optimize_projection": 1}).result_rows
    assert projected == client.query(question, settings={"optimize_use_projections": 0}).result_rows
    assert projected


def test_only_the_granules_that_may_hold_an_event_are_read(client: Client) -> None:
    events = client.query("select count() from duckhouse_marts.fct_ad_events").first_row[0]
    [(event_id,)] = client.query("select event_id from duckhouse_marts.fct_ad_events order by all limit 1").result_rows
    lookup = client.query(
        "select * from duckhouse_marts.fct_ad_events where event_id = {event:String}",
        parameters={"event": event_id},
        settings={"use_query_condition_cache": 0},
    )
    assert lookup.row_count == 1
    assert int(lookup.summary["read_rows"]) < events / 2


def test_the_order_of_a_day_of_9000_rows_can_skip_most_of_it(client: Client) -> None:
    client.command("create table duckhouse_marts.one_day as duckhouse_marts.fct_ad_events_daily")
    client.command(
        "insert into duckhouse_marts.one_day (event_date, reporting_date, publisher_id) "
        "select toDate32('2026-03-01'), toDate32('2026-03-01'), toString(1000 + number % 20) from numbers(9000)"
    )
    question = "select count() from duckhouse_marts.one_day where publisher_id = '1003'"
    answer = client.query(question, settings={"use_query_condition_cache": 0})
    client.command("drop table duckhouse_marts.one_day")
    assert answer.first_row == (450,)
    assert int(answer.summary["read_rows"]) < 4500


def test_the_measurement_counts_what_is_read(house: Warehouse, client: Client) -> None:
    measured = json.loads(house.run("tools.clickhouse_layout", "ad_serving", "--json", "--repeat", "1").stdout)
    tables = {
        "fct_ad_events_daily": "duckhouse_marts",
        "fct_ad_events": "duckhouse_marts",
        "stg_ad_serving__events": "duckhouse_staging",
    }
    counts = {
        table: client.query(f"select count() from {database}.{table}").first_row[0]
        for table, database in tables.items()
    }
    assert {(entry["table"], entry["rows"]) for entry in measured["sizes"]} == set(counts.items())
    naive = [entry for entry in measured["readings"] if entry["layout"] == "naive"]
    assert {(entry["table"], entry["rows_read"]) for entry in naive} == set(counts.items())
    as_built = {
        (entry["table"], entry["question"]): entry for entry in measured["readings"] if entry["layout"] == "as built"
    }
    assert as_built["fct_ad_events", "a publisher's day"]["rows_read"] < counts["fct_ad_events"]
    assert as_built["fct_publisher_performance", "a publisher's day"]["rows_read"] < counts["fct_ad_events_daily"]
    assert client.query("select count() from system.databases where name = 'duckhouse_layout'").first_row == (0,)


def test_the_measurement_counts_what_a_delivery_writes(delivery: Warehouse) -> None:
    measured = json.loads(delivery.run("tools.clickhouse_layout", "ad_delivery", "--json", "--repeat", "1").stdout)
    written = {(entry["table"], entry["layout"]): entry["rows"] for entry in measured["increments"]}
    assert written == {
        ("stg_ad_delivery__impressions", "as built"): 2,
        ("stg_ad_delivery__impressions", "days"): 6,
        ("stg_ad_delivery__impressions", "ReplacingMergeTree by id, FINAL"): 2,
        ("fct_ad_delivery_hourly", "as built"): 4,
        # days 20 and 21, and those 10 and 20 days before them that are in January: 10, 11 and 1
        ("fct_ad_delivery_hourly", "months"): 14,
        ("fct_ad_delivery_hourly", "ReplacingMergeTree, FINAL"): 2,
        ("fct_ad_delivery_hourly", "CollapsingMergeTree"): 4,
    }
    newest = {entry["layout"]: entry["rows_read"] for entry in measured["readings"] if entry["table"] == "impressions"}
    assert newest == {"naive": 8, "as built": 2, "ZSTD(1)": 2, "without Nullable": 2}


def test_the_measurement_counts_what_a_correction_of_a_review_writes(reviewed: Warehouse) -> None:
    """The review is of 20 June: its day has two reviews, its month three, its year four."""
    measured = json.loads(reviewed.run("tools.clickhouse_layout", "reviews", "--json", "--repeat", "1").stdout)
    written = {entry["layout"]: entry["rows"] for entry in measured["increments"]}
    assert written == {"without an index": 3, "days": 2, "years": 4, "ReplacingMergeTree, FINAL": 1}
    sizes = {entry["table"]: entry["rows"] for entry in measured["sizes"]}
    assert sizes == {
        "fct_product_reviews": 5,
        "fct_product_review_texts": 5,
        "int_reviews__product_months": 4,
        "stg_reviews__reviews": 6,
    }


def test_reviews_are_found_by_their_id_and_by_their_reviewer(reviewed: Warehouse, client: Client) -> None:
    indexes = client.query(
        "select table, name from system.data_skipping_indices where database = 'apart_marts' order by all"
    ).result_rows
    assert indexes == [
        ("fct_product_review_texts", "by_review_id"),
        ("fct_product_reviews", "by_review_id"),
        ("fct_product_reviews", "by_reviewer_key"),
    ]


@pytest.mark.parametrize("name", ["delivery", "reviewed"])
def test_every_layout_gives_the_same_answers(
    name: str, request: pytest.FixtureRequest, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: Warehouse = request.getfixturevalue(name)
    answers = []

    def answer(client: Client, sql: str, _: int) -> tuple[int, int, float]:
        answers.append(sorted(map(str, client.query(sql).result_rows)))
        return 0, 0, 0.0

    monkeypatch.setattr(measuring, "read", answer)
    measured = measuring.measure(client, built.prefix, built.source, 1)
    by_question = defaultdict(list)
    for reading, rows in zip(measured.readings, answers, strict=True):
        by_question[reading.table, reading.question].append(rows)
    for question, of_layouts in by_question.items():
        assert all(rows == of_layouts[0] for rows in of_layouts), question
        assert of_layouts[0], question
        assert len(of_layouts) > 1


def test_without_events_the_measurement_says_what_is_missing(house: Warehouse, tmp_path: Path) -> None:
    nothing = Warehouse(tmp_path, house.clickhouse_port, "nothing")
    refused = nothing.run("tools.clickhouse_layout", "ad_serving", code=1)
    assert refused.stderr.count("\n") == 1
    assert "nothing_marts" in refused.stderr


@pytest.mark.parametrize(("cluster", "engine"), [("", "MergeTree()"), (CLUSTER, "ReplicatedMergeTree")])
def test_one_variable_chooses_the_engine_of_every_table(cluster: str, engine: str) -> None:
    with environment({"CLICKHOUSE_CLUSTER": cluster, "CLICKHOUSE_PREFIX": REPLICATED if cluster else "duckhouse"}):
        nodes = parsed(target="prod").nodes.values()
    engines = {
        node.name: node.config.get("engine")
        for node in nodes
        if node.resource_type in ("model", "seed", "snapshot") and node.package_name == "duckhouse"
    }
    assert {"fct_ad_events", "time_zones", "snap_ad_serving__publishers"} < engines.keys()
    assert set(engines.values()) == {engine}


def test_on_a_cluster_every_table_is_replicated_on_every_node(recorded: Relay) -> None:
    created = [
        statement for statement in recorded.starting_with("create table") if "__dbt_exchange_test_" not in statement
    ]
    copies_of_another = [statement for statement in created if " as `replicated_" in statement]
    assert len(created) > len(DAY_FACTS)
    assert [statement for statement in created if f'on cluster "{CLUSTER}"' not in statement] == []
    assert [
        statement
        for statement in created
        if not re.search(r"engine = replicated\w*mergetree", statement) and statement not in copies_of_another
    ] == []


@pytest.mark.parametrize(
    "words", ["create database", "create or replace view", "drop table", "exchange tables", "alter table"]
)
def test_on_a_cluster_every_definition_reaches_every_node(recorded: Relay, words: str) -> None:
    statements = [statement for statement in recorded.starting_with(words) if "__dbt_exchange_test_" not in statement]
    of_one_replica = [statement for statement in statements if f'on cluster "{CLUSTER}"' not in statement]
    # what a replicated table does with its partitions, indexes and projections it does on all its replicas
    replicated = re.compile(r"alter table \S+ (replace partition|drop partition|add index|add projection)")
    assert statements
    assert [statement for statement in of_one_replica if not replicated.match(statement)] == []


def test_the_engine_parses_what_dbt_sends_to_a_cluster(recorded: Relay, client: Client) -> None:
    """As it is sent: in the build that was recorded the engine got it without what only a cluster understands."""
    sent = {statement for statement in recorded.statements if any(only.search(statement) for only, _ in FOR_ONE_NODE)}
    assert len(sent) > len(DAY_FACTS)
    for statement in sent:
        client.command(f"explain ast {statement}")
    [exchange, *_] = recorded.starting_with("exchange tables")
    client.command(f"explain ast {exchange}")
    with pytest.raises(ClickHouseError, match="SYNTAX_ERROR"):
        client.command(f"explain ast {exchange.replace('on cluster', 'cluster')}")


def test_on_a_cluster_days_are_replaced_and_dropped(recorded: Relay, house: Warehouse, client: Client) -> None:
    alterations = recorded.starting_with("alter table `replicated_marts`.`fct_ad_events` ")
    assert any(" replace partition id '" in statement for statement in alterations)
    assert any(" drop partition id '20310101'" in statement for statement in alterations)
    assert {table: rows_of(client, f"replicated_{table}") for table in DAY_FACTS} == {
        table: rows_of(client, f"duckhouse_{table}") for table in DAY_FACTS
    }


def test_without_the_variable_dbt_sends_nothing_of_a_cluster(house: Warehouse) -> None:
    with relay(house.clickhouse_port) as between:
        alone = Warehouse(house.folder, between.server_port, APART)
        selected = ("stg_ad_serving__publishers", "+snap_ad_serving__publishers", "time_zones")
        alone.dbt("prod", "build", "--select", *selected, *WITHOUT_TESTS)
    assert between.starting_with("create table")
    assert [
        statement
        for statement in map(_bare, between.statements)
        if re.search(r"on cluster|replicatedmergetree", statement)
    ] == []
