"""A run of the consumer, or of a replay, over the stores that the environment names."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from duckhouse.cli import UserError
from duckhouse.settings import kafka
from duckhouse.sources import Entity, Source, load_source, sources
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.broker import Away, Broker
from duckhouse.streaming.consumer import StreamConsumer
from duckhouse.streaming.lake.iceberg import Lake, open_lake
from duckhouse.streaming.letters import Letters
from duckhouse.streaming.metrics import served
from duckhouse.streaming.replay import Range, Replayed, dead_letters, from_kafka, ranges_since
from duckhouse.streaming.store.timeseries import TimeSeriesStore, open_store
from duckhouse.streaming.summary import Summary

KIND = "stream"


@dataclass(frozen=True)
class Stores:
    lake: Lake
    store: TimeSeriesStore

    def repeats(self) -> tuple[int, int]:
        counts = self.store.counts()
        return counts.duplicates, counts.conflicts


def stream_source(name: str | None) -> tuple[Source, Entity]:
    """The declaration of a source of kind stream, and its topic; of the only one where no name is given."""
    known = sources(KIND)
    if name is None and len(known) == 1:
        [name] = known
    if name is None:
        raise UserError(f"name the source to consume: {', '.join(known) or 'none is declared'}")
    source = load_source(name)
    if source.kind != KIND:
        raise UserError(f"source {name} is of kind {source.kind}, not {KIND}: {KIND} are {', '.join(known) or 'none'}")
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
    metrics_port: int,
) -> None:
    """Consumes the topic of a source, and fills the summary as it goes. Raises UserError where it cannot go on."""
    topic = _topic(summary.entity)
    with served(summary, metrics_port) as address, open_stores(source, summary.entity) as stores:
        _report(f"metrics: {address}")
        consumer = StreamConsumer(
            summary,
            Broker(kafka(), topic),
            (stores.lake, stores.store),
            Letters(kafka(), topic, _report),
            repeats=stores.repeats,
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
