"""The consumer is killed at every step, repeatedly, while brokers restart and a second consumer shares the topic.
Afterwards each store must have each message once, and the message that wins each key must be the one that plain Python
finds.
"""

import json
import random
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from confluent_kafka import Producer

from duckhouse.cli import UserError, progress
from duckhouse.embedded.postgres import embedded
from duckhouse.settings import environment
from duckhouse.streaming.running import stream_source
from tools.brokers import LocalBroker
from tools.brokers.apache import Apache, apache
from tools.brokers.jars import unavailable
from tools.brokers.mock import mock_cluster
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.consume.sums import Sums, sums
from tools.campaigns.draws import by_seed, drawn
from tools.campaigns.forks import Ended, Launch, forks

WORDS = ("--once", "--batch-rows", "300")
PARTITIONS = 4
DEVICES = 12
MOMENTS = 4_000  # times at which devices may have readings, few enough that keys repeat
START = datetime(2025, 1, 20, 10, tzinfo=UTC)
Run = Callable[[Mapping[str, str], Iterable[int | None]], list[Ended]]
"""Runs consumers at once, each killed at the moment of that number."""
SPOILED = (b"", b"{", b"[1]", b'{"device_id": "sensor-1"}', b"\xff\xfe", None)


@dataclass
class Figures:
    """What a campaign did so far; `by_moment` counts kills by the name of their moment."""

    seed: int
    broker: str
    kills: int = 0
    runs: int = 0
    restarts: int = 0
    shared: int = 0
    by_moment: Counter[str] = field(default_factory=Counter)


def run(work: Path, options: Namespace) -> Outcome:
    """Kills consumers until the number of kills is reached, then lets one end, and compares the sums.

    Raises UserError where a consumer neither ends well nor is killed.
    """
    kills, seed = options.count, options.seed
    is_mock = options.mock or bool(unavailable())
    figures = _resumed(work, Figures(seed, "the mock cluster" if is_mock else "Apache Kafka"), is_mock=is_mock)
    work.mkdir(parents=True, exist_ok=True)
    topic = str(stream_source(None)[1].topic)
    settings = {
        "DUCKHOUSE_LAKE": str(work / "lake"),
        "DUCKHOUSE_POSTGRES": str(work / "postgres"),
        "DUCKHOUSE_FAILURES": str(work / "failures.jsonl"),
    }
    with (
        environment(settings),
        embedded(work / "postgres"),
        _broker(work, is_mock=is_mock) as node,
        forks(work / "forks") as forked,
    ):
        settings["KAFKA_BOOTSTRAP"] = node.bootstrap

        def run(changed: Mapping[str, str], moments: Iterable[int | None]) -> list[Ended]:
            return forked(changed, *(Launch("consume", WORDS, moment) for moment in moments))

        if not figures.runs:
            node.make_topic(topic, PARTITIONS)
        known = _moments(run, node, topic, settings, seed)
        with progress(total=kills, label="kills") as bar:
            bar.update(figures.kills)
            while figures.kills < kills:
                draw = by_seed(f"{seed} {figures.runs}")
                produce(node.bootstrap, topic, draw)
                before = figures.kills
                _round(figures, run, node, settings, known, draw)
                keep(work, vars(figures))
                bar.update(figures.kills - before)
        _all_end_well(run(settings, [None]))
        with environment({"KAFKA_BOOTSTRAP": node.bootstrap}):
            return _told(figures, sums())


def produce(bootstrap: str, topic: str, draw: random.Random) -> None:
    """A few hundred messages: readings, repeated readings, other readings of the same key, and invalid messages."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0})
    for _ in range(draw.randint(300, 1_000)):
        device = f"sensor-{draw.randrange(DEVICES)}"
        at = START + timedelta(seconds=draw.randrange(MOMENTS))
        reading = {
            "device_id": device,
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "temperature": draw.choice([21.4, 21.5]),
            "humidity": 68,
            "firmware_version": "v1.2.0",
        }
        value = draw.choice(SPOILED) if draw.random() < 0.03 else json.dumps(reading).encode()
        producer.produce(topic, value, key=device.encode())
    if producer.flush(60):
        raise UserError(f"Kafka at {bootstrap} did not take all messages in a minute")


def _round(
    figures: Figures, run: Run, node: LocalBroker, settings: dict[str, str], known: list[str], draw: random.Random
) -> None:
    """Consumers of one group, of which at least the first is to be killed; sometimes the broker restarts."""
    is_shared = draw.random() < 0.35
    kills = [drawn(known, draw), *([draw.choice([None, drawn(known, draw)])] if is_shared else [])]
    restart = Thread(target=_restart, args=(node, draw.random() < 0.5)) if draw.random() < 0.1 else None
    if restart:
        restart.start()
    ended = run({**settings, "KAFKA_GROUP": f"campaign-{figures.runs}"}, kills)
    if restart:
        restart.join()
    figures.runs += 1
    figures.shared += is_shared
    figures.restarts += restart is not None
    for one in ended:
        if one.is_killed:
            figures.kills += 1
            figures.by_moment[one.moments[-1]] += 1
    if not restart:  # a consumer gives up when brokers are away for a minute
        _all_end_well([one for one in ended if not one.is_killed])


def _moments(run: Run, node: LocalBroker, topic: str, settings: dict[str, str], seed: int) -> list[str]:
    """The names of the moments of a run that is not killed, in order. The run before it has made the tables."""
    came_by: list[str] = []
    for place in range(2):
        produce(node.bootstrap, topic, by_seed(f"{seed} moments {place}"))
        ended = run(settings, [None])
        _all_end_well(ended)
        came_by = ended[0].moments
    return came_by


def _restart(node: LocalBroker, is_killed: bool) -> None:
    if is_killed and isinstance(node, Apache):
        node.kill()
    else:
        node.stop()
    node.start()


def _all_end_well(ended: Iterable[Ended]) -> None:
    for one in ended:
        if one.code:
            raise UserError(f"a consumer that nobody killed ended with {one.code}: {one.said.strip()}")


@contextmanager
def _broker(work: Path, *, is_mock: bool) -> Iterator[LocalBroker]:
    if is_mock:
        with mock_cluster() as cluster:
            yield cluster
    else:
        with apache(work / "kafka") as node:
            yield node


def _resumed(work: Path, fresh: Figures, *, is_mock: bool) -> Figures:
    found = kept(work)
    if found is None:
        return fresh
    if is_mock:
        raise UserError(f"{work}: what was in the mock cluster went with it: remove the folder, or name another")
    if (found["seed"], found["broker"]) != (fresh.seed, fresh.broker):
        raise UserError(f"{work} has a campaign of seed {found['seed']} on {found['broker']}: name another folder")
    return Figures(**{**found, "by_moment": Counter(found["by_moment"])})


def _told(figures: Figures, found: Sums) -> Outcome:
    lines = [
        f"seed {figures.seed}, {figures.broker}: {figures.kills} kills in {figures.runs} runs, "
        f"{figures.shared} of them with two consumers, {figures.restarts} with a restart of the broker",
        *(f"  {count:>5} {name}" for name, count in sorted(figures.by_moment.items())),
        found.line(),
    ]
    return Outcome(lines, {**vars(figures), "sums": vars(found)}, found.differences)


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--mock", action="store_true", help="on the mock cluster, whatever is installed")


CAMPAIGN = Campaign(
    "kills of the consumer of a stream at every step, with restarts of its broker", "kills", 200, run, _arguments
)
