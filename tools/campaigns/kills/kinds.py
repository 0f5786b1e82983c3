"""Every command of a campaign: what comes in before it, and its arguments and settings."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from duckhouse.settings import published_beside
from duckhouse.sources import sources
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.publish import databases
from tools.campaigns.forks import Launch
from tools.campaigns.kills import arrivals
from tools.campaigns.kills.world import BESIDE, CampaignWorld

BUILT = ("consent", "telemetry")
OF_OTHERS = tuple(f"path:models/reporting/{source}" for source in sources() if source not in BUILT)
SELECTED = ("--select", *(f"source:{source}+" for source in BUILT), "countries", "--exclude", *OF_OTHERS)
"""What builds make: two sources, and the seed that one of them reads. Views of others read their own marts too."""
PARALLEL = ("--threads", "2")


@dataclass(frozen=True)
class CommandKind:
    """`share` is how often it is drawn; `arrives` brings in new data, and returns the arguments of the command."""

    command: str
    share: int
    arrives: Callable[[CampaignWorld, Random], list[str]]
    needs: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def start(self, words: list[str]) -> Launch:
        return Launch(self.command, tuple(words))


def _drop(world: CampaignWorld, draw: Random) -> list[str]:
    return arrivals.drop(world, draw, draw.choice(("consent", "ad_serving")))


def _extraction(*options: str) -> Callable[[CampaignWorld, Random], list[str]]:
    def arrives(world: CampaignWorld, draw: Random) -> list[str]:
        arrivals.changes(world, draw)
        return ["ad_delivery", *options]

    return arrives


def _messages(world: CampaignWorld, draw: Random) -> list[str]:
    arrivals.messages(world, draw)
    return ["telemetry"]


def _migration(world: CampaignWorld, draw: Random) -> list[str]:
    arrivals.messages(world, draw)
    by_hour = ["--hourly"] if draw.random() < 0.3 else []
    return ["telemetry", "--from", str(arrivals.FIRST), "--to", str(arrivals.END), *by_hour]


def _landed(world: CampaignWorld, draw: Random) -> list[str]:
    """What is pushed: something of each kind that has landed meanwhile, and sometimes messages."""
    world.run(Launch("land", tuple(arrivals.drop(world, draw, draw.choice(("consent", "consent", "ad_serving"))))))
    if draw.random() < 0.3:
        world.run(Launch("land_stream", tuple(_messages(world, draw))))
    return ["consent", "ad_serving", "telemetry"]


def _built(target: str) -> Callable[[CampaignWorld, Random], list[str]]:
    def arrives(world: CampaignWorld, draw: Random) -> list[str]:
        world.run(Launch("land", tuple(arrivals.drop(world, draw, "consent"))))
        if draw.random() < 0.5:
            world.run(Launch("land_stream", tuple(_messages(world, draw))))
        if target == "prod":
            world.run(Launch("push", BUILT))
        return [target, *SELECTED, *PARALLEL]

    return arrives


def _published(world: CampaignWorld, draw: Random) -> list[str]:
    if f"{BESIDE}_marts" not in databases(connect()):
        build = KINDS["build_prod"]
        world.run(build.start(build.arrives(world, draw)), **build.settings)
    return []


def _reported(world: CampaignWorld, draw: Random) -> list[str]:
    if not published_beside(Path(world.settings["DUCKHOUSE_DUCKDB"])).exists():
        build = KINDS["build_dev"]
        world.run(build.start(build.arrives(world, draw)))
    return ["--out", str(world.path("report.html"))]


KINDS = {
    "land": CommandKind("land", 100, _drop),
    "fetch": CommandKind("fetch", 60, arrivals.objects, ("bucket",)),
    "extract": CommandKind("extract", 50, _extraction(), ("postgres",)),
    "cdc": CommandKind("extract", 60, _extraction("--cdc"), ("postgres",)),
    "land_stream": CommandKind("land_stream", 50, _messages),
    "migrate": CommandKind("migrate", 40, _migration, ("postgres",)),
    "push": CommandKind("push", 70, _landed, ("clickhouse",)),
    "publish": CommandKind("publish", 30, _published, ("clickhouse",)),
    "build_dev": CommandKind("build_dev", 25, _built("dev")),
    "report": CommandKind("report", 10, _reported),
    "build_prod": CommandKind("build_prod", 15, _built("prod"), ("clickhouse",), {"CLICKHOUSE_PREFIX": BESIDE}),
}


def only_kinds(parser: ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", choices=sorted(KINDS), metavar="KIND", help=f"of {', '.join(KINDS)}")
