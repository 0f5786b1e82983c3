"""The dead-letter topic: invalid messages with their reason and place, for anyone who wants to consume them.

After a kill, a message may be in it more than once. The tables of both stores have each message once.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any

import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from duckhouse.settings import KafkaSettings
from duckhouse.streaming.broker import client_settings

SUFFIX = ".dead-letters"
DELIVERY_SECONDS = 10
PAUSE_SECONDS = 60
"""When the topic accepts no letters, sending pauses for this long: each try may take DELIVERY_SECONDS."""
MOST_BYTES = 10_000_000
QUEUED_KILOBYTES = 16 * 1024
ROWS_AT_ONCE = 16
HEADERS = ("_fault", "_fault_detail", "_topic_id", "_partition", "_offset", "_produced_at", "_consumed_at")


class Letters:
    def __init__(self, settings: KafkaSettings, topic: str, report: Callable[[str], None]) -> None:
        self.topic = topic + SUFFIX
        self._producer = Producer(
            {
                **client_settings(settings),
                "message.timeout.ms": DELIVERY_SECONDS * 1000,
                "message.max.bytes": MOST_BYTES,
                "queue.buffering.max.kbytes": QUEUED_KILOBYTES,
            }
        )
        self._report = report
        self._failed = 0
        self._is_stuck = False
        self._reason = ""
        self._paused_until = 0.0

    def send(self, invalid: pa.Table) -> int:
        """Sends invalid rows; returns how many of them did not reach the topic."""
        count: int = invalid.num_rows
        if not count or monotonic() < self._paused_until:
            return count
        self._failed, self._is_stuck = 0, False
        for piece in invalid.to_batches(max_chunksize=ROWS_AT_ONCE):
            for row in piece.to_pylist():
                if self._is_stuck:  # the others would wait in vain
                    self._failed += 1
                else:
                    self._produce(row)
        left = self._producer.flush(DELIVERY_SECONDS * 2)  # it counts failures through _on_delivery
        self._failed += left
        if self._is_stuck:
            self._paused_until = monotonic() + PAUSE_SECONDS
        if self._failed:
            self._report(
                f"topic {self.topic} did not take {self._failed:,} letters ({self._reason or 'no answer'}); "
                "both stores keep them"
            )
        return self._failed

    def _produce(self, row: dict[str, Any]) -> None:
        until = monotonic() + DELIVERY_SECONDS
        while not self._is_queued(row):
            self._producer.poll(0.1)
            if monotonic() > until:
                self._failed, self._is_stuck = self._failed + 1, True
                return

    def _is_queued(self, row: dict[str, Any]) -> bool:
        """False where the queue is full."""
        headers: list[tuple[str, str | bytes | None]] = [
            (name.removeprefix("_"), _text(row[name])) for name in HEADERS if row[name] is not None
        ]
        try:
            self._producer.produce(
                self.topic, row["_value"], row["_key"], headers=headers, on_delivery=self._on_delivery
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._fail(error.args[0])
        self._producer.poll(0)
        return True

    def _on_delivery(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._fail(error)

    def _fail(self, error: KafkaError) -> None:
        self._failed += 1
        self._reason = error.str()
        self._is_stuck |= error.code() != KafkaError.MSG_SIZE_TOO_LARGE


def _text(value: Any) -> bytes:
    return (value.isoformat() if hasattr(value, "isoformat") else str(value)).encode()
