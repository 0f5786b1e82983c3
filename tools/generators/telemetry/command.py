"""python -m tools.generate telemetry: readings of devices with planted faults, and the truth about them."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from time import monotonic

from duckhouse import settings
from duckhouse.cli import print_json
from duckhouse.processes import run as run_command
from duckhouse.processes import script
from duckhouse.sources import load_source
from tools.brokers.mock import mock_cluster
from tools.generators.arguments import FIRST_DATE, LAST_DATE, SEED, whole
from tools.generators.telemetry.devices import SECOND_MS, moment
from tools.generators.telemetry.generate import SOURCE, Fleet, deliver
from tools.generators.telemetry.outlets import Outlet, to_file, to_topic
from tools.generators.telemetry.roles import SLOW_LINK_MS
from tools.generators.write import claimed, write_truth

# two days; the later delivery has the last twelve hours; a mock cluster keeps about 5 MB per partition
DEMO = Fleet(count=40, seconds=2 * 86_400, rate=Fraction(40, 600), start=1_774_224_000_000, seed=7, faults=True)
DEMO_LATER = DEMO.start + 36 * 3_600 * SECOND_MS
DEMO_PARTITIONS = 4

# when the messages sent so far are landed, for scoring rules
DELIVERED_AT = ("2026-03-24T13:00:00Z", "2026-03-25T06:00:00Z")

HELP = "readings of devices, to a Kafka topic or a file"
MESSAGES = "messages.jsonl"
MOST_MESSAGES_A_SECOND = 1_000_000


def deliver_first(folder: Path) -> None:
    _consume_and_land(folder / "first", lambda sent_at: sent_at < DEMO_LATER)


def deliver_later(folder: Path) -> None:
    _consume_and_land(folder / "later", lambda sent_at: sent_at >= DEMO_LATER)


def _consume_and_land(mark: Path, is_due: Callable[[int], bool]) -> None:
    """Sends messages to a mock cluster and consumes them, unless a mark records that this was done; lands what is
    new."""
    if not mark.exists():
        _consume(is_due)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    run_command(script("land", SOURCE), brief=True)


def _consume(is_due: Callable[[int], bool]) -> None:
    [entity] = load_source(SOURCE).entities
    topic, messages = entity.topic or "", (sent for sent in DEMO.messages() if is_due(sent.sent_at))
    with mock_cluster() as cluster:
        cluster.make_topic(topic, DEMO_PARTITIONS)
        with to_topic(_demo_settings(cluster.bootstrap), topic) as outlet:
            for sent in messages:
                outlet(sent)
        broker = {"KAFKA_BOOTSTRAP": cluster.bootstrap, "KAFKA_SECURITY_PROTOCOL": "plaintext"}
        run_command(script("consume_kafka", SOURCE, "--once"), {**os.environ, **broker}, brief=True)


def _demo_settings(bootstrap: str) -> settings.KafkaSettings:
    return replace(settings.kafka(), bootstrap=bootstrap, protocol="plaintext")


def sized(*, days: int, events_per_day: int) -> list[str]:
    """The arguments for the messages of the demo; this source scales by devices and hours, not days."""
    size = ("--devices", str(DEMO.count), "--seconds", str(DEMO.seconds), "--rate", str(DEMO.rate))
    return [*size, "--start", moment(DEMO.start), "--faults"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", type=whole(1, 1_000_000), default=100, help="devices (default: 100)")
    parser.add_argument(
        "--seconds", type=whole(1, 10 * 366 * 86_400), default=600, help="seconds of readings (default: 600)"
    )
    parser.add_argument("--rate", type=_rate, help="readings per second of all devices (default: one per device)")
    parser.add_argument("--start", type=_time, help="time of the first reading (by default the last one is now)")
    parser.add_argument("--seed", type=SEED, default=7, help="the same seed and start give the same bytes")
    parser.add_argument("--faults", action="store_true", help="plant faults, and look-alikes without a fault")
    parser.add_argument("--clean", dest="faults", action="store_false", help="plant nothing, whatever --faults says")
    parser.add_argument(
        "--bootstrap",
        metavar="HOST:PORT",
        help=f"the Kafka to send to (default: KAFKA_BOOTSTRAP; without both, messages go to {MESSAGES} in --out)",
    )
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder, for truth.json")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    fleet = Fleet(
        count=args.devices,
        seconds=args.seconds,
        rate=args.rate or Fraction(args.devices),
        start=_just_now(args.seconds) if args.start is None else args.start,
        seed=args.seed,
        faults=args.faults,
    )
    fleet.check()
    with claimed(args.out):
        truth, began = fleet.truth(), monotonic()
        with _outlet(args) as (outlet, where):
            deliver(fleet.messages(), truth, outlet, fleet.count * fleet.readings)
        seconds = monotonic() - began
        document = fleet.document(truth)
        write_truth(args.out, document)
    planted = sum(fault["count"] for fault in document["faults"])
    summary = {
        "out": str(args.out),
        "sent_to": where,
        "start": moment(fleet.start),
        **{name: document["totals"][name] for name in ("messages", "valid", "readings")},
        "faults": planted,
        "fault_kinds": len(document["faults"]),
        "seconds": round(seconds, 3),
        "messages_a_second": round(truth.messages / seconds),
    }
    if args.json:
        print_json(summary)
    else:
        text = (
            "telemetry: {messages:,} messages of {devices:,} devices from {start} on, {valid:,} valid, {faults:,} "
            "faults of {fault_kinds} kinds, to {sent_to}, {messages_a_second:,} a second; truth in {out}"
        )
        print(text.format(devices=fleet.count, **summary))


@contextmanager
def _outlet(args: argparse.Namespace) -> Iterator[tuple[Outlet, str]]:
    """Where the messages go, and its display name."""
    if not args.bootstrap and not os.environ.get("KAFKA_BOOTSTRAP"):
        with to_file(args.out / MESSAGES) as outlet:
            yield outlet, MESSAGES
        return
    kafka = settings.kafka()
    kafka = replace(kafka, bootstrap=args.bootstrap or kafka.bootstrap)
    [entity] = load_source(SOURCE).entities
    topic = entity.topic or ""
    with to_topic(kafka, topic) as outlet:
        yield outlet, f"topic {topic} at {kafka.bootstrap}"


def _just_now(seconds: int) -> int:
    """A full minute long enough ago that the last message has been sent by now."""
    last = datetime.now(UTC) - timedelta(seconds=seconds, milliseconds=SLOW_LINK_MS)
    return int(last.replace(second=0, microsecond=0).timestamp()) * SECOND_MS


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= MOST_MESSAGES_A_SECOND:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, up to {MOST_MESSAGES_A_SECOND:,}")
    return rate


def _time(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time, 2026-03-25T06:00:00Z") from None
    if not FIRST_DATE <= time.date() <= LAST_DATE:
        raise argparse.ArgumentTypeError(f"{text} is not between {FIRST_DATE} and {LAST_DATE}")
    return int(time.replace(tzinfo=time.tzinfo or UTC).timestamp()) * SECOND_MS
