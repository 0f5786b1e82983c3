"""The loop of the consumer: from the topic into two stores, each message exactly once, whatever is killed and when.

The stores are asked how far they are whenever partitions are assigned and whenever another writer was faster. Only
that decides where to read: the group's own offsets are for other tools that show lag.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic

import numpy as np
import pyarrow as pa

from duckhouse.cli import UserError
from duckhouse.failures import note
from duckhouse.sources import Entity
from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.batch import Batch, Limits
from duckhouse.streaming.broker import Away, Broker, Missing
from duckhouse.streaming.letters import Letters
from duckhouse.streaming.offsets import Offsets, Partition
from duckhouse.streaming.sink import Overtaken, Sink
from duckhouse.streaming.starts import CatchUp, Stretch, never_read, of_former_topics, refuse_truncated, start
from duckhouse.streaming.summary import Repeats, Summary

COMMAND = "consume"
POLL_SECONDS = 0.1
POLL_MESSAGES = 5_000
POLL_BYTES = 4 << 20
BATCHES_TO_TIDY = 25
PATIENCE_SECONDS = 60
"""How long a run that is not endless waits for brokers and for partitions."""


@dataclass(frozen=True)
class _Bounds:
    """When a run ends: when it is told to, at a time, or once it has read what was there."""

    stop: Event
    until: float
    once: bool

    @property
    def are_over(self) -> bool:
        return self.stop.is_set() or monotonic() >= self.until


class StreamConsumer:
    """One member of the group. `report` gets a line for everything that people should know while it runs; `tidy` is
    called after some batches and at the end.
    """

    def __init__(
        self,
        summary: Summary,
        broker: Broker,
        sinks: Sequence[Sink],
        letters: Letters,
        *,
        repeats: Repeats = lambda: (0, 0),
        tidy: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
        report: Callable[[str], None] = print,
    ) -> None:
        self._summary = summary
        self._entity: Entity = summary.entity
        self._broker = broker
        self._sinks = sinks
        self._letters = letters
        self._repeats = repeats
        self._tidy = tidy
        self._limits = limits or Limits()
        self._report = report
        self._topic_id = ""
        self._at: list[dict[Partition, int]] = []
        """How far each store is."""
        self._position: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        """Where a run with --once ends, by partition."""
        self._waiting_since = 0.0
        self._largest = POLL_BYTES  # the first poll takes few messages: their size is not known yet

    def run(self, stop: Event, *, once: bool = False, seconds: float | None = None) -> None:
        """Consumes until `stop` is set; at most so many seconds; or once up to where the topic ended at the start.

        Raises UserError where reading cannot go on; what was written stays, and the next run continues from there.
        """
        bounds = _Bounds(stop, monotonic() + seconds if seconds is not None else float("inf"), once)
        try:
            self._begin(bounds)
            while not bounds.are_over and not (once and self._is_done()):
                self._step(bounds)
            self._measure_lag()
            if self._summary.batches:
                self._tidy()
        finally:
            self._broker.close()

    # ---------- steps

    def _begin(self, bounds: _Bounds) -> None:
        silence = f"Kafka at {self._broker.address} was given no time to answer"
        while not bounds.are_over:
            try:
                self._topic_id = self._broker.topic_id()
                self._ends = {number: self._broker.watermarks(number).high for number in self._broker.partitions()}
                break
            except Missing as missing:
                raise UserError(f"{missing}: make the topic, or name the brokers in KAFKA_BOOTSTRAP") from None
            except Away as away:
                silence = str(away)
                self._wait(away, bounds)
        if not self._topic_id and not bounds.stop.is_set():
            raise UserError(f"{silence}: nothing was read, run again")
        self._broker.subscribe()
        self._waiting_since = monotonic()

    def _step(self, bounds: _Bounds) -> None:
        """Reads a batch, or deals with what prevented it."""
        try:
            if self._broker.assigned is None:
                self._broker.poll(1, POLL_SECONDS)
                self._give_up_waiting(bounds)
            elif self._broker.is_changed:
                self._settle(self._broker.assigned, bounds.stop)
            else:
                batch = self._gathered(bounds)
                if batch.reached and not self._broker.is_changed:
                    self._write(batch)
        except Overtaken:
            self._broker.is_changed = True
        except Away as away:
            self._broker.is_changed = True
            self._wait(away, bounds)

    def _give_up_waiting(self, bounds: _Bounds) -> None:
        if self._broker.assigned is not None:
            self._waiting_since = 0.0
        elif not self._waiting_since:
            self._waiting_since = monotonic()
        elif bounds.once and monotonic() - self._waiting_since > PATIENCE_SECONDS:
            raise UserError(
                f"Kafka at {self._broker.address} gave this consumer no partitions in {PATIENCE_SECONDS} s; run again"
            )

    def _wait(self, away: Away, bounds: _Bounds) -> None:
        """Waits until the brokers answer and have the topic."""
        began = monotonic()
        is_told = False
        while not (bounds.stop.wait(1) or bounds.are_over):
            try:
                self._broker.topic_id()
            except Away as still:
                if not is_told:
                    self._report(f"{still}: waiting")
                    is_told = True
                if bounds.once and monotonic() - began > PATIENCE_SECONDS:
                    raise UserError(
                        f"{still}: gave up after {PATIENCE_SECONDS} s; what was written stays, run again"
                    ) from None
            else:
                if is_told:
                    self._report(f"Kafka at {self._broker.address} answers again")
                return

    def _is_done(self) -> bool:
        is_settled = self._broker.assigned is not None and not self._broker.is_changed
        return is_settled and all(self._position[number] >= self._ends[number] for number in self._position)

    def _gathered(self, bounds: _Bounds) -> Batch:
        batch = Batch(self._entity, self._topic_id, largest=self._largest)
        while not (bounds.are_over or batch.is_full(self._limits)):
            count = min(POLL_MESSAGES, self._limits.rows - batch.count, POLL_BYTES // (batch.largest + 1) + 1)
            polled = self._broker.poll(count, POLL_SECONDS)
            if self._broker.is_changed:
                break
            batch.add(polled)
            self._largest = batch.largest
            self._position |= batch.reached
            if (bounds.once and self._is_done()) or (batch.reached and not batch.count):
                break
        return batch

    # ---------- where to read

    def _settle(self, numbers: Sequence[int], stop: Event) -> None:
        """Finds out where to read each partition of this member, after the stores have caught up with each other."""
        self._broker.is_changed = False
        try:
            self._take_topic(self._broker.topic_id())
            self._at = [dict(sink.offsets()) for sink in self._sinks]
            for catch_up in of_former_topics(self._topic_id, self._at):
                self._catch_up(catch_up, stop)
            self._position = {number: self._start(number, stop) for number in numbers}
            self._broker.read_from(self._position)
        except BaseException:
            self._broker.is_changed = True
            raise

    def _take_topic(self, topic_id: str) -> None:
        if topic_id != self._topic_id:
            self._report(f"topic {self._broker.topic} was made anew: it is read from its start")
            self._topic_id = topic_id
            self._ends = {}

    def _start(self, number: int, stop: Event) -> int:
        partition = Partition(self._topic_id, number)
        held = self._broker.watermarks(number)
        self._ends.setdefault(number, held.high)
        refuse_truncated(self._broker.topic, [sink.name for sink in self._sinks], partition, self._at, held.high)
        is_first = never_read(partition, self._at)
        begins = start(partition, self._at, held)
        for catch_up in begins.catch_ups:
            self._catch_up(catch_up, stop)
        if begins.lost and not stop.is_set():
            self._lose(begins.lost, is_first=is_first)
        return begins.offset

    def _catch_up(self, catch_up: CatchUp, stop: Event) -> None:
        sink, other, stretch = self._sinks[catch_up.to], self._sinks[catch_up.of], catch_up.stretch
        nothing = rows_of.schema(self._entity).empty_table()
        for piece in other.rows(*stretch):
            if stop.is_set():
                return
            self._move(catch_up.to, piece, {stretch.partition: piece["_offset"][-1].as_py() + 1})
            self._summary.caught_up[sink.name] += piece.num_rows
        if self._at[catch_up.to].get(stretch.partition, 0) < stretch.end:
            self._move(catch_up.to, nothing, {stretch.partition: stretch.end})

    def _lose(self, stretch: Stretch, *, is_first: bool) -> None:
        """Reports messages that no store has and Kafka has deleted, and continues after them."""
        topic, number = self._broker.topic, stretch.partition.number
        if is_first:
            self._report(
                f"partition {number} of {topic} begins at offset {stretch.end:,}: Kafka holds nothing before it"
            )
        else:
            count = stretch.end - stretch.start
            reason = f"Kafka deleted offsets {stretch.start:,} to {stretch.end - 1:,} before they were read"
            self._report(f"lost: up to {count:,} messages of partition {number} of {topic}: {reason}")
            note(COMMAND, self._summary.source, f"{topic} partition {number}", reason, count, place=stretch.start)
            self._summary.lost.append(stretch)
        for place in range(len(self._sinks)):
            self._move(place, rows_of.schema(self._entity).empty_table(), {stretch.partition: stretch.end})

    # ---------- writing

    def _write(self, batch: Batch) -> None:
        if self._broker.topic_id() != self._topic_id:  # the messages may be from the new topic
            self._broker.is_changed = True
            return
        rows = batch.rows()
        reached = {Partition(self._topic_id, number): offset for number, offset in batch.reached.items()}
        self._summary.letters_not_sent += self._letters.send(rows_of.invalid(rows))
        for place in range(len(self._sinks)):
            self._move(place, rows, reached)
        self._broker.commit(batch.reached)
        if batch.count:
            self._summary.take(rows)
            self._note_invalid(rows_of.invalid(rows))
            if self._summary.batches % BATCHES_TO_TIDY == 0:
                self._tidy()
        self._summary.duplicates, self._summary.conflicts = self._repeats()
        self._measure_lag()

    def _move(self, place: int, rows: pa.Table, reached: Offsets) -> None:
        """Writes to a store the rows that it does not have yet."""
        sink, at = self._sinks[place], self._at[place]
        further = {partition: offset for partition, offset in reached.items() if offset > at.get(partition, 0)}
        if further:
            new = beyond(rows, at)
            sink.write(new, {partition: at[partition] for partition in further if partition in at}, further)
            at.update(further)
            self._summary.written[sink.name] += new.num_rows

    def _note_invalid(self, invalid: pa.Table) -> None:
        """Writes one line to the log of failures for each partition and reason."""
        first: dict[tuple[int, str], tuple[int, str]] = {}
        counts: dict[tuple[int, str], int] = {}
        columns = (invalid[name].to_pylist() for name in ("_partition", "_fault", "_offset", "_fault_detail"))
        for number, fault, offset, detail in zip(*columns, strict=True):
            first.setdefault((number, fault), (offset, detail))
            counts[number, fault] = counts.get((number, fault), 0) + 1
        for (number, fault), (offset, detail) in first.items():
            where = f"{self._broker.topic} partition {number}"
            note(COMMAND, self._summary.source, where, f"{fault}: {detail}", counts[number, fault], place=offset)

    def _measure_lag(self) -> None:
        """Computes the lag from the ends of partitions that the brokers sent with the messages."""
        ends = {number: self._broker.last_seen_end(number) for number in self._position}
        self._summary.lag = {
            number: max(0, (ends[number] or offset) - offset) for number, offset in self._position.items()
        }


def beyond(rows: pa.Table, at: Offsets) -> pa.Table:
    """The rows (of one topic) that a store with these offsets does not have."""
    numbers, offsets = np.asarray(rows["_partition"]), np.asarray(rows["_offset"])
    is_new = np.ones(rows.num_rows, bool)
    for number in np.unique(numbers).tolist():
        is_of_it = numbers == number
        is_new &= ~is_of_it | (offsets >= at.get(Partition(rows["_topic_id"][0].as_py(), number), 0))
    return rows if is_new.all() else rows.filter(is_new)
