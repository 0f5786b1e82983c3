"""From the lake to a delivery: the messages that are new since the last delivery, between two sets of offsets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.cli import UserError, progress
from duckhouse.landing.load import Outcome
from duckhouse.landing.manifest import MOMENT, Delivery, LakeRead, SourceFile, iso
from duckhouse.landing.zone import Session, Zone
from duckhouse.sources import Entity, Source
from duckhouse.streaming.landed_messages import MessagesFile, file_name, messages_file
from duckhouse.streaming.offsets import Offsets, Partition, by_topic, of_topics, written


class State(NamedTuple):
    """A snapshot of the lake: its offsets, the number of its rows, and the number of valid messages among them."""

    snapshot: str
    offsets: Offsets
    rows: int
    valid: int


Span = tuple[int, int]
"""The first offset of a run of messages, and the one after the last."""


class Messages(Protocol):
    """What landing needs from the lake: one snapshot of it, whatever is committed meanwhile."""

    def state(self) -> State: ...

    def rows(self, spans: Mapping[Partition, Span]) -> Iterator[tuple[Partition, pa.Table]]:
        """The rows of some partitions, each within a span, in bounded pieces that each belong to one partition."""


Opener = Callable[[Source, Entity], AbstractContextManager[Messages]]


@dataclass
class LakeReading:
    """What a run reads of an entity: from `before`, the end of the last delivery, to `state`, the state of the lake."""

    entity: Entity
    lake: Messages
    before: State
    state: State
    deliveries: Sequence[Delivery]
    files: dict[Partition, MessagesFile] = field(default_factory=dict)  # what this run writes

    def offsets(self, partition: Partition) -> Span:
        """The first offset that is new, and the one after the last."""
        return self.before.offsets.get(partition, 0), self.state.offsets[partition]

    @property
    def grown(self) -> dict[Partition, Span]:
        """The spans of new messages, for partitions that have some."""
        spans = {partition: self.offsets(partition) for partition in sorted(self.state.offsets)}
        return {partition: (start, end) for partition, (start, end) in spans.items() if start < end}

    @property
    def is_as_expected(self) -> bool:
        """Whether the lake grew only by the messages that were read, so that no earlier one was repaired or added."""
        landed = sum(file.landed for file in self.files.values())
        rejected = sum(file.rejected for file in self.files.values())
        expected = self.before.rows + landed + rejected, self.before.valid + landed
        return (self.state.rows, self.state.valid) == expected

    @property
    def lake_read(self) -> LakeRead:
        start, end = by_topic(self.before.offsets), by_topic(self.state.offsets)
        return LakeRead(self.state.snapshot, start, end, self.state.rows, self.state.valid)

    def landed(self, partition: Partition) -> list[tuple[Delivery, SourceFile]]:
        """The deliveries still in landing that have messages of a partition, with their file of it."""
        wanted = self.entity.name, file_name(self.entity, partition)
        return [(each, file) for each in self.deliveries for file in each.files if (file.entity, file.name) == wanted]


def deliver(source: Source, *, delivered_at: datetime | None, dry_run: bool, opened: Opener) -> Outcome:
    """Lands what is new in the lake as one delivery, dated now, or at `delivered_at`, which is after all that landed.

    Where nothing is new, the run counts as a look. Two kinds of earlier messages land too, once: rejected ones that are
    valid in the lake now, and those that the lake did not have when the messages around them landed. Raises UserError
    where nothing can be landed.
    """
    zone = Zone(source)
    with ExitStack() as stack:
        session = None if dry_run else stack.enter_context(zone.session())
        deliveries = zone.deliveries()
        outcome = Outcome(_dated(source, deliveries, delivered_at))
        readings = [
            _reading(entity, stack.enter_context(opened(source, entity)), deliveries) for entity in source.entities
        ]
        outcome.would_land = [
            (file_name(each.entity, partition), each.entity.name) for each in readings for partition in each.grown
        ]
        if session:
            outcome.delivery = _write(session, readings, outcome.delivered_at)
            if not outcome.delivery:
                session.note_look()
        return outcome


def _dated(source: Source, deliveries: Sequence[Delivery], delivered_at: datetime | None) -> datetime:
    newest = max((each.delivered_at for each in deliveries), default=None)
    if delivered_at and newest and delivered_at <= newest:
        raise UserError(
            f"--delivered-at {iso(delivered_at)}: {source.name} has a delivery of {iso(newest)}, and a stream lands in "
            "order: say a later time"
        )
    return delivered_at or max(datetime.now(UTC), newest + MOMENT if newest else datetime.min.replace(tzinfo=UTC))


def _reading(entity: Entity, lake: Messages, deliveries: Sequence[Delivery]) -> LakeReading:
    reads = [each.lake[entity.name] for each in deliveries if entity.name in each.lake]
    last = reads[-1] if reads else LakeRead("", {}, {}, 0, 0)
    before, state = State(last.snapshot, of_topics(last.end), last.rows, last.valid), lake.state()
    for partition, landed in before.offsets.items():
        if (there := state.offsets.get(partition, 0)) < landed:
            raise UserError(
                f"the lake has {file_name(entity, partition)} up to offset {there}, and {landed} have landed: it is an "
                "older lake, so let scripts.consume_kafka read the topic again before you land"
            )
    return LakeReading(entity, lake, before, state, deliveries)


def _write(session: Session, readings: Sequence[LakeReading], delivered_at: datetime) -> Delivery | None:
    """Writes and commits the delivery; None where nothing was new."""
    if all(not each.grown and each.is_as_expected for each in readings):
        return None
    contents = [
        (each.entity.name, str(each.entity.topic), f"{written(each.before.offsets)}-{each.state}") for each in readings
    ]
    draft = session.begin(delivered_at, contents)
    with ExitStack() as stack, progress(label=f"landing {session.zone.source.name}", unit="messages") as bar:
        for each in readings:
            for partition, rows in _new(each):
                if partition not in each.files:
                    each.files[partition] = stack.enter_context(messages_file(each.entity, partition, draft))
                each.files[partition].write(rows)
                bar.update(len(rows))
    files = [
        file.file(each.offsets(partition), each.state.snapshot)
        for each in readings
        for partition, file in sorted(each.files.items())
    ]
    return session.commit(draft, files, {each.entity.name: each.lake_read for each in readings}) if files else None


def _new(reading: LakeReading) -> Iterator[tuple[Partition, pa.Table]]:
    """The rows to land, in pieces; the caller must write each one before it requests the next."""
    yield from reading.lake.rows(reading.grown)
    if not reading.is_as_expected:
        yield from _changed(reading)


def _changed(reading: LakeReading) -> Iterator[tuple[Partition, pa.Table]]:
    """Messages from before the end of the last delivery that landing does not have, or has as rejected although they
    are valid now. Deliveries that are no longer in landing are left alone.
    """
    for partition in sorted(reading.before.offsets):
        held = reading.landed(partition)
        landed = _rows_of(each.path / file.landed_as for each, file in held)
        rejected = _rows_of(each.rejected_path(file) for each, file in held)
        for span in _joined(file.offsets for _, file in held if file.offsets):
            for _, rows in reading.lake.rows({partition: span}):
                places = rows["_offset"].to_numpy()
                is_known = np.isin(places, landed)
                is_known |= np.isin(places, rejected) & ~rows["_fault"].is_null().to_numpy()
                if not is_known.all():
                    yield partition, rows.filter(pa.array(~is_known))


def _rows_of(paths: Iterable[Path]) -> np.ndarray:
    found = [pq.read_table(path, columns=["_source_row"])["_source_row"].to_numpy() for path in paths if path.exists()]
    return np.concatenate(found) if found else np.array([], np.int64)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The spans of offsets, with adjacent ones joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
