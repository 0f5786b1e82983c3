"""People see the figures of the last build that passed, whatever is being built, blocked or stopped."""

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse import builds, cli
from duckhouse.processes import DBT
from duckhouse.warehouse import prod, publish
from duckhouse.warehouse.blocked import Blocked, blocked, lines
from duckhouse.warehouse.connection import connect
from scripts import prod as command
from support.dbt import environment, parsed
from support.drops import csv_of, deliver, event
from support.warehouse import Warehouse, called
from tools import clickhouse_tables
from tools.layouts.definitions import FOLDER, definitions, kept

Figures = tuple[int, str]
RELATIONS = ("fct_ad_events", "fct_ad_events_daily", "fct_publisher_performance", "fct_ad_events_as_of")
MEASURED = """
    select 'fct_ad_events', toInt64(count()), toString(sum(revenue_usd)) from {marts}.fct_ad_events
    union all
    select 'fct_ad_events_daily', toInt64(sum(impressions)), toString(sum(revenue_usd)) from {marts}.fct_ad_events_daily
    union all
    select 'fct_publisher_performance', toInt64(sum(impressions)), toString(sum(revenue_usd))
    from {marts}.fct_publisher_performance
    union all
    select 'fct_ad_events_as_of', toInt64(sum(impressions)), toString(sum(revenue_usd)) from {marts}.fct_ad_events_as_of
    where superseded_by_delivery_id is null
"""
# what is built after the first build, which builds all: the other rules would double the time and find nothing
TOUCHED = (
    "path:models/staging/ad_serving",
    "path:models/intermediate/ad_serving",
    "path:models/marts/ad_serving",
    "path:snapshots/ad_serving.sql",
    "path:snapshots/ad_serving_published_days.yml",
    "fct_ad_event_records",
    "dq_ad_serving_records",
    "fct_dq_findings",
    "agg_dq_scorecard",
    "path:models/reporting/quality",
)
UNTOUCHED = "assert_gross_to_billable_equals_its_sources"  # is about a table that is not built anew
SECONDS_BETWEEN_ROUNDS = 0.2
PUBLISHERS = csv_of("publisher_id,publisher_name,timezone", "1,Daily News,UTC")
GOOD: Figures = (40, "20")  # 40 paid 0.50
BLOCKED: Figures = (70, "25")  # and 30, of which 10 have a readable 0.50
CORRECTED: Figures = (70, "27.5")  # and 30 paid 0.25


def client_of(house: Warehouse) -> Client:
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=house.clickhouse_port, autogenerate_session_id=False, query_limit=0
    )


def figures(client: Client, prefix: str = "duckhouse") -> dict[str, Figures]:
    rows = client.query(MEASURED.format(marts=f"{prefix}_marts")).result_rows
    return {relation: (count, revenue) for relation, count, revenue in rows}


@dataclass
class Reader:
    """Queries the published marts round after round while the block runs, and keeps every answer that it got."""

    house: Warehouse
    answers: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    missing: set[tuple] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    rounds: int = 0

    def __enter__(self) -> "Reader":
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _read(self) -> None:
        with client_of(self.house) as client:
            published = relations_of_people(client)
            while not self._ends.wait(SECONDS_BETWEEN_ROUNDS):
                try:
                    for relation, answer in figures(client).items():
                        self.answers[relation].add(answer)
                    self.missing |= published - relations_of_people(client)
                except ClickHouseError as error:
                    self.refused.append(str(error))
                self.rounds += 1


def relations_of_people(client: Client) -> set[tuple]:
    return set(
        client.query(
            "select database, name from system.tables where database in ('duckhouse_marts', 'duckhouse_quality')"
        ).result_rows
    )


@dataclass(frozen=True)
class Story:
    """What was published and seen while a good, a bad, and a correcting delivery came. `blocked` is what blocked builds
    after each of these, and after an attempt to publish the third that was stopped before it."""

    first: dict[str, Figures]
    bad: Reader
    bad_code: int
    bad_message: str
    bad_printed: str
    bad_scorecard: tuple
    bad_actions: list[tuple]
    blocked: list[Blocked | None]
    bad_built: dict[str, Figures]
    after_bad: dict[str, Figures]
    correction: Reader
    stopped_code: int
    stopped: dict[str, Figures]
    resumed: dict[str, Figures]
    remembered: list[tuple]
    definitions: dict[str, str]
    statements: dict[Path, str]


@pytest.fixture(scope="module")
def story(shared_house: Warehouse) -> Iterator[Story]:
    with environment(shared_house.env), pytest.MonkeyPatch.context() as patch, client_of(shared_house) as client:
        patch.setattr(prod, "run", what_is_asked())
        patch.setattr(command, "run", lambda _: None)  # DuckDB is not what these tests are about, nor is parity
        patch.setattr(command, "compare_all", lambda _: [])
        land_day(shared_house, 10, "2026-01-09", [0.5] * 40, publishers=PUBLISHERS)
        assert run_prod()[:2] == (0, "")
        first, stops = figures(client), [blocked("prod")]

        patch.setattr(prod, "run", what_is_asked("--select", *TOUCHED))
        land_day(shared_house, 11, "2026-01-10", [0.5] * 10 + ["n/a"] * 20)
        with Reader(shared_house) as bad:
            bad_code, bad_message, bad_printed = run_prod()
        bad_built, after_bad = figures(client, "duckhouse_audit"), figures(client)
        stops.append(blocked("prod"))
        scorecard = "select sum(events), sum(findings_error) from duckhouse_audit_quality.agg_dq_scorecard"
        actions = "select rule_id, records from duckhouse_audit_reporting.rpt_quality_actions where records > 1"
        bad_scorecard, bad_actions = client.query(scorecard).first_row, client.query(actions).result_rows

        land_day(shared_house, 12, "2026-01-10", [0.25] * 30)
        with Reader(shared_house) as correction:
            with pytest.MonkeyPatch.context() as stopping:
                stopping.setattr(command, "connect", lambda: stopped_at("fct_publisher_performance"))
                stopped_code, *_ = run_prod()
            stopped = figures(client)
            stops.append(blocked("prod"))
            with pytest.MonkeyPatch.context() as failing:
                failing.setattr(prod.push, "push", stopped_before_it_pushed)
                run_prod()
            stops.append(blocked("prod"))
        days = (
            "select toString(event_date), impressions, toString(revenue_usd) "
            "from duckhouse_snapshots.snap_ad_serving__published_days order by event_date, dbt_valid_from"
        )
        views = "select name, create_table_query from system.tables where database like 'duckhouse\\\\_%' "
        published = "and database not like 'duckhouse\\\\_audit%' and engine = 'View'"
        yield Story(
            first=first,
            bad=bad,
            bad_code=bad_code,
            bad_message=bad_message,
            bad_printed=bad_printed,
            bad_scorecard=bad_scorecard,
            bad_actions=bad_actions,
            blocked=stops,
            bad_built=bad_built,
            after_bad=after_bad,
            correction=correction,
            stopped_code=stopped_code,
            stopped=stopped,
            resumed=figures(client),
            remembered=client.query(days).result_rows,
            definitions=dict(client.query(views + published).result_rows),
            statements=definitions(client, "duckhouse"),
        )


def land_day(house: Warehouse, when: int, day: str, amounts: list[float | str], **files: str) -> None:
    records = [event(f"{day}-{n}", f"{day}T{n % 24:02}:00:{n:02}.5Z", amount) for n, amount in enumerate(amounts)]
    deliver(house, when, {day: records}, **files)


def what_is_asked(*selection: str) -> Callable[..., None]:
    """Runs what these tests are about: of the tests only those that the project itself has written."""

    def asked(command: list[str], env: dict[str, str]) -> None:
        """The command in this process, where the project is parsed once for all of them."""
        assert command[:3] == [DBT, "--quiet", "build"]
        assert command[-2:] == ["--target", "prod"]
        words = (*command[2:-2], "--exclude", "test_type:generic", "test_type:unit", UNTOUCHED, *selection)
        with environment(env):
            builds.invoke("--log-level-file", "none", *words, target="prod", manifest=parsed(target="prod"))

    return asked


def stopped_before_it_pushed() -> NoReturn:
    raise cli.UserError("stopped before it pushed")


def stopped_at(table: str) -> Client:
    """A client that is interrupted when it comes to this table."""
    client = connect()
    command = client.command

    def until(statement: str, **options: Any) -> Any:
        if f".`{table}` clone as" in statement:
            raise KeyboardInterrupt
        return command(statement, **options)

    client.command = until
    return client


def run_prod() -> tuple[int, str, str]:
    """python -m scripts.prod in this process: its exit code, what it says of an error, and what it prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["prod"])
        done = called(command.main)
    return done.returncode, done.stderr, done.stdout


def test_a_difference_between_the_engines_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "running_clickhouse", nullcontext)
    for name in ("connect", "bring", "run", "published_models"):
        monkeypatch.setattr(command, name, lambda *_: None)
    monkeypatch.setattr(command, "compare_all", lambda _: [{"model": "m", "equal": False, "problem": "p"}])
    done = called(lambda: command.main([]))
    assert (done.returncode, done.stdout) == (1, "DIFFERS  m: p\n")


def test_a_build_that_passes_is_published(story: Story) -> None:
    assert story.first == dict.fromkeys(RELATIONS, GOOD)


def test_a_blocked_build_is_never_seen(story: Story) -> None:
    assert story.bad_built == dict.fromkeys(RELATIONS, BLOCKED)
    assert story.bad.rounds > 5
    assert (story.bad.refused, story.bad.missing) == ([], set())
    assert story.bad.answers == {relation: {GOOD} for relation in RELATIONS}
    assert story.after_bad == dict.fromkeys(RELATIONS, GOOD)


def test_a_blocked_build_says_what_failed_and_what_stays(story: Story) -> None:
    assert story.bad_code == 1
    assert story.bad_message == (
        "error: nothing is published, duckhouse_* keep the figures of the last good build: "
        "assert_no_blocking_finding failed; what dbt said is above, what it built is in duckhouse_audit_*\n"
    )


def test_a_blocked_build_explains_itself(story: Story) -> None:
    good, bad, stopped, corrected = story.blocked
    assert (good, stopped, corrected) == (None, None, None)
    assert bad is not None
    [found] = bad.findings
    assert (found.rule_id, found.record_count, bad.is_in_place) == ("ad_serving__file_unusable", 20, False)
    assert found.place.startswith("events/2026-01-10.jsonl, of delivery 20260111T060000000000Z-")
    assert found.evidence.startswith("20 of 30 unusable, expected: at most half; records: 30; ")
    assert found.fix == "Ask the sender for the file again. Nothing is published until it arrives."
    for line in lines(bad):
        assert line in story.bad_printed


def test_a_blocked_build_has_its_scorecard_and_views(story: Story) -> None:
    assert story.bad_scorecard[0] == BLOCKED[0]
    assert ("ad_serving__file_unusable", 20) in story.bad_actions


def test_a_correction_is_published_relation_by_relation_and_none_is_missing_meanwhile(story: Story) -> None:
    assert (story.correction.refused, story.correction.missing) == ([], set())
    assert set(story.correction.answers) == set(RELATIONS)
    for answers in story.correction.answers.values():
        assert answers <= {GOOD, CORRECTED}


def test_a_publishing_that_was_stopped_is_ended_by_the_next_run_before_it_builds(story: Story) -> None:
    assert story.stopped_code == 130
    assert story.stopped == {
        "fct_ad_events": CORRECTED,
        "fct_ad_events_daily": CORRECTED,
        "fct_publisher_performance": GOOD,
        "fct_ad_events_as_of": GOOD,
    }
    assert story.resumed == dict.fromkeys(RELATIONS, CORRECTED)


def test_blocked_figures_are_not_remembered_as_published(story: Story) -> None:
    assert story.remembered == [("2026-01-09", 40, "20"), ("2026-01-10", 30, "7.5")]


def test_sources_without_published_figures_have_none_to_remember(shared_house: Warehouse) -> None:
    shared_house.dbt("prod", "snapshot", "--select", f"{prod.PUBLISHED_FIGURES},path:snapshots/consent.sql")


def test_published_views_read_what_is_published(story: Story) -> None:
    assert {"fct_ad_events_as_of", "fct_revenue_restatements", "fct_ad_events_at_event_time"} < story.definitions.keys()
    assert [name for name, definition in story.definitions.items() if "_audit" in definition] == []
    assert story.definitions["fct_ad_events_at_event_time"].endswith("SETTINGS join_use_nulls = 1")


def test_docs_have_the_statement_of_every_published_relation(story: Story) -> None:
    assert story.statements == kept(), "run python -m tools.clickhouse_tables"


# ---------- databases made by hand


@pytest.fixture
def client(shared_house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The server, under a prefix of the test's own."""
    for name, value in {**shared_house.env, "CLICKHOUSE_PREFIX": "shop"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        publish,
        "manifest",
        lambda: SimpleNamespace(nodes={"daily": SimpleNamespace(schema="marts", resource_type="model")}),
    )
    with client_of(shared_house) as connected:
        yield connected
        for name in publish.databases(connected):
            if name.startswith("shop"):
                connected.command(f"drop database {name} sync")


def make(client: Client, database: str, *statements: str) -> None:
    client.command(f"create database if not exists {database}")
    for statement in statements:
        client.command(statement.format(database))


def kinds(client: Client, database: str) -> dict[str, str]:
    return {relation.name: relation.engine for relation in publish.relations(client, [database])}


def test_indexes_projections_settings_and_comments_come_along(client: Client) -> None:
    make(
        client,
        "shop_audit_marts",
        "create table {0}.daily (day Date32 comment 'UTC', sold Int64, index by_sold sold type minmax, "
        "projection by_day (select day, sum(sold) group by day)) engine = MergeTree partition by toYYYYMM(day) "
        "order by sold settings index_granularity = 1024 comment 'One row per sale'",
        "insert into {0}.daily select toDate32('2026-01-01') + number, number from numbers(90)",
    )
    publish.publish(client)
    [origin], [copy] = (publish.relations(client, [database]) for database in ("shop_audit_marts", "shop_marts"))
    assert copy.definition == origin.definition.replace("shop_audit_marts", "shop_marts")
    asked = "select day, sum(sold) from shop_marts.daily group by day order by day limit 2"
    answer = client.query(asked, settings={"force_optimize_projection": 1}).result_rows
    assert [sold for _, sold in answer] == [0, 1]


def test_what_the_audit_does_not_hold_goes_and_what_changed_its_kind_is_replaced(client: Client) -> None:
    make(
        client,
        "shop_audit_marts",
        "create table {0}.was_a_view (x Int64) engine = MergeTree order by ()",
        "create view {0}.was_a_table as select x from {0}.was_a_view",
        "create table {0}.daily__dbt_backup (x Int64) engine = MergeTree order by ()",
    )
    make(
        client,
        "shop_marts",
        "create table {0}.was_a_table (x Int64) engine = MergeTree order by ()",
        "create view {0}.was_a_view as select 1 as x",
        "create table {0}.gone (x Int64) engine = MergeTree order by ()",
    )
    make(client, "shop_other_marts", "create table {0}.of_somebody (x Int64) engine = MergeTree order by ()")
    assert publish.publish(client) == {
        "tables": ["shop_marts.was_a_view"],
        "views": ["shop_marts.was_a_table"],
        "dropped": ["shop_marts.gone"],
    }
    assert kinds(client, "shop_marts") == {"was_a_table": "View", "was_a_view": "MergeTree"}
    assert kinds(client, "shop_other_marts") == {"of_somebody": "MergeTree"}


def test_the_first_build_starts_from_what_is_published(client: Client) -> None:
    """Staging may hold deliveries that are in landing no more. A start that was stopped has no database of its own."""
    make(
        client,
        "shop_marts",
        "create table {0}.daily engine = MergeTree order by () as select number as x from numbers(3)",
        "create view {0}.total as select sum(x) as x from {0}.daily",
    )
    make(client, "shop_other_marts", "create table {0}.of_somebody (x Int64) engine = MergeTree order by ()")
    make(client, "shop_audit_marts", "create table {0}.daily (half Int64) engine = MergeTree order by ()")
    publish.start(client)
    client.command("insert into shop_audit_marts.daily values (4)")
    publish.start(client)
    assert client.query("select x from shop_audit_marts.total").result_rows == [(7,)]
    assert client.query("select x from shop_marts.total").result_rows == [(3,)]
    assert [name for name in publish.databases(client) if name.startswith("shop_audit")] == [
        "shop_audit",
        "shop_audit_marts",
    ]


def test_without_anything_published_the_first_build_starts_from_nothing(client: Client) -> None:
    publish.start(client)
    assert [name for name in publish.databases(client) if name.startswith("shop")] == ["shop_audit"]


def test_one_relation_that_cannot_be_published_keeps_all_back(client: Client) -> None:
    make(
        client,
        "shop_audit_marts",
        "create table {0}.daily (x Int64) engine = MergeTree order by ()",
        "create table {0}.log (x Int64) engine = Log",
    )
    with pytest.raises(cli.UserError, match=r"^shop_audit_marts\.log: engine Log cannot be published"):
        publish.publish(client)
    assert "shop_marts" not in publish.databases(client)


@pytest.mark.parametrize("script", ["prod", "publish"])
def test_a_cluster_is_refused_in_one_line(
    shared_house: Warehouse, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setenv("CLICKHOUSE_CLUSTER", "analytics")
    refused = shared_house.run(script, code=1)
    assert refused.stderr.startswith("error: CLICKHOUSE_CLUSTER is set, and publishing is for one node")
    assert refused.stderr.count("\n") == 1


def test_without_a_build_there_is_nothing_to_publish(shared_house: Warehouse, tmp_path: Path) -> None:
    refused = Warehouse(tmp_path, shared_house.clickhouse_port, "nobody").run("publish", code=1)
    assert refused.stderr == (
        "error: there are no databases nobody_audit_*: python -m scripts.prod builds and publishes them\n"
    )


@pytest.mark.parametrize(
    ("definition", "elsewhere"),
    [
        (
            "CREATE VIEW a_audit_m.v (`x` Int64) AS SELECT x FROM a_audit_i.t",
            "CREATE OR REPLACE VIEW `a_m`.v (`x` Int64) AS SELECT x FROM `a_i`.t",
        ),
        ("CREATE VIEW `a_audit_m`.`v w` AS SELECT 1", "CREATE OR REPLACE VIEW `a_m`.`v w` AS SELECT 1"),
        (
            "CREATE VIEW a_audit_m.v AS SELECT 'a_audit_m' AS a_audit_m FROM aa_audit_m.t",
            "CREATE OR REPLACE VIEW `a_m`.v AS SELECT 'a_audit_m' AS a_audit_m FROM aa_audit_m.t",
        ),
    ],
)
def test_a_view_reads_the_databases_of_its_own_prefix(definition: str, elsewhere: str) -> None:
    assert publish.moved(definition, "a_audit", "a") == elsewhere


def test_statements_are_kept_under_the_default_prefix(client: Client) -> None:
    make(
        client,
        "shop_marts",
        "create table {0}.daily (shop_id Int64) engine = MergeTree order by shop_id",
        "create table {0}.daily__dbt_backup (shop_id Int64) engine = MergeTree order by shop_id",
        "create view {0}.daily_view as select shop_id from {0}.daily",
    )
    make(client, "shop_intermediate", "create view {0}.step as select 1 as one")
    statements = definitions(client, "shop")
    assert statements.keys() == {FOLDER / "marts" / "daily.sql", FOLDER / "marts" / "daily_view.sql"}
    table, view = (statements[FOLDER / "marts" / f"{name}.sql"] for name in ("daily", "daily_view"))
    assert table.startswith("CREATE TABLE duckhouse_marts.daily\n(\n    `shop_id` Int64\n)\n")
    assert "FROM duckhouse_marts.daily\n" in view


def test_the_command_keeps_statements_and_removes_those_of_tables_that_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, daily = tmp_path / "marts" / "gone.sql", tmp_path / "marts" / "daily.sql"
    gone.parent.mkdir()
    gone.touch()
    monkeypatch.setattr(clickhouse_tables, "connect", nullcontext)
    monkeypatch.setattr(clickhouse_tables, "PROJECT", tmp_path)
    monkeypatch.setattr(clickhouse_tables, "FOLDER", tmp_path)
    monkeypatch.setattr(clickhouse_tables, "kept", lambda: {gone: ""})
    monkeypatch.setattr(clickhouse_tables, "definitions", lambda *_: {daily: "CREATE"})
    monkeypatch.setattr(clickhouse_tables, "published_models", lambda: [SimpleNamespace(schema="marts", name="daily")])
    assert clickhouse_tables.main([]) == 0
    assert (gone.exists(), daily.read_text()) == (False, "CREATE")
    assert capsys.readouterr().out == "marts/gone.sql: removed\nmarts/daily.sql: written\n"
    monkeypatch.setattr(clickhouse_tables, "definitions", lambda *_: {})
    with pytest.raises(cli.UserError, match=r"duckhouse_\* lack 1 tables, such as daily: build everything first"):
        clickhouse_tables.main([])
