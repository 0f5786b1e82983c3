"""Makes up data of a source. Of ad_serving and consent a drop with planted faults and the truth about them; of
ad_delivery rows in its database: python -m scripts.generate SOURCE"""

import argparse
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from scripts.common.cli import UserError, print_json, run
from scripts.generators.ad_serving.generate import generate as generate_ad_serving
from scripts.generators.consent.generate import generate as generate_consent

FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2200, 1, 1)
LARGEST_ID = 2**31 - 1  # of a serial column


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def whole(least: int, most: int):
    """An argument type: a whole number from `least` to `most`."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return number


SEED = whole(0, 2**63 - 1)


def day(text: str) -> date:
    try:
        value = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, YYYY-MM-DD") from None
    if not FIRST_DATE <= value <= LAST_DATE:
        raise argparse.ArgumentTypeError(f"{text} is not between {FIRST_DATE} and {LAST_DATE}")
    return value


def share(text: str) -> Decimal:
    """An argument type: a number from 0 to 1. Decimal, so that 0.29 of 100 are 29."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def add_ad_serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=whole(1, 3660), default=30, help="days of events (default: 30)")
    parser.add_argument(
        "--events-per-day", type=whole(1, 100_000_000), default=4000, help="events of each day (default: 4000)"
    )
    _add_common(parser, date(2026, 2, 23))
    parser.set_defaults(run=ad_serving)


def add_consent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--companies", type=whole(1, 10_000), default=40, help="listed companies (default: 40)")
    parser.add_argument("--active", type=whole(1, 10_000), default=10, help="of these with events (default: 10)")
    parser.add_argument(
        "--events-per-company", type=whole(1, 1_000_000), default=3000, help="about so many stored (default: 3000)"
    )
    _add_common(parser, date(2025, 9, 5))
    parser.set_defaults(run=consent, refuse=parser.error)


def add_ad_delivery(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    rows, key = whole(0, 100_000_000), whole(1, LARGEST_ID)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--json", action="store_true", help="print the summary as JSON")
        added.set_defaults(run=ad_delivery, command=name)
        return added

    def count(added: argparse.ArgumentParser, flag: str, default: int, text: str, number=rows) -> None:
        added.add_argument(flag, type=number, default=default, help=f"{text} (default: {default})")

    def seed(added: argparse.ArgumentParser) -> None:
        added.add_argument("--seed", type=SEED, help="the same seed draws the same; times are relative to now")

    batch = command("batch", "advertisers with campaigns, their impressions and clicks, in one transaction")
    count(batch, "--advertisers", 2, "advertisers", whole(0, 10_000))
    count(batch, "--campaigns", 3, "campaigns of each advertiser", whole(0, 10_000))
    count(batch, "--impressions", 100, "impressions of each campaign")
    batch.add_argument("--ctr", type=share, default=Decimal("0.1"), help="clicks an impression, 0 to 1 (default: 0.1)")
    seed(batch)

    advertisers = command("advertisers", "advertisers, named from A on")
    count(advertisers, "--count", 1, "advertisers", whole(0, 10_000))

    campaigns = command("campaigns", "campaigns of an advertiser, whose flights start today (UTC)")
    campaigns.add_argument("--advertiser-id", type=key, required=True, help="the advertiser")
    count(campaigns, "--count", 1, "campaigns", whole(0, 10_000))
    seed(campaigns)

    impressions = command("impressions", "impressions of a campaign, back-dated by up to 8 days")
    impressions.add_argument("--campaign-id", type=key, required=True, help="the campaign")
    count(impressions, "--count", 100, "impressions")
    seed(impressions)

    clicks = command("clicks", "clicks on impressions drawn from all that a campaign has, 1 to 120 seconds after them")
    clicks.add_argument("--campaign-id", type=key, required=True, help="the campaign")
    clicks.add_argument(
        "--ratio", type=share, default=Decimal("0.1"), help="of the impressions so many, 0 to 1 (default: 0.1)"
    )
    seed(clicks)

    command("stats", "rows of each table, CTR overall and by campaign")

    reset = command("reset", "delete all rows, after a yes; ids go on where they were")
    reset.add_argument("--yes", action="store_true", help="do not ask")

    churn = command("churn", "changes that make life hard for an extraction, in an order by chance")
    count(churn, "--edits", 10, "edits of campaigns and advertisers that set updated_at")
    count(churn, "--silent-edits", 10, "edits that do not, of impressions too")
    count(churn, "--deletes", 10, "deletes of impressions, clicks and campaigns without rows")
    count(churn, "--late-commits", 10, "transactions that higher ids overtake; some are rolled back")
    count(churn, "--new-rows", 100, "back-dated impressions and clicks of campaigns that are there")
    seed(churn)


def _add_common(parser: argparse.ArgumentParser, start: date) -> None:
    parser.add_argument("--seed", type=SEED, default=7, help="the same seed gives the same bytes")
    parser.add_argument("--start", type=day, default=start, help=f"first day (default: {start})")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--clean", action="store_true", help="plant no faults; the redelivery's changes stay")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def ad_serving(args: argparse.Namespace) -> None:
    truth = generate_ad_serving(
        args.out,
        days=args.days,
        events_per_day=args.events_per_day,
        seed=args.seed,
        start=args.start,
        clean=args.clean,
    )
    overall = truth["totals"]["after_redelivery"]["overall"]
    last_day = args.start + timedelta(days=args.days - 1)
    _tell(
        args,
        truth,
        {"first_day": str(args.start), "last_day": str(last_day)},
        {"events": overall["events"], "revenue_usd": overall["revenue_usd"]},
        "ad_serving: {events:,} events from {first_day} to {last_day} and their redelivery in {out}",
    )


def consent(args: argparse.Namespace) -> None:
    if args.active > args.companies:
        args.refuse(f"argument --active: {args.active} is more than the {args.companies} of --companies")
    truth = generate_consent(
        args.out,
        companies_listed=args.companies,
        active=args.active,
        events_per_company=args.events_per_company,
        seed=args.seed,
        start=args.start,
        clean=args.clean,
    )
    _tell(
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


def ad_delivery(args: argparse.Namespace) -> None:
    try:
        from scripts.generators.ad_delivery import commands
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed: pip install -c constraints.txt '.[postgres]', or make setup"
        ) from None
    options = {name: value for name, value in vars(args).items() if name not in ("run", "command", "json")}
    commands.run(args.command, options, as_json=args.json)


def _tell(
    args: argparse.Namespace, truth: dict[str, Any], asked: dict[str, Any], made: dict[str, Any], text: str
) -> None:
    """Prints what was `asked` for and `made`, and the counts that every truth.json has."""
    records = truth["totals"]["records"]
    summary = {
        "out": str(args.out),
        **asked,
        "files": len(records),
        "records": sum(counts["read"] for counts in records.values()),
        **made,
        "fault_kinds": len(truth["faults"]),
        "faults": sum(fault["count"] for fault in truth["faults"]),
    }
    if args.json:
        print_json(summary)
    else:
        text += ": {files} files, {records:,} records, {faults:,} faults of {fault_kinds} kinds"
        print(text.format(**summary))


def main() -> None:
    parser = Parser(prog="python -m scripts.generate", description=__doc__)
    sources = parser.add_subparsers(title="sources", metavar="SOURCE", required=True)
    add_ad_serving(sources.add_parser("ad_serving", help="a drop of the ad server and its redelivery"))
    add_consent(sources.add_parser("consent", help="a drop of the consent platform and its redelivery"))
    add_ad_delivery(sources.add_parser("ad_delivery", help="rows in the ad delivery database"))
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    run(main)
