"""Lands files with every kind of damage by the hundred: nothing may be lost or doubled, or end in a traceback."""

import json
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from duckhouse.cli import UserError, progress
from duckhouse.settings import PROJECT, environment
from duckhouse.sources import FILES, sources
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.files.costs import costs
from tools.campaigns.files.smaller import smaller
from tools.campaigns.files.spoilt import Spoilt, spoilt_file
from tools.campaigns.files.staged import Staged, staging
from tools.campaigns.files.valid import Valid, valid_files

BATCH = 250
COUNTS = ("files", "bytes", "landed", "refused", "records", "rejected")

Lander = Callable[[dict[str, Any]], dict[str, Any]]


def run(work: Path, options: Namespace) -> Outcome:
    """Batch after batch, each of one source in its own zone."""
    figures = _resumed(work, options.seed)
    names = sources(FILES)
    with environment({"DUCKHOUSE_LANDING": str(work / "landing")}), ExitStack() as stack:
        valid = valid_files(work / "valid")
        lander = stack.enter_context(_lander())
        staged = None if options.only_landing else stack.enter_context(staging(work))
        with progress(total=options.count, label="files", unit="file") as bar:
            bar.update(figures["next"])
            while (start := figures["next"]) < options.count:
                numbers = range(start, min(start + BATCH, options.count))
                batch = _Batch(work, options.seed, names[start // BATCH % len(names)], valid, lander)
                figures["differences"] += batch.run(list(numbers), figures, staged)
                figures["next"] = numbers.stop
                keep(work, figures)
                bar.update(len(numbers))
        if not options.only_landing:
            figures["differences"] += [told for told in costs(work) if told not in figures["differences"]]
    return _told(figures)


class _Batch:
    """Some files of a source."""

    def __init__(self, work: Path, seed: int, source: str, valid: list[Valid], lander: Lander) -> None:
        self.work, self.seed, self.source, self.lander = work, seed, source, lander
        self.valid = [of for of in valid if of.source == source]

    def run(self, numbers: list[int], figures: dict[str, Any], staged: Staged | None) -> list[str]:
        told = self._landed(numbers)
        for count in COUNTS:
            figures[count] += told.get("counts", {}).get(count, 0)
        figures["reasons"] = dict(Counter(figures["reasons"]) + Counter(told.get("reasons", {})))
        found = self._found(numbers, told)
        if staged and not any(number < 0 for number, _ in told["differences"]):
            figures["staged"] += 1
            found += self._staged(numbers, staged)
        first = dict(reversed(found))
        return [self._named(number, what) for number, what in sorted(first.items())]

    def _found(self, numbers: list[int], told: dict[str, Any]) -> list[tuple[int, str]]:
        """The failed checks by file. Where the file is unknown, halves of the batch are landed until it is found."""
        found = [(number, what) for number, what in told["differences"]]
        if len(numbers) == 1 or all(number >= 0 for number, _ in found):
            return [(numbers[0] if len(numbers) == 1 else number, what) for number, what in found]
        half = len(numbers) // 2
        parts = numbers[:half], numbers[half:]
        closer = [each for part in parts for each in self._found(part, self._landed(part))]
        return closer or found

    def _landed(self, numbers: list[int], changed: dict[int, str] | None = None) -> dict[str, Any]:
        shutil.rmtree(self.work / "landing", ignore_errors=True)
        return self.lander({
            "source": self.source, "seed": self.seed, "numbers": numbers, "changed": changed or {},
            "valid": str(self.work / "valid"), "work": str(self.work),
        })  # fmt: skip

    def _staged(self, numbers: list[int], staged: Staged) -> Iterator[tuple[int, str]]:
        by_name = {file.shown: file for file in map(self._file, numbers)}
        for name, what in staged(self.source):
            file = by_name.get(name or "")
            if file is None:
                shutil.copytree(self.work / "landing", self.work / "kept" / f"landing-{numbers[0]}", dirs_exist_ok=True)
                yield -1, f"{what} (kept/landing-{numbers[0]})"
            else:
                yield file.number, what

    def _file(self, number: int) -> Spoilt:
        return spoilt_file(self.seed, number, self.valid)

    def _named(self, number: int, what: str) -> str:
        """The difference as a line; its file is kept, reduced as far as it still shows the difference."""
        if number < 0:
            return f"{self.source}: {what}"
        file = self._file(number)
        data = file.data
        kept_as = self.work / "kept" / str(number) / ("file" + "".join(Path(file.valid.pattern).suffixes))
        kept_as.parent.mkdir(parents=True, exist_ok=True)
        if file.valid.form != "parquet" and not file.valid.is_packed and "engines" not in what:
            data = smaller(data, lambda part: self._fails(number, part, kept_as))
        kept_as.write_bytes(data)
        return f"{self.source}, file {number} ({file.shown!r}, {', '.join(file.kinds)}): {what} ({kept_as})"

    def _fails(self, number: int, data: bytes, place: Path) -> bool:
        place.write_bytes(data)
        return any(each == number for each, _ in self._landed([number], {number: str(place)})["differences"])


@contextmanager
def _lander() -> Iterator[Lander]:
    command = [sys.executable, "-c", "from tools.campaigns.files.lander import main; main()"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(what: dict[str, Any]) -> dict[str, Any]:
            if process.stdin is None or process.stdout is None:
                raise AssertionError("unreachable")
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline() or "null")
            if answer is None:
                raise UserError("the process that lands files has ended; what it said is above")
            return answer

        try:
            yield ask
        finally:
            process.terminate()


def _resumed(work: Path, seed: int) -> dict[str, Any]:
    figures = kept(work) or {
        "seed": seed, "next": 0, "staged": 0, **dict.fromkeys(COUNTS, 0), "reasons": {}, "differences": [],
    }  # fmt: skip
    if figures["seed"] != seed:
        raise UserError(f"{work} has a campaign of seed {figures['seed']}: name another folder")
    return figures


def _told(figures: dict[str, Any]) -> Outcome:
    reasons = sorted(figures["reasons"].items(), key=lambda each: -each[1])
    lines = [
        f"seed {figures['seed']}: {figures['files']:,} files of {figures['bytes']:,} bytes, {figures['landed']:,} "
        f"landed, {figures['refused']:,} refused; {figures['records']:,} records, {figures['rejected']:,} rejected; "
        f"staged on both engines {figures['staged']} times",
        *(f"  {count:>5} {reason}" for reason, count in reasons),
    ]
    return Outcome(lines, figures, figures["differences"])


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--only-landing", action="store_true", help="no builds of staging, no measuring of costs")


CAMPAIGN = Campaign("files that are spoilt in every way, landed and looked at", "files", 10_000, run, _arguments)
