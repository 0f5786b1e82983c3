"""A consumer that ends when it has read what is there; its batches are small."""

from threading import Event

from duckhouse.streaming.batch import Limits
from duckhouse.streaming.running import consume, stream_source
from duckhouse.streaming.summary import Summary

LIMITS = Limits(rows=300)


def main() -> None:
    source, entity = stream_source(None)
    consume(Summary(source.name, entity), source, Event(), once=True, seconds=None, limits=LIMITS, metrics_port=None)
