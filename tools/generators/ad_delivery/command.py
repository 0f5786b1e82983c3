"""python -m tools.generate ad_delivery COMMAND: rows in the ad delivery database."""

import argparse
from decimal import Decimal
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.processes import module, script
from duckhouse.processes import run as run_command
from tools.generators.arguments import SEED, share, whole

SOURCE = "ad_delivery"
HELP = "rows in the ad delivery database"
DEMO = ("--advertisers", "4", "--campaigns", "4", "--impressions", "3000", "--ctr", "0.03", "--seed", "7")
LARGEST_ID = 2**31 - 1  # of a serial column


def deliver_first(folder: Path) -> None:
    _once(folder / "batch", "batch", *DEMO)
    run_command(script("extract_postgres", SOURCE, "--cdc"), brief=True)


def deliver_later(folder: Path) -> None:
    _once(folder / "churn", "churn", "--seed", "7")
    run_command(script("extract_postgres", SOURCE, "--cdc"), brief=True)


def sized(*, days: int, events_per_day: int) -> list[str]:
    """The arguments for a batch of about the given number of impressions."""
    campaigns = 4 * 4
    each = max(1, days * events_per_day // campaigns)
    return ["--advertisers", "4", "--campaigns", "4", "--impressions", str(each), "--ctr", "0.03"]


def _once(mark: Path, *words: str) -> None:
    """Changes the database with a command that must not be repeated; a mark records that it ran."""
    if not mark.exists():
        run_command(module("tools.generate", SOURCE, *words), brief=True)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    rows, key = whole(0, 100_000_000), whole(1, LARGEST_ID)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--json", action="store_true", help="print the summary as JSON")
        added.set_defaults(run=run, command=name)
        return added

    def count(added: argparse.ArgumentParser, flag: str, default: int, text: str, number=rows) -> None:
        added.add_argument(flag, type=number, default=default, help=f"{text} (default: {default})")

    def seed(added: argparse.ArgumentParser) -> None:
        added.add_argument("--seed", type=SEED, help="the same seed draws the same; times are relative to now")

    batch = command("batch", "advertisers with campaigns, their impressions and clicks, in one transaction")
    count(batch, "--advertisers", 2, "advertisers", whole(0, 10_000))
    count(batch, "--campaigns", 3, "campaigns of each advertiser", whole(0, 10_000))
    count(batch, "--impressions", 100, "impressions of each campaign")
    batch.add_argument("--ctr", type=share, default=Decimal("0.1"), help="clicks per impression, 0 to 1 (default: 0.1)")
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
        "--ratio", type=share, default=Decimal("0.1"), help="share of the impressions, 0 to 1 (default: 0.1)"
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
    churn.add_argument(
        "--faults",
        type=Path,
        metavar="FOLDER",
        help="plant faults that rules must find, and say which in truth.json of this new or empty folder",
    )
    seed(churn)


def run(args: argparse.Namespace) -> None:
    try:
        from tools.generators.ad_delivery import commands
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed: pip install -c constraints.txt '.[postgres]', or make setup"
        ) from None
    options = {name: value for name, value in vars(args).items() if name not in ("run", "command", "json")}
    commands.run(args.command, options, as_json=args.json)
