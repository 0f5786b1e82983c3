"""Two commands run at the same time on the same zone, database or file. Each waits, or refuses with one line. After
each has run again alone, nothing is lost or doubled, and everything is as separate runs would have made it.
"""

from argparse import Namespace
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from duckhouse.cli import UserError, progress
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.draws import by_seed
from tools.campaigns.forks import Ended, Launch
from tools.campaigns.kills.accounts import accounts
from tools.campaigns.kills.kinds import KINDS, CommandKind, only_kinds
from tools.campaigns.kills.world import Broken, CampaignWorld, told, world

PAIRS = (
    ("land", "land"),
    ("fetch", "fetch"),
    ("land", "push"),
    ("push", "push"),
    ("extract", "extract"),
    ("extract", "cdc"),
    ("cdc", "cdc"),
    ("land_stream", "land_stream"),
    ("migrate", "migrate"),
    ("land_stream", "migrate"),
    ("publish", "publish"),
    ("land", "build_dev"),
    ("build_dev", "build_dev"),
    ("build_dev", "report"),
    ("build_prod", "build_prod"),
    ("push", "build_prod"),
    ("build_prod", "publish"),
)
MOST_LINES = {"build_dev": 6, "build_prod": 6}
"""How many lines a refusal may have: one, but dbt adds lines of its own that say the same."""


@dataclass
class Together:
    """What the campaign did so far; `by_pair` counts rounds, `refused` counts refused runs by their message."""

    seed: int
    pairs: list[str]
    rounds: int = 0
    by_pair: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    arrived: dict[str, list[Any]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


def run(work: Path, options: Namespace) -> Outcome:
    """Runs pairs until the number of rounds is reached, then checks the accounts."""
    pairs = {" + ".join(pair): pair for pair in PAIRS if not options.only or set(pair) <= set(options.only)}
    figures = _resumed(work, Together(options.seed, sorted(pairs)))
    kinds = {name for pair in pairs.values() for name in pair}
    with (
        world(work, figures.arrived, {need for name in kinds for need in KINDS[name].needs}) as made,
        progress(total=options.count, label="rounds") as bar,
    ):
        made.differences = figures.differences
        bar.update(figures.rounds)
        try:
            while figures.rounds < options.count and not figures.differences:
                draw = by_seed(f"{figures.seed} {figures.rounds}")
                name = sorted(pairs)[figures.rounds % len(pairs)]
                _round(figures, made, name, [KINDS[each] for each in pairs[name]], draw)
                figures.rounds += 1
                keep(work, vars(figures))
                bar.update(1)
            figures.differences += accounts(made, kinds)
        except Broken as broken:
            figures.differences.append(str(broken))
        return _told(figures)


def _round(figures: Together, made: CampaignWorld, name: str, kinds: list[CommandKind], draw: Random) -> None:
    """Both at the same time, then each alone. Two of one kind get the same input in half of the rounds. Two fetches
    always do, because the input of the second could overwrite objects that nobody has fetched.
    """
    is_same = kinds[0] is kinds[1] and (kinds[0].command == "fetch" or draw.random() < 0.5)
    starts = [kinds[0].start(kinds[0].arrives(made, draw))]
    starts.append(starts[0] if is_same else kinds[1].start(kinds[1].arrives(made, draw)))
    settings = {**made.settings, **kinds[0].settings, **kinds[1].settings}
    ended = made.forked(settings, *starts)
    for start, one in zip(starts, ended, strict=True):
        made.look_at(start, one)
        if one.code:
            figures.refused[f"{name}: {_refusal(made, start, one)}"] += 1
    figures.by_pair[name] += 1
    for kind, start in zip(kinds, starts, strict=True):
        made.run(start, **kind.settings)


def _refusal(made: CampaignWorld, start: Launch, ended: Ended) -> str:
    """The message of a refused run; a difference where it is not one of our errors, or is too long."""
    lines = [line for line in ended.said.splitlines() if line.startswith("error: ")]
    if len(lines) != 1 or len(ended.said.splitlines()) > MOST_LINES.get(start.command, 1):
        made.differences.append(f"{told(start)} ended with {ended.code}, and said: {ended.said.strip()!r}")
    return lines[0] if lines else ""


def _resumed(work: Path, fresh: Together) -> Together:
    found = kept(work)
    if found is None:
        return fresh
    if (found["seed"], found["pairs"]) != (fresh.seed, fresh.pairs):
        raise UserError(f"{work} has a campaign of seed {found['seed']} over {', '.join(found['pairs'])}: see --work")
    return Together(**{**found, **{name: Counter(found[name]) for name in ("by_pair", "refused")}})


def _told(figures: Together) -> Outcome:
    lines = [
        f"seed {figures.seed}: {figures.rounds} rounds of two commands at once",
        *(f"  {count:>5} {name}" for name, count in sorted(figures.by_pair.items())),
        f"{sum(figures.refused.values())} runs refused:",
        *(f"  {count:>5} {name}" for name, count in sorted(figures.refused.items())),
    ]
    shown = ("seed", "rounds", "by_pair", "refused")
    return Outcome(lines, {name: getattr(figures, name) for name in shown}, figures.differences)


CAMPAIGN = Campaign("two commands at once, where each waits or refuses", "rounds", 50, run, only_kinds)
