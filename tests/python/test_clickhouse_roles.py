"""Each command works with the rights of its role in docs/clickhouse_roles.sql and no others, and uses all of them.

The embedded engine enforces the rights; its query log says which of them each query used. It is the one node of a
cluster too, on which the queries of docs/cluster.md run.
"""

import datetime as dt
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from duckhouse.clickhouse_sql import full_name
from duckhouse.dbt_plugin.blocks import Block, InTable
from duckhouse.dbt_plugin.graph import ALL, Done
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.settings import PROJECT
from duckhouse.warehouse import news, publish, reading
from duckhouse.warehouse.blocked import blocked
from duckhouse.warehouse.connection import connect
from support import review_files, roles
from support.dbt import environment, parsed
from support.drops import NO_TESTS, csv_of, deliver, event
from support.gateway import start_gateway, stop
from support.places import place
from support.review_files import Product, Review
from support.roles import FILE, Right
from support.warehouse import Warehouse

PUSH, DBT, PUBLISH, READER = (f"duckhouse_{name}" for name in ("push", "dbt", "publish", "reader"))
AUDIT = "duckhouse_audit"
SCHEMAS_OF_PEOPLE = {f"duckhouse_{schema}" for schema in PUBLISHED_SCHEMAS}
PUBLISHERS = ("publisher_id,publisher_name,timezone", "1,Daily News,UTC")
GUIDE, SERVERS, SIZING = (PROJECT / f"docs/{page}.md" for page in ("cluster", "clickhouse", "sizing"))
BLOCK = re.MULTILINE | re.DOTALL
SOME_DAY = dt.datetime(2026, 1, 11)
# of each kind of model, snapshot and hook at least one
BUILT = (
    *("--select", "+rpt_ad_serving_days", "+fct_ad_events", "+fct_ad_event_records"),
    *("+fct_product_review_texts", "+snap_ad_serving__published_days", *NO_TESTS),
)
USED = """
    select distinct splitByChar(' ', log_comment)[1] as role, arrayJoin(used_privileges) as used
    from system.query_log where type = 'QueryFinish'
"""
FOR_ALL = (Right("SELECT", "system.one"), Right("SELECT", "information_schema.*"))
"""What ClickHouse gives every user."""


@dataclass(frozen=True)
class AsRole(Warehouse):
    """A warehouse that is worked by the user of one role."""

    role: str = field(default=PUSH)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "env", {**self.env, "CLICKHOUSE_USER": self.role})


@pytest.fixture(scope="module")
def landed() -> Iterator[Warehouse]:
    """Two sources in a landing zone, and a server with roles; nothing is pushed."""
    path = os.pathsep.join(map(str, (PROJECT, PROJECT / "tests/python")))
    with place() as (folder, _):
        process, port = start_gateway(
            folder / "server", {"PYTHONPATH": path}, program=("-m", "support.gateway_of_roles")
        )
        try:
            house = Warehouse(folder, port)
            deliver(house, 10, [event("a", "2026-01-09T10:00:00Z")], publishers=csv_of(*PUBLISHERS))
            of_reviews = Warehouse(folder, port, source="reviews")
            review = Review("r", "B001", dt.date(2014, 6, 20))
            review_files.deliver(of_reviews, "2014-07-01", {"a": [review]}, [Product("B001", "Sony")])
            yield house
        finally:
            stop(process)


@pytest.fixture(scope="module")
def house(landed: Warehouse) -> Warehouse:
    """All of it pushed, built and published, each step by the user of its role; then one more delivery."""
    port, folder = landed.clickhouse_port, landed.folder
    push, publisher = AsRole(folder, port, role=PUSH), AsRole(folder, port, role=PUBLISH)
    dbt = AsRole(folder, port, AUDIT, role=DBT)
    push.run("push")
    dbt.dbt("prod", "build", *BUILT)
    publisher.run("publish")
    deliver(landed, 11, [event("b", "2026-01-09T11:00:00Z"), event("c", "2026-01-10T11:00:00Z")])
    push.run("push")
    dbt.dbt("prod", "build", *BUILT)
    with environment(publisher.env), connect() as client:
        publish.passed(client, "version")  # what make prod does beside
        assert publish.is_waiting(client)
        publish.publish(client)
        news.published(client).write({ALL: Done("version", "success", "")})
    with environment(dbt.env), connect() as client:
        InTable(lambda sql: client.query(sql).result_rows, AUDIT).write(Block(SOME_DAY, {}))
    return landed


@pytest.fixture(scope="module")
def used(house: Warehouse) -> dict[str, set[Right]]:
    """The rights that the queries of each role used so far."""
    with environment({**house.env, "CLICKHOUSE_USER": READER}), connect() as client:
        for schema in PUBLISHED_SCHEMAS:
            for name in tables(client, f"duckhouse_{schema}"):
                client.query(f"select * from {full_name(f'duckhouse_{schema}', name)}")
        assert blocked("prod") is not None
        assert news.published(client).records()[ALL].version == "version"
        with reading.reading("prod") as read:
            assert read.views() == {"rpt_ad_serving_days"}
    found: dict[str, set[Right]] = {}
    with as_user(house, "default") as client:
        client.command("system flush logs")
        for role, right in client.query(USED).result_rows:
            found.setdefault(role, set()).update(roles.rights(right))
    return found


def as_user(house: Warehouse, user: str) -> Client:
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=house.clickhouse_port, username=user, autogenerate_session_id=False
    )


def tables(client: Client, database: str) -> list[str]:
    found = client.query("select name from system.tables where database = {d:String}", parameters={"d": database})
    return [name for (name,) in found.result_rows]


def granted() -> dict[str, list[Right]]:
    return roles.granted(FILE.read_text(encoding="utf-8"))


def uncovered(these: Iterable[Right], by: Iterable[Right]) -> list[Right]:
    kept = list(by)
    return sorted(right for right in these if not any(one.covers(right) for one in kept))


def test_what_was_pushed_with_these_rights_is_published(house: Warehouse) -> None:
    with as_user(house, READER) as client:
        events = "select event_id from duckhouse_marts.fct_ad_events order by 1"
        assert client.query(events).result_rows == [("a",), ("b",), ("c",)]
        assert client.query("select count() from duckhouse_marts.fct_product_review_texts").first_row == (1,)


@pytest.mark.parametrize("role", [PUSH, DBT, PUBLISH, READER])
def test_every_right_is_used(role: str, used: dict[str, set[Right]]) -> None:
    needed = used[role] | (behind_views() if role == READER else set())
    assert [right for right in granted()[role] if not any(right.covers(one) for one in needed)] == []


@pytest.mark.parametrize("role", [PUSH, DBT, PUBLISH, READER])
def test_every_right_that_is_used_is_granted(role: str, used: dict[str, set[Right]]) -> None:
    """The engine lets everybody read all of the database system; a server may not."""
    needed = {right for right in used[role] if not right.name.startswith("SHOW ")}  # whoever may read may show
    assert needed
    assert uncovered(needed, [*granted()[role], *FOR_ALL]) == []


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (PUSH, "select count() from duckhouse_marts.fct_ad_events"),
        (PUSH, "drop database raw_ad_serving"),
        (DBT, "truncate table raw_ad_serving.events"),
        (DBT, "create table duckhouse_marts.mine (x Int8) engine = MergeTree order by x"),
        (DBT, "drop table duckhouse_marts.fct_ad_events"),
        (PUBLISH, "select count() from raw_ad_serving.events"),
        (READER, "select count() from raw_ad_serving.events"),
        (READER, "select count() from duckhouse_audit_marts.fct_ad_events"),
        (READER, "select count() from duckhouse_snapshots.snap_ad_serving__publishers"),
        (DBT, "select count() from clusterAllReplicas('analytics', system.tables)"),
    ],
)
def test_what_a_role_does_not_need_is_refused(role: str, statement: str, house: Warehouse) -> None:
    with as_user(house, role) as client, pytest.raises(DatabaseError, match="ACCESS_DENIED"):
        client.command(statement)


def test_a_reader_keeps_to_its_profile(house: Warehouse) -> None:
    with as_user(house, READER) as client:
        assert client.query("select 1", settings={"max_memory_usage": 4_000_000_000}).first_row == (1,)
        for setting, most in {"max_memory_usage": 4_000_000_000, "max_execution_time": 600}.items():
            with pytest.raises(DatabaseError, match="SETTING_CONSTRAINT_VIOLATION"):
                client.query("select 1", settings={setting: most + 1})
        with pytest.raises(DatabaseError, match="READONLY"):
            client.command("set readonly = 0")


def behind_views() -> set[Right]:
    """What the published views of all sources read, with the rights of who asks; the build above has two sources."""
    with environment({"CLICKHOUSE_PREFIX": "duckhouse"}):
        manifest = parsed(target="prod")
    found: set[str] = set()
    waiting = [node for node in manifest.nodes.values() if is_view(node) and node.schema in SCHEMAS_OF_PEOPLE]
    while waiting:
        for identity in waiting.pop().depends_on_nodes:
            behind: Any = manifest.nodes.get(identity) or manifest.sources[identity]
            name = f"{behind.schema}.{getattr(behind, 'alias', behind.name)}"
            if is_view(behind) and name not in found:
                waiting.append(behind)
            found.add(name)
    return {Right("SELECT", name) for name in found}


def is_view(node: Any) -> bool:
    return node.resource_type == "model" and node.config.materialized in ("view", "ephemeral")


def test_readers_may_read_what_is_behind_every_view() -> None:
    behind = behind_views()
    assert uncovered(behind, granted()[READER]) == []
    without = [right for right in granted()[READER] if right.on != "duckhouse_rules.*"]
    assert {right.on.partition(".")[0] for right in uncovered(behind, without)} == {"duckhouse_rules"}


@pytest.mark.parametrize(
    ("right", "other", "is_covered"),
    [
        (Right("ALTER", "a.*"), Right("ALTER DELETE", "a.t"), True),
        (Right("ALTER DELETE", "a.*"), Right("ALTER", "a.t"), False),
        (Right("CREATE TABLE", "a_*.*"), Right("CREATE TABLE", "a_b.t"), True),
        (Right("CREATE", "a.*"), Right("CREATED", "a.t"), False),
        (Right("SELECT", "a.*"), Right("SELECT", "ab.t"), False),
        (Right("TABLE ENGINE", "MergeTree"), Right("TABLE ENGINE", "ReplacingMergeTree"), False),
    ],
)
def test_a_right_covers_another(right: Right, other: Right, is_covered: bool) -> None:
    assert right.covers(other) is is_covered


def test_rights_are_read_from_grants_and_from_the_query_log() -> None:
    assert roles.rights("INSERT(x, `y z`), ALTER DELETE ON a.t, SELECT ON b_*.*") == [
        Right("INSERT", "a.t"),
        Right("ALTER DELETE", "a.t"),
        Right("SELECT", "b_*.*"),
    ]
    assert roles.granted("-- GRANT SELECT ON a.* TO nobody;\nGRANT SELECT ON a.*,\n    INSERT ON b.* TO r;\n") == {
        "r": [Right("SELECT", "a.*"), Right("INSERT", "b.*")]
    }


def blocks(language: str, *pages: Path) -> list[str]:
    """The blocks of code in a language on these pages."""
    found = (re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), BLOCK) for page in pages)
    return [block for of_page in found for block in of_page]


def sql_of_the_pages() -> list[str]:
    return [statement for block in blocks("sql", GUIDE, SERVERS) for statement in roles.statements(block)]


def test_the_engine_parses_the_roles_and_the_sql_of_the_pages(landed: Warehouse) -> None:
    told = [*roles.statements(FILE.read_text(encoding="utf-8")), *sql_of_the_pages()]
    assert len(told) > 30
    with as_user(landed, "default") as client:
        for statement in told:
            client.command(f"explain ast {statement}")
        with pytest.raises(DatabaseError, match="SYNTAX_ERROR"):
            client.command("explain ast GRANT SELECTS ON raw_*.* TO duckhouse_push")


def test_the_configuration_of_the_guide_names_what_a_cluster_needs() -> None:
    [configuration] = blocks("xml", GUIDE)
    parts = {part.tag for part in ElementTree.fromstring(configuration)}  # noqa: S314 - a page of ours
    assert parts == {"remote_servers", "zookeeper", "macros", "distributed_ddl", "user_directories"}


def test_the_questions_about_size_are_answered(used: dict[str, set[Right]], house: Warehouse) -> None:
    by_database, by_kind = map(roles.statements, blocks("sql", SIZING))
    with as_user(house, "default") as client:
        assert {"raw_ad_serving", "duckhouse_audit_marts"} <= {row[0] for row in client.query(*by_database).result_rows}
        of_audit = by_kind[0].replace("duckhouse_", "duckhouse_audit_")
        kinds = {row[0] for row in client.query(of_audit).result_rows}
    assert {"rules and quality", "steps", "marts", "staging and raw", "everything else"} <= kinds


def test_the_questions_of_the_guide_are_answered_by_a_cluster_of_one_node(house: Warehouse) -> None:
    checksum, behind, *_, distributed = (s for s in sql_of_the_pages() if "hostName" in s or "Distributed(" in s)
    alone = distributed.replace(" on cluster analytics", "")
    assert alone != distributed
    with as_user(house, "default") as client:
        [(_, *before)] = client.query(checksum).result_rows
        assert before[0] == 3
        assert before[1] is not None
        assert client.query(behind).result_rows == []
        client.command("create database duckhouse_readers")
        client.command(alone)
        assert client.query("select count() from duckhouse_readers.fct_ad_events").first_row == (3,)
        client.command("delete from duckhouse_marts.fct_ad_events where event_id = 'a'")
        client.command("insert into duckhouse_marts.fct_ad_events select * from duckhouse_marts.fct_ad_events limit 1")
        [(_, *after)] = client.query(checksum).result_rows
    assert after[0] == before[0]
    assert after[1] != before[1]
