"""The time-series store: which message is the reading, what moves with the offsets, what a kill leaves."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from duckhouse.cli import UserError
from duckhouse.embedded import migrate as migrations
from duckhouse.embedded.migrate import migrate
from duckhouse.embedded.postgres import Embedded
from duckhouse.settings import environment
from duckhouse.sources import Column, Entity
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.sink import Overtaken, Sink
from duckhouse.streaming.store.days import MOST_SPANS
from duckhouse.streaming.store.timeseries import Settled, TimeSeriesStore, open_store
from support.store import (
    DAY,
    ENTITY,
    LAYOUTS,
    NOON,
    SECOND,
    SOURCE,
    TOPIC,
    Message,
    Opened,
    instant,
    invalid,
    message,
    new_store,
    new_store_database,
    offsets,
    rows,
    skip_without_timescaledb,
    together,
    write,
)
from tools.campaigns.moments import kill_at, watch


@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    skip_without_timescaledb(request.param)
    return request.param


@pytest.fixture(scope="module")
def kept(layout: str, postgres: Embedded) -> Iterator[Opened]:
    with new_store(layout, postgres) as opened:
        yield opened


@pytest.fixture
def tables(kept: Opened) -> Opened:
    """A store of the module, empty."""
    kept.clear()
    return kept


@pytest.fixture
def store(tables: Opened) -> TimeSeriesStore:
    return tables.store


@pytest.fixture
def own(layout: str, postgres: Embedded) -> Iterator[Opened]:
    """A store of the test."""
    with new_store(layout, postgres) as opened:
        yield opened


def test_the_days_are_laid_out_as_the_server_allows(tables: Opened, layout: str) -> None:
    write(tables.store, message(0))
    if layout == "hypertable":
        assert tables.sql("select hypertable_name, compression_enabled from timescaledb_information.hypertables") == [
            ("readings_near", True)
        ]
        assert tables.sql(
            "select proc_name, config->>'compress_after' from timescaledb_information.jobs "
            "where hypertable_name = 'readings_near'"
        ) == [("policy_compression", "7 days")]
        ranges = tables.sql("select range_start, range_end from timescaledb_information.chunks")
        assert ranges == [(instant(NOON - DAY // 2), instant(NOON + DAY // 2))]
    else:
        found = tables.sql(
            "select relname::text, pg_get_expr(relpartbound, oid) from pg_inherits join pg_class on inhrelid = oid "
            "where inhparent = 'readings_near'::regclass"
        )
        bounds = "FOR VALUES FROM ('2026-03-01 00:00:00+00') TO ('2026-03-02 00:00:00+00')"
        assert found == [("readings_20260301", bounds)]
    assert tables.sql(
        "select amname, count(*)::int from pg_index join pg_class on indexrelid = pg_class.oid "
        "join pg_am on relam = pg_am.oid where indrelid = 'readings_near'::regclass group by 1 order by 1"
    ) == [("brin", 1), ("btree", 1)]


# ---------------------------------------------------------------- offsets


def test_rows_and_offsets_come_together(tables: Opened) -> None:
    sink: Sink = tables.store
    assert (sink.name, sink.offsets()) == ("store", {})
    sink.write(rows(message(0), message(1, "b")), {}, offsets(2))
    assert sink.offsets() == offsets(2)
    sink.write(rows(message(2, "c"), message(0, "d", _partition=1)), offsets(2), offsets(3, 1))
    assert sink.offsets() == offsets(3, 1)
    sink.write(rows(), offsets(3), offsets(7))
    assert sink.offsets() == offsets(7, 1)
    assert tables.sql("select count(*) from readings") == [(4,)]


@pytest.mark.parametrize(
    ("expected", "reached"),
    [(offsets(1), offsets(4)), (offsets(3), offsets(4)), ({}, offsets(4)), (offsets(2, 1), offsets(4, 2))],
)
def test_a_partition_that_stands_elsewhere_is_overtaken_and_nothing_changes(
    tables: Opened, expected: dict[Partition, int], reached: dict[Partition, int]
) -> None:
    write(tables.store, message(0), message(1, "b"))
    with pytest.raises(Overtaken):
        tables.store.write(rows(message(2, "c"), invalid(3)), expected, reached)
    assert tables.store.offsets() == offsets(2)
    assert tables.split() == {"readings": {0, 1}}
    write(tables.store, message(2, "c"))
    assert tables.split() == {"readings": {0, 1, 2}}


def test_a_topic_made_anew_begins_anew(tables: Opened) -> None:
    write(tables.store, message(0))
    write(tables.store, message(0, "b", _topic_id="topic-two"))
    assert tables.store.offsets() == {Partition(TOPIC, 0): 1, Partition("topic-two", 0): 1}
    assert tables.sql("select device_id, _topic_id from readings order by 1, 2") == [("a", TOPIC), ("b", "topic-two")]


# ---------------------------------------------------------------- which message is the reading


def test_the_first_message_of_a_key_is_the_reading_and_repeats_keep_their_values(tables: Opened) -> None:
    write(tables.store, message(0), message(1, at=NOON + SECOND))
    write(tables.store, message(2), message(3, temperature=21.0), message(4, pressure=1000.0))
    assert tables.split() == {"readings": {0, 1}, "reading_duplicates": {2}, "reading_conflicts": {3, 4}}
    found = tables.sql("select _offset, temperature, pressure from reading_conflicts order by _offset")
    assert found == [(3, 21.0, None), (4, 20.5, 1000.0)]


@pytest.mark.parametrize("batches", [[[0, 1, 2, 3]], [[0, 1], [2, 3]], [[3, 2, 1, 0]], [[0], [1], [2], [3]]])
@pytest.mark.parametrize("at", [NOON, NOON - 400 * DAY, NOON + 3 * DAY])
def test_an_earlier_message_that_arrives_later_takes_the_place(
    tables: Opened, batches: list[list[int]], at: int
) -> None:
    """By the time of the broker the last one is first. The second says what the first says."""
    temperatures = (20.0, 20.0, 21.0, 20.0)
    messages = [message(n, at=at, temperature=temperatures[n], _produced_at=NOON - n * SECOND) for n in range(4)]
    for batch in batches:
        tables.store.add(rows(*(messages[n] for n in batch)))
    assert tables.split() == {"readings": {3}, "reading_duplicates": {0, 1}, "reading_conflicts": {2}}
    assert tables.sql("select _produced_at from readings") == [(instant(NOON - 3 * SECOND),)]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"_topic_id": "B"}, {"_topic_id": "a"}),
        ({"_partition": 2}, {"_partition": 10}),
        ({"_offset": 5}, {"_offset": 11}),
        ({"_produced_at": NOON, "_offset": 12}, {"_produced_at": None, "_offset": 3}),
        ({"_produced_at": NOON - 1, "_topic_id": "b"}, {"_produced_at": NOON, "_topic_id": "a"}),
    ],
)
def test_the_order_of_messages_is_that_of_their_times_and_places(
    tables: Opened, earlier: dict[str, object], later: dict[str, object]
) -> None:
    one = message(0, temperature=1.0) | {"_produced_at": None} | earlier
    other = message(0, temperature=2.0) | {"_produced_at": None} | later
    for first, second in ((one, other), (other, one)):
        tables.clear()
        tables.store.add(rows(first))
        tables.store.add(rows(second))
        assert tables.sql("select temperature from readings") == [(1.0,)]
        assert tables.sql("select temperature from reading_conflicts") == [(2.0,)]


def test_what_is_not_said_differs_from_what_is(tables: Opened) -> None:
    one, other = {"pressure": None, "_unmapped": None}, {"_key": b"else", "_consumed_at": NOON + DAY}
    write(tables.store, message(0, **one), message(1, **other), message(2, pressure=1.0), message(3, _unmapped="{}"))
    assert tables.split() == {"readings": {0}, "reading_duplicates": {1}, "reading_conflicts": {2, 3}}


def test_a_key_far_from_its_arrival_is_one_key_when_it_arrives_again_near(tables: Opened) -> None:
    far, near = NOON - 400 * DAY, NOON + DAY // 24
    write(tables.store, message(0), message(1, _consumed_at=far))
    write(tables.store, message(2, "b", _consumed_at=far), message(3, "b", _consumed_at=near))
    write(tables.store, message(4, "b", _produced_at=0, _consumed_at=near))
    assert tables.split() == {"readings": {0, 4}, "reading_duplicates": {1, 2, 3}}
    assert tables.places("readings_far") == {4}


@pytest.mark.parametrize(
    ("at", "table"),
    [
        (NOON - 366 * DAY, "readings_near"),
        (NOON - 366 * DAY - 1, "readings_far"),
        (NOON + 2 * DAY - 1, "readings_near"),
        (NOON + 2 * DAY, "readings_far"),
        (-62_135_596_800_000_000, "readings_far"),  # 0001-01-01
        (-210_866_803_200_000_000, "readings_far"),  # the first of PostgreSQL, in 4714 BC
        (253_402_300_800_000_000, "readings_far"),  # 10000-01-01
        (9_223_372_036_854_775_807, "readings_far"),  # the last of Arrow, in 294247
    ],
)
def test_readings_of_any_time_are_kept(tables: Opened, at: int, table: str) -> None:
    sent = [message(0, at=at, _consumed_at=NOON), message(1, at=at, _consumed_at=NOON)]
    write(tables.store, *sent)
    assert tables.places(table) == {0}
    assert tables.split() == {"readings": {0}, "reading_duplicates": {1}}
    assert together(tables.store.rows(Partition(TOPIC, 0), 0, 2)) == sent


@pytest.mark.parametrize("at", [-210_866_803_200_000_001, -9_223_372_036_854_775_808])
def test_a_time_before_all_of_postgresql_is_one_line(tables: Opened, at: int) -> None:
    with pytest.raises(UserError, match=r"^timestamp: a time before 4714 BC, which PostgreSQL cannot keep$"):
        write(tables.store, message(0), message(1, at=at))
    assert (tables.split(), tables.store.offsets()) == ({}, {})


def test_a_device_with_a_wild_clock_makes_no_days(own: Opened) -> None:
    write(own.store, *(message(n, at=NOON + (n - 500) * 1000 * DAY) for n in range(1000)))
    assert own.sql("select count(*) from readings") == [(1000,)]
    assert own.sql("select count(distinct tableoid) from readings_near") == [(1,)]


def test_a_key_near_its_arrival_is_one_key_when_it_arrives_again_far(own: Opened) -> None:
    far = NOON - 400 * DAY
    write(own.store, message(0))
    write(own.store, message(1, _consumed_at=far), message(2, _produced_at=0, _consumed_at=far), message(3))
    assert own.split() == {"readings": {2}, "reading_duplicates": {0, 1, 3}}
    assert (own.places("readings_near"), own.places("readings_far")) == ({2}, set())
    assert own.store.counts() == Settled(readings=1, duplicates=3)


def test_repeats_of_many_scattered_days_find_their_readings(own: Opened) -> None:
    """More days than a statement is run for one by one; every other one is displaced."""
    days = [NOON - n * n % 361 * DAY for n in range(1, 30)]
    first = [message(n, at=at) for n, at in enumerate(days)]
    again = [message(100 + n, at=at, _produced_at=NOON - n % 2) for n, at in enumerate(days)]
    distinct = {at: n for n, at in reversed(list(enumerate(days)))}.values()
    write(own.store, *first)
    assert own.places("readings") == set(distinct)
    assert len(distinct) > MOST_SPANS
    write(own.store, *again)
    expected = {min((m for m in first + again if m["timestamp"] == at), key=order)["_offset"] for at in days}
    assert own.split() == {
        "readings": expected,
        "reading_duplicates": {m["_offset"] for m in first + again} - expected,
    }


def order(sent: Message) -> tuple[int, int]:
    return sent["_produced_at"], sent["_offset"]


def test_counts_tell_what_was_made(own: Opened) -> None:
    write(own.store, message(0, _produced_at=NOON), message(1), message(2, temperature=1.0), invalid(3))
    assert own.store.counts() == Settled(readings=1, duplicates=1, conflicts=1, invalid=1)
    write(own.store, message(4, _produced_at=NOON - SECOND), message(5, "b"))  # the reading of before is a duplicate
    assert own.store.counts() == Settled(readings=2, duplicates=2, conflicts=1, invalid=1)
    with pytest.raises(Overtaken):
        own.store.write(rows(message(6, "c")), offsets(1), offsets(7))
    own.store.repair(rows(message(3, "d"), invalid(9)))
    own.store.add(rows(message(0), message(6, "e"), invalid(7)))
    assert own.store.counts() == Settled(readings=4, duplicates=2, conflicts=1, invalid=2)


# ---------------------------------------------------------------- values


def test_values_are_read_as_they_were_written(tables: Opened) -> None:
    texts = ["", "ü€😀", "a\tb\n\\.\\N", '"', "x" * 1000]
    sent = [
        *(message(n, text, _unmapped=text, _key=text.encode()) for n, text in enumerate(texts)),
        message(5, at=NOON - 1, temperature=-0.1, humidity=5e-324, pressure=1.7976931348623157e308, _produced_at=-1),
        invalid(6, b"\x00\xff", _key=None, _produced_at=None),
        invalid(7, None, _fault="empty_message", _fault_detail=None),
        invalid(8, b"", _key=b""),
        invalid(9, b"y" * (9 << 20)),
    ]
    write(tables.store, *sent)
    plain = [{name: value for name, value in m.items() if value is not None} for m in sent]
    assert together(tables.store.rows(Partition(TOPIC, 0), 0, 10)) == plain
    assert together(tables.store.rows(Partition(TOPIC, 0), 3, 7)) == plain[3:7]
    assert together(tables.store.rows(Partition(TOPIC, 1), 0, 10)) == []
    assert together(tables.store.invalid()) == plain[6:]


def test_large_values_come_in_pieces(tables: Opened) -> None:
    write(tables.store, *(invalid(n, bytes(1 << 20)) for n in range(20)))
    assert [piece.num_rows for piece in tables.store.invalid()] == [8, 8, 4]
    assert [piece.num_rows for piece in tables.store.rows(Partition(TOPIC, 0), 1, 20)] == [8, 8, 3]


def test_columns_of_every_type_are_kept(layout: str, postgres: Embedded) -> None:
    entity = with_columns(
        Column("count", type="integer"), Column("on", type="boolean"), Column("seen", type="timestamp")
    )
    sent = [
        message(0, count=2**53, on=True, seen=NOON),
        message(1, "b", count=-(2**63), on=False, seen=-1),
        message(2, "c"),
    ]
    with new_store_database(layout, postgres) as database, Opened.of(database), open_store(SOURCE, entity) as store:
        store.write(rows(*sent, entity=entity), {}, offsets(3))
        assert together(store.rows(Partition(TOPIC, 0), 0, 3), entity) == sent


# ---------------------------------------------------------------- dead letters and replays


def test_repaired_messages_land_once(tables: Opened) -> None:
    write(tables.store, invalid(0), message(1), invalid(2), invalid(3), invalid(4))
    repaired = rows(message(0), message(2, temperature=1.0), invalid(3, _fault="not_an_object"), message(8, "z"))
    assert tables.store.repair(repaired) == 3
    state = {"readings": {0}, "reading_duplicates": {1}, "reading_conflicts": {2}, "dead_letters": {3, 4}}
    assert tables.split() == state
    assert tables.sql("select _fault from dead_letters order by _offset") == [("not_an_object",), ("not_json",)]
    assert tables.store.repair(repaired) == 1
    assert tables.split() == state
    assert tables.store.offsets() == offsets(5)


def test_dead_letters_are_repaired_while_they_are_read(tables: Opened) -> None:
    write(tables.store, *(invalid(n, bytes(5 << 20)) for n in range(6)))
    repaired = 0
    for piece in tables.store.invalid():
        numbers = piece["_offset"].to_pylist()
        repaired += tables.store.repair(rows(*(message(number, f"d{number}") for number in numbers)))
    assert repaired == 6
    assert tables.split() == {"readings": set(range(6))}


def test_only_what_is_missing_is_added(tables: Opened) -> None:
    write(tables.store, message(0), message(2), invalid(4), message(5, "b"), message(9, "c", _partition=1))
    every = rows(*(message(n, "n") for n in range(7)), message(9, _partition=1), message(5, _topic_id="other"))
    missing = tables.store.missing(every)
    assert [(m["_topic_id"], m["_partition"], m["_offset"]) for m in missing.to_pylist()] == [
        (TOPIC, 0, 1), (TOPIC, 0, 3), (TOPIC, 0, 6), ("other", 0, 5),
    ]  # fmt: skip
    assert tables.store.missing(rows()).num_rows == 0
    before = tables.store.offsets()
    for _ in range(2):
        tables.store.add(rows(message(0, "q"), message(1), message(4, "q"), invalid(2), invalid(3), message(6, "d")))
        assert tables.sql("select _offset from dead_letters order by 1") == [(3,), (4,)]
        assert tables.sql("select device_id, _offset from readings order by 1, 2") == [
            ("a", 0),
            ("b", 5),
            ("c", 9),
            ("d", 6),
        ]
        assert tables.places("reading_duplicates") == {1, 2}
    assert tables.store.offsets() == before


# ---------------------------------------------------------------- the declaration changes


def with_columns(*columns: Column, without: str = "") -> Entity:
    return replace(ENTITY, columns=(*(c for c in ENTITY.columns if c.name != without), *columns))


def test_a_newly_declared_column_is_added_and_old_rows_stay(own: Opened) -> None:
    write(own.store, message(0), message(1), invalid(2))
    own.sql("create role reader_of_store")
    try:
        own.sql("grant select on readings, reading_conflicts to reader_of_store")
        entity = with_columns(Column("rssi", type="integer"))
        for _ in range(2):
            with open_store(SOURCE, entity) as store:
                again = message(3, rssi=-70)
                store.write(rows(again, entity=entity), store.offsets(), offsets(4))
                assert together(store.rows(Partition(TOPIC, 0), 0, 4), entity)[3] == again
                store.write(rows(entity=entity), offsets(4), offsets(3))
        assert own.split() == {
            "readings": {0}, "reading_duplicates": {1}, "reading_conflicts": {3}, "dead_letters": {2},
        }  # fmt: skip
        own.sql("set role reader_of_store")
        assert own.sql("select _offset, rssi from reading_conflicts") == [(3, -70)]
        assert own.sql("select _offset, rssi from readings") == [(0, None)]
    finally:
        own.sql("reset role")
        own.sql("drop owned by reader_of_store; drop role reader_of_store")
    write(own.store, message(4))  # by a writer that knows the declaration of before
    assert own.places("reading_duplicates") == {1, 4}
    with open_store(SOURCE, with_columns(without="pressure")) as store:
        assert store.offsets() == offsets(5)


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        (
            with_columns(Column("pressure", type="text"), without="pressure"),
            "readings.pressure: the store has it as double precision, and the declaration makes it text: "
            "declare the new type under another name",
        ),
        (replace(ENTITY, keys=("device_id",)), "the store of readings has the key device_id, timestamp, not device_id"),
    ],
)
def test_a_declaration_that_does_not_fit_is_one_line(tables: Opened, entity: Entity, said: str) -> None:
    with pytest.raises(UserError) as error, open_store(SOURCE, entity):
        pass
    assert str(error.value) == said


def test_a_database_without_tables_is_one_line(layout: str, postgres: Embedded) -> None:
    with new_store_database(layout, postgres), pytest.raises(UserError) as error, open_store(SOURCE, ENTITY):
        pass
    assert str(error.value) == ("the store of readings has no tables: python -m scripts.postgres --migrate makes them")


def test_a_store_of_an_earlier_migration_is_brought_forward(
    own: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(own.store, message(0), message(1), invalid(2))
    folder = tmp_path / "telemetry"
    folder.mkdir()
    for path in migrations.migrations("telemetry"):
        (folder / path.name).write_text(path.read_text())
    (folder / "0002_telemetry.sql").write_text("alter table dead_letters add column seen_at timestamptz;")
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path)
    assert migrate(own.connection, "telemetry") == ["0002_telemetry.sql"]
    with open_store(SOURCE, ENTITY) as store:
        store.write(rows(message(3, "b"), invalid(4)), offsets(3), offsets(5))
    assert own.split() == {"readings": {0, 3}, "reading_duplicates": {1}, "dead_letters": {2, 4}}


# ---------------------------------------------------------------- how long readings are kept


def test_days_go_after_the_time_that_is_set(own: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = int((midnight - timedelta(days=30)).timestamp()) * SECOND
    now = int(midnight.timestamp()) * SECOND
    times = [first - 1, first, now]
    sent = [message(10 * n + m, f"d{n}", at=at, _consumed_at=at) for n, at in enumerate(times) for m in (0, 1)]
    sent += [message(50 + n, "far", at=at - 500 * DAY, _consumed_at=at) for n, at in enumerate(times)]
    sent += [
        message(60, "far", at=times[0] - 500 * DAY),
        *(invalid(70 + n, _consumed_at=at) for n, at in enumerate(times)),
    ]
    write(own.store, *sent)
    with environment({"TELEMETRY_KEEP_DAYS": "30"}), open_store(SOURCE, ENTITY) as store:
        write(store, message(80, "new", at=now, _consumed_at=now))
        kept = {"readings": {10, 20, 51, 52, 80}, "reading_duplicates": {11, 21}, "dead_letters": {71, 72}}
        assert own.split() == kept
        write(store, message(81, "late", at=first - 1, _consumed_at=now))
    assert own.places("readings") == {10, 20, 51, 52, 80, 81}


@pytest.mark.parametrize("days", ["0", "-1", "a month", "²", "365001", "9999999999"])
def test_days_that_are_no_number_are_one_line(tables: Opened, days: str) -> None:
    with (
        environment({"TELEMETRY_KEEP_DAYS": days}),
        pytest.raises(UserError, match=f"^TELEMETRY_KEEP_DAYS='{days}' is not a number of days, from 1 to 365,000$"),
        open_store(SOURCE, ENTITY),
    ):
        pass


def test_compressed_days_take_what_comes_late(own: Opened, layout: str) -> None:
    if layout != "hypertable":
        pytest.skip("partitions are not compressed")
    write(own.store, *(message(n, f"d{n % 7}", at=NOON + n // 7 * SECOND, _produced_at=NOON) for n in range(700)))
    own.sql("select compress_chunk(c) from show_chunks('readings_near') as c")
    again = [message(700 + n, f"d{n % 7}", at=NOON + n // 7 * SECOND, _produced_at=NOON - n % 2) for n in range(800)]
    write(own.store, *again)
    swapped = {n for n in range(700) if n % 2}
    assert own.places("readings") == set(range(700)) - swapped | {700 + n for n in swapped} | set(range(1400, 1500))
    assert own.places("reading_duplicates") == swapped | {700 + n for n in range(700) if n % 2 == 0}
    entity = with_columns(Column("rssi", type="integer"))
    with open_store(SOURCE, entity) as store:
        assert store.missing(rows(*again, message(1600), entity=entity))["_offset"].to_pylist() == [1600]


# ---------------------------------------------------------------- others at work, kills, faults


def test_a_reader_holds_up_no_new_day(tables: Opened) -> None:
    write(tables.store, message(0))
    with tables.database.connect() as reader:
        assert reader.execute("select count(*) from readings").fetchone() == (1,)
        write(tables.store, message(1, at=NOON - 30 * DAY))
        assert reader.execute("select count(*) from readings").fetchone() == (2,)


MOMENTS = ("_copy_to", "_lock", "_move", "_settle", "_counted")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_writer_that_is_killed_leaves_all_or_nothing(tables: Opened, moment: str) -> None:
    write(tables.store, message(0), invalid(1))
    batch = [message(2), message(3, "b"), message(4, at=NOON - 20 * DAY, _produced_at=NOON), invalid(5)]
    child = os.fork()
    if not child:
        right_after_its_first_call = kill_at(2)
        watch([f"duckhouse.streaming.store.timeseries:TimeSeriesStore.{moment}"], right_after_its_first_call)
        with open_store(SOURCE, ENTITY) as store:
            write(store, *batch)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    before = {"readings": {0}, "dead_letters": {1}}
    after = {"readings": {0, 3, 4}, "reading_duplicates": {2}, "dead_letters": {1, 5}}
    with open_store(SOURCE, ENTITY) as store:  # waits until the server has noticed
        stands = store.offsets()
        assert (stands, tables.split()) == ((offsets(6), after) if moment == "_counted" else (offsets(2), before))
        if stands == offsets(2):
            write(store, *batch)
    assert (tables.store.offsets(), tables.split()) == (offsets(6), after)


def test_a_server_that_is_not_there_is_one_line() -> None:
    with (
        environment({"TELEMETRY_DSN": "postgresql://a:hidden@127.0.0.1:1/b"}),
        pytest.raises(UserError, match=r"^PostgreSQL at 127.0.0.1:1/b: .*; check TELEMETRY_DSN") as said,
        open_store(SOURCE, ENTITY),
    ):
        pass
    assert "hidden" not in str(said.value)


def test_a_server_that_goes_away_is_one_line(own: Opened) -> None:
    write(own.store, message(0))
    own.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    with pytest.raises(UserError, match=r"^store at 127.0.0.1:\d+/test_store_\d+_\d+: ") as said:
        write(own.store, message(1))
    assert "\n" not in str(said.value)
    assert own.split() == {"readings": {0}}
