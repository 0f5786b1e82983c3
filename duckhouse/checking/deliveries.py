"""The deliveries of a check: what arrives together, and when."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.landing.drop import REDELIVERY, Found, survey
from duckhouse.landing.load import REDELIVERY_AFTER
from duckhouse.landing.manifest import moment_of
from duckhouse.sources import Source

PARTS = 3  # of a single drop: the fewest that have an order other than the given one and its reverse
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Arriving:
    """Files that arrive together at one time, whenever they land."""

    name: str
    paths: tuple[Path, ...]
    at: datetime


@dataclass(frozen=True)
class _Undated:
    name: str
    paths: tuple[Path, ...]
    follows: bool = False  # it is the redelivery of the one before


def arriving(source: Source, drops: Sequence[Path], first_at: datetime | None = None) -> list[Arriving]:
    """The deliveries in `drops`, in the order of their times.

    Each of several folders is a delivery, and so is each subfolder of a folder that holds nothing else. A single drop
    is split by its files. A folder that is named by a time arrived then. Otherwise folders arrive one day apart, from
    `first_at` on, or so that the last arrives today. redelivery/ arrives a day after its drop.
    """
    for drop in drops:
        if not drop.is_dir():
            raise UserError(f"{drop}: no such folder")
    folders = _folders(source, drops)
    if not folders:
        return _a_day_apart(_parts(source, drops[0]), first_at)
    found = [delivery for folder in folders for delivery in _of_folder(source, folder)]
    times = [moment_of(folder.name) for folder in folders]
    if not any(times):
        return _a_day_apart(found, first_at)
    for folder, time in zip(folders, times, strict=True):
        if time is None:
            raise UserError(f"{folder}: its name is not a time, unlike those of the others: rename it, or all of them")
    if first_at:
        raise UserError(f"--delivered-at: the names of the folders say when they arrived: {folders[0].name}")
    dated: list[Arriving] = []
    ahead = iter(time for time in times if time)
    for delivery in found:
        at = dated[-1].at + REDELIVERY_AFTER if delivery.follows else next(ahead)
        dated.append(Arriving(delivery.name, delivery.paths, at))
    return sorted(dated, key=lambda delivery: delivery.at)


def _folders(source: Source, drops: Sequence[Path]) -> list[Path]:
    """The folders that are one delivery each; none where a single drop is to be split."""
    if len(drops) > 1:
        return list(drops)
    [whole] = drops
    if any(drop.files for drop in survey(source, [whole], redelivery=True)):
        return []
    inner = sorted(path for path in whole.iterdir() if path.is_dir() and not path.name.startswith("."))
    holding = [path for path in inner if any(drop.files for drop in survey(source, [path], redelivery=True))]
    if not holding:
        patterns = ", ".join(pattern for entity in source.entities for pattern in entity.files)
        raise UserError(f"{whole}: no file of {source.name} in it, nor in its folders (expected {patterns})")
    return holding


def _of_folder(source: Source, folder: Path) -> list[_Undated]:
    first = _Undated(folder.name, (folder,))
    again = folder / REDELIVERY
    if not again.is_dir():
        return [first]
    [drop, *_] = survey(source, [folder], redelivery=False)
    name = f"{folder.name}/{REDELIVERY}"
    return [first, _Undated(name, (again,), follows=True)] if drop.files else [_Undated(name, (again,))]


def _parts(source: Source, drop: Path) -> list[_Undated]:
    """The files of a drop in up to PARTS deliveries, each entity spread over all of them; then its redelivery."""
    [first, *again] = survey(source, [drop], redelivery=True)
    files: dict[str, list[Found]] = defaultdict(list)
    for file in first.files:
        files[file.entity.name].append(file)
    parts: list[list[Path]] = [[] for _ in range(PARTS)]
    for place, found in enumerate(files.values()):
        for number, file in enumerate(found):
            part = place % PARTS if len(found) == 1 else number * PARTS // len(found)
            parts[part].append(file.path)
    filled = [part for part in parts if part]
    deliveries = [_Undated(f"part {number}", tuple(part)) for number, part in enumerate(filled, 1)]
    return deliveries + ([_Undated(REDELIVERY, (drop / REDELIVERY,))] if again else [])


def _a_day_apart(deliveries: Sequence[_Undated], first_at: datetime | None) -> list[Arriving]:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = first_at or today - (len(deliveries) - 1) * DAY
    return [Arriving(each.name, each.paths, start + place * DAY) for place, each in enumerate(deliveries)]
