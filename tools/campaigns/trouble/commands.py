"""The commands that run into trouble: the world in which each runs, and its required result."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.campaigns.commands import COMMANDS
from tools.campaigns.consume.campaign import WORDS
from tools.campaigns.kills.arrivals import END, FIRST
from tools.campaigns.trouble import starts, states


@dataclass(frozen=True)
class TroubledCommand:
    """A command of COMMANDS with its arguments, in which {work} is the folder of the run.

    `make` fills this folder once, and each run begins with a copy of it. `reset` restores the content of the servers of
    `needs`. `state` reads what must be there after a run. `held` holds the lock that the command needs, if any. The
    command writes at most `most_lines` lines to standard error.
    """

    command: str
    words: tuple[str, ...]
    state: Callable[[Path], Any]
    make: Callable[[Path], None] = starts.nothing
    reset: Callable[[], None] = lambda: None
    needs: tuple[str, ...] = ()
    held: Callable[[Path], AbstractContextManager[object]] | None = None
    most_lines: int = 3

    def warm_up(self) -> None:
        COMMANDS[self.command].warm_up(self.words)

    def run(self, work: Path) -> int | None:
        return COMMANDS[self.command].ready([word.format(work=work) for word in self.words])()


OF_DBT = 12
"""Lines: dbt's message about a failed node, and that of the command."""
TROUBLED: Mapping[str, TroubledCommand] = {
    "land": TroubledCommand(
        "land", ("ad_serving", "{work}/drop/redelivery"), states.landed, starts.first_delivery, held=starts.zone_held
    ),
    "prepare": TroubledCommand("land", ("--prepare",), states.landed, held=starts.zone_held),
    "deps": TroubledCommand("deps", ("--offline",), states.files("packages")),
    "extract": TroubledCommand(
        "extract", ("ad_delivery",), states.extracted, starts.filled_database, needs=("postgres",)
    ),
    "consume": TroubledCommand(
        "consume", WORDS, states.consumed, reset=starts.empty_store, needs=("kafka", "postgres")
    ),
    "migrate": TroubledCommand(
        "migrate",
        ("telemetry", "--from", str(FIRST), "--to", str(END)),
        states.in_store,
        starts.lake,
        starts.empty_store,
        ("postgres",),
    ),
    "lake": TroubledCommand("lake", ("--maintain",), states.in_lake, starts.lake),
    "push": TroubledCommand(
        "push", ("consent",), states.pushed, starts.landed_consent, starts.empty_warehouse, ("clickhouse",)
    ),
    "publish": TroubledCommand(
        "publish",
        (),
        states.published,
        reset=starts.audited_warehouse,
        needs=("clickhouse",),
        held=starts.turn_held,
    ),
    "pipeline": TroubledCommand(
        "pipeline",
        ("--target", "prod"),
        states.published,
        starts.parsed_consent_for_prod,
        starts.empty_warehouse,
        ("clickhouse",),
        starts.turn_held,
        OF_DBT,
    ),
    "report": TroubledCommand(
        "report",
        ("--out", "{work}/report/index.html"),
        states.files("report"),
        starts.built_consent,
    ),
    "build": TroubledCommand(
        "build",
        starts.OF_CONSENT,
        states.marts,
        starts.parsed_consent,
        held=starts.database_held,
        most_lines=OF_DBT,
    ),
}
