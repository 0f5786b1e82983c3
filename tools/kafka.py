"""Serves a Kafka broker on 127.0.0.1 until Ctrl-C or SIGTERM: python -m tools.kafka [--port 9092] [--mock]

Apache Kafka where Java 17 and Maven are, which keeps its data; else librdkafka's mock cluster, which holds about 5 MB
of a partition in memory and serves on a port that it chooses.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from duckhouse import cli
from tools.brokers.apache import apache
from tools.brokers.jars import unavailable
from tools.brokers.mock import mock_cluster

PORT = 9092


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    stop = cli.until_stopped()
    with _broker(options) as greeting:
        print(greeting, flush=True)
        cli.wait_for(stop)
    return 0


@contextmanager
def _broker(options: argparse.Namespace) -> Iterator[str]:
    """A broker while the block runs; yields its start message."""
    reason = "--mock" if options.mock else unavailable()
    if not reason:
        with apache(options.data, options.port or PORT) as node:
            yield f"Apache Kafka at {node.bootstrap} (data: {node.folder})"
        return
    if options.port:
        raise cli.UserError(f"--port {options.port}: the mock cluster chooses its port ({reason})")
    with mock_cluster() as cluster:
        yield f"librdkafka's mock cluster at {cluster.bootstrap}, in memory ({reason})"


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.kafka", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=_port, help=f"port on 127.0.0.1 of Apache Kafka (default: {PORT})")
    parser.add_argument("--mock", action="store_true", help="librdkafka's mock cluster, whatever is installed")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("kafka-data"),
        metavar="DIR",
        help="data of Apache Kafka (default: %(default)s)",
    )
    return parser.parse_args(words)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


if __name__ == "__main__":
    cli.run(main)
