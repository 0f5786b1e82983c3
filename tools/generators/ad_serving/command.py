"""python -m tools.generate ad_serving: a drop of the ad server with planted faults, and the truth about them."""

import argparse
from datetime import date, timedelta
from pathlib import Path

from tools.generators.ad_serving.generate import generate
from tools.generators.arguments import add_common, tell, whole
from tools.generators.delivered import land_first, land_later

HELP = "a drop of the ad server and its redelivery"
# when a drop and its redelivery arrive
DELIVERED_AT = ("2026-03-25T06:00:00Z", "2026-03-26T06:00:00Z")

DEMO = ("--days", "30", "--events-per-day", "4000", "--seed", "7")


def deliver_first(drop: Path) -> None:
    land_first("ad_serving", drop, DEMO, DELIVERED_AT[0])


def deliver_later(drop: Path) -> None:
    land_later("ad_serving", drop, DELIVERED_AT[1])


def sized(*, days: int, events_per_day: int) -> list[str]:
    """The arguments for a drop of a size."""
    return ["--days", str(days), "--events-per-day", str(events_per_day)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=whole(1, 3660), default=30, help="days of events (default: 30)")
    parser.add_argument(
        "--events-per-day", type=whole(1, 100_000_000), default=4000, help="events per day (default: 4000)"
    )
    add_common(parser, date(2026, 2, 23))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    truth = generate(
        args.out,
        days=args.days,
        events_per_day=args.events_per_day,
        seed=args.seed,
        start=args.start,
        clean=args.clean,
    )
    overall = truth["totals"]["after_redelivery"]["overall"]
    last_day = args.start + timedelta(days=args.days - 1)
    tell(
        args,
        truth,
        {"first_day": str(args.start), "last_day": str(last_day)},
        {"events": overall["events"], "revenue_usd": overall["revenue_usd"]},
        "ad_serving: {events:,} events from {first_day} to {last_day} and their redelivery in {out}",
    )
