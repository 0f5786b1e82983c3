"""The generated messages of devices, read again in plain Python and held against their truth.json."""

import base64
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from duckhouse.cli import UserError
from support.generated import assert_refused_in_one_line
from tools import generate
from tools.brokers.mock import MockCluster, mock_cluster
from tools.generators.telemetry import command, outlets
from tools.generators.telemetry.generate import Fleet

START = "2026-03-01T06:00:00Z"
DEVICES, SECONDS = 40, 100
LATE, EARLY = timedelta(hours=1), timedelta(minutes=5)
REQUIRED = ("device_id", "timestamp", "temperature", "humidity", "firmware_version")
DECLARED = (*REQUIRED, "pressure")
RANGES = {"temperature": (-90, 100), "humidity": (0, 100), "pressure": (300, 1100)}
RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
KNOWN_TIMES = {"Z": timedelta(0), "+02:00": timedelta(hours=2)}


class Twice(Exception):
    """A field stands twice."""


def fields_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise Twice
    return dict(pairs)


def no_constant(text: str) -> None:
    raise ValueError(text)


def fault_of(value: bytes | None) -> str | None:
    """Why a message is invalid, by the rules of the source's declaration; None of a valid one."""
    if not value:
        return "empty_message"
    try:
        said = json.loads(value.decode(), object_pairs_hook=fields_once, parse_constant=no_constant)
    except Twice:
        return "duplicate_field"
    except ValueError:
        return "not_json"
    if not isinstance(said, dict):
        return "not_an_object"
    texts = [text for name in DECLARED if isinstance(text := said.get(name), str)]
    if len(value) > 65_536 or any(len(text) > 1_000 for text in texts):
        return "too_large"
    if any(said.get(name) is None for name in REQUIRED):
        return "missing_field"
    if any(type(said[name]) is not str or "\0" in said[name] for name in ("device_id", "timestamp")):
        return "wrong_type"
    if type(said["firmware_version"]) is not str or "\0" in said["firmware_version"]:
        return "wrong_type"
    numbers = {name: said[name] for name in RANGES if said.get(name) is not None}
    if any(type(number) not in (int, float) for number in numbers.values()):
        return "wrong_type"
    if not RFC_3339.fullmatch(said["timestamp"]):
        return "bad_timestamp"
    if any(not RANGES[name][0] <= number <= RANGES[name][1] for name, number in numbers.items()):
        return "out_of_range"
    return None


def time_of(text: str) -> datetime:
    found = RFC_3339.fullmatch(text)
    assert found, text
    second, digits, zone = found.groups()
    micros = int((digits or "0")[:6].ljust(6, "0"))
    return datetime.fromisoformat(second).replace(tzinfo=UTC, microsecond=micros) - KNOWN_TIMES[zone]


@dataclass
class Line:
    """A message as it was written, and what a careful reader makes of it."""

    number: int
    nth: int
    sent_at: datetime
    key: str
    value: bytes | None

    @cached_property
    def fault(self) -> str | None:
        return fault_of(self.value)

    @cached_property
    def fields(self) -> dict[str, Any]:
        return json.loads(self.value or b"{}")

    @cached_property
    def time(self) -> datetime:
        return time_of(self.fields["timestamp"])

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """What tells a duplicate from a conflict: all but the spelling of the time."""
        return tuple(sorted((name, said) for name, said in self.fields.items() if name != "timestamp"))


@dataclass
class Drop:
    folder: Path
    truth: dict[str, Any] = field(init=False)
    lines: list[Line] = field(init=False)

    def __post_init__(self) -> None:
        self.truth = json.loads((self.folder / "truth.json").read_text())
        self.lines, seen = [], Counter()
        for number, text in enumerate((self.folder / command.MESSAGES).read_text().splitlines()):
            told = json.loads(text)
            value = told["value"].encode() if told.get("value") is not None else None
            if "value_base64" in told:
                value = base64.b64decode(told["value_base64"])
            at = datetime.fromisoformat(told["sent_at"])
            self.lines.append(Line(number, seen[told["key"]], at, told["key"], value))
            seen[told["key"]] += 1

    @cached_property
    def valid(self) -> dict[str, list[Line]]:
        """By device, as sent."""
        found = defaultdict(list)
        for line in self.lines:
            if line.fault is None:
                found[line.key].append(line)
        return found

    def counts(self, key: str) -> dict[str, Any]:
        """What truth.json says of a device, counted anew."""
        valid = self.valid.get(key, [])
        first: dict[datetime, Line] = {}
        repeats = Counter()
        latest = None
        out_of_order = 0
        for line in valid:
            winner = first.setdefault(line.time, line)
            if winner is not line:
                repeats["duplicates" if line.values == winner.values else "conflicts"] += 1
            out_of_order += latest is not None and line.time < latest
            if line.time - line.sent_at <= EARLY:
                latest = max(latest or line.time, line.time)
        versions = [first[time].fields["firmware_version"] for time in sorted(first)]
        schemas = Counter("v3" if "battery_percent" in f else "v2" if f.get("pressure") else "v1"
                          for f in (line.fields for line in valid))  # fmt: skip
        of_device = [line for line in self.lines if line.key == key]
        return {
            "messages": len(of_device),
            "valid": len(valid),
            "readings": len(first),
            "duplicates": repeats["duplicates"],
            "conflicts": repeats["conflicts"],
            "late": sum(line.sent_at - line.time > LATE for line in valid),
            "early": sum(line.time - line.sent_at > EARLY for line in valid),
            "out_of_order": out_of_order,
            "firmware_changes": sum(one != other for one, other in pairwise(versions)),
            "invalid": dict(sorted(Counter(line.fault for line in of_device if line.fault).items())),
            "schemas": {name: schemas[name] for name in ("v1", "v2", "v3")},
        }

    def device_of(self, role: str) -> tuple[list[Line], list[Line]]:
        """The valid messages of the device that shows a role: in its window, and outside."""
        [entry] = [entry for entry in self.truth["faults"] + self.truth["lookalikes"] if entry["kind"] == role]
        [cell] = entry["cells"]
        start, end = (datetime.fromisoformat(cell[name]) for name in ("from", "to"))
        inside = [line for line in self.valid[cell["device_id"]] if start <= line.time < end]
        return inside, [line for line in self.valid[cell["device_id"]] if line not in inside]


def make(folder: Path, *words: str) -> Drop:
    generate.main(["telemetry", "--start", START, "--out", str(folder), *words])
    return Drop(folder)


@pytest.fixture(scope="module", autouse=True)
def no_broker() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KAFKA_BOOTSTRAP", raising=False)
        yield


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Drop:
    """A small drop with all faults."""
    words = ("--devices", str(DEVICES), "--seconds", str(SECONDS), "--rate", "80", "--faults")
    return make(tmp_path_factory.mktemp("telemetry") / "out", *words)


# ---------- the truth


def test_the_truth_of_each_device_is_what_a_reader_counts(drop: Drop) -> None:
    for device, told in drop.truth["devices"].items():
        assert told == drop.counts(device), device


def test_totals_are_the_sums_of_devices(drop: Drop) -> None:
    totals, devices = drop.truth["totals"], drop.truth["devices"].values()
    for name in ("messages", "valid", "readings", "late", "early", "duplicates", "conflicts", "out_of_order"):
        assert totals[name] == sum(device[name] for device in devices) > 0, name
    assert totals["messages"] == len(drop.lines)
    assert totals["invalid"] == Counter(line.fault for line in drop.lines if line.fault)
    assert totals["valid"] == totals["readings"] + totals["duplicates"] + totals["conflicts"]
    assert all(totals["schemas"].values())


def test_every_planted_message_is_where_the_truth_says(drop: Drop) -> None:
    for entry in drop.truth["faults"] + drop.truth["lookalikes"]:
        assert entry["count"] == len(entry.get("records", entry.get("cells"))), entry["kind"]
        for place in entry.get("records", []):
            line = drop.lines[place["message"]]
            assert (line.key, line.nth, line.fault) == (place["device_id"], place["nth"], entry.get("fault"))
            if "timestamp" in place:
                assert line.time == time_of(place["timestamp"])


def test_every_invalid_message_is_listed(drop: Drop) -> None:
    listed = {place["message"] for entry in drop.truth["faults"] if "fault" in entry for place in entry["records"]}
    assert listed == {line.number for line in drop.lines if line.fault}


def test_every_kind_is_planted(drop: Drop) -> None:
    kinds = {entry["kind"] for entry in drop.truth["faults"] + drop.truth["lookalikes"]}
    assert {
        "duplicate", "conflict", "late", "out_of_order", "early", "missing_field", "temperature_as_text", "cut_short",
        "tombstone", "too_hot", "oversize", "stuck_sensor", "drift", "spike", "clock_skew", "gap", "firmware_back",
        "unit_change", "flooding", "impossible_pair",
    } <= kinds  # fmt: skip
    assert set(drop.truth["totals"]["invalid"]) == {
        "not_json", "not_an_object", "duplicate_field", "empty_message", "too_large", "missing_field", "wrong_type",
        "bad_timestamp", "out_of_range",
    }  # fmt: skip


def test_messages_are_in_the_order_in_which_they_are_sent(drop: Drop) -> None:
    assert all(one.sent_at <= other.sent_at for one, other in pairwise(drop.lines))


def test_the_key_of_a_message_is_its_device(drop: Drop) -> None:
    assert all(line.fields["device_id"] == line.key for lines in drop.valid.values() for line in lines)
    assert {line.key for line in drop.lines} == drop.truth["devices"].keys()


# ---------- what devices do


def temperatures(lines: list[Line]) -> list[float]:
    return [line.fields["temperature"] for line in lines]


def steps(lines: list[Line]) -> list[timedelta]:
    return [other.time - one.time for one, other in pairwise(lines)]


INTERVAL = timedelta(milliseconds=500)


def test_devices_that_a_rule_is_to_find(drop: Drop) -> None:
    inside, outside = drop.device_of("stuck_sensor")
    assert len(set(temperatures(inside))) == 1 < len(set(temperatures(outside)))
    inside, outside = drop.device_of("drift")
    assert sum(temperatures(inside)[-10:]) / 10 - sum(temperatures(outside)) / len(outside) > 6
    inside, outside = drop.device_of("spike")
    assert sorted(temperatures(inside))[-1] > sorted(temperatures(inside))[-2] + 25
    inside, outside = drop.device_of("clock_skew")
    ahead = [line.time - line.sent_at for line in inside + outside if line.time > line.sent_at]
    assert (len(ahead), min(ahead) > timedelta(seconds=100), max(ahead) < EARLY) == (60, True, True)
    inside, outside = drop.device_of("gap")
    assert not inside
    assert outside
    inside, outside = drop.device_of("unit_change")
    assert min(temperatures(inside)) > max(temperatures(outside)) * 1.8 + 20
    inside, _ = drop.device_of("flooding")
    assert min(steps(inside)) < INTERVAL / 20
    inside, _ = drop.device_of("impossible_pair")
    assert sum((line.fields["temperature"], line.fields["humidity"]) == (72, 97) for line in inside) == 6


def test_look_alikes_are_no_fault(drop: Drop) -> None:
    inside, _ = drop.device_of("steady_room")
    assert 1 < len(set(temperatures(inside))) <= 3
    inside, outside = drop.device_of("warm_spell")
    assert max(temperatures(inside)) > max(temperatures(outside)) + 3 > temperatures(inside)[-1] + 2
    inside, _ = drop.device_of("slow_link")
    assert {line.sent_at - line.time for line in inside} == {timedelta(seconds=90)}
    inside, outside = drop.device_of("sparse")
    assert set(steps(sorted(inside + outside, key=lambda line: line.time))) == {3 * INTERVAL}
    inside, outside = drop.device_of("hot_site")
    assert min(temperatures(inside + outside)) > 60
    inside, _ = drop.device_of("reconnect_burst")
    assert len({line.sent_at for line in inside}) == 1 < len(inside)
    assert inside == sorted(inside, key=lambda line: line.time)
    inside, _ = drop.device_of("fog")
    assert {line.fields["humidity"] for line in inside} == {100}
    assert max(temperatures(inside)) < 15


def versions(lines: list[Line]) -> list[str]:
    """The firmware of a device as it changes."""
    told = [line.fields["firmware_version"] for line in sorted(lines, key=lambda line: line.time)]
    return told[:1] + [other for one, other in pairwise(told) if one != other]


def test_firmware_goes_back_on_one_device_only(drop: Drop) -> None:
    [entry] = [entry for entry in drop.truth["faults"] if entry["kind"] == "firmware_back"]
    [cell] = entry["cells"]
    for device, lines in drop.valid.items():
        changes = versions(lines)
        assert (changes != sorted(changes)) == (device == cell["device_id"])
    inside, outside = drop.device_of("firmware_upgraded_twice")
    assert versions(inside + outside) == ["v1.2.0", "v1.3.0", "v1.3.1"]


def test_pressure_comes_with_its_firmware(drop: Drop) -> None:
    for line in (line for lines in drop.valid.values() for line in lines):
        assert ("pressure" in line.fields) == (line.fields["firmware_version"] != "v1.2.0") or (
            line.fields["pressure"] is None
        )


def test_days_are_warmer_than_nights(tmp_path: Path) -> None:
    drop = make(tmp_path / "out", "--devices", "3", "--seconds", "86400", "--rate", "0.005")
    for lines in drop.valid.values():
        by_hour = {line.time.hour: line.fields["temperature"] for line in lines}
        assert by_hour[15] > by_hour[3] + 1


# ---------- the command


def test_the_same_seed_and_start_give_the_same_bytes(drop: Drop, tmp_path: Path) -> None:
    words = ("--devices", str(DEVICES), "--seconds", str(SECONDS), "--rate", "80", "--faults")
    make(tmp_path / "again", *words)
    make(tmp_path / "other", *words, "--seed", "8")
    for name in ("truth.json", command.MESSAGES):
        first = (drop.folder / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == first
        assert (tmp_path / "other" / name).read_bytes() != first


def test_without_faults_every_message_is_a_reading(tmp_path: Path) -> None:
    drop = make(tmp_path / "out", "--devices", "7", "--seconds", "60")
    totals = drop.truth["totals"]
    assert totals["messages"] == totals["readings"] == 7 * 60 == len(drop.lines)
    assert drop.truth["faults"] == drop.truth["lookalikes"] == []
    assert totals["late"] == totals["early"] == totals["out_of_order"] == 0


def test_a_message_is_written_as_devices_do(tmp_path: Path) -> None:
    drop = make(tmp_path / "out", "--devices", "1", "--seconds", "1")
    [line] = drop.lines
    assert re.fullmatch(
        rb'\{"device_id": "sensor-1", "timestamp": "2026-03-01T06:00:00Z", "temperature": \d+\.\d, "humidity": \d+, '
        rb'"firmware_version": "v1.2.0"\}',
        line.value or b"",
    )


def test_readings_start_so_that_the_last_is_sent_by_now(tmp_path: Path) -> None:
    generate.main(["telemetry", "--devices", "5", "--seconds", "300", "--faults", "--out", str(tmp_path / "out")])
    last = Drop(tmp_path / "out").lines[-1].sent_at
    assert datetime.now(UTC) - timedelta(minutes=4) < last <= datetime.now(UTC)


@pytest.mark.parametrize(
    "words",
    [
        ["--devices", "0"],
        ["--rate", "0"],
        ["--rate", "1/0"],
        ["--rate", "nan"],
        ["--seconds", "-1"],
        ["--start", "tomorrow"],
        ["--start", "1999-12-31T00:00:00Z"],
        ["--bootstrap"],
    ],
)
def test_wrong_arguments_are_one_line(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused_in_one_line(["telemetry", "--out", str(tmp_path / "out"), *words], monkeypatch, capsys)


def test_a_rate_that_devices_cannot_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at most 20 readings a second"):
        make(tmp_path / "out", "--devices", "1", "--rate", "100")
    assert not (tmp_path / "out").exists()


# ---------- the demo


def test_a_mock_cluster_holds_each_delivery_of_the_demo() -> None:
    sizes = {True: 0, False: 0}
    for sent in command.DEMO.messages():
        sizes[sent.sent_at < command.DEMO_LATER] += len(sent.value or b"") + len(sent.device_id)
    assert 100_000 < sizes[False] < sizes[True] < 4_000_000  # of which a partition of 5 MB has a part


def test_deliveries_of_the_demo_are_consumed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, run = [], []
    monkeypatch.setattr(command, "_consume", lambda is_due: sent.extend(filter(is_due, (0, command.DEMO_LATER))))
    monkeypatch.setattr(command, "run_command", lambda words, brief: run.append(words))
    for _ in range(2):
        command.deliver_first(tmp_path)
        command.deliver_later(tmp_path)
    assert sent == [0, command.DEMO_LATER]
    assert [words[-2:] for words in run] == [["scripts.land", "telemetry"]] * 4


# ---------- to a topic


def received(bootstrap: str, topic: str, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    partitions = consumer.list_topics(topic, 30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    found = consumer.consume(count, 30)
    consumer.close()
    return found


def test_a_topic_gets_what_a_file_gets(tmp_path: Path, mock: MockCluster) -> None:
    words = ("--devices", "10", "--seconds", "150", "--faults", "--seed", "3")
    drop = make(tmp_path / "file", *words)
    generate.main(
        ["telemetry", "--start", START, "--bootstrap", mock.bootstrap, "--out", str(tmp_path / "sent"), *words]
    )
    assert (tmp_path / "sent" / "truth.json").read_bytes() == (drop.folder / "truth.json").read_bytes()
    assert not (tmp_path / "sent" / command.MESSAGES).exists()
    by_key = defaultdict(list)
    for message in received(mock.bootstrap, "device-readings", len(drop.lines)):
        by_key[message.key().decode()].append((message.value(), message.timestamp()[1]))
    for key, found in by_key.items():
        lines = [line for line in drop.lines if line.key == key]
        assert found == [(line.value, math.floor(line.sent_at.timestamp() * 1_000 + 0.5)) for line in lines]
    assert by_key.keys() == drop.truth["devices"].keys()


def test_kafka_settings_send_to_a_topic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock: MockCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", mock.bootstrap)
    generate.main(["telemetry", "--devices", "3", "--seconds", "5", "--out", str(tmp_path / "out"), "--json"])
    assert json.loads(capsys.readouterr().out)["sent_to"] == f"topic device-readings at {mock.bootstrap}"
    assert len(received(mock.bootstrap, "device-readings", 15)) == 15


def test_a_full_queue_waits_for_the_broker(monkeypatch: pytest.MonkeyPatch, mock: MockCluster) -> None:
    monkeypatch.setattr(outlets, "PRODUCER", outlets.PRODUCER | {"queue.buffering.max.messages": 10})
    fleet = Fleet(count=5, seconds=20, rate=5, start=0, seed=7, faults=False)  # type: ignore[arg-type]
    mock.make_topic("small", 2)
    with outlets.to_topic(command._demo_settings(mock.bootstrap), "small") as outlet:
        for sent in fleet.messages():
            outlet(sent)
    assert len(received(mock.bootstrap, "small", 100)) == 100


def test_a_broker_that_is_away_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlets, "ANSWER_SECONDS", 0.5)
    with mock_cluster() as cluster:
        address = cluster.bootstrap
    with pytest.raises(UserError, match=f"^Kafka at {address}, topic device-readings: .+; check the settings KAFKA_"):
        make(tmp_path / "out", "--bootstrap", address)


def test_a_message_that_the_broker_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlets, "PRODUCER", outlets.PRODUCER | {"message.timeout.ms": 50, "enable.idempotence": False})
    with mock_cluster() as cluster:
        cluster.make_topic("readings", 1)
        outlet = outlets.to_topic(command._demo_settings(cluster.bootstrap), "readings")
        fleet = Fleet(count=1, seconds=3, rate=1, start=0, seed=7, faults=False)  # type: ignore[arg-type]
        with pytest.raises(UserError, match="did not take 3 messages for topic readings"), outlet as send:
            cluster.stop()
            for sent in fleet.messages():
                send(sent)
