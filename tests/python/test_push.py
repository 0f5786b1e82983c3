"""A push brings each landed delivery once and whole, whatever stopped the push before it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import clickhouse_connect
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse.clickhouse_sql import literal, quote
from duckhouse.warehouse import push
from support.warehouse import Warehouse, warehouse


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drop") / "ad_serving"
    size = ("--days", "2", "--events-per-day", "60", "--seed", "5")
    Warehouse(folder.parent, 0).run("tools.generate", "ad_serving", *size, "--out", folder)
    return folder


@pytest.fixture
def house(drop: Path) -> Iterator[Warehouse]:
    with warehouse() as fresh:
        fresh.land(drop, "--delivered-at", "2026-03-25T06:00:00Z")
        yield fresh


def connect(house: Warehouse) -> Client:
    return clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port)


def landed_rows(house: Warehouse) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for file in house.folder.glob("landing/ad_serving/delivery=2*/*/*.parquet"):
        key = (file.parent.name, file.parents[1].name.removeprefix("delivery="))
        counts[key] = counts.get(key, 0) + pq.read_metadata(file).num_rows
    return {key: rows for key, rows in counts.items() if rows}


def raw_rows(house: Warehouse) -> dict[tuple[str, str], int]:
    with connect(house) as client:
        tables = [row[0] for row in client.query("show tables from raw_ad_serving").result_rows]
        return {
            (table, delivery): rows
            for table in tables
            if table not in ("_deliveries", "_looks")
            for delivery, rows in client.query(
                f"select _delivery_id, count() from raw_ad_serving.{quote(table)} group by 1"
            ).result_rows
        }


def test_every_landed_row_arrives_once_and_a_second_push_brings_nothing(house: Warehouse) -> None:
    first = house.run("push", "ad_serving")
    assert raw_rows(house) == landed_rows(house)
    assert "2 pushed, 0 were there" in first.stdout
    second = house.run("push", "ad_serving")
    assert "0 pushed, 2 were there" in second.stdout
    assert raw_rows(house) == landed_rows(house)


def test_values_arrive_as_they_landed(house: Warehouse) -> None:
    house.run("push")
    file = sorted(house.folder.glob("landing/ad_serving/delivery=2*/events/*.parquet"))[0]
    landed = pq.read_table(file)
    with connect(house) as client:
        columns = ", ".join(quote(name) for name in landed.column_names)
        name, delivery = landed["_source_file"][0].as_py(), landed["_delivery_id"][0].as_py()
        pushed = client.query(
            f"select {columns} from raw_ad_serving.events where _source_file = {literal(name)} "
            f"and _delivery_id = {literal(delivery)} order by _source_row"
        ).result_rows
    at = landed.column_names.index("_delivered_at")
    expected = sorted(zip(*(column.to_pylist() for column in landed.columns), strict=True), key=lambda row: row[-2])
    assert [tuple(v.replace(tzinfo=None) if i == at else v for i, v in enumerate(row)) for row in pushed] == expected


def test_a_push_that_was_stopped_halfway_is_finished_by_the_next(house: Warehouse) -> None:
    """As a kill leaves it: some entities whole, one twice, one missing, no row in _deliveries."""
    house.run("push")
    with connect(house) as client:
        [delivery] = client.query("select max(delivery_id) from raw_ad_serving._deliveries").result_rows[0]
        client.command(
            f"alter table raw_ad_serving._deliveries delete where delivery_id = {literal(delivery)} "
            "settings mutations_sync = 1"
        )
        client.command(
            "insert into raw_ad_serving.events select * from raw_ad_serving.events "
            f"where _delivery_id = {literal(delivery)}"
        )
        client.command(f"alter table raw_ad_serving.campaigns drop partition {literal(delivery)}")
    assert raw_rows(house) != landed_rows(house)
    assert "1 pushed, 1 were there" in house.run("push").stdout
    assert raw_rows(house) == landed_rows(house)


@pytest.mark.parametrize("paused_at", ["before", "after"])
def test_two_pushes_at_once_bring_each_row_once(
    house: Warehouse, monkeypatch: pytest.MonkeyPatch, paused_at: str
) -> None:
    """The other one begins and ends while this one stands before, or after, its first insert of events."""
    plain, other = push.insert_file, []

    def paused(client: Client, table: str, file: Path) -> None:
        now = "events" in table and not other
        if now:
            other.append(None)
        if now and paused_at == "before":
            other.append(house.run("push"))
        plain(client, table, file)
        if now and paused_at == "after":
            other.append(house.run("push"))

    monkeypatch.setattr(push, "insert_file", paused)
    house.run("push")
    assert "ad_serving: 2 pushed, 0 were there" in other[1].stdout
    assert raw_rows(house) == landed_rows(house)
    assert "0 pushed, 2 were there" in house.run("push", "ad_serving").stdout


def test_what_a_push_that_failed_inserted_beside_is_gone(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged(*_: object) -> None:
        raise ClickHouseError("the cable is out")

    monkeypatch.setattr(push, "insert_file", unplugged)
    assert "the cable is out" in house.run("push", "ad_serving", code=1).stderr
    with connect(house) as client:
        assert not [name for (name,) in client.query("show tables from raw_ad_serving like '_pushed%'").result_rows]


@pytest.mark.parametrize("change", ["doubled", "lost", "deleted"])
def test_a_pushed_delivery_that_holds_other_counts_is_pushed_again(house: Warehouse, change: str) -> None:
    house.run("push")
    with connect(house) as client:
        [delivery] = client.query("select max(delivery_id) from raw_ad_serving._deliveries").result_rows[0]
        if change == "doubled":
            client.command(
                "insert into raw_ad_serving._files select * from raw_ad_serving._files "
                f"where _delivery_id = {literal(delivery)}"
            )
        elif change == "lost":
            client.command(f"alter table raw_ad_serving.events drop partition {literal(delivery)}")
        else:
            client.command(
                f"delete from raw_ad_serving.events where _delivery_id = {literal(delivery)} and _source_row < 5"
            )
    said = house.run("push", "ad_serving").stdout
    assert re.search(f"pushed {delivery}, [0-9]+ rows again: it held other counts than its manifest", said)
    assert "1 pushed, 1 were there" in said
    assert raw_rows(house) == landed_rows(house)


def test_a_delivery_that_does_not_match_its_manifest_is_not_marked_as_pushed(house: Warehouse) -> None:
    damaged = sorted(house.folder.glob("landing/ad_serving/delivery=2*/events/*.parquet"))[0]
    table = pq.read_table(damaged)
    pq.write_table(table.slice(1), damaged)
    done = house.run("push", code=1)
    assert "its manifest says" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    with connect(house) as client:
        assert client.query("select count() from raw_ad_serving._deliveries").result_rows == [(0,)]
    pq.write_table(table, damaged)
    house.run("push")
    assert raw_rows(house) == landed_rows(house)


def test_deliveries_that_left_landing_stay_on_the_server(house: Warehouse) -> None:
    house.run("push")
    before = raw_rows(house)
    shutil.rmtree(sorted(house.folder.glob("landing/ad_serving/delivery=2*"))[0])
    assert "0 pushed, 2 were there" in house.run("push").stdout
    assert raw_rows(house) == before


def test_a_column_that_the_contract_gained_is_added(house: Warehouse) -> None:
    house.run("push")
    with connect(house) as client:
        client.command("alter table raw_ad_serving.publishers drop column account_manager")
    house.run("push")
    with connect(house) as client:
        assert "account_manager" in [row[0] for row in client.query("describe raw_ad_serving.publishers").result_rows]


def test_faults_of_the_user_are_one_line(house: Warehouse, tmp_path: Path) -> None:
    unknown = house.run("push", "no_such_source", code=1)
    assert unknown.stderr.startswith("error: no_such_source: no such source; there are ad_delivery, ad_serving")
    unreachable = Warehouse(tmp_path, 1).run("push", code=1)
    assert unreachable.stderr.startswith("error: no ClickHouse answers at 127.0.0.1:1")
    assert len(unreachable.stderr.strip().splitlines()) == 1


def test_quoting_keeps_text_inside_its_quotes() -> None:
    assert quote("a`b\\") == "`a\\`b\\\\`"
    assert literal("a'b\\") == "'a\\'b\\\\'"


def test_on_a_cluster_every_table_is_on_it_and_replicated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_CLUSTER", "main")
    sent: list[str] = []
    left_behind = SimpleNamespace(result_rows=[("_pushed_0_events",)])
    client = SimpleNamespace(command=sent.append, query=lambda *_, **__: left_behind)
    push.create_tables(client, "ad_serving", "raw_ad_serving")
    with push.tables_beside(client, "raw_ad_serving") as beside:
        beside("events")
    creations = [statement for statement in sent if statement.startswith("create")]
    *_, copied = creations
    assert all(" on cluster `main`" in statement for statement in creations)
    assert all("engine = Replicated" in s for s in creations if s.startswith("create table") and s != copied)
    assert copied.endswith("_events` on cluster `main` as `raw_ad_serving`.`events`")  # the same engine
    assert len(creations) > 6
    dropped = [statement for statement in sent if statement.startswith("drop")]
    assert [statement.endswith("_events` on cluster `main`") for statement in dropped] == [True, True]
    with warehouse() as house, connect(house) as engine:
        for statement in sent:
            engine.command(f"explain ast {statement}")
        with pytest.raises(ClickHouseError, match="SYNTAX_ERROR"):
            engine.command(f"explain ast {copied.replace('on cluster', 'at cluster')}")
