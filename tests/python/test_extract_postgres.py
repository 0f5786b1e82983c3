"""`python -m scripts.extract_postgres`, by comparing: whatever happened to the rows, the deliveries add up to them."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime

import pytest

from duckhouse.cli import UserError
from duckhouse.extraction import run
from duckhouse.extraction.known import Known
from duckhouse.extraction.ranges import FIRST_KEY
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.results import Result, describe
from duckhouse.extraction.values import CONVERSIONS
from duckhouse.landed_types import LANDED_TYPES
from duckhouse.sources import load_source
from support.postgres import SOURCE, Extraction, after, counts, make_ranges_small

FAR = 1 << 16
# a value other than any of SOME_ROWS for every column but the key
EDITS = {
    "advertiser": {"name": "'other'", "updated_at": "'2026-05-01 00:00:00.000001'", "created_at": "null"},
    "campaign": {
        "name": "'other'",
        "bid": "bid + 0.01",
        "budget": "0",
        "start_date": "'1999-12-31'",
        "end_date": "'2200-01-01'",
        "advertiser_id": "(select max(id) from advertiser)",
        "updated_at": "'2026-05-01'",
        "created_at": "created_at + interval '1 microsecond'",
    },
    "impressions": {"campaign_id": "null", "created_at": "created_at - interval '8 days'"},
    "clicks": {"campaign_id": "2", "created_at": "null"},
}


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    make_ranges_small(monkeypatch, 4)


def test_the_first_run_lands_every_row_once_with_its_types(shop: Extraction) -> None:
    first = shop.run()
    shop.check(first)
    assert counts(first) == {
        "advertiser": (2, 0, 0),
        "campaign": (3, 0, 0),
        "impressions": (20, 0, 0),
        "clicks": (5, 0, 0),
    }
    rows = shop.landed("campaign")
    assert [(row["_source_row"], row["id"], row["operation"], row["changed_at"]) for row in rows] == [
        (1, 1, "upsert", None),
        (2, 2, "upsert", None),
        (3, 3, "upsert", None),
    ]
    assert (rows[1]["bid"], rows[1]["budget"], rows[1]["end_date"]) == ("0.01", "99999999.99", None)
    assert {row["_delivery_id"] for row in rows} == {first.delivery.id}
    assert {row["_source_file"] for row in rows} == {"campaign"}
    assert {row["_unmapped"] for row in rows} == {None}


def test_a_run_without_changes_is_a_delivery_without_rows(shop: Extraction) -> None:
    shop.run()
    for mode in ("compare", "full"):
        again = shop.run(mode)
        shop.check(again)
        assert counts(again) == shop.changes(again) == {}
        assert [table.mode for table in again.tables] == [mode] * 4
    assert len(shop.landed("impressions")) == 20


@pytest.fixture
def look(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Result]:
    """One look at a given time, as the pipeline takes it; its mode is that of the word after the time."""

    def taken(words: str) -> Result:
        at, mode = words.split()
        monkeypatch.setattr(run, "_at", lambda *_: datetime.fromisoformat(f"{at}:00Z"))
        return run.extract(load_source(SOURCE), shop.database, mode, shop.slot, only_news=True)

    return taken


def deliveries(shop: Extraction) -> list[str]:
    return sorted(path.parent.name.removeprefix("delivery=") for path in shop.zone.glob("delivery=*/manifest.json"))


@pytest.mark.parametrize("mode", ["compare", "cdc"])
def test_a_look_that_finds_nothing_is_a_delivery_once_a_day(
    shop: Extraction, look: Callable[[str], Result], mode: str
) -> None:
    first = look(f"2026-03-01T10:00 {mode}")
    looked_at = (shop.zone / "looked_at.txt").read_text()
    assert (first.unchanged_at, deliveries(shop)) == (None, [first.delivery.id])
    for at in ("2026-03-01T10:05", "2026-03-01T23:59"):
        again = look(f"{at} {mode}")
        assert (again.delivery.id, deliveries(shop)) == (first.delivery.id, [first.delivery.id])
        assert list(describe(again)) == [
            f"nothing has changed since delivery {first.delivery.id}: by {mode}, source and deliveries agree on 30 "
            f"rows as of {at}:00.000000Z"
        ]
    assert (shop.zone / "looked_at.txt").read_text() > looked_at
    shop.sql("insert into clicks (campaign_id) values (1); update advertiser set name = 'c' where id = 2")
    found = look(f"2026-03-01T23:59 {mode}")
    shop.check(found)
    assert shop.changes(found) == {"advertiser": [("upsert", 2)], "clicks": [("upsert", 6)]}
    next_day = look(f"2026-03-02T00:00 {mode}")
    assert (next_day.unchanged_at, shop.changes(next_day)) == (None, {})
    assert deliveries(shop) == [first.delivery.id, found.delivery.id, next_day.delivery.id]


def test_a_look_lets_the_log_go_and_misses_nothing_that_came_and_went(
    shop: Extraction, look: Callable[[str], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed = "select confirmed_flush_lsn from pg_replication_slots where slot_name = %s"
    look("2026-03-01T10:00 cdc")
    before = shop.value(confirmed, shop.slot)
    shop.sql("create table elsewhere as select generate_series(1, 1000)")
    assert look("2026-03-01T10:05 cdc").unchanged_at
    assert shop.value("select %s::pg_lsn < %s::pg_lsn", before, shop.value(confirmed, shop.slot))
    shop.sql("insert into clicks (id) values (70)")
    shop.sql("delete from clicks where id = 70")
    found = look("2026-03-01T10:10 cdc")
    assert shop.changes(found) == {"clicks": [("upsert", 70), ("delete", 70)]}
    with monkeypatch.context() as killed:
        killed.setattr(Known, "sweep", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            look("2026-03-01T10:15 cdc")
    shop.sql("insert into clicks (id) values (71)")
    mixed = look("2026-03-01T10:20 compare")
    assert shop.changes(mixed) == {"clicks": [("upsert", 71)]}
    assert look("2026-03-01T10:25 cdc").unchanged_at
    shop.check(look("2026-03-02T10:25 cdc"))


def test_a_look_that_does_not_reconcile_is_a_delivery(
    shop: Extraction, look: Callable[[str], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    look("2026-03-01T10:00 compare")
    count = SnapshotReader.count
    monkeypatch.setattr(SnapshotReader, "count", lambda reader, table: count(reader, table) + 1)
    assert look("2026-03-01T10:05 compare").unchanged_at is None
    assert len(deliveries(shop)) == 2


def test_runs_over_empty_tables_and_over_a_reset(shop: Extraction) -> None:
    shop.sql("truncate advertiser, campaign, impressions, clicks restart identity")
    assert shop.changes(shop.run()) == {}
    shop.sql("insert into clicks (created_at) select now() from generate_series(1, 3)")
    assert shop.changes(shop.run()) == {"clicks": [("upsert", 1), ("upsert", 2), ("upsert", 3)]}
    shop.sql("delete from clicks")
    emptied = shop.run()
    shop.check(emptied)
    assert shop.changes(emptied) == {"clicks": [("delete", 1), ("delete", 2), ("delete", 3)]}
    shop.sql("insert into clicks (created_at) values (null)")
    shop.check(more := shop.run())
    assert shop.changes(more) == {"clicks": [("upsert", 4)]}
    shop.sql(
        "truncate clicks restart identity; insert into clicks (created_at) select now() from generate_series(1, 2)"
    )
    shop.check(restarted := shop.run())
    assert shop.changes(restarted) == {"clicks": [("upsert", 1), ("upsert", 2), ("delete", 4)]}


def test_back_dated_rows_are_found(shop: Extraction) -> None:
    shop.run()
    shop.sql(
        "insert into impressions (campaign_id, created_at) values (1, '2020-01-01'), (2, now() - interval '8 days')"
    )
    shop.check(found := shop.run())
    assert shop.changes(found) == {"impressions": [("upsert", 21), ("upsert", 22)]}


@pytest.mark.parametrize("runs_meanwhile", [1, 2])
def test_rows_in_flight_land_when_they_are_committed(shop: Extraction, runs_meanwhile: int) -> None:
    with shop.transaction() as late, shop.transaction() as never:
        late.execute("insert into impressions (campaign_id) select 1 from generate_series(1, 3)")
        never.execute("insert into impressions (campaign_id) select 2 from generate_series(1, 3)")
        shop.sql("insert into impressions (campaign_id) values (3)")
        for _ in range(runs_meanwhile):
            shop.check(shop.run())
        assert max(row["id"] for row in shop.landed("impressions")) == 27
        late.commit()
        never.rollback()
    shop.check(found := shop.run())
    assert shop.changes(found) == {"impressions": [("upsert", 21), ("upsert", 22), ("upsert", 23)]}
    assert counts(found) == {"impressions": (3, 0, 0)}


def test_rows_in_flight_land_however_far_the_ids_went_on_meanwhile(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ranges_small(monkeypatch, 1)
    with shop.transaction() as late:
        late.execute("insert into clicks (campaign_id) values (1)")
        shop.sql("insert into clicks (id) values (%s)", 5 * FAR)
        shop.run()
        shop.sql("insert into clicks (id) values (%s)", 9 * FAR)
        shop.run()
        late.commit()
    shop.check(found := shop.run())
    assert shop.changes(found) == {"clicks": [("upsert", 6)]}


@pytest.mark.parametrize("is_far", [False, True])
def test_a_silent_edit_of_any_column_is_found(shop: Extraction, monkeypatch: pytest.MonkeyPatch, is_far: bool) -> None:
    if is_far:
        make_ranges_small(monkeypatch, 1)
        for table in EDITS:
            needed = ", name, bid, budget" if table == "campaign" else ", name" if table == "advertiser" else ""
            values = {"campaign": ", 'far', 1, 1", "advertiser": ", 'far'"}.get(table, "")
            shop.sql(f"insert into {table} (id{needed}) values ({10 * FAR}{values})")
    shop.run()
    for table, edits in EDITS.items():
        for column, value in edits.items():
            before = shop.truth(table)
            shop.sql(f"update {table} set {column} = {value} where id = 1")
            assert shop.truth(table) != before
            found = shop.run()
            assert shop.changes(found) == {table: [("upsert", 1)]}, column
            assert counts(found) == {table: (0, 1, 0)}
            assert shop.state(table) == shop.truth(table), column


def test_five_edits_between_runs_are_one_record(shop: Extraction) -> None:
    shop.run()
    for bid in range(5):
        shop.sql("update campaign set bid = %s where id = 2", 10 + bid)
    shop.check(found := shop.run())
    [record] = shop.landed("campaign", found.delivery.id)
    assert (record["bid"], record["changed_at"]) == ("14.00", None)


def test_values_that_two_rows_swap_are_found(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    make_ranges_small(monkeypatch, 2)
    shop.sql("alter table clicks add column note text; update clicks set note = id")
    shop.sql("insert into clicks (id) values (%s)", 10 * FAR)
    shop.run()
    shop.sql("update clicks set note = 3 - id where id in (1, 2)")
    shop.sql(
        "update impressions set created_at = other.created_at from impressions as other "
        "where impressions.id in (1, 2) and other.id = 3 - impressions.id"
    )
    found = shop.run()
    assert shop.changes(found) == {name: [("upsert", 1), ("upsert", 2)] for name in ("impressions", "clicks")}


def test_deleted_rows_become_tombstones(shop: Extraction) -> None:
    shop.run()
    shop.sql("delete from impressions where id in (1, 7, 20)")
    shop.sql("delete from campaign where id = 3 and false; delete from clicks")
    shop.check(found := shop.run())
    assert counts(found) == {"impressions": (0, 0, 3), "clicks": (0, 0, 5)}
    [tombstone, *_] = shop.landed("impressions", found.delivery.id)
    assert tombstone | {"delivery": 0, "_delivery_id": 0, "_delivered_at": 0} == {
        "id": 1, "campaign_id": None, "created_at": None, "operation": "delete", "changed_at": None,
        "_delivery_id": 0, "_delivered_at": 0, "_source_file": "impressions", "_source_row": 1, "_unmapped": None,
        "delivery": 0,
    }  # fmt: skip


def test_an_id_that_comes_back_lands_when_it_was_seen_gone_or_has_changed(shop: Extraction) -> None:
    shop.run()
    shop.sql("create table kept as select * from clicks where id < 4; delete from clicks where id < 4")
    shop.sql("insert into clicks select * from kept where id = 1")
    shop.sql("insert into clicks (id, campaign_id) values (2, 3)")
    shop.check(found := shop.run())
    assert shop.changes(found) == {"clicks": [("upsert", 2), ("delete", 3)]}
    shop.sql("insert into clicks select * from kept where id = 3")
    shop.check(found := shop.run())
    assert shop.changes(found) == {"clicks": [("upsert", 3)]}
    assert counts(found) == {"clicks": (1, 0, 0)}


BORDERS = [-(2**31), -FAR - 1, -FAR, -1, 0, FAR - 1, FAR, 2 * FAR - 1, 2 * FAR, 2**31 - FAR, 2**31 - 1]


def test_ids_at_every_border_land_change_and_go(shop: Extraction) -> None:
    shop.sql("truncate clicks")
    shop.sql("insert into clicks (id) select unnest(%s::int[])", BORDERS)
    shop.check(first := shop.run())
    assert shop.changes(first)["clicks"] == [("upsert", number) for number in BORDERS]
    for some in (BORDERS[::2], BORDERS[1::2]):
        shop.sql("update clicks set campaign_id = 1 where id = any(%s)", some)
        assert shop.changes(shop.run()) == {"clicks": [("upsert", number) for number in some]}
    for some in (BORDERS[1::2], BORDERS[::2]):
        shop.sql("delete from clicks where id = any(%s)", some)
        shop.check(found := shop.run())
        assert shop.changes(found) == {"clicks": [("delete", number) for number in some]}
    assert found.tables[-1].known_rows == 0


def test_ids_of_64_bits_are_read(shop: Extraction) -> None:
    shop.sql("alter table clicks alter column id type bigint")
    for change in ("insert into clicks (id) values (%s), (%s)", "delete from clicks where id in (%s, %s)"):
        shop.sql(change, -(2**63), 2**63 - 1)
        shop.check(found := shop.run())
        assert [number for _, number in shop.changes(found)["clicks"] if abs(number) > 5] == [-(2**63), 2**63 - 1]


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
def test_a_range_that_is_wholly_gone_is_noticed(shop: Extraction, monkeypatch: pytest.MonkeyPatch, gone: int) -> None:
    make_ranges_small(monkeypatch, 3)
    shop.sql("truncate clicks")
    shop.sql("insert into clicks (id) select r * %s + i from generate_series(0, 3) r, generate_series(0, 2) i", FAR)
    shop.run()
    shop.sql("delete from clicks where id / %s = %s", FAR, gone)
    shop.check(found := shop.run())
    assert shop.changes(found) == {"clicks": [("delete", gone * FAR + i) for i in range(3)]}
    shop.sql("insert into clicks (id) values (%s)", gone * FAR + 1)
    shop.check(shop.run())


def test_a_run_sees_one_moment_of_all_tables(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run()
    edit = "insert into clicks (campaign_id) values (1); update campaign set bid = 9 where id = 1"
    with monkeypatch.context() as edited:
        after(edited, SnapshotReader, "_begin", lambda: shop.sql(edit))
        during = shop.run()
    assert shop.changes(during) == {}
    shop.check(found := shop.run())
    assert shop.changes(found) == {"campaign": [("upsert", 1)], "clicks": [("upsert", 6)]}


# ---------------------------------------------------------------- values that a column does not hold


def test_every_type_that_lands_is_read_from_a_query_and_from_the_log() -> None:
    assert CONVERSIONS.keys() == LANDED_TYPES.keys()


ODD_TIMES = ["infinity", "-infinity", "1899-12-31 23:59:59.999999", "2300-01-01", "0044-03-15 00:00:00 BC",
             "12026-01-01", "294276-12-31 23:59:59.999999", "0001-01-01"]  # fmt: skip
PLAIN_TIMES = ["1900-01-01", "2299-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999", "2026-03-29 02:30:00.1"]


@pytest.mark.parametrize("mode", ["compare", "cdc"])
def test_times_that_no_engine_holds_are_kept_as_text(shop: Extraction, mode: str) -> None:
    shop.sql("truncate advertiser restart identity cascade")
    shop.run(mode)
    shop.sql(
        "insert into advertiser (name, updated_at, created_at) select 'a', time::timestamp, null "
        "from unnest(%s::text[]) with ordinality as given (time, place) order by place",
        ODD_TIMES + PLAIN_TIMES,
    )
    shop.sql("insert into advertiser (name, updated_at, created_at) values ('both', '-infinity', 'infinity')")
    spelled = [text for (text,) in shop.sql("select updated_at::text from advertiser order by id")]
    rows = shop.landed("advertiser", shop.run(mode).delivery.id)
    unmapped = [{"updated_at": text} for text in spelled[: len(ODD_TIMES)]] + [None] * len(PLAIN_TIMES)
    unmapped.append({"created_at": "infinity", "updated_at": "-infinity"})
    assert [row["_unmapped"] and json.loads(row["_unmapped"]) for row in rows] == unmapped
    assert [row["_unmapped"] for row in rows][-1] == '{"created_at": "infinity", "updated_at": "-infinity"}'
    plain = [row["updated_at"] for row in rows[len(ODD_TIMES) : -1]]
    assert plain == [datetime.fromisoformat(time) for time in PLAIN_TIMES]
    assert {row["updated_at"] for row in [*rows[: len(ODD_TIMES)], rows[-1]]} == {None}
    assert {row["created_at"] for row in rows} == {None}


DRIFT = r"""
    alter table clicks add column "is new" boolean, add column price numeric(8, 3), add column tags text[],
        add column place point, add column address inet, add column code char(5), add column "näme" text;
    update clicks set "is new" = id % 2 = 0, price = id / 8.0, tags = array['a b', null, '"'], place = point(id, .5),
        address = '10.0.0.1', code = 'x', "näme" = E'\u0007\n\t/\\\u007fü€😀"' where id < 4;
"""


@pytest.mark.parametrize("mode", ["full", "cdc"])
def test_a_column_that_the_contract_has_not_is_kept_in_unmapped(shop: Extraction, mode: str) -> None:
    shop.run(mode)
    shop.sql(DRIFT)
    shop.check(found := shop.run(mode))
    assert counts(found) == {"clicks": (0, 3, 0)}
    kept = [json.loads(row["_unmapped"]) for row in shop.landed("clicks", found.delivery.id)]
    assert [(row["is new"], row["price"], row["place"]) for row in kept] == [
        ("f", "0.125", "(1,0.5)"), ("t", "0.250", "(2,0.5)"), ("f", "0.375", "(3,0.5)"),
    ]  # fmt: skip
    assert kept[0] | {"is new": 0, "price": 0, "place": 0} == {
        "is new": 0, "price": 0, "place": 0, "tags": '{"a b",NULL,"\\""}', "address": "10.0.0.1", "code": "x    ",
        "näme": '\x07\n\t/\\\x7fü€😀"',
    }  # fmt: skip


def test_both_ways_write_unmapped_alike_and_without_a_value_no_row_is_repeated(shop: Extraction) -> None:
    shop.run("cdc")
    shop.sql(DRIFT)
    by_log = shop.landed("clicks", shop.run("cdc").delivery.id)
    assert shop.changes(shop.run()) == shop.changes(shop.run("full")) == {}
    shutil.rmtree(shop.zone)
    by_comparing = shop.landed("clicks", shop.run().delivery.id)
    assert [row["_unmapped"] for row in by_log] == [row["_unmapped"] for row in by_comparing if row["id"] < 4]
    assert [row["_unmapped"] for row in by_comparing if row["id"] >= 4] == [None, None]


# ---------------------------------------------------------------- what is known


def test_a_full_run_finds_what_wrong_notes_hide(shop: Extraction) -> None:
    first = shop.run()
    notes = shop.zone / ".known" / f"{first.delivery.id}.json"
    before = json.loads(notes.read_text())
    shop.sql("update impressions set campaign_id = null where id = 3")
    first_range = before["tables"]["impressions"][str(FIRST_KEY)]
    hashes = shop.value("select bit_xor(hash_record_extended(row(id, campaign_id, created_at), 0)) from impressions "
                        "where id <= %s", first_range["rows"])  # fmt: skip
    assert first_range["hashes"] != hashes
    first_range["hashes"] = hashes
    notes.write_text(json.dumps(before))
    assert shop.changes(shop.run()) == {}
    shop.check(full := shop.run("full"))
    assert shop.changes(full) == {"impressions": [("upsert", 3)]}


@pytest.mark.parametrize("mode", ["compare", "cdc"])
def test_lost_notes_are_made_again_by_a_full_run(shop: Extraction, mode: str) -> None:
    shop.run(mode)
    shop.sql("truncate clicks")
    shop.run(mode)
    shutil.rmtree(shop.zone / ".known")
    shop.sql(f"delete from impressions where id < 4; insert into impressions (id) values ({3 * FAR})")
    for refused in ("compare", "cdc"):
        with pytest.raises(UserError, match=r"what was known .* is not there: run .* --full"):
            shop.run(refused)
    shop.check(full := shop.run("full"))
    assert full.notes == ["what was known was not there: every row landed again"]
    assert counts(full)["impressions"] == (1, 17, 3)
    told = shop.changes(full)["impressions"]
    assert told[-1] == ("upsert", 3 * FAR)
    assert [change for change in told if change[0] == "delete"] == [("delete", number) for number in (1, 2, 3)]
    shop.sql("delete from impressions where id = 4")
    if mode == "cdc":
        with pytest.raises(UserError, match="is not of these deliveries: name another one with --slot, or drop it"):
            shop.run(mode)
        shop.sql("select pg_drop_replication_slot(%s)", shop.slot)
    shop.check(again := shop.run(mode))
    assert shop.changes(again) == {"impressions": [("delete", 4)]}


def test_notes_that_are_torn_are_named_with_the_fix(shop: Extraction) -> None:
    notes = shop.zone / ".known" / f"{shop.run().delivery.id}.json"
    notes.write_text(notes.read_text()[:100])
    for mode in ("compare", "full"):
        with pytest.raises(UserError, match=r"not readable .*: remove it and run .* --full") as said:
            shop.run(mode)
        assert str(notes) in str(said.value)
        assert "\n" not in str(said.value)
    notes.unlink()
    shop.check(shop.run("full"))


@pytest.mark.parametrize("content", [b"", b"PAR1torn", None])
def test_files_of_the_notes_that_are_torn_or_gone_are_named_with_the_fix(
    shop: Extraction, content: bytes | None
) -> None:
    shop.run()
    [notes] = (shop.zone / ".known").glob("clicks-*.parquet")
    if content is None:
        notes.unlink()
    else:
        notes.write_bytes(content)
    for mode in ("compare", "full"):
        with pytest.raises(UserError, match=r"not readable .*: remove .* and run .* --full") as said:
            shop.run(mode)
        assert str(said.value).startswith(str(notes))
        assert "\n" not in str(said.value)
    shutil.rmtree(notes.parent)
    shop.check(shop.run("full"))


def test_old_deliveries_may_be_pruned(shop: Extraction) -> None:
    first = shop.run()
    shop.sql("update impressions set campaign_id = null where id = 1")
    second = shop.run("cdc")
    shutil.rmtree(first.delivery.path)
    shop.sql("delete from impressions where id = 2")
    for mode in ("compare", "cdc", "full"):
        found = shop.run(mode)
        assert all(table.is_reconciled for table in found.tables)
        assert shop.changes(found) == ({"impressions": [("delete", 2)]} if mode == "compare" else {})
    assert [path.name for path in (shop.zone / ".known").glob("*.json")] == [f"{found.delivery.id}.json"]
    assert second.delivery.path.exists()


def test_a_run_leaves_no_files_that_nobody_needs(shop: Extraction) -> None:
    for mode in ("compare", "cdc", "cdc", "full"):
        shop.sql("update clicks set campaign_id = null where id = (select min(id) from clicks where campaign_id = 1)")
        result = shop.run(mode)
    files = {path.name for path in (shop.zone / ".known").iterdir()}
    document = json.loads((shop.zone / ".known" / f"{result.delivery.id}.json").read_text())
    used = {entry["place"][0] for table in document["tables"].values() for entry in table.values()}
    assert files == used | {f"{result.delivery.id}.json", f"{shop.slot}.slot"}
    assert not (shop.zone / ".incoming").exists()
