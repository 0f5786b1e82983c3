"""Any command is killed at any step and run again, repeatedly, in one world that all commands share. In the end nothing
is lost or doubled, and everything is as a run without kills would have made it.
"""

from argparse import Namespace
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from duckhouse.cli import UserError, progress
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.draws import by_seed, drawn
from tools.campaigns.forks import Ended, Launch
from tools.campaigns.kills.accounts import accounts
from tools.campaigns.kills.arrivals import sessions_over
from tools.campaigns.kills.kinds import KINDS, CommandKind, only_kinds
from tools.campaigns.kills.world import Broken, CampaignWorld, world

AGAIN = 0.15
"""How often the run after a kill is killed too, and how often a command of another kind runs before it. One of the
same kind would overwrite an object that nobody has fetched.
"""
NOT_KILLED = 2
"""Number of runs of a kind before its first kill, to learn its moments."""
BY_TIME = 0.5
"""Share of the kills of builds that come after some seconds, and also kill what the build has started."""


@dataclass
class Killed:
    """What the campaign did so far; `known` has the moments of a run of each kind, `seconds` its duration.

    They are those of the second run, because the first one also makes what all later runs find.
    """

    seed: int
    kinds: list[str]
    kills: int = 0
    rounds: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    by_moment: Counter[str] = field(default_factory=Counter)
    known: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, list[Any]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


def run(work: Path, options: Namespace) -> Outcome:
    """Kills until the number of kills is reached, then checks the accounts. Ends early if a command fails after a
    kill."""
    figures = _resumed(work, Killed(options.seed, sorted(options.only or KINDS)))
    needs = {need for name in figures.kinds for need in KINDS[name].needs}
    with (
        world(work, figures.arrived, needs) as made,
        progress(total=options.count, label="kills") as bar,
    ):
        made.differences = figures.differences
        bar.update(figures.kills)
        try:
            while figures.kills < options.count and not figures.differences:
                before = figures.kills
                _round(figures, made, by_seed(f"{figures.seed} {figures.rounds}"))
                figures.rounds += 1
                keep(work, vars(figures))
                bar.update(figures.kills - before)
            figures.differences += accounts(made, figures.kinds)
        except Broken as broken:
            figures.differences.append(str(broken))
        return _told(figures)


def _round(figures: Killed, made: CampaignWorld, draw: Random) -> None:
    names = sorted(figures.kinds)
    [name] = draw.choices(names, [KINDS[each].share for each in names])
    kind = KINDS[name]
    start = kind.start(kind.arrives(made, draw))
    figures.runs[name] += 1
    if figures.runs[name] > NOT_KILLED:
        _killed(figures, made, name, start, draw)
        if draw.random() < AGAIN:
            _killed(figures, made, name, start, draw)
        others = [each for each in names if each != name and not each.startswith("build")]
        if others and draw.random() < AGAIN:
            other = KINDS[draw.choice(others)]
            _ends_well(made, other, other.start(other.arrives(made, draw)))
    ended = _ends_well(made, kind, start)
    if figures.runs[name] <= NOT_KILLED:
        figures.known[name], figures.seconds[name] = ended.moments, ended.seconds


def _killed(figures: Killed, made: CampaignWorld, name: str, start: Launch, draw: Random) -> None:
    """A run that is killed at a moment, or after some seconds; one that ended earlier does not count as a kill."""
    is_by_time = name.startswith("build") and draw.random() < BY_TIME
    seconds = draw.random() * figures.seconds[name] if is_by_time else None
    moment = None if is_by_time else drawn(figures.known[name], draw)
    ended = made.run(Launch(start.command, start.words, moment, seconds), **KINDS[name].settings)
    if ended.is_killed:
        figures.kills += 1
        figures.by_kind[name] += 1
        figures.by_moment["after some seconds" if is_by_time else ended.moments[-1]] += 1


def _ends_well(made: CampaignWorld, kind: CommandKind, start: Launch) -> Ended:
    if "postgres" in kind.needs:
        with sessions_over(made):
            pass
    return made.run(start, **kind.settings)


def _resumed(work: Path, fresh: Killed) -> Killed:
    found = kept(work)
    if found is None:
        return fresh
    if (found["seed"], found["kinds"]) != (fresh.seed, fresh.kinds):
        raise UserError(f"{work} has a campaign of seed {found['seed']} over {', '.join(found['kinds'])}: see --work")
    counted = {name: Counter(found[name]) for name in ("runs", "by_kind", "by_moment")}
    return Killed(**{**found, **counted})


def _told(figures: Killed) -> Outcome:
    lines = [
        f"seed {figures.seed}: {figures.kills} kills in {figures.rounds} rounds",
        *_counted(figures.by_kind),
        "at:",
        *_counted(figures.by_moment),
    ]
    shown = ("seed", "kills", "rounds", "by_kind", "by_moment")
    return Outcome(lines, {name: getattr(figures, name) for name in shown}, figures.differences)


def _counted(found: Counter[str]) -> list[str]:
    return [f"  {count:>5} {name}" for name, count in sorted(found.items())]


CAMPAIGN = Campaign("kills of every command at any step, each run again", "kills", 500, run, only_kinds)
