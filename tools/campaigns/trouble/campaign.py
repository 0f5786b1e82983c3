"""Commands meet trouble, drawn by a seed: a full disk, read-only folders, a clock that goes back, Ctrl-C and SIGTERM at
any moment, output that nobody reads, a lock that another process holds.

Each must end in few lines, without a traceback, and with the exit code that is promised. Nothing half done is left, and
the same command afterwards makes what it makes without any trouble.
"""

import random
import shutil
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from duckhouse.cli import UserError, progress
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.draws import by_seed
from tools.campaigns.trouble.commands import COMMANDS, TroubledCommand, settings_of
from tools.campaigns.trouble.kinds import KINDS, Trouble, Untroubled, forked

HELD = "held"


@dataclass(frozen=True)
class Clean:
    """A command that met no trouble: the folder from which it starts, and what came of it."""

    command: TroubledCommand
    start: Path
    code: int
    state: Any
    measured: Untroubled


def run(work: Path, options: Namespace) -> Outcome:
    """Tries so many troubles, and tells of each that left something that does not hold."""
    found = kept(work) or {"seed": options.seed, "trials": 0, "by_trouble": {}, "by_code": {}, "differences": []}
    if found["seed"] != options.seed:
        raise UserError(f"{work} has a campaign of seed {found['seed']}: name another folder")
    work.mkdir(parents=True, exist_ok=True)
    by_trouble, by_code = Counter(found["by_trouble"]), Counter(found["by_code"])
    with ExitStack() as served:
        clean = {name: _clean(name, work, served) for name in options.commands}
        with progress(total=options.count, label="troubles") as bar:
            bar.update(found["trials"])
            while found["trials"] < options.count:
                draw = by_seed(f"{options.seed} {found['trials']}")
                name = draw.choice(sorted(clean))
                kind, code, faults = _tried(clean[name], work / "run" / "work", draw)
                by_trouble[f"{name}: {kind}"] += 1
                by_code[str(code)] += 1
                found["differences"] += [f"trial {found['trials']}: {name}, {fault}" for fault in faults]
                found |= {"trials": found["trials"] + 1, "by_trouble": by_trouble, "by_code": by_code}
                keep(work, found)
                bar.update(1)
    lines = [
        f"seed {found['seed']}: {found['trials']} troubles, exit codes "
        + ", ".join(f"{code} ({count})" for code, count in sorted(by_code.items())),
        *(f"  {count:>5} {trouble}" for trouble, count in sorted(by_trouble.items())),
    ]
    return Outcome(lines, {name: value for name, value in found.items() if name != "differences"}, found["differences"])


def _clean(name: str, work: Path, served: ExitStack) -> Clean:
    command, start = COMMANDS[name], work / "starts" / name
    shutil.rmtree(start, ignore_errors=True)
    start.mkdir(parents=True)
    command.make(start)
    (start / "tmp").mkdir(exist_ok=True)
    served.enter_context(command.serves(work / "served" / name))
    resolve_name(command.main)  # once, and not in each fork
    folder = _copy(start, work / "run" / "work")
    begun = time.monotonic()
    code, lines, touches = forked(partial(command.run, folder), folder, settings_of(folder))
    seconds = time.monotonic() - begun
    if code:
        raise UserError(f"{name} without trouble ended with {code}: {' '.join(lines)}")
    largest = max((path.stat().st_size for path in folder.rglob("*") if path.is_file()), default=0)
    return Clean(command, start, code, command.state(folder), Untroubled(touches, seconds, largest))


def _tried(clean: Clean, work: Path, draw: random.Random) -> tuple[str, int, list[str]]:
    """The kind of the trouble that was drawn, the exit code, and what does not hold."""
    kinds = {kind.__name__: kind for kind in KINDS}
    kind = draw.choice(sorted([*kinds, HELD] if clean.command.held else kinds))
    folder = _copy(clean.start, work)
    run = partial(clean.command.run, folder)
    if kind == HELD and clean.command.held:
        trouble = Trouble("a lock that another process holds", frozenset({1}))
        with clean.command.held(folder):
            code, lines, _ = forked(run, folder, settings_of(folder), trouble)
    else:
        trouble = kinds[kind](draw, clean.measured, folder)
        code, lines, _ = forked(run, folder, settings_of(folder), trouble)
    faults = [*said(clean.command, code, lines, trouble), *left(folder)]
    again, lines, _ = forked(run, folder, settings_of(folder))
    if again != clean.code:
        faults.append(f"afterwards it ends with {again}: {' '.join(lines)}")
    elif clean.command.state(folder) != clean.state:
        faults.append("afterwards it makes something else than without trouble")
    return kind, code, [f"{trouble.told}: {fault}" for fault in faults]


def said(command: TroubledCommand, code: int, lines: list[str], trouble: Trouble) -> Iterator[str]:
    """What is wrong with an exit code and what was said on standard error."""
    if code not in trouble.codes:
        yield f"ended with {code}: {' '.join(lines[-3:])}"
    if any("Traceback" in line or "Exception ignored" in line for line in lines):
        yield f"a traceback of {len(lines)} lines, {lines[-1]}"
    elif len(lines) > command.most_lines:
        yield f"{len(lines)} lines, {lines[0]}"
    elif code and not lines and trouble.codes != frozenset({0, 1}):
        yield f"ended with {code} without a word"


def left(work: Path) -> Iterator[str]:
    """Temporary files, and a delivery that was begun."""
    found = [*(work / "tmp").iterdir(), *work.rglob(".incoming")]
    if found:
        yield f"left {', '.join(str(path.relative_to(work)) for path in found)}"


def _copy(start: Path, work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work, symlinks=True)
    return work


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS), help="only these")


CAMPAIGN = Campaign(
    "a full disk, read-only folders, a clock that goes back, interruptions and locks in every command",
    "troubles",
    200,
    run,
    _arguments,
)
