"""What is new in the lake lands once, between two vectors of offsets: valid messages, rejected ones, repairs, gaps."""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from duckhouse.cli import UserError
from duckhouse.landing.load import Outcome
from duckhouse.landing.zone import Zone
from duckhouse.streaming.deliver import deliver
from duckhouse.streaming.offsets import Partition
from support.landing import read
from support.readings import ONE, START, TWO, LakeInMemory, faulty, reading, readings

FIRST = "device-readings/topic-a/0"
SECOND = "device-readings/topic-a/1"


@pytest.fixture(autouse=True)
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path))
    return tmp_path / "telemetry"


@pytest.fixture
def lake() -> LakeInMemory:
    return LakeInMemory()


def land(lake: LakeInMemory, at: datetime | None = None, *, dry_run: bool = False) -> Outcome:
    return deliver(readings()[0], delivered_at=at, dry_run=dry_run, opened=lake.opened)


def landed(zone: Path) -> list[tuple[str, int]]:
    return [(row["_source_file"], row["_source_row"]) for row in read(zone / "delivery=*" / "readings" / "*.parquet")]


def rejected(zone: Path) -> list[tuple[str, int, str]]:
    rows = read(zone / "delivery=*" / "_rejected" / "*.parquet")
    return [(row["_source_file"], row["_source_row"], row["reason"]) for row in rows]


def manifests(zone: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(zone.glob("*/manifest.json"))]


def test_a_delivery_is_what_is_new_between_two_vectors(zone: Path, lake: LakeInMemory) -> None:
    lake.write(*(reading(ONE, at) for at in range(5)), reading(TWO, 0))
    assert land(lake).delivery
    lake.write(reading(ONE, 5), faulty(ONE, 6), reading(Partition("topic-a", 2), 0))
    assert land(lake).delivery
    assert landed(zone) == [
        *((FIRST, at) for at in range(5)), (SECOND, 0), (FIRST, 5), ("device-readings/topic-a/2", 0),
    ]  # fmt: skip
    assert rejected(zone) == [(FIRST, 6, "not_json")]
    first, second = manifests(zone)
    assert first["lake"] == {
        "readings": {
            "snapshot": "snapshot-6-6", "start": {}, "end": {"topic-a": {"0": 5, "1": 1}}, "rows": 6, "valid": 6,
        }
    }  # fmt: skip
    assert second["lake"] == {
        "readings": {
            "snapshot": "snapshot-9-8", "start": {"topic-a": {"0": 5, "1": 1}},
            "end": {"topic-a": {"0": 7, "1": 1, "2": 1}}, "rows": 9, "valid": 8,
        }
    }  # fmt: skip
    counts = {
        file["name"]: (file["offsets"], file["records_read"], file["records_landed"], file["records_rejected"])
        for file in second["files"]
    }
    assert counts == {FIRST: ([5, 7], 2, 1, 1), "device-readings/topic-a/2": ([0, 1], 1, 1, 0)}
    assert lake.was_asked == [{ONE: (0, 5), TWO: (0, 1)}, {ONE: (5, 7), Partition("topic-a", 2): (0, 1)}]


def test_what_lands_is_what_a_message_says(zone: Path, lake: LakeInMemory) -> None:
    lake.write(
        reading(ONE, 0, temperature=21.4, humidity=68.0, _unmapped='{"battery": 3}'),
        reading(ONE, 1, temperature=0.1 + 0.2, pressure=1013.0, _produced_at=None),
    )
    land(lake)
    first, second = read(zone / "delivery=*" / "readings" / "*.parquet")
    [manifest] = manifests(zone)
    assert first == {
        "device_id": "sensor-1", "timestamp": datetime(2026, 3, 1, 12), "temperature": "21.4", "humidity": "68",
        "firmware_version": "v1.2.0", "pressure": None, "_source_file": FIRST, "_source_row": 0,
        "_unmapped": '{"battery": 3}', "_topic_id": "topic-a", "_partition": 0,
        "_produced_at": datetime(2026, 3, 1, 12, 0, 1), "_consumed_at": datetime(2026, 3, 1, 12, 0, 2),
        "_delivery_id": manifest["delivery_id"], "delivery": manifest["delivery_id"],
        "_delivered_at": datetime.fromisoformat(manifest["delivered_at"]).replace(tzinfo=None),
    }  # fmt: skip
    assert (second["temperature"], second["pressure"], second["_produced_at"]) == ("0.30000000000000004", "1013", None)
    [file] = manifest["files"]
    assert file["unmapped_columns"] == ["battery"]


def test_a_time_that_no_engine_holds_is_kept_as_text(zone: Path, lake: LakeInMemory) -> None:
    far = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    lake.write(
        reading(ONE, 0, timestamp=far, _unmapped='{"battery":3}'),
        reading(ONE, 1, timestamp=datetime(1, 1, 1, tzinfo=UTC), _produced_at=far),
        reading(ONE, 2),
    )
    land(lake)
    rows = read(zone / "delivery=*" / "readings" / "*.parquet")
    assert [row["timestamp"] for row in rows] == [None, None, datetime(2026, 3, 1, 12, 0, 2)]
    assert [row["_unmapped"] and json.loads(row["_unmapped"]) for row in rows] == [
        {"battery": 3, "timestamp": "9999-12-31T23:59:59.999999Z"}, {"timestamp": "0001-01-01T00:00:00Z"}, None,
    ]  # fmt: skip
    assert rows[1]["_produced_at"] is None


def test_numbers_of_any_length_are_kept_as_sent(zone: Path, lake: LakeInMemory) -> None:
    sent = f'{{"serial":{"7" * 5000},"load":1E400,"gain":1.10}}'
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    exact = '{"timestamp":"9999-12-31T23:59:59.0000001Z"}'
    lake.write(
        reading(ONE, 0, _unmapped=sent),
        reading(ONE, 1, timestamp=far, _unmapped=sent),
        reading(ONE, 2, timestamp=far, _unmapped=exact),
    )
    land(lake)
    kept = [row["_unmapped"] for row in read(zone / "delivery=*" / "readings" / "*.parquet")]
    assert kept == [sent, f'{sent[:-1]}, "timestamp": "9999-12-31T23:59:59Z"}}', exact]
    [file] = manifests(zone)[0]["files"]
    assert file["unmapped_columns"] == ["gain", "load", "serial", "timestamp"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"{", "{"),
        ("größer".encode(), "größer"),
        (b"\xff\x00A", "\\xff\x00A"),
        (None, None),
        (b"", ""),
        (b"x" * (2 << 20), "x" * (1 << 20)),
    ],
    ids=["text", "not ascii", "no UTF-8", "tombstone", "empty", "long"],
)
def test_an_invalid_message_is_a_rejected_record(
    zone: Path, lake: LakeInMemory, value: bytes | None, text: str | None
) -> None:
    lake.write(faulty(TWO, 7, "wrong_type", value, _key=b"sensor-\xff"))
    land(lake)
    [row] = read(zone / "delivery=*" / "_rejected" / "*.parquet")
    assert (row["_source_file"], row["_source_row"], row["entity"]) == (SECOND, 7, "readings")
    assert (row["reason"], row["_detail"], row["raw_text"], row["_key"]) == (
        "wrong_type", "wrong_type here", text, "sensor-\\xff",
    )  # fmt: skip
    assert row["_produced_at"] == datetime(2026, 3, 1, 12, 0, 8)
    assert landed(zone) == []


def test_where_nothing_is_new_a_run_is_a_look(zone: Path, lake: LakeInMemory) -> None:
    assert land(lake).delivery is None
    assert (zone / "looked_at.txt").exists()
    lake.write(reading(ONE, 0))
    land(lake)
    (zone / "looked_at.txt").unlink()
    again = land(lake)
    assert (again.delivery, again.is_whole) == (None, True)
    assert (zone / "looked_at.txt").exists()
    assert len(manifests(zone)) == 1


def test_a_dry_run_writes_nothing(zone: Path, lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0), reading(TWO, 0))
    assert land(lake, dry_run=True).would_land == [(FIRST, "readings"), (SECOND, "readings")]
    assert not zone.exists()
    land(lake)
    assert land(lake, dry_run=True).would_land == []


def test_a_repaired_message_lands_once(zone: Path, lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0), faulty(ONE, 1), faulty(ONE, 2), reading(TWO, 0))
    land(lake)
    lake.write(reading(ONE, 1))
    land(lake)
    assert landed(zone) == [(FIRST, 0), (SECOND, 0), (FIRST, 1)]
    lake.write(reading(ONE, 3), reading(ONE, 2))
    land(lake)
    assert landed(zone)[3:] == [(FIRST, 2), (FIRST, 3)]
    assert land(lake).delivery is None
    assert rejected(zone) == [(FIRST, 1, "not_json"), (FIRST, 2, "not_json")]
    assert [file["offsets"] for manifest in manifests(zone)[1:] for file in manifest["files"]] == [[3, 3], [3, 4]]


def test_a_message_that_a_replay_adds_lands_once(zone: Path, lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0), reading(ONE, 4), reading(TWO, 0))
    land(lake)
    lake.write(reading(ONE, 2), faulty(ONE, 3), moves=False)
    land(lake)
    assert land(lake).delivery is None
    assert landed(zone) == [(FIRST, 0), (FIRST, 4), (SECOND, 0), (FIRST, 2)]
    assert rejected(zone) == [(FIRST, 3, "not_json")]


def test_earlier_messages_are_read_again_only_where_the_lake_says_other_counts(lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0), faulty(ONE, 1))
    land(lake)
    lake.write(reading(ONE, 2))
    land(lake)
    assert lake.was_asked == [{ONE: (0, 2)}, {ONE: (2, 3)}]
    lake.write(reading(ONE, 1))
    land(lake)
    assert lake.was_asked[2:] == [{}, {ONE: (0, 3)}]


def test_repairs_of_deliveries_that_left_landing_are_left_alone(zone: Path, lake: LakeInMemory) -> None:
    lake.write(faulty(ONE, 0), reading(ONE, 1))
    land(lake)
    lake.write(faulty(ONE, 2))
    land(lake)
    oldest = min(zone.glob("delivery=2*"))
    for path in sorted(oldest.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    oldest.rmdir()
    lake.write(reading(ONE, 0), reading(ONE, 2))
    land(lake)
    assert landed(zone) == [(FIRST, 2)]


def test_names_of_fields_in_a_manifest_are_bounded(zone: Path, lake: LakeInMemory) -> None:
    many = [{f"field_{number}_{'x' * 200}": 1 for number in range(start, start + 600)} for start in (0, 600)]
    lake.write(*(reading(ONE, offset, _unmapped=json.dumps(fields)) for offset, fields in enumerate(many)))
    land(lake)
    [manifest] = manifests(zone)
    [file] = manifest["files"]
    assert len(file["unmapped_columns"]) == 1_000
    assert {len(name) for name in file["unmapped_columns"]} == {100}
    assert [json.loads(row["_unmapped"]) for row in read(zone / "delivery=*" / "readings" / "*.parquet")] == many


def test_a_topic_that_is_made_anew_has_places_of_its_own(zone: Path, lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0))
    land(lake)
    lake.write(reading(Partition("topic-b", 0), 0))
    land(lake)
    assert landed(zone) == [(FIRST, 0), ("device-readings/topic-b/0", 0)]


def test_a_lake_that_is_older_than_landing_is_refused(zone: Path, lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0), reading(ONE, 1))
    land(lake)
    older = LakeInMemory()
    older.write(reading(ONE, 0))
    with pytest.raises(UserError, match=r"the lake has device-readings/topic-a/0 up to offset 1, and 2 have landed"):
        land(older)
    assert len(manifests(zone)) == 1


def test_deliveries_are_dated_in_order(zone: Path, lake: LakeInMemory) -> None:
    lake.write(reading(ONE, 0))
    land(lake, START)
    lake.write(reading(ONE, 1))
    with pytest.raises(UserError, match=r"--delivered-at 2026-03-01T12:00:00.000000Z: telemetry has a delivery of"):
        land(lake, START)
    far = datetime(2199, 1, 1, tzinfo=UTC)
    land(lake, far)
    lake.write(reading(ONE, 2))
    land(lake)
    assert [manifest["delivered_at"] for manifest in manifests(zone)] == [
        "2026-03-01T12:00:00.000000Z", "2199-01-01T00:00:00.000000Z", "2199-01-01T00:00:00.000001Z",
    ]  # fmt: skip


def test_a_run_that_breaks_off_leaves_nothing_and_the_next_lands_all(zone: Path, lake: LakeInMemory) -> None:
    lake.write(*(reading(ONE, at) for at in range(6)))
    pieces = count()

    class Broken(LakeInMemory):
        def rows(self, spans):
            for found in lake.rows(spans):
                if next(pieces) == 2:
                    raise OSError("gone")
                yield found

    broken = Broken()
    broken.messages, broken.ends = lake.messages, lake.ends
    with pytest.raises(OSError, match="gone"):
        land(broken)
    assert (landed(zone), list(zone.glob(".incoming/*"))) == ([], [])
    land(lake)
    assert landed(zone) == [(FIRST, at) for at in range(6)]


def test_many_messages_are_written_in_few_pieces(zone: Path) -> None:
    lake = LakeInMemory(pieces=1_000)
    lake.write(*(faulty(ONE, at) if at % 10 == 3 else reading(ONE, at) for at in range(40_000)))
    outcome = land(lake)
    assert outcome.delivery
    [file] = outcome.delivery.files
    assert (file.records_read, file.records_landed, file.records_rejected) == (40_000, 36_000, 4_000)
    [path] = zone.glob("delivery=2*/readings/*.parquet")
    groups = pq.read_metadata(path)
    assert groups.num_row_groups == 2
    assert Counter(at for _, at in landed(zone)) == Counter(at for at in range(40_000) if at % 10 != 3)
    assert Zone(readings()[0]).deliveries() == [outcome.delivery]
