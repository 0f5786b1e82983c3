"""A run of the consumer or of a replay, with the stores that the environment names."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from duckhouse.cli import UserError
from duckhouse.settings import kafka
from duckhouse.sources import STREAM, Entity, Source, source_of_kind
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.broker import Away, Broker
from duckhouse.streaming.consumer import StreamConsumer
from duckhouse.streaming.lake.iceberg import Lake, open_lake
from duckhouse.streaming.letters import Letters
from duckhouse.streaming.prometheus import served
from duckhouse.streaming.replay import Range, Replayed, dead_letters, from_kafka, ranges_since
from duckhouse.streaming.store.timeseries import TimeSeriesStore, open_store
from duckhouse.streaming.summary import Summary


@dataclass(frozen=True)
class Stores:
    lake: Lake
    store: TimeSeriesStore

    def repeats(self) -> tuple[int, int]:
        counts = self.store.counts()
        return counts.duplicates, counts.conflicts

    def tidy(self) -> None:
        """Does a share of the lake's maintenance. Where it fails, the next call tries again."""
        try:
            self.lake.maintain()
        except UserError as error:
            _report(f"maintenance of the lake: {error}")


def stream_source(name: str | None) -> tuple[Source, Entity]:
    """The declaration of a source of kind stream, and its topic; without a name, those of the only one."""
    source = source_of_kind(STREAM, name, "consume")
    if len(source.entities) != 1:
        raise UserError(f"source {name} has {len(source.entities)} topics: declare one source for each topic")
    return source, source.entities[0]


@contextmanager
def open_stores(source: Source, entity: Entity) -> Iterator[Stores]:
    with open_lake(source, entity) as lake, open_store(source, entity) as store:
        yield Stores(lake, store)


def consume(
    summary: Summary,
    source: Source,
    stop: Event,
    *,
    once: bool,
    seconds: float | None,
    limits: Limits,
    metrics_at: tuple[str, int] | None,
) -> None:
    """Consumes the topic of a source, fills the summary as it goes, and serves it as metrics where there is a host and
    port.

    Raises UserError where it cannot go on.
    """
    topic = _topic(summary.entity)
    metrics = nullcontext() if metrics_at is None else served(summary, *metrics_at)
    with metrics as address, open_stores(source, summary.entity) as stores:
        if address:
            _report(f"metrics: {address}")
        consumer = StreamConsumer(
            summary,
            Broker(kafka(), topic),
            (stores.lake, stores.store),
            Letters(kafka(), topic, _report),
            repeats=stores.repeats,
            tidy=stores.tidy,
            limits=limits,
            report=_report,
        )
        consumer.run(stop, once=once, seconds=seconds)


def replay(source: Source, entity: Entity, what: str | Range | datetime, stop: Event) -> Replayed:
    """Replays dead letters, a range of offsets, or all since a moment. Raises UserError."""
    with open_stores(source, entity) as stores:
        sinks = (stores.lake, stores.store)
        if isinstance(what, str):
            return dead_letters(entity, sinks, stop)
        broker = Broker(kafka(), _topic(entity))
        try:
            ranges = [what] if isinstance(what, Range) else ranges_since(what, broker)
        except Away as away:
            raise UserError(f"{away}: nothing is replayed, run again") from None
        return from_kafka(entity, broker, sinks, ranges, stop)


def _topic(entity: Entity) -> str:
    if not entity.topic:
        raise UserError(f"{entity.name} has no topic: name it in the declaration")
    return entity.topic


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
