"""`python -m scripts.extract_postgres --cdc`: every change once, in the order of commits, joined to what was known."""

import struct
import threading
from datetime import UTC, datetime

import pytest

from duckhouse.cli import UserError
from duckhouse.extraction import slot
from duckhouse.extraction.pgoutput import Begin, Commit, Delete, Truncate, Upsert, messages
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.slot import Slot
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.tables import TableName
from support.postgres import Extraction, after, counts
from support.waiting import wait_for

# ---------------------------------------------------------------- the join of snapshot and stream


def test_transactions_that_are_open_when_the_slot_is_made_land_once(shop: Extraction) -> None:
    with shop.transaction() as early, shop.transaction() as never:
        early.execute("insert into clicks (campaign_id) values (2)")
        never.execute("delete from impressions where id = 1")
        first = threading.Thread(target=shop.run, args=["cdc"])
        first.start()
        waiting = (
            "select count(*) > 0 from pg_stat_activity where query like '%pg_create_logical%' "
            "and wait_event_type = 'Lock' and datname = current_database()"
        )
        wait_for(lambda: shop.value(waiting), "the slot waits for the transactions")
        shop.sql("update campaign set bid = 4 where id = 1")
        early.commit()
        never.rollback()
        first.join()
    assert shop.state("clicks") == shop.truth("clicks")
    shop.sql("update campaign set bid = 5 where id = 1")
    shop.check(second := shop.run("cdc"))
    assert shop.changes(second) == {"campaign": [("upsert", 1)]}
    assert [row["bid"] for row in shop.landed("campaign") if row["id"] == 1] == ["4.00", "5.00"]
    assert [row["id"] for row in shop.landed("clicks")] == [1, 2, 3, 4, 5, 6]


def test_a_slot_that_cannot_be_made_says_what_it_waits_for(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot, "SECONDS_TO_CREATE", 1)
    with shop.transaction() as early:
        early.execute("insert into clicks (campaign_id) values (2)")
        with pytest.raises(
            UserError, match=r"cannot be made while a transaction is open, 1 seconds were waited: end it"
        ):
            shop.run("cdc")
        early.commit()
    shop.check(first := shop.run("cdc"))
    assert counts(first)["clicks"] == (6, 0, 0)
    assert first.notes == []


def test_transactions_across_snapshots_land_in_the_run_that_sees_them(shop: Extraction) -> None:
    shop.run("cdc")
    with shop.transaction() as late, shop.transaction() as later:
        late.execute("insert into clicks (campaign_id) values (1)")
        later.execute("update advertiser set name = 'later' where id = 1")
        shop.sql("insert into clicks (campaign_id) values (2)")
        shop.check(found := shop.run("cdc"))
        assert shop.changes(found) == {"clicks": [("upsert", 7)]}
        late.commit()
        shop.check(found := shop.run("cdc"))
        assert shop.changes(found) == {"clicks": [("upsert", 6)]}
        shop.check(found := shop.run("compare"))
        later.commit()
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {"advertiser": [("upsert", 1)]}


@pytest.mark.parametrize("moment", [(SnapshotReader, "_begin"), (Slot, "flush")])
def test_what_is_committed_during_a_run_lands_in_the_next(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch, moment: tuple[type, str]
) -> None:
    shop.run("cdc")
    shop.sql("update clicks set campaign_id = 2 where id = 1")
    with monkeypatch.context() as edited:
        after(edited, *moment, lambda: shop.sql("update clicks set campaign_id = 3 where id in (1, 2)"))
        during = shop.run("cdc")
    assert shop.changes(during) == {
        "clicks": [("upsert", 1)] if moment[0] is Slot else [("upsert", 1)] * 2 + [("upsert", 2)]
    }
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {"clicks": [("upsert", 1), ("upsert", 2)]}
    assert [row["campaign_id"] for row in shop.landed("clicks") if row["id"] == 1][-2:] == [
        2 if moment[0] is Slot else 3,
        3,
    ]


def test_the_ways_may_be_mixed_in_any_order(shop: Extraction) -> None:
    for number, mode in enumerate(["cdc", "compare", "cdc", "cdc", "full", "compare", "cdc", "full", "cdc"]):
        shop.sql("insert into clicks (created_at) values (now())")
        shop.sql("update clicks set campaign_id = coalesce(campaign_id, 0) % 3 + 1 where id = 1")
        shop.sql("delete from impressions where id = %s", number + 1)
        shop.check(found := shop.run(mode))
        if number:
            assert counts(found) == {"clicks": (1, 1, 0), "impressions": (0, 0, 1)}
            assert shop.changes(found) in (
                {"clicks": [("upsert", 1), ("upsert", 6 + number)], "impressions": [("delete", number + 1)]},
                {"clicks": [("upsert", 6 + number), ("upsert", 1)], "impressions": [("delete", number + 1)]},
            )


# ---------------------------------------------------------------- every change, in order


def test_five_edits_are_five_records_at_the_time_of_their_commits(shop: Extraction) -> None:
    shop.run("cdc")
    committed = []
    for bid in range(5):
        shop.sql("update campaign set bid = %s where id = 2", 10 + bid)
        committed.append(shop.value("select pg_xact_commit_timestamp(xmin) from campaign where id = 2"))
    shop.check(found := shop.run("cdc"))
    rows = shop.landed("campaign", found.delivery.id)
    assert [(row["_source_row"], row["id"], row["bid"]) for row in rows] == [
        (1, 2, "10.00"), (2, 2, "11.00"), (3, 2, "12.00"), (4, 2, "13.00"), (5, 2, "14.00"),
    ]  # fmt: skip
    assert [row["changed_at"].replace(tzinfo=UTC) for row in rows] == [at.astimezone(UTC) for at in committed]
    assert counts(found) == {"campaign": (0, 1, 0)}
    assert rows[0]["_delivered_at"].replace(tzinfo=UTC) > committed[-1]


def test_edits_inside_one_transaction_are_records_of_one_time(shop: Extraction) -> None:
    shop.run("cdc")
    with shop.transaction() as one:
        one.execute("update campaign set bid = 1 where id = 1")
        one.execute("savepoint here")
        one.execute("update campaign set bid = 66 where id = 1")
        one.execute("rollback to here")
        one.execute("savepoint there")
        one.execute("update campaign set bid = 2 where id = 1")
        one.execute("insert into campaign (name, bid, budget) values ('gone', 1, 1)")
        one.execute("delete from campaign where name = 'gone'")
        one.commit()
    shop.check(found := shop.run("cdc"))
    rows = shop.landed("campaign", found.delivery.id)
    assert [(row["operation"], row["id"], row["bid"]) for row in rows] == [
        ("upsert", 1, "1.00"), ("upsert", 1, "2.00"), ("upsert", 4, "1.00"), ("delete", 4, None),
    ]  # fmt: skip
    assert len({row["changed_at"] for row in rows}) == 1
    assert counts(found) == {"campaign": (0, 1, 0)}


def test_changes_come_in_the_order_of_commits(shop: Extraction) -> None:
    shop.run("cdc")
    with shop.transaction() as first, shop.transaction() as second:
        first.execute("update advertiser set name = 'first' where id = 1")
        second.execute("update advertiser set name = 'second' where id = 2")
        second.commit()
        shop.sql("update advertiser set name = 'third' where id = 2")
        first.commit()
    rows = shop.landed("advertiser", shop.run("cdc").delivery.id)
    assert [row["name"] for row in rows] == ["second", "third", "first"]


@pytest.mark.parametrize("identity", ["default", "full"])
def test_a_new_key_is_a_delete_and_an_upsert(shop: Extraction, identity: str) -> None:
    shop.sql(f"alter table clicks replica identity {identity}")
    shop.run("cdc")
    shop.sql("update clicks set id = 70 where id = 3")
    shop.sql("update clicks set id = 3, campaign_id = 3 where id = 4; update clicks set campaign_id = 2 where id = 5")
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {
        "clicks": [("delete", 3), ("upsert", 70), ("delete", 4), ("upsert", 3), ("upsert", 5)]
    }
    assert counts(found) == {"clicks": (1, 2, 1)}


@pytest.mark.parametrize("restart", ["", "restart identity"])
def test_truncate_is_a_tombstone_for_every_row_that_stood(shop: Extraction, restart: str) -> None:
    shop.run("cdc")
    shop.sql("insert into clicks (id, campaign_id) values (100, 1), (101, 1)")
    shop.sql("delete from clicks where id in (2, 101)")
    shop.sql(f"truncate clicks {restart}")
    at = shop.value("select timestamp from pg_last_committed_xact()")
    shop.sql("insert into clicks (campaign_id) values (2), (3)")
    ids = [number for (number,) in shop.sql("select id from clicks order by id")]
    assert ids == ([1, 2] if restart else [6, 7])
    shop.check(found := shop.run("cdc"))
    told = shop.changes(found)["clicks"]
    assert told[:4] == [("upsert", 100), ("upsert", 101), ("delete", 2), ("delete", 101)]
    assert sorted(told[4:9]) == [("delete", number) for number in (1, 3, 4, 5, 100)]
    assert told[9:] == [("upsert", number) for number in ids]
    truncated = {row["changed_at"] for row in shop.landed("clicks", found.delivery.id)[4:9]}
    assert truncated == {at.astimezone(UTC).replace(tzinfo=None)}
    assert counts(found) == {"clicks": (0, 2, 3) if restart else (2, 0, 5)}


def test_truncates_in_a_row_and_of_all_tables(shop: Extraction) -> None:
    shop.run("cdc")
    shop.sql("truncate advertiser, campaign, impressions, clicks restart identity")
    shop.sql("insert into clicks (campaign_id) values (null)")
    shop.sql("truncate clicks; truncate clicks")
    shop.check(found := shop.run("cdc"))
    assert counts(found) == {
        "advertiser": (0, 0, 2), "campaign": (0, 0, 3), "impressions": (0, 0, 20), "clicks": (0, 0, 5),
    }  # fmt: skip
    assert sorted(shop.changes(found)["clicks"][:5]) == [("delete", number) for number in range(1, 6)]
    assert shop.changes(found)["clicks"][5:] == [("upsert", 1), ("delete", 1)]
    assert shop.changes(shop.run("compare")) == shop.changes(shop.run("cdc")) == {}


def test_a_commit_that_did_not_wait_for_the_disk_is_not_missed(shop: Extraction) -> None:
    shop.run("cdc")
    shop.sql("alter system set wal_writer_delay = '10s'")
    shop.sql("select pg_reload_conf()")
    try:
        shop.sql("set synchronous_commit = off")
        shop.sql("insert into clicks (campaign_id) values (1)")
        assert shop.value("select pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn()")
        shop.check(found := shop.run("cdc"))
    finally:
        shop.sql("alter system reset wal_writer_delay")
        shop.sql("select pg_reload_conf()")
    assert shop.changes(found) == {"clicks": [("upsert", 6)]}


# ---------------------------------------------------------------- what the log cannot tell


def test_a_long_value_that_stayed_needs_one_comparison(shop: Extraction) -> None:
    shop.sql("alter table clicks add column note text; alter table clicks alter column note set storage external")
    shop.sql("update clicks set note = repeat('x', 10000) where id < 3")
    shop.run("cdc")
    shop.sql("update clicks set campaign_id = 2 where id = 1")
    with pytest.raises(UserError, match=r"does not carry public.clicks.note .*: alter table public.clicks replica"):
        shop.run("cdc")
    shop.sql("alter table clicks replica identity full")
    shop.check(found := shop.run())
    assert shop.changes(found) == {"clicks": [("upsert", 1)]}
    shop.sql("update clicks set campaign_id = 3 where id < 3")
    shop.check(found := shop.run("cdc"))
    rows = shop.landed("clicks", found.delivery.id)
    assert [(row["id"], row["campaign_id"], len(row["_unmapped"])) for row in rows] == [(1, 3, 10012), (2, 3, 10012)]
    assert shop.changes(shop.run("full")) == {}


def test_a_column_that_had_another_name_needs_one_comparison(shop: Extraction) -> None:
    shop.run("cdc")
    shop.sql("alter table clicks rename campaign_id to campaign; insert into clicks (campaign) values (1)")
    shop.sql("alter table clicks rename campaign to campaign_id; insert into clicks (campaign_id) values (2)")
    with pytest.raises(UserError, match=r"rows of public.clicks without column campaign_id, .*: run .* once"):
        shop.run("cdc")
    shop.check(found := shop.run())
    assert shop.changes(found) == {"clicks": [("upsert", 6), ("upsert", 7)]}
    shop.check(found := shop.run("cdc"))
    assert shop.changes(found) == {}


# ---------------------------------------------------------------- snapshots and messages by hand

TURN = 2**32


@pytest.mark.parametrize(
    ("snapshot", "xid", "is_seen"),
    [
        ("100:105:101,103", 99, True),
        ("100:105:101,103", 100, True),
        ("100:105:101,103", 101, False),
        ("100:105:101,103", 102, True),
        ("100:105:101,103", 104, True),
        ("100:105:101,103", 105, False),
        ("100:100:", 99, True),
        ("100:100:", 100, False),
        (f"{TURN - 2}:{TURN + 5}:{TURN - 2},{TURN + 3}", TURN - 3, True),
        (f"{TURN - 2}:{TURN + 5}:{TURN - 2},{TURN + 3}", TURN - 2, False),
        (f"{TURN - 2}:{TURN + 5}:{TURN - 2},{TURN + 3}", TURN - 1, True),
        (f"{TURN - 2}:{TURN + 5}:{TURN - 2},{TURN + 3}", 2, True),
        (f"{TURN - 2}:{TURN + 5}:{TURN - 2},{TURN + 3}", 3, False),
        (f"{TURN - 2}:{TURN + 5}:{TURN - 2},{TURN + 3}", 5, False),
        (f"{3 * TURN - 3}:{3 * TURN - 1}:", TURN - 2, True),
        (f"{3 * TURN - 3}:{3 * TURN - 1}:", 4, False),
    ],
)
def test_a_snapshot_sees_what_had_ended_when_it_was_taken(snapshot: str, xid: int, is_seen: bool) -> None:
    assert Snapshot.parse(snapshot).sees(xid) == is_seen
    assert str(Snapshot.parse(snapshot)) == snapshot


CLICKS = TableName("public", "clicks")
KEYS = {CLICKS: "id"}
RELATION = struct.pack(">cI", b"R", 7) + b"public\0clicks\0d" + struct.pack(">H", 3)
RELATION += b"".join(
    struct.pack(">B", i == 0) + name + struct.pack(">Ii", 23, -1)
    for i, name in enumerate((b"id\0", b"a\0", "ü\0".encode()))
)


def values(*texts: str | bytes | None) -> bytes:
    """A tuple of texts, NULLs, and b"u" for long values that stayed."""
    parts = [
        text
        if isinstance(text, bytes)
        else b"n"
        if text is None
        else b"t" + struct.pack(">I", len(text.encode())) + text.encode()
        for text in texts
    ]
    return struct.pack(">H", len(texts)) + b"".join(parts)


def change(kind: bytes, *parts: bytes) -> bytes:
    return kind + struct.pack(">I", 7) + b"".join(parts)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (change(b"I", b"N", values("5", None, "ü")), Upsert(CLICKS, {"id": "5", "a": None, "ü": "ü"}, None)),
        (change(b"U", b"N", values("5", "", b"u")), Upsert(CLICKS, {"id": "5", "a": ""}, None, ("ü",))),
        (
            change(b"U", b"K", values("4", None, None), b"N", values("5", "x", b"u")),
            Upsert(CLICKS, {"id": "5", "a": "x"}, "4", ("ü",)),
        ),
        (
            change(b"U", b"O", values("5", "w", "long"), b"N", values("5", "x", b"u")),
            Upsert(CLICKS, {"id": "5", "a": "x", "ü": "long"}, None),
        ),
        (change(b"D", b"K", values("5", None, None)), Delete(CLICKS, "5")),
        (change(b"D", b"O", values("5", "x", "y")), Delete(CLICKS, "5")),
        (change(b"D", b"K", values(None, "x", None)), Delete(CLICKS, None)),
        (struct.pack(">cIBII", b"T", 2, 3, 7, 7), Truncate((CLICKS, CLICKS))),
        (struct.pack(">cqqI", b"B", 1, 1_000_001, TURN - 1), Begin(TURN - 1, datetime(2000, 1, 1, 0, 0, 1, 1))),
        (struct.pack(">cBqqq", b"C", 0, 5, TURN + 6, 7), Commit(TURN + 6)),
    ],
)
def test_messages_say_what_happened(data: bytes, message: object) -> None:
    ignored = [b"Y" + struct.pack(">I", 23) + b"pg_catalog\0int4\0", b"O" + bytes(8) + b"origin\0"]
    assert list(messages([*ignored, RELATION, data], KEYS)) == [message]


def test_a_relation_that_changes_gives_new_names() -> None:
    renamed = RELATION.replace(b"a\0", b"b\0")
    row = change(b"I", b"N", values("5", "x", None))
    first, second = messages([RELATION, row, renamed, row], KEYS)
    assert (list(first.values), list(second.values)) == (["id", "a", "ü"], ["id", "b", "ü"])
