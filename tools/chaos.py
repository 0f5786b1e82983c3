"""Does many times over what should break the house, and looks whether everything still holds: python -m tools.chaos

A campaign draws its actions from a seed, works in chaos/CAMPAIGN-SEED, continues where it was stopped, and ends with
figures, and with exit code 1 if a check fails. python -m tools.chaos CAMPAIGN --help describes each.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from tools.campaigns.campaign import Campaign
from tools.campaigns.consume import campaign as consume
from tools.campaigns.files import campaign as files
from tools.campaigns.kills import kill, together
from tools.campaigns.orders import campaign as orders
from tools.campaigns.schemas import campaign as schemas
from tools.campaigns.trouble import campaign as trouble

CAMPAIGNS: dict[str, Campaign] = {
    "kill": kill.CAMPAIGN,
    "concurrent": together.CAMPAIGN,
    "consume": consume.CAMPAIGN,
    "trouble": trouble.CAMPAIGN,
    "files": files.CAMPAIGN,
    "schemas": schemas.CAMPAIGN,
    "orders": orders.CAMPAIGN,
}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="campaign", metavar="CAMPAIGN", required=True)
    for name, campaign in CAMPAIGNS.items():
        command = commands.add_parser(name, help=campaign.about, description=campaign.about)
        command.add_argument(
            "--count", type=int, default=campaign.count, help=f"{campaign.unit} (default: {campaign.count})"
        )
        command.add_argument("--seed", type=int, default=1, help="default: %(default)s")
        command.add_argument("--work", type=Path, help=f"its folder (default: chaos/{name}-SEED)")
        command.add_argument("--json", action="store_true", help="one JSON document on standard output")
        campaign.arguments(command)
    options = parser.parse_args(words)
    work = (options.work or Path("chaos") / f"{options.campaign}-{options.seed}").resolve()
    outcome = CAMPAIGNS[options.campaign].run(work, options)
    if options.json:
        cli.print_json({**outcome.figures, "differences": outcome.differences})
    else:
        print("\n".join([*outcome.lines, *(outcome.differences or ["everything holds"])]))
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    cli.run(main)
