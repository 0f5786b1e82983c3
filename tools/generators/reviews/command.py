"""python -m tools.generate reviews: a drop of product reviews with planted faults, and the truth about them."""

import argparse
from datetime import date, timedelta
from pathlib import Path

from tools.generators.arguments import add_common, tell, whole
from tools.generators.delivered import land_first, land_later
from tools.generators.reviews.generate import generate

HELP = "a drop of product reviews and their redelivery"
# when a drop and its redelivery, which has one more day, arrive
DELIVERED_AT = ("2014-07-19T06:00:00Z", "2014-07-20T06:00:00Z")

DEMO = ("--days", "60", "--reviews-per-day", "340", "--products", "400", "--seed", "7")


def deliver_first(drop: Path) -> None:
    land_first("reviews", drop, DEMO, DELIVERED_AT[0])


def deliver_later(drop: Path) -> None:
    land_later("reviews", drop, DELIVERED_AT[1])


def sized(*, days: int, events_per_day: int) -> list[str]:
    """The arguments for a drop of a size: one review for every ten events of other sources."""
    return ["--days", str(days), "--reviews-per-day", str(max(1, events_per_day // 10))]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=whole(1, 3660), default=60, help="days of load files (default: 60)")
    parser.add_argument(
        "--reviews-per-day", type=whole(1, 10_000_000), default=340, help="reviews per day (default: 340)"
    )
    parser.add_argument("--products", type=whole(1, 10_000_000), default=400, help="products (default: 400)")
    add_common(parser, date(2014, 5, 20))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    truth = generate(
        args.out,
        days=args.days,
        reviews_per_day=args.reviews_per_day,
        products=args.products,
        seed=args.seed,
        start=args.start,
        clean=args.clean,
    )
    overall = truth["totals"]["after_redelivery"]["overall"]
    last_day = args.start + timedelta(days=args.days - 1)
    tell(
        args,
        truth,
        {"first_day": str(args.start), "last_day": str(last_day), "products": args.products},
        {"reviews": overall["reviews"], "rated": overall["rated"]},
        "reviews: {reviews:,} reviews of {products:,} products from {first_day} to {last_day} and their redelivery in "
        "{out}",
    )
