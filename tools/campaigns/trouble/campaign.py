"""Commands run into trouble that a seed selects: a full disk, read-only folders, a clock set back, Ctrl-C and SIGTERM
at any moment, output that nobody reads, a lock that another process holds.

Each must end with few lines, without a traceback, and with the documented exit code. Nothing half done is left, and the
same command afterwards gives the same result as without trouble.
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
from typing import Any

from duckhouse.cli import UserError, progress
from duckhouse.settings import environment
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.draws import by_seed
from tools.campaigns.trouble.commands import TROUBLED, TroubledCommand
from tools.campaigns.trouble.kinds import KINDS, Trouble, Untroubled, forked
from tools.campaigns.trouble.starts import SERVERS, settings_of

HELD = "held"


@dataclass(frozen=True)
class Clean:
    """A command without trouble: the folder from which it starts, and its result."""

    command: TroubledCommand
    start: Path
    code: int
    state: Any
    measured: Untroubled


def run(work: Path, options: Namespace) -> Outcome:
    """Tries the given number of troubles, and reports each one that leads to a failed check."""
    found = kept(work) or {"seed": options.seed, "trials": 0, "by_trouble": {}, "by_code": {}, "differences": []}
    if found["seed"] != options.seed:
        raise UserError(f"{work} has a campaign of seed {found['seed']}: name another folder")
    work.mkdir(parents=True, exist_ok=True)
    by_trouble, by_code = Counter(found["by_trouble"]), Counter(found["by_code"])
    with ExitStack() as served:
        for need in sorted({need for name in options.commands for need in TROUBLED[name].needs}):
            settings = served.enter_context(SERVERS[need](work / "served" / need))
            served.enter_context(environment(settings))
        clean = {name: _clean(name, work) for name in options.commands}
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


def _clean(name: str, work: Path) -> Clean:
    command, folder = TROUBLED[name], work / "run" / "work"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    with environment(settings_of(folder)):
        command.make(folder)
    for left_behind in (folder / "tmp").iterdir():
        left_behind.unlink() if left_behind.is_file() else shutil.rmtree(left_behind)
    start = _copy(folder, work / "starts" / name)
    command.warm_up()
    command.reset()
    begun = time.monotonic()
    code, lines, touches = _run(command, folder)
    seconds = time.monotonic() - begun
    if code:
        raise UserError(f"{name} without trouble ended with {code}: {' '.join(lines)}")
    largest = max((path.stat().st_size for path in folder.rglob("*") if path.is_file()), default=0)
    return Clean(command, start, code, _state(command, folder), Untroubled(touches, seconds, largest))


def _tried(clean: Clean, work: Path, draw: random.Random) -> tuple[str, int, list[str]]:
    """The kind of the drawn trouble, the exit code, and the failed checks."""
    command, kinds = clean.command, {kind.__name__: kind for kind in KINDS}
    kind = draw.choice(sorted([*kinds, HELD] if command.held else kinds))
    folder = _copy(clean.start, work)
    command.reset()
    if kind == HELD and command.held:
        trouble = Trouble("a lock that another process holds", frozenset({1}))
        with command.held(folder):
            code, lines, _ = _run(command, folder, trouble)
    else:
        trouble = kinds[kind](draw, clean.measured, folder)
        code, lines, _ = _run(command, folder, trouble)
    faults = [*said(command, code, lines, trouble), *left(folder)]
    again, lines, _ = _run(command, folder)
    if again != clean.code:
        faults.append(f"afterwards it ends with {again}: {' '.join(lines)}")
    elif _state(command, folder) != clean.state:
        faults.append("afterwards it makes something else than without trouble")
    return kind, code, [f"{trouble.told}: {fault}" for fault in faults]


def _run(command: TroubledCommand, folder: Path, trouble: Trouble | None = None) -> tuple[int, list[str], int]:
    return forked(partial(command.run, folder), folder, settings_of(folder), trouble)


def _state(command: TroubledCommand, folder: Path) -> Any:
    with environment(settings_of(folder)):
        return command.state(folder)


def said(command: TroubledCommand, code: int, lines: list[str], trouble: Trouble) -> Iterator[str]:
    """What is wrong with an exit code and with standard error."""
    if code not in trouble.codes:
        yield f"ended with {code}: {' '.join(lines[-3:])}"
    if any("Traceback" in line or "Exception ignored" in line for line in lines):
        yield f"a traceback of {len(lines)} lines, {lines[-1]}"
    elif len(lines) > command.most_lines:
        yield f"{len(lines)} lines, {lines[0]}"
    elif code and not lines and trouble.codes != frozenset({0, 1}):
        yield f"ended with {code} without a word"


def left(work: Path) -> Iterator[str]:
    """Temporary files, and a delivery that was started."""
    found = [*(work / "tmp").iterdir(), *work.rglob(".incoming")]
    if found:
        yield f"left {', '.join(str(path.relative_to(work)) for path in found)}"


def _copy(start: Path, work: Path) -> Path:
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work, symlinks=True)
    return work


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--commands", nargs="+", choices=TROUBLED, default=list(TROUBLED), help="only these")


CAMPAIGN = Campaign(
    "a full disk, read-only folders, a clock that goes back, interruptions and locks in every command",
    "troubles",
    200,
    run,
    _arguments,
)
