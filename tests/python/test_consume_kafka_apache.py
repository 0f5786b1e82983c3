"""What only Apache Kafka can prove of the consumer, with the real lake and the real store behind it: times of messages,
retention, ids of topics, transactions, a node that goes away and comes back, partitions that are added.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from duckhouse.embedded.postgres import Embedded
from duckhouse.settings import environment
from duckhouse.streaming import broker as broker_module
from duckhouse.streaming.broker import Broker, client_settings
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.replay import from_kafka, ranges_since
from duckhouse.streaming.store.timeseries import open_store
from support.broker import new_topic
from support.store import ENTITY, SOURCE, Opened, new_store_database
from support.streams import Stream, placed, reading
from support.waiting import SECONDS, wait_for
from tools.brokers.apache import Apache

NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)


class RealStream(Stream):
    """A topic of Apache Kafka, a lake and a store; two of them may share these."""

    opened: Opened

    def places(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Partition and offset of each row of the lake, and of each message of the store, sorted."""
        scanned = self.lake.table.refresh().scan(selected_fields=("_partition", "_offset")).to_arrow().to_pylist()
        query = " union all ".join(
            f"select _partition, _offset from {table}" for table in ("readings", "reading_repeats", "dead_letters")
        )
        return sorted(tuple(row.values()) for row in scanned), sorted(self.opened.sql(query))

    def produce_at(self, times: dict[int, datetime], partition: int = 0) -> None:
        """A reading of each minute, with the time that Kafka keeps."""
        producer = Producer(client_settings(self.settings()))
        for minute, at in times.items():
            producer.produce(self.topic, self.minute(minute), b"a", partition, timestamp=int(at.timestamp() * 1_000))
        assert producer.flush(SECONDS) == 0

    def produce_minutes(self, *minutes: int, partition: int = 0) -> None:
        self.produce(*map(self.minute, minutes), partition=partition)

    @staticmethod
    def minute(minute: int) -> bytes:
        return reading(timestamp=f"2026-03-25T12:{minute:02d}:00Z")

    def held(self) -> tuple[int, int]:
        """The first offset that Kafka holds of partition 0, and the one after its last."""
        asked = Consumer({**client_settings(self.settings()), "group.id": "watching"})
        try:
            low, high = asked.get_watermark_offsets(TopicPartition(self.topic, 0), SECONDS)
        finally:
            asked.close()
        return low, high


@contextmanager
def another(stream: RealStream) -> Iterator[RealStream]:
    """The same with connections of its own, as another process has."""
    with open_lake(SOURCE, ENTITY) as lake, open_store(SOURCE, ENTITY) as store:
        other = RealStream(stream.bootstrap, stream.topic, lake, store)
        yield other


@pytest.fixture
def stream(apache: Apache, postgres: Embedded, tmp_path: Path) -> Iterator[RealStream]:
    """A topic with two partitions."""
    with ExitStack() as stack:
        stack.enter_context(environment({"DUCKHOUSE_LAKE": str(tmp_path / "lake"), "DUCKHOUSE_LAKE_CATALOG": ""}))
        database = stack.enter_context(new_store_database("partitions", postgres))
        opened = stack.enter_context(Opened.of(database))
        lake = stack.enter_context(open_lake(SOURCE, ENTITY))
        made = RealStream(apache.bootstrap, new_topic(apache, 2), lake, opened.store)
        apache.make_topic(f"{made.topic}.dead-letters", 1)
        made.opened = opened
        yield made


def both(*counts: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """So many messages of partitions 0, 1, … in the lake and in the store."""
    return list(placed(*counts)), list(placed(*counts))


# ---------- as it should be


def test_each_message_is_in_both_stores_once(stream: RealStream) -> None:
    stream.produce_minutes(0, 1, 1)
    stream.produce(b"{", None, partition=1)
    assert stream.once().consumed == 5
    assert stream.once().consumed == 0
    assert stream.places() == both(3, 2)
    assert stream.opened.split() == {"readings": {0, 1}, "reading_duplicates": {2}, "dead_letters": {0, 1}}


def test_two_consumers_of_a_group_share_the_partitions(stream: RealStream) -> None:
    with another(stream) as other, stream.running("shared") as one, other.running("shared") as two:
        wait_for(lambda: len(one.lag) == len(two.lag) == 1, "each has a partition")
        for minute in range(10):
            stream.produce_minutes(minute, partition=minute % 2)
        wait_for(lambda: one.consumed + two.consumed == 10, "all are consumed")
    assert {one.consumed, two.consumed} == {5}
    assert stream.places() == both(5, 5)


# ---------- times


def test_a_replay_begins_with_the_first_message_of_a_moment(stream: RealStream) -> None:
    stream.produce_at({minute: NOON + timedelta(minutes=minute) for minute in range(5)})
    stream.produce_at({minute: NOON + timedelta(minutes=minute) for minute in range(10, 12)}, partition=1)
    stream.once()
    stream.opened.sql("delete from readings_near")
    stream.opened.sql("delete from readings_far")
    broker = Broker(stream.settings(), stream.topic)
    ranges = ranges_since(NOON + timedelta(minutes=3), broker)
    assert [(found.number, found.start) for found in ranges] == [(0, 3), (1, 0)]
    replayed = from_kafka(ENTITY, broker, (stream.lake, stream.store), ranges, Event())
    assert (replayed.judged, replayed.landed) == (4, {"lake": 0, "store": 4})
    lake, store = stream.places()
    assert (lake, store) == (list(placed(5, 2)), [(0, 3), (0, 4), (1, 0), (1, 1)])


def test_a_moment_after_the_last_message_replays_nothing(stream: RealStream) -> None:
    stream.produce_at({0: NOON})
    broker = Broker(stream.settings(), stream.topic)
    assert ranges_since(NOON + timedelta(milliseconds=1), broker) == []
    broker.close()


# ---------- retention


@pytest.mark.parametrize("behind", ["lake", "store"])
def test_what_kafka_deleted_comes_from_the_other_store(
    stream: RealStream, apache: Apache, postgres: Embedded, tmp_path: Path, behind: str
) -> None:
    stream.produce_minutes(0, 1, 1)
    stream.produce(b"{")
    stream.once()
    apache.forget(stream.topic, 0, 4)
    stream.produce_minutes(4, 5)
    with ExitStack() as stack:
        if behind == "lake":
            stack.enter_context(environment({"DUCKHOUSE_LAKE": str(tmp_path / "new")}))
            stream.lake = stack.enter_context(open_lake(SOURCE, ENTITY))
        else:
            database = stack.enter_context(new_store_database("partitions", postgres))
            stream.opened = stack.enter_context(Opened.of(database))
            stream.store = stream.opened.store
        summary = stream.once()
        assert (summary.consumed, summary.caught_up, summary.lost) == (2, {behind: 4}, [])
        assert stream.places() == both(6)
        assert stream.opened.split() == {
            "readings": {0, 1, 4, 5}, "reading_duplicates": {2}, "dead_letters": {3}
        }  # fmt: skip


def test_what_retention_deleted_unread_is_lost_and_told_once(stream: RealStream, apache: Apache) -> None:
    stream.topic = f"{stream.topic}-short"
    apache.make_topic(stream.topic, 1, {"retention.ms": "60000"})
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    stream.produce_at(dict.fromkeys((0, 1), an_hour_ago))
    wait_for(lambda: stream.held() == (2, 2), "Kafka deletes what is past its time")
    assert stream.once().lost == []  # it was gone before there was a consumer
    stream.produce_at(dict.fromkeys((2, 3, 4), an_hour_ago))
    wait_for(lambda: stream.held() == (5, 5), "Kafka deletes what is past its time")
    stream.produce_minutes(5)
    summary = stream.once()
    assert [(gap.start, gap.end) for gap in summary.lost] == [(2, 5)]
    assert stream.once().lost == []
    assert stream.places() == ([(0, 5)],) * 2


# ---------- ids of topics


def test_a_topic_made_anew_has_another_id_and_is_read_from_its_start(stream: RealStream, apache: Apache) -> None:
    first = apache.topic_id(stream.topic)
    stream.produce_minutes(0, 1)
    stream.once()
    apache.delete_topic(stream.topic)
    apache.make_topic(stream.topic, 2)
    stream.produce_minutes(2, 3, 4)
    assert stream.once().consumed == 3
    second = apache.topic_id(stream.topic)
    found = stream.opened.sql("select _topic_id, _offset from readings order by timestamp")
    assert found == [(first, 0), (first, 1), (second, 0), (second, 1), (second, 2)]
    assert stream.places() == ([(0, 0), (0, 0), (0, 1), (0, 1), (0, 2)],) * 2


def test_a_topic_made_anew_while_a_consumer_runs_is_noticed(stream: RealStream, apache: Apache) -> None:
    with stream.running() as summary:
        stream.produce_minutes(0)
        wait_for(lambda: summary.consumed == 1, "the first topic is read")
        apache.delete_topic(stream.topic)
        apache.make_topic(stream.topic, 2)
        stream.produce_minutes(1, 2)
        wait_for(lambda: summary.consumed == 3, "the second topic is read")
    assert stream.places() == ([(0, 0), (0, 0), (0, 1)],) * 2


# ---------- transactions


@contextmanager
def transactional(stream: RealStream, name: str) -> Iterator[Producer]:
    producer = Producer({**client_settings(stream.settings()), "transactional.id": f"{stream.topic}-{name}"})
    producer.init_transactions(SECONDS)
    yield producer


def test_aborted_messages_are_no_rows_and_their_gaps_are_no_loss(stream: RealStream) -> None:
    with transactional(stream, "one") as producer:
        for minutes, is_kept in (((0, 1), True), ((2, 3), False), ((4,), True), ((5,), False)):
            producer.begin_transaction()
            for minute in minutes:
                producer.produce(stream.topic, stream.minute(minute), b"a", 0)
            assert producer.flush(SECONDS) == 0  # what an abort finds unsent is never sent
            producer.commit_transaction(SECONDS) if is_kept else producer.abort_transaction(SECONDS)
    # each transaction ends with a mark, which has an offset: 0 1 and 2, 3 4 and 5, 6 and 7, 8 and 9
    wait_for(lambda: stream.held() == (0, 10), "the last transaction has its mark")
    summary = stream.once()
    assert (summary.consumed, summary.lost, summary.lag[0]) == (3, [], 0)
    assert stream.places() == ([(0, 0), (0, 1), (0, 6)],) * 2
    assert stream.once().consumed == 0
    stream.produce_minutes(6)
    assert stream.once().consumed == 1


def test_an_open_transaction_is_left_to_a_later_run(stream: RealStream) -> None:
    stream.produce_minutes(0)
    with transactional(stream, "open") as producer:
        producer.begin_transaction()
        producer.produce(stream.topic, stream.minute(1), b"a", 0)
        producer.flush(SECONDS)
        assert stream.once().consumed == 1
        producer.commit_transaction(SECONDS)
    wait_for(lambda: stream.held() == (0, 3), "the transaction has its mark")
    assert stream.once().consumed == 1
    assert stream.places() == both(2)


# ---------- the node, and its partitions


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_node_that_goes_away_and_comes_back_in_the_middle(stream: RealStream, apache: Apache, end: str) -> None:
    with stream.running() as summary:
        stream.produce_minutes(0, 1)
        wait_for(lambda: summary.consumed == 2, "the first two are read")
        getattr(apache, end)()
        apache.start()
        stream.produce_minutes(2, 3)
        wait_for(lambda: summary.consumed == 4, "all are read")
    assert summary.lost == []
    assert stream.places() == both(4)


def test_partitions_that_are_added_are_read(
    stream: RealStream, apache: Apache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "REFRESH_MS", 200)
    with stream.running() as summary:
        stream.produce_minutes(0)
        wait_for(lambda: summary.consumed == 1, "the first partition is read")
        apache.add_partitions(stream.topic, 3)
        stream.produce_minutes(1, 2, partition=2)
        wait_for(lambda: summary.consumed == 3, "the new partition is read")
    apache.add_partitions(stream.topic, 4)
    stream.produce_minutes(3, partition=3)
    assert stream.once().consumed == 1
    assert stream.places() == both(1, 0, 2, 1)
