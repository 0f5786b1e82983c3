"""Replays: kept bytes are judged again, or messages are read from Kafka again; a store takes only what it lacks."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from duckhouse.cli import UserError
from duckhouse.landing.manifest import moment_of
from duckhouse.sources import Entity
from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.batch import Batch, Limits
from duckhouse.streaming.broker import Away, Broker
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.parse import ENVELOPE, parsed
from duckhouse.streaming.sink import Sink

DEAD_LETTERS = "dead-letters"
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 60
LIMITS = Limits(rows=50_000)


class Range(NamedTuple):
    """Offsets of a partition from `start` to `end`, inclusive; where `end` is None, up to where the stores are."""

    number: int
    start: int
    end: int | None = None


@dataclass
class Replayed:
    """What a replay did: messages judged, and rows that each store got."""

    judged: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    still_invalid: Counter[str] = field(default_factory=Counter)
    """For each store, how many of the kept messages are still invalid."""
    gone: list[str] = field(default_factory=list)
    """What was requested but is no longer in Kafka."""

    def document(self) -> dict[str, Any]:
        return {
            "judged": self.judged,
            "landed": dict(self.landed),
            "still_invalid": dict(self.still_invalid),
            "gone": self.gone,
        }

    def describe(self) -> Iterator[str]:
        yield f"replayed {self.judged:,} messages"
        for name, count in self.landed.items():
            left = f", {self.still_invalid[name]:,} are still invalid" if name in self.still_invalid else ""
            yield f"  {name}: {count:,} rows landed{left}"
        yield from (f"  {line}" for line in self.gone)


def dead_letters(entity: Entity, sinks: Sequence[Sink], stop: Event) -> Replayed:
    """Judges the bytes of invalid messages again, for each store separately; valid ones replace the invalid ones."""
    done = Replayed()
    for sink in sinks:
        done.landed[sink.name] = done.still_invalid[sink.name] = 0
        for piece in sink.invalid():
            if stop.is_set():
                break
            again = parsed(entity, piece.select(ENVELOPE), piece["_value"].to_pylist())
            repaired = rows_of.valid(again)
            done.judged += again.num_rows
            done.still_invalid[sink.name] += again.num_rows - repaired.num_rows
            if repaired.num_rows:
                done.landed[sink.name] += sink.repair(repaired)
    return done


def ranges_since(moment: datetime, broker: Broker) -> list[Range]:
    """The ranges from the first message at that moment or later in each partition."""
    return [Range(number, offset) for number, offset in sorted(broker.offsets_at(moment).items())]


def from_kafka(entity: Entity, broker: Broker, sinks: Sequence[Sink], ranges: Sequence[Range], stop: Event) -> Replayed:
    """Reads messages again and adds what a store lacks. What a store has not reached yet is left to the stream.

    Raises UserError where Kafka does not answer, or has no such partition.
    """
    done = Replayed(landed=Counter({sink.name: 0 for sink in sinks}))
    try:
        topic_id = broker.topic_id()
        known = broker.partitions()
        for wanted in ranges:
            if wanted.number not in known:
                raise UserError(f"{broker.topic} has no partition {wanted.number}: it has {', '.join(map(str, known))}")
        for wanted in ranges:
            _replay(entity, broker, sinks, Partition(topic_id, wanted.number), wanted, done, stop)
    except Away as away:
        raise UserError(f"{away}: what was added stays, run again") from None
    finally:
        broker.close()
    return done


def _replay(
    entity: Entity,
    broker: Broker,
    sinks: Sequence[Sink],
    partition: Partition,
    wanted: Range,
    done: Replayed,
    stop: Event,
) -> None:
    held = broker.watermarks(wanted.number)
    reached = [sink.offsets().get(partition, 0) for sink in sinks]
    end = min(held.high, max(reached), wanted.end + 1 if wanted.end is not None else held.high)
    if wanted.start < held.low:
        done.gone.append(f"partition {wanted.number}: Kafka holds offsets from {held.low:,}, not from {wanted.start:,}")
    for rows in _read(entity, broker, partition, max(wanted.start, held.low), end, stop):
        done.judged += rows.num_rows
        for sink, so_far in zip(sinks, reached, strict=True):
            before = rows.filter(pc.less(rows["_offset"], so_far))
            lacking = sink.missing(before) if before.num_rows else before
            if lacking.num_rows:
                sink.add(lacking)
                done.landed[sink.name] += lacking.num_rows


def _read(
    entity: Entity, broker: Broker, partition: Partition, start: int, end: int, stop: Event
) -> Iterator[pa.Table]:
    """The messages from offset `start` up to before `end`, in batches."""
    position = start
    if position < end:
        broker.read_from({partition.number: position})
    heard = monotonic()
    while position < end and not stop.is_set():
        batch = Batch(entity, partition.topic_id)
        while position < end and not (stop.is_set() or batch.is_full(LIMITS)):
            batch.add(broker.poll(1_000, POLL_SECONDS))
            now = batch.reached.get(partition.number, position)
            heard = monotonic() if now > position else heard
            position = now
            if monotonic() - heard > PATIENCE_SECONDS:
                raise UserError(f"Kafka at {broker.address} sent nothing for {PATIENCE_SECONDS} s; run again")
        rows = batch.rows()
        yield rows.filter(pc.less(rows["_offset"], end))


def wanted(words: Sequence[str]) -> str | Range | datetime:
    """What --replay names. Raises UserError where it names nothing that can be replayed."""
    with suppress(ValueError):
        match words:
            case [only] if only == DEAD_LETTERS:
                return only
            case ["offsets", text]:
                return _range_of(text)
            case ["time", text] if moment := moment_of(text):
                return moment
    raise UserError(
        f"--replay {' '.join(words)}: write {DEAD_LETTERS}, offsets 0:1200-1300, or time 2026-03-25T06:00:00Z"
    )


def _range_of(text: str) -> Range:
    """PARTITION:FROM or PARTITION:FROM-TO, including TO. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,9}):(\d{1,18})(?:-(\d{1,18}))?", text)
    if not found or (found[3] and int(found[3]) < int(found[2])):
        raise ValueError(text)
    return Range(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)
