"""The consumer between a mock cluster and two stores in memory: what it does in each turn of events."""

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pyarrow as pa
import pytest
from confluent_kafka import Consumer

from duckhouse.cli import UserError
from duckhouse.settings import failures_path
from duckhouse.streaming import broker as brokers
from duckhouse.streaming import consumer as consuming
from duckhouse.streaming import letters as lettering
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.broker import Broker, Watermarks, client_settings
from duckhouse.streaming.offsets import Offsets, Partition
from duckhouse.streaming.prometheus import served
from duckhouse.streaming.replay import DEAD_LETTERS, Range, dead_letters, from_kafka, wanted
from duckhouse.streaming.starts import CatchUp, Start, Stretch, never_read, of_former_topics, start
from duckhouse.streaming.summary import lagging
from scripts.consume_kafka import main
from support.lake import rows
from support.streams import Killed, MemorySink, Stream, placed, reading
from support.waiting import wait_for
from tools.brokers.mock import MockCluster

TOPIC = "device-readings"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "ANSWER_SECONDS", 1.0)


@pytest.fixture
def stream(mock: MockCluster, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stream]:
    """A topic of two partitions, and two empty stores."""
    monkeypatch.setenv("DUCKHOUSE_FAILURES", str(tmp_path / "failures.jsonl"))
    mock.make_topic(TOPIC, 2)
    yield Stream(mock.bootstrap, TOPIC)


def topic_id(stream: Stream) -> str:
    broker = Broker(stream.settings(), TOPIC)
    try:
        return broker.topic_id()
    finally:
        broker.close()


def both_have(stream: Stream, places: object) -> None:
    assert stream.lake.places() == places
    assert stream.store.places() == places
    told = set(stream.lake.table.column_names) - {"_consumed_at"}  # of what is read again
    assert {name: stream.lake.column(name) for name in told} == {name: stream.store.column(name) for name in told}


# ---------- what is read


def test_each_message_is_in_both_stores_once(stream: Stream) -> None:
    stream.produce(*(reading(temperature=number) for number in range(5)))
    stream.produce(*(reading(temperature=number) for number in range(3)), partition=1)
    summary = stream.once()
    both_have(stream, placed(5, 3))
    assert stream.lake.column("temperature") == [0, 1, 2, 3, 4, 0, 1, 2]
    name = topic_id(stream)
    assert stream.lake.at == stream.store.at == {Partition(name, 0): 5, Partition(name, 1): 3}
    assert (summary.consumed, summary.valid, summary.written) == (8, 8, {"lake": 8, "store": 8})
    again = stream.once()
    assert (again.consumed, again.batches, again.written) == (0, 0, {})
    both_have(stream, placed(5, 3))


def test_an_empty_topic_is_a_run_without_messages(stream: Stream) -> None:
    summary = stream.once()
    assert (summary.consumed, summary.batches, summary.lag) == (0, 0, {0: 0, 1: 0})
    both_have(stream, [])


def test_a_missing_topic_is_one_line(mock: MockCluster) -> None:
    with pytest.raises(UserError, match=rf"^there is no topic {TOPIC} at {mock.bootstrap}: make the topic"):
        Stream(mock.bootstrap, TOPIC).once()


def test_invalid_messages_are_kept_with_reason_place_and_bytes(stream: Stream) -> None:
    large = b"x" * 1_000_000
    stream.produce(reading(), b"{", None, large, reading(humidity=101), b"\xff\0", reading())
    summary = stream.once()
    both_have(stream, placed(7))
    faults = [None, "not_json", "empty_message", "not_json", "out_of_range", "not_json", None]
    assert stream.store.column("_fault") == faults
    assert stream.store.column("_value") == [None, b"{", None, large, reading(humidity=101), b"\xff\0", None]
    assert (summary.consumed, summary.valid) == (7, 2)
    assert summary.invalid == {"not_json": 3, "empty_message": 1, "out_of_range": 1}
    noted = [json.loads(line) for line in failures_path().read_text().splitlines()]
    assert [(line["command"], line["where"], line["place"], line["count"]) for line in noted] == [
        ("consume", f"{TOPIC} partition 0", 1, 3),
        ("consume", f"{TOPIC} partition 0", 2, 1),
        ("consume", f"{TOPIC} partition 0", 4, 1),
    ]
    assert noted[2]["reason"] == "out_of_range: humidity is 101, not from 0 to 100"


def test_dead_letters_go_to_a_topic_with_their_place(stream: Stream, mock: MockCluster) -> None:
    mock.make_topic(f"{TOPIC}.dead-letters", 1)
    stream.produce(reading(), b"{", None, partition=1, key=b"k")
    assert stream.once().letters_not_sent == 0
    client = Consumer({**client_settings(stream.settings()), "group.id": "letters", "auto.offset.reset": "earliest"})
    client.subscribe([f"{TOPIC}.dead-letters"])
    letters: list = []
    wait_for(lambda: letters.extend(client.consume(2, 0.1)) or len(letters) == 2, "two letters")
    client.close()
    assert [(letter.value(), letter.key()) for letter in letters] == [(b"{", b"k"), (None, b"k")]
    headers = [dict(letter.headers()) for letter in letters]
    assert [(told["fault"], told["partition"], told["offset"]) for told in headers] == [
        (b"not_json", b"1", b"1"),
        (b"empty_message", b"1", b"2"),
    ]


def test_letters_that_fail_while_they_are_waited_for_are_counted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "DELIVERY_SECONDS", 1)
    lines: list[str] = []
    letters = lettering.Letters(Stream("127.0.0.1:1", TOPIC).settings(), TOPIC, lines.append)
    assert letters.send(rows([0, 1, 2], invalid=[0, 1, 2])) == 3
    [line] = lines
    assert line.startswith(f"topic {TOPIC}.dead-letters did not take 3 letters (")


def test_a_letter_that_is_too_large_for_the_topic_holds_nothing_up(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "MOST_BYTES", 1_000)
    stream.produce(b"x" * 2_000, b"{", reading())
    assert stream.once().letters_not_sent == 1
    [line] = stream.lines
    assert line.startswith(f"topic {TOPIC}.dead-letters did not take 1 letters (")
    assert line.endswith("Broker: Message size too large); both stores keep them")
    both_have(stream, placed(3))


def test_batches_end_by_rows_and_by_bytes(stream: Stream) -> None:
    stream.produce(*[reading()] * 10)
    assert stream.once(limits=Limits(rows=4)).batches == 3
    stream.produce(*[b"x" * 1_000] * 6, partition=1)
    assert stream.once(limits=Limits(bytes=1_000)).consumed == 6
    both_have(stream, placed(10, 6))


def test_late_and_early_readings_count_and_stay(stream: Stream) -> None:
    now = datetime.now(UTC)
    far = {"late": -3_700, "in time": -3_500, "a bit ahead": 200, "early": 400}
    stream.produce(*(reading(timestamp=(now + timedelta(seconds=by)).isoformat()) for by in far.values()))
    summary = stream.once()
    assert (summary.valid, summary.late, summary.early) == (4, 1, 1)
    both_have(stream, placed(4))


def test_the_summary_says_it_all(stream: Stream) -> None:
    stream.produce(reading(), b"{", reading(device_id=1))
    made, summary = stream.consumer()
    made._repeats = lambda: (3, 4)
    made.run(Event(), once=True)
    document = summary.document()
    assert document.pop("seconds") >= 0
    assert document == {
        "source": "telemetry", "entity": "readings", "topic": TOPIC, "consumed": 3, "valid": 1,
        "invalid": {"not_json": 1, "wrong_type": 1}, "duplicates": 3, "conflicts": 4, "late": 1, "early": 0,
        "written": {"lake": 3, "store": 3}, "caught_up": {}, "lost": [], "lag": {"0": 0, "1": 0}, "batches": 1,
        "letters_not_sent": 0,
    }  # fmt: skip
    text = "\n".join(summary.describe())
    assert re.match(rf"telemetry\.readings: consumed 3 of topic {TOPIC} in [\d.]+ s, batches: 1\n", text)
    assert text.partition("\n")[2] == (
        "  valid 1: 1 late, 0 early\n"
        "  invalid 2: not_json 1, wrong_type 1\n"
        "  new in the store: 3 duplicates, 4 conflicts\n"
        "  lag: partition 0: 0, partition 1: 0"
    )


def test_of_many_partitions_those_with_most_to_read_are_told() -> None:
    assert lagging({number: 10 * number for number in range(200)}) == (
        "199,000 in 200 partitions, most in partition 196: 1,960, partition 197: 1,970, partition 198: 1,980, "
        "partition 199: 1,990"
    )
    assert lagging({}) == "this consumer had no partition"


def test_metrics_are_served_while_it_runs(stream: Stream) -> None:
    stream.produce(reading(), b"{")
    summary = stream.once()
    with served(summary, "127.0.0.1", 0) as address, urllib.request.urlopen(address) as answer:  # noqa: S310
        text = answer.read().decode()
    assert address.startswith("http://127.0.0.1:")
    of = 'entity="readings",'
    assert f'duckhouse_stream_messages_total{{{of}outcome="not_json",source="telemetry"}} 1.0' in text
    assert f'duckhouse_stream_messages_total{{{of}outcome="valid",source="telemetry"}} 1.0' in text
    assert f'duckhouse_stream_rows_written_total{{{of}source="telemetry",store="lake"}} 2.0' in text
    assert f'duckhouse_stream_lag{{{of}partition="0",source="telemetry"}} 0.0' in text
    in_use = r"--metrics-port .* in use: name another address or port"
    with served(summary, "127.0.0.2", 0) as address, pytest.raises(UserError, match=in_use):
        assert address.startswith("http://127.0.0.2:")
        served(summary, "127.0.0.2", int(address.split(":")[2].split("/")[0])).__enter__()
    with pytest.raises(UserError, match=r"--metrics-port 65536: ports go from 0 to 65535"):
        served(summary, "127.0.0.1", 65_536).__enter__()


@pytest.mark.parametrize(
    "words", [["--batch-rows", "0"], ["--batch-rows", "-5"], ["--batch-seconds", "nan"], ["--seconds", "0"],
              ["--seconds", "-1"], ["--seconds", "nan"], ["--seconds", "soon"]]
)  # fmt: skip
def test_limits_are_numbers_above_zero(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert f"argument {words[0]}: {words[1]!r} is not a number above 0" in capsys.readouterr().err


# ---------- members of the group


def test_two_consumers_of_a_group_share_the_partitions(stream: Stream) -> None:
    with stream.running("shared") as one, stream.running("shared") as two:
        wait_for(lambda: sorted(map(len, (one.lag, two.lag))) == [1, 1] or _feed(stream), "one partition each")
        assert set(one.lag) | set(two.lag) == {0, 1}
    held = [sum(partition.number == number for partition in stream.lake.at) for number in (0, 1)]
    assert held == [1, 1]
    counts = [max(stream.lake.at[partition] for partition in stream.lake.at if partition.number == n) for n in (0, 1)]
    both_have(stream, placed(*counts))


def _feed(stream: Stream) -> None:
    stream.produce(reading(), partition=0)
    stream.produce(reading(), partition=1)


def test_one_that_leaves_hands_its_partitions_over(stream: Stream) -> None:
    with stream.running("shared"):
        stream.produce(reading())
        wait_for(lambda: stream.store.places() == placed(1), "the first message")
    stream.produce(reading(), reading())
    stream.produce(reading(), partition=1)
    with stream.running("shared"):
        wait_for(lambda: stream.store.places() == placed(3, 1), "the others")
    both_have(stream, placed(3, 1))


def test_what_another_writer_wrote_first_is_not_written_again(stream: Stream) -> None:
    """A consumer that was taken for dead wakes up: its batch was written by the one that took over."""
    stream.produce(*[reading()] * 4)

    def overtake() -> None:
        stream.lake.before_write = lambda: None
        assert stream.once().consumed == 4

    stream.lake.before_write = overtake
    assert stream.once().consumed == 0
    both_have(stream, placed(4))


# ---------- brokers


def test_a_broker_that_comes_back_is_waited_for(stream: Stream, mock: MockCluster) -> None:
    stream.produce(reading())
    with stream.running():
        wait_for(lambda: stream.store.places() == placed(1), "the first message")
        mock.stop()
        wait_for(lambda: any("waiting" in line for line in stream.lines), "a line")
        mock.start()
        stream.produce(reading())
        wait_for(lambda: stream.store.places() == placed(2), "the second message")
    both_have(stream, placed(2))
    assert [re.sub(r" \(.*\)", "", line) for line in stream.lines] == [
        f"Kafka at {mock.bootstrap} does not answer: waiting",
        f"Kafka at {mock.bootstrap} answers again",
    ]


def test_a_run_with_an_end_gives_up_on_a_broker_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "PATIENCE_SECONDS", 0)
    stream = Stream("127.0.0.1:1", TOPIC)
    with pytest.raises(UserError, match=r"^Kafka at 127\.0\.0\.1:1 does not answer.*gave up after 0 s"):
        stream.once()


def test_a_run_of_some_seconds_does_not_outwait_them() -> None:
    made, _ = Stream("127.0.0.1:1", TOPIC).consumer()
    with pytest.raises(UserError, match=r"^Kafka at 127\.0\.0\.1:1 does not answer.*: nothing was read, run again$"):
        made.run(Event(), seconds=0.1)


def test_it_stops_while_it_waits(mock: MockCluster) -> None:
    stream = Stream("127.0.0.1:1", TOPIC)
    with stream.running():
        wait_for(lambda: stream.lines, "a line")


# ---------- what Kafka no longer holds


def test_a_topic_made_anew_is_read_from_its_start(stream: Stream) -> None:
    """The mock cluster knows no ids of topics: this is the cluster with another one."""
    stream.produce(reading(), reading())
    stream.once()
    former = {Partition("former", partition.number): offset + 7 for partition, offset in stream.lake.at.items()}
    stream.lake.at, stream.store.at = dict(former), dict(former)
    stream.lake.table = stream.store.table = stream.lake.table.slice(0, 0)
    assert stream.once().consumed == 2
    both_have(stream, placed(2))


def test_a_topic_made_anew_while_it_is_read_is_noticed_before_anything_is_written(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.produce(reading(), reading())
    names = iter(["first", "first"])
    monkeypatch.setattr(Broker, "topic_id", lambda self: next(names, "second"))
    stream.once()
    assert stream.lake.at == {Partition("second", 0): 2}
    assert set(stream.lake.column("_topic_id")) == {"second"}
    assert stream.lines == [f"topic {TOPIC} was made anew: it is read from its start"]


@pytest.mark.parametrize("behind", ["lake", "store"])
def test_what_kafka_deleted_comes_from_the_other_store(stream: Stream, mock: MockCluster, behind: str) -> None:
    stream.produce(*(reading(temperature=number) for number in range(4)), b"{")
    stream.once()
    stream.produce(reading(temperature=5))
    mock.forget(TOPIC, 0, 4)
    sink: MemorySink = getattr(stream, behind)
    sink.table = sink.table.filter(pa.compute.less(sink.table["_offset"], 1))
    sink.at = {partition: min(offset, 1) for partition, offset in sink.at.items()}
    summary = stream.once()
    both_have(stream, placed(6))
    assert (summary.caught_up, summary.lost) == ({behind: 3}, [])


def test_rows_of_a_former_topic_come_from_the_other_store(stream: Stream) -> None:
    stream.produce(reading(), reading())
    stream.once()
    table = stream.lake.table
    stream.lake.table = table.set_column(0, table.schema.field(0), pa.array(["former"] * 2))
    stream.lake.at = {Partition("former", 0): 2}
    stream.store.table, stream.store.at = table.slice(0, 0), {}
    stream.once()
    assert stream.store.at == stream.lake.at
    assert sorted(stream.store.column("_topic_id")) == sorted(["former"] * 2 + [topic_id(stream)] * 2)
    assert stream.store.column("_offset") == stream.lake.column("_offset")


def test_what_nobody_has_is_lost_and_told_once(stream: Stream, mock: MockCluster) -> None:
    stream.produce(*[reading()] * 2)
    stream.once()
    stream.produce(*[reading()] * 5)
    mock.forget(TOPIC, 0, 5)
    summary = stream.once()
    assert summary.document()["lost"] == [{"partition": 0, "from": 2, "to": 4}]
    assert stream.lines == [
        f"lost: up to 3 messages of partition 0 of {TOPIC}: Kafka deleted offsets 2 to 4 before they were read"
    ]
    both_have(stream, [(0, 0), (0, 1), (0, 5), (0, 6)])
    assert stream.once().lost == []


def test_a_topic_whose_start_is_gone_begins_where_kafka_does(stream: Stream, mock: MockCluster) -> None:
    stream.produce(*[reading()] * 3)
    mock.forget(TOPIC, 0, 2)
    summary = stream.once()
    assert summary.lost == []
    assert stream.lines == [f"partition 0 of {TOPIC} begins at offset 2: Kafka holds nothing before it"]
    both_have(stream, [(0, 2)])


def test_a_topic_that_was_truncated_is_refused(stream: Stream) -> None:
    stream.produce(reading())
    stream.once()
    stream.lake.at = dict.fromkeys(stream.lake.at, 10)
    with pytest.raises(UserError, match=rf"^partition 0 of {TOPIC} ends at offset 1, and the lake has read up to 10: "):
        stream.once()
    assert stream.store.places() == placed(1)


HERE, THERE, FORMER = Partition("now", 0), Partition("now", 1), Partition("former", 0)


@pytest.mark.parametrize(
    ("lake", "store", "held", "begins"),
    [
        (None, None, (0, 9), Start(0, [], None)),
        (5, 5, (0, 9), Start(5, [], None)),
        (7, 4, (0, 9), Start(4, [], None)),
        (7, 4, (4, 9), Start(4, [], None)),
        (7, 4, (6, 9), Start(6, [CatchUp(1, 0, Stretch(HERE, 4, 6))], None)),
        (4, 7, (6, 9), Start(6, [CatchUp(0, 1, Stretch(HERE, 4, 6))], None)),
        (7, None, (8, 9), Start(8, [CatchUp(1, 0, Stretch(HERE, 0, 7))], Stretch(HERE, 7, 8))),
        (7, 7, (9, 9), Start(9, [], Stretch(HERE, 7, 9))),
    ],
)
def test_reading_starts_at_the_lower_of_two_stores(
    lake: int | None, store: int | None, held: tuple[int, int], begins: Start
) -> None:
    reached = [{} if at is None else {HERE: at} for at in (lake, store)]
    assert start(HERE, reached, Watermarks(*held)) == begins


def test_stores_catch_up_with_former_topics() -> None:
    found = of_former_topics("now", [{FORMER: 3, HERE: 1}, {FORMER: 5}])
    assert found == [CatchUp(0, 1, Stretch(FORMER, 3, 5))]


@pytest.mark.parametrize(
    ("lake", "store", "is_first"),
    [
        ({}, {}, True),
        ({THERE: 3}, {}, True),  # of another member of the group, which was faster
        ({}, {HERE: 0}, False),
        ({FORMER: 3}, {FORMER: 3}, False),
        ({FORMER: 3, THERE: 1}, {}, True),
    ],
)
def test_what_was_forgotten_before_the_first_look_is_no_loss(lake: Offsets, store: Offsets, is_first: bool) -> None:
    assert never_read(HERE, [lake, store]) == is_first


# ---------- kills


@pytest.mark.parametrize("killed", ["lake", "store"])
def test_a_kill_before_a_commit_loses_and_doubles_nothing(stream: Stream, killed: str) -> None:
    stream.produce(*[reading()] * 3)
    stream.produce(reading(), partition=1)
    sink: MemorySink = getattr(stream, killed)

    def kill() -> None:
        raise Killed

    sink.before_write = kill
    with pytest.raises(Killed):
        stream.once()
    sink.before_write = lambda: None
    assert (stream.lake.places(), stream.store.places()) == ((placed(3, 1) if killed == "store" else []), [])
    stream.produce(reading())
    stream.once()
    both_have(stream, placed(4, 1))


def test_a_run_ends_with_a_whole_batch_when_it_is_stopped(stream: Stream) -> None:
    stream.produce(*[reading()] * 3)
    made, summary = stream.consumer(limits=Limits(seconds=600))
    stop = Event()
    polled = made._broker.poll

    def poll_and_stop(count: int, seconds: float) -> object:
        found = polled(count, seconds)
        if found.messages:
            stop.set()
        return found

    made._broker.poll = poll_and_stop  # type: ignore[method-assign]
    made.run(stop)
    assert summary.consumed == stream.store.table.num_rows > 0
    both_have(stream, placed(summary.consumed))


def test_a_run_of_some_seconds_ends(stream: Stream) -> None:
    stream.produce(reading())
    made, _ = stream.consumer(limits=Limits(seconds=0.01))
    made.run(Event(), seconds=0.01)


# ---------- replays


def test_dead_letters_that_are_valid_now_land_once(stream: Stream) -> None:
    stream.produce(reading(), reading(temperature=120), b"{")
    stream.once()
    before = dict(stream.lake.at)
    entity = stream.entity
    repaired = replace(
        entity,
        columns=tuple(
            replace(column, range=(-90, 150)) if column.name == "temperature" else column for column in entity.columns
        ),
    )
    done = dead_letters(repaired, (stream.lake, stream.store), Event())
    assert done.document() == {
        "judged": 4, "landed": {"lake": 1, "store": 1}, "still_invalid": {"lake": 1, "store": 1}, "gone": [],
    }  # fmt: skip
    both_have(stream, placed(3))
    assert stream.store.column("temperature") == [21.4, 120.0, None]
    assert stream.store.column("_value") == [None, None, b"{"]
    again = dead_letters(repaired, (stream.lake, stream.store), Event())
    assert again.landed == {"lake": 0, "store": 0}
    assert stream.lake.at == before


def _replayed(stream: Stream, *ranges: Range):
    return from_kafka(stream.entity, Broker(stream.settings(), TOPIC), (stream.lake, stream.store), ranges, Event())


def test_offsets_are_read_again_into_the_store_that_lacks_them(stream: Stream) -> None:
    stream.produce(*(reading(temperature=number) for number in range(6)))
    stream.once()
    stream.produce(reading(temperature=6))
    stream.store.table = stream.store.table.filter(pa.compute.greater(stream.store.table["_offset"], 3))
    done = _replayed(stream, Range(0, 1, 2))
    assert (done.judged, done.landed, done.gone) == (2, {"lake": 0, "store": 2}, [])
    assert stream.store.places() == [(0, 1), (0, 2), (0, 4), (0, 5)]
    done = _replayed(stream, Range(0, 0))
    assert (done.judged, done.landed) == (6, {"lake": 0, "store": 2})
    stream.once()
    both_have(stream, placed(7))


def test_a_replay_leaves_what_a_store_has_not_reached_to_the_stream(stream: Stream) -> None:
    stream.produce(*[reading()] * 2)
    stream.once()
    stream.produce(*[reading()] * 2)

    def kill() -> None:
        raise Killed

    stream.store.before_write = kill
    with pytest.raises(Killed):
        stream.once()
    stream.store.before_write = lambda: None
    done = _replayed(stream, Range(0, 0))
    assert (done.judged, done.landed) == (4, {"lake": 0, "store": 0})
    stream.once()
    both_have(stream, placed(4))


def test_a_replay_says_what_kafka_no_longer_holds(stream: Stream, mock: MockCluster) -> None:
    stream.produce(*[reading()] * 4)
    stream.once()
    mock.forget(TOPIC, 0, 2)
    done = _replayed(stream, Range(0, 0, 3))
    assert (done.judged, done.gone) == (2, ["partition 0: Kafka holds offsets from 2, not from 0"])
    with pytest.raises(UserError, match="has no partition 7: it has 0, 1"):
        _replayed(stream, Range(7, 0))


def test_what_to_replay_is_read() -> None:
    assert wanted(["offsets", "3:10-20"]) == Range(3, 10, 20)
    assert wanted(["offsets", "0:5"]) == Range(0, 5)
    assert wanted(["dead-letters"]) == DEAD_LETTERS
    assert wanted(["time", "2026-03-25T06:00:00Z"]) == datetime(2026, 3, 25, 6, tzinfo=UTC)
    assert wanted(["time", "2026-03-25T06:00+02:00"]) == datetime(2026, 3, 25, 4, tzinfo=UTC)
    assert wanted(["time", "2026-03-25"]) == datetime(2026, 3, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    ["offsets", "offsets 3", "offsets 3:", "offsets 3:9-8", "offsets a:1", "offsets -1:3", "time noon", "letters",
     "dead-letters 1", "time 0001-01-01T00:00+01:00"],
)  # fmt: skip
def test_a_replay_of_something_else_is_refused(words: str) -> None:
    with pytest.raises(UserError, match=f"^--replay {re.escape(words)}: write dead-letters, offsets 0:1200-1300, or "):
        wanted(words.split())
