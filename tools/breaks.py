"""Says of each break in tools/breaks.yml whether its test catches it: applied to a copy of the project, one by one.

The tests pass without a break first. Ends with 1 where a break is missed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from duckhouse import cli
from duckhouse.cli import UserError
from duckhouse.settings import PROJECT

LIST = PROJECT / "tools" / "breaks.yml"
LINKED = (".venv", "dbt_packages")
LINES_SHOWN = 20
PASSED, FAILED = 0, 1  # exit codes of pytest


@dataclass(frozen=True)
class Break:
    """A mistake in one place of a file, and the test that must fail because of it."""

    name: str
    file: str
    before: str
    test: str
    after: str = ""
    only_on: str = ""
    only_in: str = ""

    def applied(self, text: str) -> str:
        """The file with the break. Raises UserError unless the text to change occurs exactly once."""
        if (found := text.count(self.before)) != 1:
            raise UserError(f"{self.name}: {self.file} has {found} times what the break changes: {self.before!r}")
        return text.replace(self.before, self.after)


def breaks(names: Sequence[str] = ()) -> list[Break]:
    """All breaks of the list, or those with the given names."""
    known = {entry["name"]: Break(**entry) for entry in yaml.safe_load(LIST.read_text(encoding="utf-8"))}
    if unknown := sorted(set(names) - set(known)):
        raise UserError(f"{unknown[0]}: no such break in {LIST.relative_to(PROJECT)}")
    return [known[name] for name in names or known]


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.breaks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="names of breaks (default: all)")
    parser.add_argument("--broken-only", action="store_true", help="do not run the tests without a break first")
    parser.add_argument("--json", action="store_true", help="print a list of results as JSON")
    arguments = parser.parse_args(words)
    chosen = breaks(arguments.names)
    if not arguments.broken_only:
        passes_unbroken(chosen)
    results = []
    for one in chosen:
        results.append(tried(one))
        if not arguments.json:
            print("{result} {seconds:5.0f} s  {name}: {told}".format(**results[-1]), flush=True)
    if arguments.json:
        cli.print_json(results)
    return 0 if all(result["result"] == "caught" for result in results) else 1


def passes_unbroken(chosen: Sequence[Break]) -> None:
    """Raises UserError where a test fails without a break."""
    with copied() as project:
        done = tested(project, sorted({one.test for one in chosen}))
    if done.returncode != PASSED:
        print(tail(done), file=sys.stderr)
        raise UserError("tests fail without a break; what they said is above")


def tried(one: Break) -> dict[str, object]:
    with copied() as project:
        path = project / one.file
        path.write_text(one.applied(path.read_text(encoding="utf-8")), encoding="utf-8")
        began = time.monotonic()
        done = tested(project, [one.test])
    if done.returncode not in (PASSED, FAILED):
        print(tail(done), file=sys.stderr)
        raise UserError(f"{one.name}: {one.test} did not run; what it said is above")
    result = "caught" if done.returncode == FAILED else "missed"
    told, seconds = told_by(done.stdout), round(time.monotonic() - began, 1)
    return {**asdict(one), "result": result, "told": told, "seconds": seconds}


def told_by(text: str) -> str:
    """What pytest says of the first test that failed, or why it skipped one."""
    return next(
        (line.removeprefix("E").strip() for line in text.splitlines() if line.startswith(("E  ", "SKIPPED"))), ""
    )


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the files that git tracks, as they are in this folder."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="duckhouse-break-") as folder:
        copy = Path(folder) / "project"
        for name in listed.split("\0"):
            if name and (PROJECT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, copy / name)
        for name in LINKED:
            if (PROJECT / name).exists():
                (copy / name).symlink_to((PROJECT / name).resolve())
        yield copy


def tested(project: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """pytest in a copy, which must import its own modules."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


def tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).splitlines()[-LINES_SHOWN:])


if __name__ == "__main__":
    cli.run(main)
