"""Several sources of kind postgres: each by its declaration, from its own connection, by each way of extraction."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg import conninfo

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database, database_of
from duckhouse.extraction.results import Result
from duckhouse.extraction.run import extract
from duckhouse.extraction.tables import tables_of
from duckhouse.sources import Source, load_source
from scripts import extract_postgres
from support.postgres import SOURCE, Extraction, new_database
from support.sources import CRM, DECLARATION, SCHEMA, declare_crm

LEAST, GREATEST = -(2**63), 2**63 - 1


class Crm:
    """The database of the made-up source, found by its own settings, with the schema `app` by their options."""

    def __init__(self, source: Source, database: Database, landing: Path) -> None:
        self.source = source
        self.database = database
        self.landing = landing
        self.connection = database.connect(autocommit=True)

    def sql(self, query: str) -> list[tuple]:
        cursor = self.connection.execute(query)
        return cursor.fetchall() if cursor.description else []

    def run(self, mode: str) -> Result:
        return extract(self.source, self.database, mode)

    def landed(self, table: str, delivery: str | None = None) -> list[dict[str, Any]]:
        with duckdb.connect() as reader:
            found = reader.execute(
                f"select * from read_parquet('{self.landing}/{CRM}/delivery=*/{table}/*.parquet', union_by_name = true)"
                " where coalesce(_delivery_id = $1, true) order by _delivery_id, _source_row",
                [delivery],
            )
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def check(self, result: Result) -> None:
        state = {}
        for row in self.landed("orders"):
            state[row["order_no"]] = row
        stands = sorted(
            (row["order_no"], row["title"], row["amount"], row["placed_at"])
            for row in state.values()
            if row["operation"] == "upsert"
        )
        assert stands == self.sql(
            "select order_no, title, amount, nullif(placed_at, 'infinity') from app.orders order by 1"
        )
        assert all(table.is_reconciled for table in result.tables)
        told = [(row["table_name"], row["source_rows"], row["known_rows"]) for row in
                self.landed("runs", result.delivery.id)]  # fmt: skip
        assert told == [(table.table_name, table.source_rows, table.known_rows) for table in result.tables]


@pytest.fixture(params=["its own database", "the database of ad_delivery"])
def crm(
    request: pytest.FixtureRequest, postgres: Embedded, shop: Extraction, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Crm]:  # fmt: skip
    source = declare_crm(monkeypatch, tmp_path / "staging")
    place = new_database(postgres) if request.param == "its own database" else shop.database
    with psycopg.connect(place.conninfo, autocommit=True) as connection:
        connection.execute(SCHEMA)
    monkeypatch.setenv("CRM_DSN", conninfo.make_conninfo(place.conninfo, options="-c search_path=app"))
    monkeypatch.setenv("POSTGRES_DSN", shop.database.conninfo)
    with database_of(source) as database:
        made = Crm(source, database, tmp_path / "landing")
        with closing(made.connection):
            yield made
            made.sql(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots "
                "where database = current_database() and not active"
            )


def test_two_sources_take_turns_by_all_three_ways(crm: Crm, shop: Extraction) -> None:
    crm.sql("insert into app.orders values (7, 'ä', '2026-01-01', 1), (-7, null, 'infinity', null)")
    crm.sql("insert into app.customers values (-32768), (32767)")
    for number, mode in enumerate(["cdc", "cdc", "compare", "full", "cdc", "compare", "cdc"]):
        crm.sql(f"insert into app.orders (order_no, title) values ({100 + number}, 'new'); delete from public.orders")
        crm.sql(f"update app.orders set amount = {number} where order_no = 7")
        crm.sql(f"delete from app.orders where order_no = {99 + number}; insert into public.orders values (99)")
        shop.sql("update clicks set campaign_id = campaign_id % 3 + 1 where id = 1")
        crm.check(found := crm.run(mode))
        assert found.notes == [] if mode == "cdc" else all("keeps" in note for note in found.notes)
        shop.check(of_shop := shop.run(mode))
        if number:
            assert [(table.new_rows, table.changed_rows, table.deleted_rows) for table in found.tables] == [
                (1, 1, 1),
                (0, 0, 0),
            ]
            assert shop.changes(of_shop) == {"clicks": [("upsert", 1)]}
    unmapped = [row["_unmapped"] for row in crm.landed("orders") if row["order_no"] == -7]
    assert unmapped == ['{"placed_at": "infinity"}']
    assert {row["_source_file"] for row in crm.landed("orders")} == {"orders"}


def test_slots_and_publications_of_sources_are_their_own(crm: Crm, shop: Extraction) -> None:
    crm.run("cdc")
    shop.run("cdc")
    published = crm.sql("select pubname, schemaname, tablename from pg_publication_tables order by 1, 2, 3")
    assert [row[1:] for row in published if row[0] == "duckhouse_crm"] == [("app", "customers"), ("app", "orders")]
    assert ("duckhouse_crm",) in crm.sql("select slot_name from pg_replication_slots")


@pytest.mark.parametrize("mode", ["compare", "full", "cdc"])
def test_columns_that_are_named_like_ours_and_the_bounds_of_bigint_are_kept(crm: Crm, mode: str) -> None:
    crm.run(mode)
    crm.sql(
        f"insert into app.orders (order_no, amount, operation, \"ctr%\") values ({LEAST}, {LEAST}, 'pause', 0.5), "
        f"({GREATEST}, null, null, null), (0, {GREATEST}, null, null)"
    )
    crm.check(crm.run(mode))
    rows = {row["order_no"]: row for row in crm.landed("orders")}
    assert {key: (row["amount"], row["_unmapped"]) for key, row in rows.items()} == {
        LEAST: (LEAST, '{"ctr%": "0.5", "operation": "pause"}'), 0: (GREATEST, None), GREATEST: (None, None),
    }  # fmt: skip
    crm.sql(f"update app.orders set operation = 'resume' where order_no = {LEAST}")
    crm.check(found := crm.run(mode))
    assert found.tables[0].changed_rows == 1


def test_names_need_no_care(crm: Crm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    odd = DECLARATION.replace("app.orders", "'My \"App\".50% of Orders'").replace("order_no", "'No %s'")
    crm.sql('create schema "My ""App"""; alter table app.orders set schema "My ""App"""')
    crm.sql('alter table "My ""App""".orders rename to "50% of Orders"')
    crm.sql('alter table "My ""App""".orders rename order_no to "No %s"'.replace(".orders", '."50% of Orders"'))
    (tmp_path / "staging" / CRM / "_crm__sources.yml").write_text(odd)
    source = load_source(CRM)
    table = '"My ""App"""."50% of Orders"'
    for number, mode in enumerate(["cdc", "cdc", "compare", "full"]):
        crm.sql(f"insert into {table} (\"No %s\", title) values ({number}, 'x')")
        crm.sql(f"update {table} set title = 'y' where \"No %s\" = 0")
        result = extract(source, crm.database, mode)
        assert [(t.source_rows, t.known_rows) for t in result.tables] == [(number + 1, number + 1), (0, 0)]
    assert {row["No %s"] for row in crm.landed("orders")} == {0, 1, 2, 3}


def test_a_table_without_a_key_that_is_a_number_is_refused(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "staging" / CRM / "_crm__sources.yml"
    for declared in (DECLARATION.replace(", key: number", ""), DECLARATION.replace("key: order_no", "key: title")):
        path.write_text(declared)
        with pytest.raises(UserError, match=r"source crm: table \w+ needs a key in its declaration: a column with"):
            extract(load_source(CRM), crm.database, "compare")
    crm.sql("alter table app.orders drop constraint orders_pkey")
    with pytest.raises(UserError, match=r"app\.orders has no primary key order_no, .* add primary key \(order_no\)"):
        crm.run("compare")


# ---------------------------------------------------------------- the command


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["extract_postgres", *arguments])
    assert extract_postgres.main() == 0


def test_the_command_names_the_source(
    crm: Crm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command(monkeypatch, CRM, "--cdc")
    assert "orders" in capsys.readouterr().out
    assert ("duckhouse_crm",) in crm.sql("select slot_name from pg_replication_slots")
    with pytest.raises(UserError, match="name the source to extract: ad_delivery, crm"):
        command(monkeypatch)
    with pytest.raises(UserError, match="there is no source 'other': known are ad_delivery, crm"):
        command(monkeypatch, "other")
    crm.sql("drop table app.customers")
    with pytest.raises(UserError, match="table customers is missing; nothing is landed"):
        command(monkeypatch, CRM)


def test_settings_of_a_source_that_lead_nowhere_are_named(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_DSN", "postgresql://127.0.0.1:1/nothing")
    with pytest.raises(UserError, match=r"check CRM_DSN \(or CRM_HOST, _PORT, _DB, _USER\)"):
        command(monkeypatch, CRM)
    monkeypatch.setenv("CRM_DSN", "nonsense here")
    with pytest.raises(UserError, match="CRM_DSN is not a connection string"):
        command(monkeypatch, CRM)


@pytest.mark.parametrize(
    ("declared", "wrong", "told"),
    [
        ("{meta: {table: app.orders, key: order_no}}", "{meta: {key: order_no}}", "orders, runs say no table"),
        (
            "      - name: runs\n",
            "      - name: runs\n        config: {meta: {key: known_rows}}\n",
            "runs has a key and",
        ),
        ("key: number}", "key: operation}", "table customers needs a key in its declaration"),
    ],
)
def test_a_declaration_that_leaves_open_what_is_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, declared: str, wrong: str, told: str
) -> None:
    assert DECLARATION.count(declared) == 1
    source = declare_crm(monkeypatch, tmp_path / "staging", DECLARATION.replace(declared, wrong))
    with pytest.raises(UserError, match=told):
        tables_of(source)


# ---------------------------------------------------------------- the options of a connection string


def test_options_of_a_connection_string_are_kept(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sql("create schema app")
    for table in ("advertiser", "campaign", "impressions", "clicks"):
        shop.sql(f"create table app.{table} (like {table} including all)")
    shop.sql("insert into app.clicks (id) values (1000), (1001)")
    options = "-c search_path=app -c timezone=Asia/Tokyo -c datestyle=German"
    monkeypatch.setenv("POSTGRES_DSN", conninfo.make_conninfo(shop.database.conninfo, options=options))
    monkeypatch.setenv("PGTZ", "Europe/Berlin")
    with database_of(load_source(SOURCE)) as database:
        with database.connect() as connection:
            shown = [
                connection.execute(f"show {name}").fetchone()[0] for name in ("search_path", "timezone", "datestyle")
            ]
        for mode in ("cdc", "cdc", "compare", "full"):
            shop.sql("update app.clicks set campaign_id = coalesce(campaign_id, 0) + 1 where id = 1000")
            extract(load_source(SOURCE), database, mode, shop.slot)
    assert shown == ["app", "UTC", "ISO, YMD"]
    assert [(row["id"], row["campaign_id"]) for row in shop.landed("clicks")] == [
        (1000, 1), (1001, None), (1000, 2), (1000, 3), (1000, 4),
    ]  # fmt: skip


def test_rows_that_a_policy_hides_are_an_error(shop: Extraction) -> None:
    shop.sql("alter table clicks enable row level security; create policy one on clicks using (id = 1)")
    shop.sql(f"create role {shop.slot}_hidden login password 'reads'")
    shop.sql(f"grant select on all tables in schema public to {shop.slot}_hidden")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security policy"):
            extract(load_source(SOURCE), shop.as_user(f"{shop.slot}_hidden", "reads"), "compare", shop.slot)
    finally:
        shop.sql(f"drop owned by {shop.slot}_hidden; drop role {shop.slot}_hidden")
