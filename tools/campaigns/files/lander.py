"""Lands damaged files in separate processes: main() starts one for each line that it reads.

A line is JSON: a seed, the numbers of files, the source, folders, and paths of replacement files. A fork of this
process, which has imported everything, writes the files, lands them twice, and checks the result; the answer is a line
of JSON. If the fork does not end in time, dies or takes too much memory, the answer says so.
"""

import json
import math
import os
import resource
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from duckhouse.cli import UserError
from duckhouse.landing.drop import visible
from duckhouse.landing.load import Outcome, describe, faults, load
from duckhouse.landing.manifest import Delivery
from duckhouse.landing.zone import Zone
from duckhouse.readers import delimited, jsonl, parquet  # noqa: F401 (imported once, not once a fork)
from duckhouse.sources import Source, load_source
from tools.campaigns.files import oracle
from tools.campaigns.files.spoilt import Spoilt, spoilt_file
from tools.campaigns.files.valid import valid_files

SECONDS = 20  # processor seconds that a batch may take, plus
SECONDS_OF_A_FILE = 0.2  # for each of its files
PATIENCE = 60  # times as long in wall time, because other processes need processors too
MEMORY = 1 << 30  # bytes that the largest process may use
CAP = 6 << 30  # bytes of data that the system allows a process
UNHANDLED = "its reader failed"
NO_PATTERN = "no pattern\n.zst"
OF_THE_ZONE = {".lock", "looked_at.txt"}


Others = dict[str, tuple[str, ...]]
"""What is in a drop besides files of entities, by name, with what may be reported about it."""


@dataclass
class Told:
    """The result of a batch: counts, and for each failed check the file's number and the failure."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[int, str]] = field(default_factory=list)


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        valid = [of for of in _valid_files(asked["valid"]) if of.source == asked["source"]]
        files = [spoilt_file(asked["seed"], number, valid) for number in asked["numbers"]]
        files = [_changed(file, asked["changed"].get(str(file.number))) for file in files]
        print(json.dumps(_in_a_fork(load_source(asked["source"]), files, Path(asked["work"]))), flush=True)


_valid_files = cache(lambda folder: valid_files(Path(folder)))


def _changed(file: Spoilt, place: str | None) -> Spoilt:
    """The file with the bytes of a replacement file."""
    return replace(file, data=Path(place).read_bytes()) if place else file


def _in_a_fork(source: Source, files: Sequence[Spoilt], work: Path) -> dict[str, Any]:
    """The result for the files; if the fork broke, the result for each file alone."""
    answer = work / "told.json"
    answer.unlink(missing_ok=True)
    pid = os.fork()
    seconds = SECONDS + SECONDS_OF_A_FILE * len(files)
    if not pid:
        _fork(source, files, work, answer, math.ceil(seconds))
    end, memory = _waited(pid, seconds * PATIENCE)
    told: dict[str, Any] = json.loads(answer.read_text()) if answer.exists() else {"differences": []}
    if end:
        told["differences"].append([files[0].number if len(files) == 1 else -1, end])
    elif memory > MEMORY:
        told["differences"].append([files[0].number, f"took {memory >> 20:,} MiB"])
    return told


def _waited(pid: int, seconds: float) -> tuple[str | None, int]:
    """How a fork failed, if it did, and the peak memory of its largest process in bytes."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, status, used = os.wait4(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return f"did not end in {seconds:.0f} s", used.ru_maxrss << 10
    if code == -signal.SIGXCPU:
        return f"took {used.ru_utime + used.ru_stime:.0f} s of a processor", used.ru_maxrss << 10
    return (f"ended with {code}" if code else None), used.ru_maxrss << 10


def _fork(source: Source, files: Sequence[Spoilt], work: Path, answer: Path, seconds: int) -> None:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (CAP, CAP))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        told = landed(source, files, work / "drop")
        answer.write_text(json.dumps(vars(told)))
        code = 0
    except Exception:
        where = " | ".join(traceback.format_exc().splitlines()[-3:])
        answer.write_text(json.dumps({"differences": [(-1, where)]}))
    finally:
        sys.stderr.flush()
        os._exit(code)


# ---------------------------------------------------------------- landing and checking


def landed(source: Source, files: Sequence[Spoilt], drop: Path) -> Told:
    """Writes the files, lands them twice, and checks that everything holds. The environment names the zone."""
    shutil.rmtree(drop, ignore_errors=True)
    others = write(files, drop)
    told = Told(Counter(files=len(files), bytes=sum(len(file.data) for file in files)))
    zone = Zone(source)
    before = {delivery.id for delivery in zone.deliveries()}
    first = _load(source, drop, told)
    again = _load(source, drop, told)
    if not first or not again:
        return told
    by_name = {file.shown: file for file in files}
    told.differences += _said([*describe(first, dry_run=False), *faults(first), *faults(again)], by_name)
    told.differences += [(-1, found) for found in _looked_at(first, again, zone, before, others)]
    told.differences += _accounted(first, by_name)
    if first.delivery:
        told.differences += _delivered(source, first.delivery, by_name)
        told.counts.update(_counts(first.delivery))
    told.counts["refused"] = len([name for name, _ in first.failed if name in by_name])
    told.reasons.update(_reason(reason) for _, reason in first.failed)
    return told


def write(files: Sequence[Spoilt], drop: Path) -> Others:
    """Writes the files, and entries that are not files: returns what must be reported about each, by name."""
    for file in files:
        path = drop / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    folder = path.parent
    (folder / ("folder" + path.suffix)).mkdir()
    (folder / "dangling.csv").symlink_to("nothing")
    (folder / "outside.csv").symlink_to("/dev/null")
    os.mkfifo(folder / "fifo.csv")
    (folder / ".hidden").write_bytes(b"x")
    (drop / NO_PATTERN).write_bytes(b"\x28\xb5\x2f\xfd")
    said = {
        folder / "dangling.csv": ("a link that leaves", "cannot be read"),
        folder / "outside.csv": ("a link that leaves",),
        folder / "fifo.csv": ("not a regular file",),
        drop / NO_PATTERN: ("no file pattern", "no reader"),
    }
    return {path.relative_to(drop).as_posix(): words for path, words in said.items()}


def _load(source: Source, drop: Path, told: Told) -> Outcome | None:
    try:
        [outcome] = load(source, [drop], delivered_at=None, redelivery=False, dry_run=False)
    except UserError as error:
        told.differences.append((-1, f"everything refused: {error}"))
        return None
    return outcome


def _said(lines: Sequence[str], by_name: dict[str, Spoilt]) -> Iterator[tuple[int, str]]:
    for line in lines:
        if not line.removesuffix("\n").isprintable():
            number = next((file.number for name, file in by_name.items() if f"{name}: " in line), -1)
            yield number, f"told on several lines, or with signs that a terminal obeys: {line[:200]!r}"


def _looked_at(first: Outcome, again: Outcome, zone: Zone, before: set[str], others: Others) -> Iterator[str]:
    unknown = dict(first.unknown)
    for name, words in others.items():
        if not any(word in unknown.get(name, "") for word in words):
            yield f"{name}: {unknown.get(name)}, not {words[0]}"
    if strange := unknown.keys() - others.keys():
        yield f"not recognised: {sorted(strange)}"
    if again.delivery:
        yield f"landed again: {[file.name for file in again.delivery.files][:3]}"
    if sorted(again.failed) != sorted(first.failed):
        yield f"refused otherwise when landed again: {sorted(set(again.failed) ^ set(first.failed))[:2]}"
    made = {delivery.id for delivery in zone.deliveries()} - before
    if made != ({first.delivery.id} if first.delivery else set()):
        yield f"deliveries {sorted(made)} were made"
    if left := {path.name for path in zone.path.iterdir() if not path.name.startswith("delivery=")} - {
        ".lock",
        "looked_at.txt",
    }:
        yield f"left in the zone: {sorted(left)}"


def _accounted(outcome: Outcome, by_name: dict[str, Spoilt]) -> Iterator[tuple[int, str]]:
    """Every file has landed, was refused, or has the bytes of one of these."""
    landed = [file.name for file in outcome.delivery.files] if outcome.delivery else []
    fates = Counter([*landed, *(name for name, _ in outcome.failed), *(name for name, _ in outcome.known)])
    for name, file in by_name.items():
        if fates[name] != 1:
            yield file.number, f"{fates[name]} fates: landed, refused and skipped must be one"
    for name in fates.keys() - by_name.keys():
        yield -1, f"{name!r} was not given"
    for name, reason in outcome.failed:
        if UNHANDLED in reason and name in by_name:
            yield by_name[name].number, reason
    by_visible = {visible(name): file for name, file in by_name.items()}
    for name, reason in outcome.known:
        file, same = by_name[name], by_visible.get(reason.removeprefix("the same bytes as "))
        if not same or (same.data, same.valid.entity) != (file.data, file.valid.entity):
            yield file.number, f"skipped: {reason}"


def _delivered(source: Source, delivery: Delivery, by_name: dict[str, Spoilt]) -> Iterator[tuple[int, str]]:
    entities = {entity.name: entity for entity in source.entities}
    meant = {"manifest.json", "_files/files.parquet"}
    for file in delivery.files:
        spoilt = by_name[file.name]
        rows, rejected = _rows(delivery.path / file.landed_as), _rows(delivery.rejected_path(file))
        meant |= {file.landed_as, *([str(delivery.rejected_path(file).relative_to(delivery.path))] if rejected else [])}
        if file.sha256 != sha256(spoilt.data).hexdigest():
            yield spoilt.number, "its hash is that of other bytes"
        if strange := {row["_source_file"] for row in (*rows, *rejected)} - {file.name}:
            yield spoilt.number, f"rows of {sorted(strange)}"
        for found in oracle.differences(spoilt, file, entities[file.entity].delivered, rows, rejected):
            yield spoilt.number, found
    there = {path.relative_to(delivery.path).as_posix() for path in delivery.path.rglob("*") if path.is_file()}
    if there != meant:
        yield -1, f"files in the delivery that nobody names, or that are missing: {sorted(there ^ meant)[:3]}"


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return sorted(pq.read_table(path).to_pylist(), key=lambda row: row["_source_row"])


def _counts(delivery: Delivery) -> Counter[str]:
    counts = Counter(landed=len(delivery.files))
    for file in delivery.files:
        counts["records"] += file.records_read
        counts["rejected"] += file.records_rejected
    return counts


def _reason(text: str) -> str:
    """A reason without the details of one file."""
    return " ".join("#" if any(map(str.isdigit, word)) else word for word in text.split("(")[0].split("'")[0].split())[
        :60
    ]
