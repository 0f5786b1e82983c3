"""The slot and the publication of `--cdc`: advanced in time, lost, read or changed by others, and noticed."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import ExecStatus

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.slot import Slot
from duckhouse.landing.zone import Session
from support.postgres import COLUMNS, PUBLICATION, Extraction, after, counts, extraction, postgres_server


def position(shop: Extraction) -> str:
    return shop.value("select confirmed_flush_lsn::text from pg_replication_slots where slot_name = %s", shop.slot)


# ---------------------------------------------------------------- the slot


def test_the_slot_advances_when_the_delivery_is_there_and_not_before(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run("cdc")
    shop.sql("insert into clicks (campaign_id) values (1)")
    seen = []
    commit = Session.commit

    def look(*arguments: object) -> object:
        seen.append(position(shop))
        return commit(*arguments)

    monkeypatch.setattr(Session, "commit", look)
    before = position(shop)
    shop.run("cdc")
    assert seen == [before]
    assert shop.value("select confirmed_flush_lsn > %s::pg_lsn from pg_replication_slots where slot_name = %s",
                      before, shop.slot)  # fmt: skip


def test_a_delivery_that_cannot_be_committed_loses_nothing(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("cdc")
    shop.sql("insert into clicks (campaign_id) values (1)")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", full_disk)
        with pytest.raises(OSError, match="No space"):
            shop.run("cdc")
    assert len(list(shop.zone.glob("delivery=2*"))) == 1
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {"clicks": [("upsert", 6)]}
    assert found.notes == []


def test_a_slot_that_stays_behind_doubles_nothing(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("cdc")

    def gone(*_: object) -> None:
        raise psycopg.OperationalError("server closed the connection")

    with monkeypatch.context() as broken:
        broken.setattr(Slot, "confirm", gone)
        for _ in range(2):
            shop.sql("insert into clicks (campaign_id) values (1)")
            [note] = shop.run("cdc").notes
            assert note == f"slot {shop.slot} stays where it was until the next run: server closed the connection"
    shop.sql("insert into clicks (campaign_id) values (1)")
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {"clicks": [("upsert", 8)]}
    assert [row["id"] for row in shop.landed("clicks")] == list(range(1, 9))


def test_the_lag_is_what_the_log_holds_beyond_the_delivery(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("cdc")
    assert {table.lag_bytes for table in shop.run("cdc").tables} == {0}
    grown = []

    def write() -> None:
        before = shop.value("select pg_current_wal_lsn()")
        shop.sql("insert into clicks (campaign_id) select 1 from generate_series(1, 1000)")
        grown.append(shop.value("select pg_current_wal_lsn() - %s::pg_lsn", before))

    with monkeypatch.context() as busy:
        after(busy, Slot, "flush", write)
        late = shop.run("cdc")
    assert shop.changes(late) == {}
    assert {table.lag_bytes for table in late.tables} == {
        row["lag_bytes"] for row in shop.landed("extractions", late.delivery.id)
    }
    assert grown[0] <= late.tables[0].lag_bytes < grown[0] + 5000
    shop.check(found := shop.run("cdc"))
    assert (len(shop.changes(found)["clicks"]), found.tables[0].lag_bytes) == (1000, 0)


def test_a_run_that_compares_tells_of_the_log_that_the_slot_keeps(shop: Extraction) -> None:
    assert shop.run().notes == []
    shop.run("cdc")
    compared = shop.run()
    [note] = compared.notes
    assert note.startswith(f"slot {shop.slot} keeps ")
    assert {table.lag_bytes for table in compared.tables} == {None}
    shop.sql("select pg_drop_replication_slot(%s)", shop.slot)
    assert shop.run().notes == []


def drop(shop: Extraction) -> None:
    shop.sql("select pg_drop_replication_slot(%s)", shop.slot)


def make_another(shop: Extraction) -> None:
    drop(shop)
    shop.sql("select pg_create_logical_replication_slot(%s, 'pgoutput')", shop.slot)


def advance(shop: Extraction) -> None:
    shop.sql("select pg_replication_slot_advance(%s, pg_current_wal_lsn())", shop.slot)


def publish_another(shop: Extraction) -> None:
    shop.sql(f"drop publication {PUBLICATION}")


def take_out(shop: Extraction) -> None:
    shop.sql(f"alter publication {PUBLICATION} drop table clicks")


def put_back(shop: Extraction) -> None:
    shop.sql(f"alter publication {PUBLICATION} add table clicks")


def publish_inserts(shop: Extraction) -> None:
    shop.sql(f"alter publication {PUBLICATION} set (publish = 'insert')")


def publish_all(shop: Extraction) -> None:
    shop.sql(f"alter publication {PUBLICATION} set (publish = 'insert, update, delete, truncate')")


def nothing(_: Extraction) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "behind", "fault"),
    [
        (drop, nothing, "is not there"),
        (nothing, drop, "is not there"),
        (nothing, make_another, "was read by somebody else"),
        (nothing, advance, "was read by somebody else"),
        (publish_another, nothing, f"misses changes, as publication {PUBLICATION} was changed"),
        (take_out, put_back, f"misses changes, as publication {PUBLICATION} was changed"),
        (publish_inserts, publish_all, f"misses changes, as publication {PUBLICATION} was changed"),
    ],
)
def test_a_log_that_misses_changes_is_noticed_and_every_row_compared(
    shop: Extraction,
    before: Callable[[Extraction], None],
    behind: Callable[[Extraction], None],
    fault: str,
) -> None:
    shop.run("cdc")
    before(shop)
    shop.sql("update clicks set campaign_id = 3 where id = 2; delete from impressions where id = 9")
    behind(shop)
    shop.check(found := shop.run("cdc"))
    assert found.notes == [f"slot {shop.slot} {fault}: it was made anew, and every row compared"]
    assert shop.changes(found) == {"clicks": [("upsert", 2)], "impressions": [("delete", 9)]}
    shop.sql("update clicks set campaign_id = 1 where id = 2")
    shop.check(again := shop.run("cdc"))
    assert again.notes == []
    assert shop.changes(again) == {"clicks": [("upsert", 2)]}


def test_a_slot_whose_log_the_server_dropped_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = ("max_slot_wal_keep_size=1MB", "min_wal_size=32MB", "max_wal_size=32MB", "full_page_writes=off")
    with (
        postgres_server(tmp_path / "postgres", *small) as server,
        extraction(server, tmp_path / "landing", monkeypatch) as shop,
    ):
        shop.run("cdc")
        shop.sql("update clicks set campaign_id = 3 where id = 2")
        for _ in range(3):
            shop.sql("select pg_logical_emit_message(false, '', ''), pg_switch_wal()")
        shop.sql("checkpoint")
        assert shop.value("select wal_status from pg_replication_slots") == "lost"
        shop.check(found := shop.run("cdc"))
        assert found.notes == [
            f"slot {shop.slot} has lost the log that it needs: it was made anew, and every row compared"
        ]
        assert shop.changes(found) == {"clicks": [("upsert", 2)]}
        shop.sql("delete from clicks where id = 1")
        shop.check(found := shop.run("cdc"))
        assert (found.notes, shop.changes(found)) == ([], {"clicks": [("delete", 1)]})


def test_a_slot_of_somebody_else_is_left_alone(shop: Extraction, postgres: Embedded) -> None:
    shop.sql("select pg_create_logical_replication_slot(%s, 'pgoutput')", shop.slot)
    with pytest.raises(UserError, match="is not of these deliveries: name another one with --slot, or drop it"):
        shop.run("cdc")
    drop(shop)
    shop.sql("select pg_create_physical_replication_slot(%s)", shop.slot)
    with pytest.raises(UserError, match="is not ours: name another one with --slot"):
        shop.run("cdc")
    drop(shop)
    with psycopg.connect(**postgres.parameters("postgres"), autocommit=True) as elsewhere:
        elsewhere.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", [shop.slot])
        with pytest.raises(UserError, match="is not ours: name another one with --slot"):
            shop.run("cdc")
        elsewhere.execute("select pg_drop_replication_slot(%s)", [shop.slot])
    shop.check(shop.run("cdc"))


def test_a_slot_that_is_being_read_is_named_with_its_reader(shop: Extraction) -> None:
    shop.run("cdc")
    with closing(shop.database.connect(autocommit=True, replication="database")) as reader:
        options = f"(proto_version '1', publication_names '{PUBLICATION}')"
        started = reader.pgconn.exec_(f"START_REPLICATION SLOT {shop.slot} LOGICAL 0/0 {options}".encode())
        assert started.status == ExecStatus.COPY_BOTH, started.error_message
        with pytest.raises(UserError, match=rf"slot {shop.slot} is read by process \d+: wait for its end"):
            shop.run("cdc")
    shop.sql("select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = %s", shop.slot)
    shop.check(shop.run("cdc"))


def test_a_database_that_was_set_back_is_noticed(shop: Extraction) -> None:
    first = shop.run("cdc")
    notes = shop.zone / ".known" / f"{first.delivery.id}.json"
    [snapshot] = [part for part in notes.read_text().split('"') if part.count(":") == 2 and part[0].isdigit()]
    notes.write_text(notes.read_text().replace(snapshot, "9000000:9000000:"))
    with pytest.raises(UserError, match=r"older than the newest delivery, .* run .* --full"):
        shop.run("cdc")
    shop.check(shop.run("full"))
    shop.check(shop.run("cdc"))


# ---------------------------------------------------------------- publications and tables of others


def test_a_publication_may_hold_other_tables(shop: Extraction) -> None:
    shop.sql("create schema archive; create table archive.clicks (id int primary key, campaign_id int)")
    shop.sql("create table other (id int primary key)")
    shop.sql(f"create publication {PUBLICATION} for all tables")
    shop.run("cdc")
    shop.sql("insert into archive.clicks values (6, 1); insert into other values (1); delete from other")
    shop.sql("delete from clicks where id = 1; truncate archive.clicks, other")
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {"clicks": [("delete", 1)]}


def test_the_tables_may_be_in_a_schema_of_any_name(shop: Extraction) -> None:
    shop.sql('create schema "Our Shop"')
    for table in COLUMNS:
        shop.sql(f'alter table {table} set schema "Our Shop"')
    shop.sql(f'alter database {shop.slot} set search_path = "Our Shop"')
    shop.sql('set search_path = "Our Shop"')
    shop.check(shop.run("cdc"))
    shop.sql("delete from clicks where id = 1")
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {"clicks": [("delete", 1)]}


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        ("for table advertiser, campaign, impressions", "does not publish all of clicks"),
        ("for table advertiser, campaign, impressions, archive.clicks", "does not publish all of clicks"),
        ("for table advertiser, campaign, impressions, clicks where (id > 3)", "does not publish all of clicks"),
        ("for table advertiser, campaign (id, name), impressions, clicks", "does not publish all of campaign"),
        ("for all tables with (publish = 'insert, update, delete')", "does not publish every operation"),
    ],
)
def test_a_publication_that_does_not_tell_everything_is_refused(shop: Extraction, definition: str, fault: str) -> None:
    shop.sql("create schema archive; create table archive.clicks (id int primary key)")
    shop.sql(f"create publication {PUBLICATION} {definition}")
    with pytest.raises(
        UserError, match=f"publication {PUBLICATION} {fault}: drop publication {PUBLICATION}, and run again"
    ):
        shop.run("cdc")
    assert shop.sql("select slot_name from pg_replication_slots where slot_name = %s", shop.slot) == []
    shop.sql(f"drop publication {PUBLICATION}")
    shop.check(shop.run("cdc"))


@pytest.mark.parametrize(
    "change",
    [
        "alter table clicks replica identity nothing",
        "alter table clicks drop constraint clicks_pkey; create unique index on clicks (id)",
        "alter table clicks add column code serial not null unique; "
        "alter table clicks replica identity using index clicks_code_key",
    ],
)
def test_a_table_whose_log_would_not_name_rows_is_refused_before_it_is_published(shop: Extraction, change: str) -> None:
    shop.sql(change)
    with pytest.raises(UserError, match="the log would not tell which rows of clicks change: alter table clicks add"):
        shop.run("cdc")
    shop.sql("delete from clicks where id = 1")
    shop.check(shop.run())


def test_a_table_that_is_inherited_is_refused_before_it_is_published(shop: Extraction) -> None:
    shop.sql("create table old_clicks () inherits (clicks); insert into old_clicks (id, campaign_id) values (900, 1)")
    with pytest.raises(UserError, match="not tell of the rows of old_clicks, which inherits clicks: run without --cdc"):
        shop.run("cdc")
    shop.check(shop.run())


def test_a_table_of_partitions_is_one_table(shop: Extraction) -> None:
    shop.sql("drop table clicks; create table clicks (id int primary key, campaign_id int, created_at timestamp) "
             "partition by range (id)")  # fmt: skip
    shop.sql("create table clicks_1 partition of clicks for values from (0) to (100)")
    shop.sql("create table clicks_2 partition of clicks for values from (100) to (200)")
    shop.sql("insert into clicks select i, 1 from generate_series(1, 150) as i")
    shop.sql(f"create publication {PUBLICATION} for table advertiser, campaign, impressions, clicks")
    with pytest.raises(
        UserError, match=f"does not publish all of clicks: drop publication {PUBLICATION}, and run again"
    ):
        shop.run("cdc")
    shop.sql(f"drop publication {PUBLICATION}")
    shop.check(shop.run("cdc"))
    shop.sql("update clicks set campaign_id = 2 where id in (1, 150); update clicks set id = 160 where id = 2")
    shop.check(found := shop.run("cdc"))
    assert counts(found) == {"clicks": (1, 2, 1)}
    assert shop.changes(shop.run("full")) == {}


# ---------------------------------------------------------------- changes without a word in the log

PARTITIONED = """
    drop table clicks;
    create table clicks (id int primary key, campaign_id int, created_at timestamp) partition by range (id);
    create table clicks_1 partition of clicks for values from (0) to (100);
    create table clicks_2 partition of clicks for values from (100) to (200);
    insert into clicks select i, 1 from generate_series(91, 110) as i;
    create table clicks_3 (like clicks including all);
    insert into clicks_3 select i, 2 from generate_series(201, 210) as i
"""
MADE_ANEW = "create table clicks (id int primary key, campaign_id int, created_at timestamp)"


@pytest.mark.parametrize(
    ("before", "change", "changed"),
    [
        ("", "update campaign set bid = 5 where id = 1; "
             "alter table campaign alter bid type numeric(14, 4) using bid * 1000", "campaign"),
        ("", "update clicks set campaign_id = 3 where id = 1; alter table clicks add note text default 'new'",
         "clicks"),
        ("create type kind as enum ('a', 'b'); alter table clicks add kind kind default 'a'",
         "update clicks set kind = 'b' where id = 1; alter type kind rename value 'b' to 'c'", "clicks"),
        ("create type kind as enum ('a', 'b'); alter table clicks add kind kind default 'a'",
         "alter type kind rename value 'a' to 'c'", "clicks"),
        ("", f"drop table clicks; {MADE_ANEW}; insert into clicks values (1)", "clicks"),
        ("", "create table later (like clicks including all); insert into later select id, 3 from clicks; "
             "alter table clicks rename to former; alter table later rename to clicks", "clicks"),
        ("", "alter table clicks set unlogged; update clicks set campaign_id = 3; alter table clicks set logged",
         "clicks"),
        (PARTITIONED, "truncate clicks_1", "clicks"),
        (PARTITIONED, "update clicks set campaign_id = 2; alter table clicks detach partition clicks_2", "clicks"),
        (PARTITIONED, "drop table clicks_1; "
                      "alter table clicks attach partition clicks_3 for values from (200) to (300)", "clicks"),
    ],
)  # fmt: skip
def test_what_changes_without_a_word_in_the_log_is_found_by_comparing_in_the_same_run(
    shop: Extraction, before: str, change: str, changed: str
) -> None:
    shop.sql(before)
    shop.sql(f"create publication {PUBLICATION} for all tables with (publish_via_partition_root = true)")
    shop.run("cdc")
    shop.sql(change)
    shop.check(found := shop.run("cdc"))
    [note] = found.notes
    assert note.startswith(f"{changed} has changed without a word in the log: by comparing ")
    assert list(counts(found)) == [changed]
    check_unmapped(shop)
    for mode in ("cdc", "full"):
        shop.check(again := shop.run(mode))
        assert shop.changes(again) == {}


def check_unmapped(shop: Extraction) -> None:
    """The newest record of each click has what the table has beside the declared columns."""
    newest = {row["id"]: row["_unmapped"] for row in shop.landed("clicks")}
    rows = shop.sql("select id, to_jsonb(clicks) - array['id', 'campaign_id', 'created_at'] from clicks")
    assert {key: json.loads(newest[key] or "{}") for key, _ in rows} == dict(rows)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter table clicks add twice text generated always as ((campaign_id * 2)::text) virtual",
         "the log would not tell of clicks.twice, which is generated: run without --cdc"),
        (PARTITIONED + "; alter table clicks_2 set unlogged",
         "the log would not tell of the rows of clicks_2, which is unlogged: alter table clicks_2 set logged"),
    ],
)  # fmt: skip
def test_rows_of_which_the_log_would_not_tell_everything_are_refused(shop: Extraction, change: str, told: str) -> None:
    shop.sql(change)
    with pytest.raises(UserError, match=told):
        shop.run("cdc")
    assert shop.sql("select from pg_publication") == []
    shop.check(shop.run())
    check_unmapped(shop)


def test_stored_generated_columns_land_by_the_log(shop: Extraction) -> None:
    shop.sql("alter table clicks add twice text generated always as ((campaign_id * 2)::text) stored")
    shop.run("cdc")
    shop.sql("update clicks set campaign_id = 3 where id = 1")
    shop.check(found := shop.run("cdc"))
    assert [(row["id"], row["_unmapped"]) for row in shop.landed("clicks", found.delivery.id)] == [
        (1, '{"twice": "6"}')
    ]
    check_unmapped(shop)


def test_values_from_before_a_column_had_its_type_are_kept_as_text(shop: Extraction) -> None:
    shop.sql("alter table clicks drop constraint clicks_campaign_id_fkey")
    shop.run("cdc")
    shop.sql("alter table clicks alter campaign_id type text, alter created_at type timestamptz")
    shop.sql("update clicks set campaign_id = 'one', created_at = '2026-01-01 00:00+00' where id = 1")
    shop.sql("alter table clicks alter campaign_id type int using 3, alter created_at type timestamp")
    shop.check(found := shop.run("cdc"))
    first, second = (row for row in shop.landed("clicks", found.delivery.id) if row["id"] == 1)
    assert first["_unmapped"] == '{"created_at": "2026-01-01 00:00:00+00", "campaign_id": "one"}'
    assert (first["campaign_id"], first["created_at"]) == (None, None)
    assert (second["campaign_id"], second["_unmapped"]) == (3, None)
