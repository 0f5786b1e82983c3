"""Commands that run as forks of one warm process, some of which are killed.

Slow imports happen once, and each run is a fork of the process that main() serves. It reads lines of JSON: the settings
of the environment, and runs that begin at the same time. It answers with a line when each has ended or is dead.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from duckhouse import cli
from duckhouse.cli import UserError
from duckhouse.settings import PROJECT, environment
from tools.campaigns.commands import COMMANDS
from tools.campaigns.moments import kill_at, watch

KILLED = -signal.SIGKILL
SECONDS_BETWEEN_LOOKS = 0.005
_running: set[int] = set()


@dataclass(frozen=True)
class Launch:
    """A run of a command of COMMANDS. It is killed at the moment with the given number, or together with all that it
    started after the given seconds, or not at all.
    """

    command: str
    words: tuple[str, ...] = ()
    moment: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Ended:
    """The exit code of a run, negative where a signal ended it; the names of the moments that it passed; its output,
    and how long it took.
    """

    code: int
    moments: list[str]
    said: str
    seconds: float

    @property
    def is_killed(self) -> bool:
        return self.code == KILLED


class Forks:
    """The process that runs commands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, settings: Mapping[str, str], *starts: Launch) -> list[Ended]:
        """Runs commands at the same time. Raises UserError where the process is gone."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("unreachable")
        self._process.stdin.write(json.dumps([settings, [asdict(start) for start in starts]]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise UserError("the process that runs commands has ended; what it said is above")
        return [Ended(**each) for each in json.loads(answer)]


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    """The process while the block runs; it writes the output of runs into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", "from tools.campaigns.forks import main; main()", str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Forks(process)
        finally:
            process.terminate()


def main() -> None:
    """Ends with SIGTERM, and ends the running commands too."""
    signal.signal(signal.SIGTERM, _stop)
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        settings, wanted = json.loads(line)
        starts = [Launch(**{**each, "words": tuple(each["words"])}) for each in wanted]
        with environment(settings):
            for start in starts:
                COMMANDS[start.command].warm_up(start.words)
        begun = time.monotonic()
        told = [folder / f"run-{place}" for place in range(len(starts))]
        pids = [_fork(start, settings, path) for start, path in zip(starts, told, strict=True)]
        ended = _waited_for({pid: start.seconds for pid, start in zip(pids, starts, strict=True)}, begun)
        answer = [
            Ended(ended[pid][0], _lines(path, ".moments"), _text(path, ".said"), ended[pid][1])
            for pid, path in zip(pids, told, strict=True)
        ]
        print(json.dumps([asdict(each) for each in answer]), flush=True)


def _stop(*_: object) -> NoReturn:
    for pid in _running:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    os._exit(0)


def _fork(start: Launch, settings: Mapping[str, str], told: Path) -> int:
    pid = os.fork()
    if pid:
        _running.add(pid)
        return pid
    try:
        os.setpgid(0, 0)  # a kill by time also kills what the command started
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        said = os.open(told.with_suffix(".said"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(said, stream.fileno())
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        os.environ.update(settings)
        with told.with_suffix(".moments").open("w", buffering=1) as moments:
            _run(start, moments.write)
    except SystemExit as ended:
        _end(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        traceback.print_exc()
        _end(1)


def _run(start: Launch, write: Callable[[str], object]) -> NoReturn:
    command = COMMANDS[start.command]
    main, killed = command.ready(start.words), kill_at(start.moment or 0)

    def noted(number: int, name: str) -> None:
        write(f"{name}\n")
        killed(number, name)

    watch(command.changing, noted)
    cli.run(main)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _waited_for(left: dict[int, float | None], begun: float) -> dict[int, tuple[int, float]]:
    """The exit code and seconds of each run; runs whose time is over are killed."""
    ended: dict[int, tuple[int, float]] = {}
    while len(ended) < len(left):
        passed = time.monotonic() - begun
        for pid, seconds in left.items():
            if pid in ended:
                continue
            if seconds is not None and passed >= seconds:
                with suppress(ProcessLookupError):  # it has not made its group yet: the next check finds it
                    os.killpg(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                ended[pid] = os.waitstatus_to_exitcode(status), passed
                _running.discard(pid)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return ended


def _text(path: Path, suffix: str) -> str:
    found = path.with_suffix(suffix)
    return found.read_text(errors="replace") if found.exists() else ""


def _lines(path: Path, suffix: str) -> list[str]:
    return _text(path, suffix).splitlines()
