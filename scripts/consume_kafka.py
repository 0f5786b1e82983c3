"""Reads a Kafka topic into the lake and the store: python -m scripts.consume_kafka [SOURCE] [--once | --seconds N]

SOURCE is a source of kind stream; it may be left out where only one is declared. Without an option it runs until it is
stopped (Ctrl-C, SIGTERM), and then finishes its batch. --replay reads once what was repaired, or what a store lacks:
dead-letters; offsets PARTITION:FROM[-TO], including TO; time T (ISO 8601, UTC unless it names a time zone).
"""

import argparse
from collections.abc import Sequence
from threading import Event

from duckhouse.cli import above_zero, print_json, run, until_stopped
from duckhouse.failures import noted
from duckhouse.sources import Source
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.replay import Replayed, wanted
from duckhouse.streaming.running import consume, replay, stream_source
from duckhouse.streaming.summary import Summary


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stop = until_stopped()
    source, entity = stream_source(options.source)
    with noted("consume", source.name):
        if options.replay:
            replayed = replay(source, entity, wanted(options.replay), stop)
            _tell(replayed, as_json=options.json)
            return 1 if replayed.gone else 0
        return _consume(options, source, Summary(source.name, entity), stop)


def _consume(options: argparse.Namespace, source: Source, summary: Summary, stop: Event) -> int:
    limits = Limits(options.batch_rows, options.batch_seconds)
    metrics_at = None if options.port is None else (options.host, options.port)
    try:
        consume(summary, source, stop, once=options.once, seconds=options.seconds, limits=limits, metrics_at=metrics_at)
    finally:
        _tell(summary, as_json=options.json)
    return 1 if summary.lost else 0


def _tell(done: Summary | Replayed, *, as_json: bool) -> None:
    print_json(done.document()) if as_json else print("\n".join(done.describe()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.consume_kafka", description=__doc__)
    whole, number = above_zero(int), above_zero(float)
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="the source (default: the only one)")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--once", action="store_true", help="stop at the end that the topic had at the start")
    ways.add_argument("--seconds", type=number, metavar="N", help="end after N seconds")
    ways.add_argument("--replay", nargs="+", metavar="WHAT", help="dead-letters | offsets P:FROM[-TO] | time T")
    parser.add_argument(
        "--batch-rows", type=whole, default=Limits.rows, metavar="N", help="largest number of rows in a batch"
    )
    parser.add_argument(
        "--batch-seconds",
        type=number,
        default=Limits.seconds,
        metavar="N",
        help="longest wait before a batch is written",
    )
    parser.add_argument("--metrics-port", dest="port", type=int, metavar="PORT", help="serve metrics; 0: a free one")
    parser.add_argument(
        "--metrics-host", dest="host", default="127.0.0.1", metavar="ADDRESS", help="of metrics (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser


if __name__ == "__main__":
    run(main)
