"""The real path: a broker, python -m scripts.consume_kafka, the lake and the time-series store."""

import json
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from duckhouse.backup.make import back_up
from duckhouse.backup.restore import restore
from duckhouse.embedded.postgres import Embedded
from duckhouse.processes import script
from duckhouse.settings import PROJECT, environment
from duckhouse.streaming.lake.iceberg import Lake
from duckhouse.streaming.replay import dead_letters
from duckhouse.streaming.sink import Sink
from support.lake import by_duckdb, content
from support.lake import lake as lake_in
from support.store import Opened, new_store
from support.streams import Killed, Stream, reading, readings_entity
from support.waiting import wait_for
from tools.brokers.mock import MockCluster

TOPIC = "device-readings"
OLD = (
    b'{"device_id": "sensor-123", "timestamp": "2025-01-20T10:15:30Z", "temperature": 21.4, "humidity": 68, '
    b'"firmware_version": "v1.2.0"}'
)
NEW = (
    b'{"device_id": "sensor-123", "timestamp": "2025-01-20T10:15:31Z", "temperature": 21.4, "humidity": 68, '
    b'"firmware_version": "v1.3.0", "pressure": 1013}'
)
COLUMNS = 'device_id, "timestamp", temperature, humidity, firmware_version, pressure'


@pytest.fixture
def opened(postgres: Embedded, tmp_path: Path) -> Iterator[Opened]:
    with new_store("partitions", postgres) as made:
        yield made


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with lake_in(tmp_path / "lake") as made:
        yield made


@pytest.fixture
def stream(mock: MockCluster, tmp_path: Path, opened: Opened, lake: Lake) -> Iterator[Stream]:
    """A topic of two partitions; stores and settings are those of the environment too."""
    mock.make_topic(TOPIC, 2)
    mock.make_topic(f"{TOPIC}.dead-letters", 1)
    with environment(
        {
            "KAFKA_BOOTSTRAP": mock.bootstrap,
            "KAFKA_SECURITY_PROTOCOL": "",
            "DUCKHOUSE_FAILURES": str(tmp_path / "failures.jsonl"),
        }
    ):
        yield Stream(mock.bootstrap, TOPIC, lake, opened.store)


def consume(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(script("consume_kafka", *options), cwd=PROJECT, capture_output=True, text=True)


def lake_places(lake: Lake) -> Counter[tuple[int, int]]:
    return Counter((row["_partition"], row["_offset"]) for row in content(lake))


def store_places(opened: Opened) -> Counter[tuple[int, int]]:
    tables = ("readings", "reading_repeats", "dead_letters")
    return Counter(place for table in tables for place in opened.sql(f"select _partition, _offset from {table}"))


def every_place_once(stream: Stream, opened: Opened, lake: Lake, *counts: int) -> None:
    places = Counter((number, offset) for number, count in enumerate(counts) for offset in range(count))
    assert lake_places(lake) == places
    assert store_places(opened) == places
    assert lake.offsets() == stream.store.offsets()


def test_events_as_their_senders_write_them_reach_both_stores(stream: Stream, opened: Opened, lake: Lake) -> None:
    with_other_values, unknown = NEW.replace(b"1013", b"1014"), NEW[:-1] + b', "battery": 3.710}'
    stream.produce(OLD, NEW, b'{"temperature": "warm"}', OLD)
    stream.produce(with_other_values, None, unknown.replace(b"31Z", b"32Z"), partition=1)
    done = consume("--once", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    figures = {name: said[name] for name in ("consumed", "valid", "invalid", "duplicates", "conflicts", "late", "lag")}
    assert figures == {
        "consumed": 7, "valid": 5, "invalid": {"empty_message": 1, "missing_field": 1}, "duplicates": 1,
        "conflicts": 1, "late": 5, "lag": {"0": 0, "1": 0},
    }  # fmt: skip
    every_place_once(stream, opened, lake, 4, 3)
    at = datetime(2025, 1, 20, 10, 15, 30, tzinfo=UTC)
    assert opened.sql(f"select {COLUMNS} from readings order by 2") == [
        ("sensor-123", at, 21.4, 68, "v1.2.0", None),
        ("sensor-123", at.replace(second=31), 21.4, 68, "v1.3.0", 1013),
        ("sensor-123", at.replace(second=32), 21.4, 68, "v1.3.0", 1013),
    ]
    [[kept]] = opened.sql("select _unmapped from readings where _unmapped is not null")
    assert kept == '{"battery":3.710}'
    sums = "count(*), count(*) filter (_fault is null), sum(temperature), sum(pressure)"
    assert by_duckdb(lake.table.refresh(), sums) == (7, 5, 5 * 21.4, 1013 + 1014 + 1013)


def test_a_stopped_command_ends_cleanly_and_says_what_it_did(stream: Stream, opened: Opened, lake: Lake) -> None:
    stream.produce(OLD)
    command = script("consume_kafka", "--batch-seconds", "0.1", "--metrics-port", "0")
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: store_places(opened) or process.poll() is not None, "the reading in the store")
            process.send_signal(signal.SIGTERM)
            told, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert told.startswith(f"telemetry.readings: consumed 1 of topic {TOPIC} in ")
    assert errors.startswith("metrics: http://127.0.0.1:")
    every_place_once(stream, opened, lake, 1)


@contextmanager
def killed_at_the_store(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as changed:
        changed.setattr(type(stream.store), "write", kill)
        with pytest.raises(Killed):
            yield


def test_a_kill_between_the_two_commits_loses_and_doubles_nothing(
    stream: Stream, opened: Opened, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.produce(OLD, NEW, b"{")
    with killed_at_the_store(stream, monkeypatch):
        stream.once()
    assert (lake_places(lake).total(), store_places(opened).total()) == (3, 0)
    stream.produce(OLD)
    stream.once()
    every_place_once(stream, opened, lake, 4)


def test_a_restored_lake_and_a_store_that_is_ahead_get_each_message_once(
    stream: Stream, opened: Opened, lake: Lake, tmp_path: Path
) -> None:
    stream.produce(OLD, NEW, b"{")
    stream.once()
    place, lake_folder, landing = tmp_path / "backups", tmp_path / "lake", tmp_path / "landing"
    with environment({"DUCKHOUSE_LANDING": str(landing), "DUCKHOUSE_LAKE": str(lake_folder)}):
        back_up(str(place), targets=())
        stream.produce(OLD)
        stream.once()
        shutil.rmtree(lake_folder)
        shutil.rmtree(landing)
        restore(str(place))
    with lake_in(lake_folder) as restored:
        again = replace(stream, lake=restored)
        assert (lake_places(restored).total(), store_places(opened).total()) == (3, 4)
        again.produce(NEW)
        again.once()
        every_place_once(again, opened, restored, 5)


@pytest.mark.parametrize("behind", ["lake", "store"])
def test_what_kafka_deleted_comes_from_the_other_store(
    stream: Stream, opened: Opened, lake: Lake, mock: MockCluster, tmp_path: Path, postgres: Embedded, behind: str
) -> None:
    unknown = reading(battery=3.71, timestamp="2025-01-20T10:15:33.123456789Z")
    stream.produce(OLD, NEW, b"\0{", None, OLD, OLD.replace(b"68", b"69"), unknown)
    stream.once()
    mock.forget(TOPIC, 0, 7)
    stream.produce(NEW.replace(b"31Z", b"34Z"))
    if behind == "lake":
        with lake_in(tmp_path / "another lake") as other:
            again = replace(stream, lake=other)
            assert again.once().caught_up == {"lake": 7}
            every_place_once(again, opened, other, 8)
            stream.once()
            told = [{name: row[name] for name in row if name != "_consumed_at"} for row in content(lake)]
            assert [{name: row[name] for name in row if name != "_consumed_at"} for row in content(other)] == told
    else:
        with new_store("partitions", postgres) as other_store:
            again = replace(stream, store=other_store.store)
            assert again.once().caught_up == {"store": 7}
            every_place_once(again, other_store, lake, 8)
            stream.once()
            assert other_store.split() == opened.split()


def test_repaired_dead_letters_land_once_in_both_stores(stream: Stream, opened: Opened, lake: Lake) -> None:
    stream.produce(OLD, reading(temperature=120), b"{", None)
    stream.once()
    entity = readings_entity()
    columns = tuple(replace(c, range=(-90, 150)) if c.name == "temperature" else c for c in entity.columns)
    sinks: tuple[Sink, Sink] = (lake, opened.store)
    done = dead_letters(replace(entity, columns=columns), sinks, Event())
    assert (done.landed, done.still_invalid) == ({"lake": 1, "store": 1}, {"lake": 2, "store": 2})
    every_place_once(stream, opened, lake, 4)
    assert [row["temperature"] for row in content(lake)] == [21.4, 120, None, None]
    assert opened.sql(
        "select _offset, temperature from readings union all select _offset, temperature "
        "from reading_repeats order by 1"
    ) == [(0, 21.4), (1, 120)]
    again = dead_letters(replace(entity, columns=columns), sinks, Event())
    assert again.landed == {"lake": 0, "store": 0}
