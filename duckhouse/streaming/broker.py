"""The brokers of a topic: what the topic holds, and the messages of this group member's partitions."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from duckhouse.cli import UserError
from duckhouse.settings import KafkaSettings

ANSWER_SECONDS = 5.0
SESSION_MS = 6_000  # after a kill, partitions wait this long for another member; brokers allow no less by default
REFRESH_MS = 10_000  # until added partitions are seen
RECONNECT_MS = 1_000
QUEUED_KILOBYTES = 32 * 1024  # fetched ahead of what is being written
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"  # from brokers that do not support topic ids
_MOCK = "mockCluster"
_REFUSALS = {
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
_OUT_OF_RANGE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}
_GONE = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}


class Away(Exception):
    """The brokers do not answer, or do not have the topic now; the text says which."""


class Missing(Away):
    """The brokers answer, but have no such topic."""


class Watermarks(NamedTuple):
    """The first offset that a partition still holds, and the one after its last."""

    low: int
    high: int


@dataclass
class Polled:
    """Messages, and for each partition whose end was reached, the offset of that end."""

    messages: list[Message] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)


def client_settings(settings: KafkaSettings) -> dict[str, Any]:
    """The settings of every client of the brokers. Its own log is dropped: it would print each failed attempt."""
    silent = logging.getLogger("duckhouse.kafka")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    found: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.protocol.lower(),
        "client.id": "duckhouse",
        "reconnect.backoff.max.ms": RECONNECT_MS,
        "logger": silent,
    }
    if "sasl" in settings.protocol.lower():
        found |= {
            "sasl.mechanism": settings.mechanism,
            "sasl.username": settings.username,
            "sasl.password": settings.password,
        }
    if settings.ca:
        found["ssl.ca.location"] = settings.ca
    return found


class Broker:
    """A topic as one member of a group reads it. Methods raise Away where the brokers do not answer, and UserError
    where they refuse.
    """

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self.topic = topic
        self.address = settings.bootstrap
        self.assigned: list[int] | None = None
        """The partitions of this member; None while the group distributes them."""
        self.is_changed = True
        """Whether the assignment or the position in it must be worked out again."""
        self._settings = settings
        self._admin: AdminClient | None = None
        self._error: KafkaError | None = None
        self._is_down = False
        self._is_of_mock = False
        try:
            self._consumer = Consumer({**client_settings(settings), **self._membership(settings.group)})
        except KafkaException as error:
            raise UserError(f"Kafka at {self.address}: {error.args[0].str()}; check the settings KAFKA_*") from None

    def _membership(self, group: str) -> dict[str, Any]:
        return {
            "group.id": group,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "session.timeout.ms": SESSION_MS,
            "heartbeat.interval.ms": SESSION_MS // 6,
            "topic.metadata.refresh.interval.ms": REFRESH_MS,
            "queued.max.messages.kbytes": QUEUED_KILOBYTES,
            "error_cb": self._on_error,
        }

    # ---------- the topic

    def topic_id(self) -> str:
        """The id of the topic; a topic recreated with the same name has another id. Raises Missing."""
        cluster, _ = self._described()
        if self._is_of_mock:  # it has no ids
            return f"{cluster}/{self.topic}"
        self._admin = self._admin or AdminClient(client_settings(self._settings))
        [future] = self._admin.describe_topics(TopicCollection([self.topic]), request_timeout=ANSWER_SECONDS).values()
        try:
            found = str(future.result().topic_id)
        except KafkaException as error:
            raise self._failed(error) from None
        return f"{cluster}/{self.topic}" if found == _NO_ID else found

    def partitions(self) -> list[int]:
        """The numbers of the partitions. Raises Missing."""
        return self._described()[1]

    def _described(self) -> tuple[str, list[int]]:
        try:
            found = self._consumer.list_topics(self.topic, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise self._failed(error) from None
        topic = found.topics[self.topic]
        if topic.error is not None:
            raise self._failed(KafkaException(topic.error))
        self._is_down = False
        cluster = found.cluster_id or ""
        self._is_of_mock = cluster.startswith(_MOCK)
        return cluster, sorted(topic.partitions)

    def watermarks(self, number: int) -> Watermarks:
        """The offsets as the broker answers now. Messages of open transactions are after the end."""
        try:
            low, high = self._consumer.get_watermark_offsets(self._place(number), timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise self._failed(error) from None
        return Watermarks(low, high)

    def last_seen_end(self, number: int) -> int | None:
        """The offset after the last message, from the broker's last answer; None before the first answer."""
        _, high = self._consumer.get_watermark_offsets(self._place(number), cached=True)
        return high if high >= 0 else None

    def offsets_at(self, moment: datetime) -> dict[int, int]:
        """The first offset of each partition whose message is at that moment or later; others are left out."""
        at = int(moment.timestamp() * 1000)
        asked = [TopicPartition(self.topic, number, at) for number in self.partitions()]
        try:
            found = self._consumer.offsets_for_times(asked, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise self._failed(error) from None
        return {place.partition: place.offset for place in found if place.offset not in (OFFSET_END, -1)}

    # ---------- membership and reading

    def subscribe(self) -> None:
        """Joins the group. `is_changed` is set once it has partitions; `read_from` says where to read them from."""
        self._consumer.subscribe([self.topic], on_assign=self._on_assign, on_revoke=self._on_revoke)

    def read_from(self, offsets: Mapping[int, int]) -> None:
        """Reads these partitions from these offsets; messages fetched before are dropped."""
        self._consumer.assign([TopicPartition(self.topic, number, offset) for number, offset in offsets.items()])

    def poll(self, count: int, seconds: float) -> Polled:
        """Up to so many messages, or those that arrive within so many seconds. Raises Away if all brokers are gone."""
        polled = Polled()
        for message in self._consumer.consume(count, seconds):
            error = message.error()
            if error is None:
                polled.messages.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                polled.ends[message.partition() or 0] = message.offset() or 0
            elif error.code() in _OUT_OF_RANGE:
                self.is_changed = True
            else:
                self._take(error)
        if polled.messages or polled.ends:
            self._is_down = False
        elif self._is_down:
            raise Away(self._silence())
        return polled

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Tells the group how far this member is, so that other tools can show lag. A failure does no harm."""
        places = [TopicPartition(self.topic, number, offset) for number, offset in offsets.items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException:
            return

    def close(self) -> None:
        """Leaves the group; its other members take over at once."""
        self._consumer.close()

    def _place(self, number: int) -> TopicPartition:
        return TopicPartition(self.topic, number)

    def _on_assign(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        consumer.assign([])
        self.assigned = sorted(place.partition for place in places)
        self.is_changed = True

    def _on_revoke(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        consumer.unassign()
        self.assigned = None
        self.is_changed = True

    # ---------- errors

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._is_down = True
        elif self._error is None or self._error.code() not in _REFUSALS:
            self._error = error

    def _take(self, error: KafkaError) -> None:
        """Raises for an error in the place of a message, where reading cannot continue by itself."""
        if error.code() in _GONE:
            self.is_changed = True
            raise Missing(f"there is no topic {self.topic} at {self.address}")
        if error.code() in _REFUSALS or error.fatal():
            raise UserError(f"Kafka at {self.address}: {error.str()}; check the settings KAFKA_*")

    def _failed(self, error: KafkaException) -> Away:
        """The exception for a failed request; raises UserError where the brokers refused it."""
        self._consumer.poll(0)  # this reports connection errors
        for found in (error.args[0], self._error):
            if found is not None:
                self._take(found)
        return Away(self._silence())

    def _silence(self) -> str:
        why = f" ({self._error.str()})" if self._error else ""
        return f"Kafka at {self.address} does not answer{why}"
