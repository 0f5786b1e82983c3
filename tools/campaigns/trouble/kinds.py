"""The troubles that a command may run into, each applied to a fork of this process that then runs the command."""

import os
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any, NoReturn

from duckhouse import cli
from duckhouse.embedded.clickhouse.confinement import write_only_below
from duckhouse.signals import ENDING

LEAST_BYTES = 1_000
TOUCHING = ("open", "os.", "shutil.", "fcntl.", "socket.", "subprocess.")
"""Names of Python's audit events for steps outside the process."""
DAYS_BACK = 400


@dataclass(frozen=True)
class Untroubled:
    """A run without trouble: its number of steps outside the process, its seconds, the largest file that it left."""

    touches: int
    seconds: float
    largest: int


@dataclass(frozen=True)
class Trouble:
    """`upon` applies it to the forked process, `later` is a signal that the process gets after some seconds. A command
    may end with one of `codes`.
    """

    told: str
    codes: frozenset[int]
    upon: Callable[[], object] = lambda: None
    later: tuple[float, signal.Signals] | None = None


def full_disk(draw: random.Random, clean: Untroubled, _: Path) -> Trouble:
    """Limits the size of every file, so that any write may fail as on a full disk."""
    size = int(LEAST_BYTES * (max(clean.largest, LEAST_BYTES) / LEAST_BYTES) ** draw.random())
    limits = size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, limits)
    return Trouble(f"disk full at {size:,} bytes", frozenset({0, 1}), limit)


def read_only(_: random.Random, __: Untroubled, work: Path) -> Trouble:
    """Only folders for temporary files are writable."""
    return Trouble("read-only", frozenset({0, 1}), lambda: write_only_below(work / "tmp", Path("/dev")))


def clock_back(_: random.Random, __: Untroubled, ___: Path) -> Trouble:
    """The clock of this machine is more than a year behind."""
    return Trouble(f"clock {DAYS_BACK} days back", frozenset({0}), _set_clock_back)


def stopped_at_a_touch(draw: random.Random, clean: Untroubled, _: Path) -> Trouble:
    """Ctrl-C or SIGTERM right before a step outside of the process."""
    chosen, number = draw.randint(1, max(clean.touches, 1)), draw.choice(ENDING)
    told = f"{number.name} at touch {chosen} of {clean.touches}"
    return Trouble(told, _codes_of(number), partial(at_touch, chosen, lambda: os.killpg(0, number)))


def stopped_later(draw: random.Random, clean: Untroubled, _: Path) -> Trouble:
    """Ctrl-C or SIGTERM after part of the time that a run takes."""
    seconds, number = clean.seconds * draw.random(), draw.choice(ENDING)
    return Trouble(f"{number.name} after {seconds:.3f} s", _codes_of(number), later=(seconds, number))


def output_unread(_: random.Random, __: Untroubled, ___: Path) -> Trouble:
    """Nobody reads standard output, as with head."""
    return Trouble("output that nobody reads", frozenset({0, 1}), _close_output)


KINDS = (full_disk, read_only, clock_back, stopped_at_a_touch, stopped_later, output_unread)


def at_touch(chosen: int, act: Callable[[], object]) -> None:
    """Acts right before the step with the chosen number, from 1."""
    number = 0

    def heard(event: str, _: object) -> None:
        nonlocal number
        if event.startswith(TOUCHING):
            number += 1
            if number == chosen:
                act()

    sys.addaudithook(heard)


def forked(
    main: Callable[[], int | None], work: Path, settings: Mapping[str, str], trouble: Trouble | None = None
) -> tuple[int, list[str], int]:
    """Runs a command in a fork: its exit code, its standard error, and its number of steps outside the process."""
    told, touches = work.with_name("stderr"), work.with_name("touches")
    pid = os.fork()
    if pid == 0:
        _run(main, work, settings, trouble, told, touches)
    timer = Timer(trouble.later[0], _kill, (pid, trouble.later[1])) if trouble and trouble.later else None
    if timer:
        timer.start()
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except BaseException:
        _kill(pid, signal.SIGKILL)  # stopping the campaign also stops what it runs
        raise
    finally:
        if timer:
            timer.cancel()
    return code, told.read_text().splitlines(), touches.stat().st_size


def _run(
    main: Callable[[], int | None],
    work: Path,
    settings: Mapping[str, str],
    trouble: Trouble | None,
    told: Path,
    touches: Path,
) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[0] = "-m"  # as when the command itself is started
    cli.begin()
    os.setpgrp()  # a terminal sends Ctrl-C to all processes of a command
    os.environ.update(settings)
    tempfile.tempdir = str(work / "tmp")
    _take_output(told)
    counted = os.open(touches, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    if trouble:
        trouble.upon()
    else:
        sys.addaudithook(lambda event, _: os.write(counted, b".") if event.startswith(TOUCHING) else None)
    code: Any = 1
    try:
        cli.run(main)
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def _take_output(told: Path) -> None:
    os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115


def _close_output() -> None:
    reads, writes = os.pipe()
    os.dup2(writes, 1)
    os.close(reads)


class Earlier(datetime):
    """Times of a clock that was set back."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) - timedelta(days=DAYS_BACK)


def _set_clock_back() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("duckhouse.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Earlier  # type: ignore[attr-defined]


def _codes_of(number: signal.Signals) -> frozenset[int]:
    return frozenset({0, cli.BY_SIGNAL + number})


def _kill(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
