"""python -m tools.generate consent: a drop of the consent platform with planted faults, and the truth about them."""

import argparse
from datetime import date
from pathlib import Path

from tools.generators.arguments import add_common, tell, whole
from tools.generators.consent.generate import generate
from tools.generators.delivered import land_first, land_later

HELP = "a drop of the consent platform and its redelivery"
# when a drop and its redelivery arrive
DELIVERED_AT = ("2025-09-09T06:00:00Z", "2025-09-10T06:00:00Z")

DEMO = ("--companies", "40", "--active", "10", "--events-per-company", "3000", "--seed", "7")


def deliver_first(drop: Path) -> None:
    land_first("consent", drop, DEMO, DELIVERED_AT[0])


def deliver_later(drop: Path) -> None:
    land_later("consent", drop, DELIVERED_AT[1])


def sized(*, days: int, events_per_day: int) -> list[str]:
    """The arguments for a drop of a size; this source scales by companies, not days."""
    return []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--companies", type=whole(1, 10_000), default=40, help="listed companies (default: 40)")
    parser.add_argument("--active", type=whole(1, 10_000), default=10, help="companies with events (default: 10)")
    parser.add_argument(
        "--events-per-company",
        type=whole(1, 1_000_000),
        default=3000,
        help="stored events of a company, approximately (default: 3000)",
    )
    add_common(parser, date(2025, 9, 5))
    parser.set_defaults(run=run, refuse=parser.error)


def run(args: argparse.Namespace) -> None:
    if args.active > args.companies:
        args.refuse(f"argument --active: {args.active} is more than the {args.companies} of --companies")
    truth = generate(
        args.out,
        companies_listed=args.companies,
        active=args.active,
        events_per_company=args.events_per_company,
        seed=args.seed,
        start=args.start,
        clean=args.clean,
    )
    tell(
        args,
        truth,
        {"companies": args.companies, "active": args.active},
        {
            "population": sum(company["population"]["events"] for company in truth["companies"].values()),
            "stored": sum(company["stored"] for company in truth["totals"]["after_redelivery"]["companies"].values()),
        },
        "consent: {stored:,} stored of {population:,} events of {active} of {companies} companies, and their "
        "redelivery in {out}",
    )
