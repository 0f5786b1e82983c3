"""Where messages go: to a Kafka topic, or into a file."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from duckhouse.cli import UserError
from duckhouse.settings import KafkaSettings
from duckhouse.streaming.broker import client_settings
from tools.generators.telemetry.devices import moment
from tools.generators.telemetry.planted import Sent

PARTITIONS = 4  # of a topic that does not exist
ANSWER_SECONDS = 10.0
FLUSH_SECONDS = 120
WAIT_SECONDS = 0.1
PRODUCER = {
    "enable.idempotence": True,  # a repeated attempt adds nothing
    "linger.ms": 20,
    "batch.num.messages": 10_000,
    "compression.type": "lz4",
    "delivery.report.only.error": True,
    "message.timeout.ms": FLUSH_SECONDS * 1_000,
}

Outlet = Callable[[Sent], None]


@contextmanager
def to_topic(settings: KafkaSettings, topic: str) -> Iterator[Outlet]:
    """Sends messages, each with the time at which it is sent. When the block ends, the brokers have all of them.

    Creates the topic if it does not exist. Raises UserError where brokers do not answer, or did not accept every
    message.
    """
    _require(settings, topic)
    producer = Producer(client_settings(settings) | PRODUCER)
    refused: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _: Message) -> None:
        if error:
            refused.append(error)

    def send(sent: Sent) -> None:
        while True:
            try:
                producer.produce(topic, sent.value, sent.device_id, timestamp=sent.sent_at, on_delivery=on_delivery)
            except BufferError:
                producer.poll(WAIT_SECONDS)
                _check(refused, settings, topic)
                continue
            return

    yield send
    left = producer.flush(FLUSH_SECONDS)
    _check(refused, settings, topic)
    if left:
        raise UserError(f"Kafka at {settings.bootstrap} did not take {left:,} messages in {FLUSH_SECONDS} seconds")


@contextmanager
def to_file(path: Path) -> Iterator[Outlet]:
    """A line of JSON for each message: sent_at, key, and value as text; value_base64 where it is not UTF-8."""
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(sent: Sent) -> None:
            line = {"sent_at": moment(sent.sent_at), "key": sent.device_id, **_value(sent.value)}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

        yield write


def _value(value: bytes | None) -> dict[str, Any]:
    try:
        return {"value": None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value or b"").decode()}


def _require(settings: KafkaSettings, topic: str) -> None:
    """Creates the topic if it does not exist. A mock cluster creates it on request."""
    admin = AdminClient(client_settings(settings))
    try:
        error = admin.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].error
        if error and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            admin.create_topics([NewTopic(topic, PARTITIONS)])[topic].result(ANSWER_SECONDS)
    except KafkaException as error:
        raise UserError(
            f"Kafka at {settings.bootstrap}, topic {topic}: {error.args[0].str()}; check the settings KAFKA_*"
        ) from None


def _check(refused: list[KafkaError], settings: KafkaSettings, topic: str) -> None:
    if refused:
        what = f"{len(refused):,} messages for topic {topic}"
        raise UserError(f"Kafka at {settings.bootstrap} did not take {what}: {refused[0].str()}")
