"""From a drop to committed deliveries."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.common.cli import UserError, progress
from scripts.common.contract import Source
from scripts.common.landing import (
    Delivery,
    SourceFile,
    clean,
    commit,
    deliveries,
    delivery_id,
    delivery_path,
    incoming,
    iso,
    lock,
    prepare_empty,
)
from scripts.loader.drop import Drop, Found, survey
from scripts.loader.files import Job, stamp
from scripts.loader.output import Origin
from scripts.loader.source import FileFault
from scripts.loader.workers import digests, land_files

REDELIVERY_AFTER = timedelta(days=1)

_Contents = dict[tuple[str, str], list[tuple[datetime, str]]]


@dataclass
class Outcome:
    """What became of a drop. `delivery` is None where nothing was new, or where nothing was to be written."""

    delivered_at: datetime
    delivery: Delivery | None = None
    would_land: list[tuple[str, str]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.unknown and not self.failed

    def document(self) -> dict[str, Any]:
        return {
            "delivery_id": self.delivery.id if self.delivery else None,
            "delivered_at": iso(self.delivered_at),
            "files": [asdict(file) for file in self.delivery.files] if self.delivery else [],
            "would_land": [{"name": name, "entity": entity} for name, entity in self.would_land],
            "skipped": [{"name": name, "reason": reason} for name, reason in self.known],
            "unrecognised": [{"name": name, "reason": reason} for name, reason in self.unknown],
            "failed": [{"name": name, "reason": reason} for name, reason in self.failed],
        }


@dataclass(frozen=True)
class _Hashed:
    found: Found
    sha256: str
    size: int
    stamp: tuple[int, int, int]


def load(
    source: Source, paths: Sequence[Path], *, delivered_at: datetime | None, redelivery: bool, dry_run: bool
) -> list[Outcome]:
    """Lands the drops in `paths`, one delivery each; all of one run at `delivered_at`, a redelivery one day later.

    Without `delivered_at` a delivery is dated now, and bytes that an entity already has do not land again; with it
    they do not land again at that time. Raises UserError where nothing can be done at all.
    """
    drops = survey(source, paths, redelivery=redelivery)
    if not any(drop.files for drop in drops):
        patterns = ", ".join(pattern for entity in source.entities for pattern in entity.files)
        given = ", ".join(str(path) for path in paths)
        raise UserError(f"{given}: no file of {source.name} in it (expected {patterns})")
    if dry_run:
        known = _contents(deliveries(source.name))
        return [_land(source, drop, at, known, dry_run=True) for drop, at in _dated(drops, delivered_at)]
    with lock(source.name):
        prepare_empty(source)
        try:
            known = _contents(deliveries(source.name))
            return [_land(source, drop, at, known, dry_run=False) for drop, at in _dated(drops, delivered_at)]
        finally:
            clean(source.name)


def _dated(drops: list[Drop], delivered_at: datetime | None) -> list[tuple[Drop, tuple[datetime, bool]]]:
    if delivered_at:
        return [(drop, (delivered_at + i * REDELIVERY_AFTER, True)) for i, drop in enumerate(drops)]
    now = datetime.now(UTC)
    return [(drop, (now + i * timedelta(microseconds=1), False)) for i, drop in enumerate(drops)]


def _contents(landed: Sequence[Delivery]) -> _Contents:
    """Where the bytes of an entity are: its deliveries' times and ids by (entity, sha256)."""
    contents: _Contents = defaultdict(list)
    for delivery in landed:
        for file in delivery.files:
            contents[file.entity, file.sha256].append((delivery.delivered_at, delivery.id))
    return contents


def _land(source: Source, drop: Drop, dated: tuple[datetime, bool], known: _Contents, *, dry_run: bool) -> Outcome:
    at, is_given = dated
    outcome = Outcome(at, unknown=list(drop.unknown))
    outcome.known += [(name, "given twice: read once") for name in drop.repeated]
    new = _new_files(drop, outcome, known, at if is_given else None)
    outcome.would_land = [(file.found.name, file.found.entity.name) for file in new]
    if dry_run or not new:
        return outcome
    landed = _write(source, new, outcome)
    if landed:
        outcome.delivery = landed
        for file in landed.files:
            known[file.entity, file.sha256].append((at, landed.id))
    return outcome


def _new_files(drop: Drop, outcome: Outcome, known: _Contents, at: datetime | None) -> list[_Hashed]:
    """The files whose bytes are not landed yet, or where `at` is given, not at that time."""
    new: dict[tuple[str, str], _Hashed] = {}
    stamps = [stamp(found.path) for found in drop.files]
    for found, before, result in zip(drop.files, stamps, digests([f.path for f in drop.files]), strict=True):
        if isinstance(result, OSError):
            outcome.failed.append((found.name, f"cannot be read: {result.strerror}"))
            continue
        sha256, size = result
        key = (found.entity.name, sha256)
        earlier = [where for when, where in known.get(key, ()) if at in (None, when)]
        if earlier:
            outcome.known.append((found.name, f"already landed in {earlier[0]}"))
        elif key in new:
            outcome.known.append((found.name, f"the same bytes as {new[key].found.name}"))
        else:
            new[key] = _Hashed(found, sha256, size, before)
    return list(new.values())


def _write(source: Source, files: list[_Hashed], outcome: Outcome) -> Delivery | None:
    """Writes and commits the delivery of those files that can be read.

    Its id is made of what lands, and stands in every row: where a file fails, the rest is written again under its id.
    """
    while files:
        at = outcome.delivered_at
        identity = delivery_id(at, [(file.found.entity.name, file.found.name, file.sha256) for file in files])
        folder = incoming(source.name)
        jobs = [_job(file, folder, Origin(identity, at, file.found.name)) for file in files]
        landed: list[SourceFile] = []
        faults: dict[Found, str] = {}
        total = sum(file.size for file in files)
        with progress(total=total, label=f"landing {source.name}", unit="B") as bar:
            for job, result in land_files(jobs, bar.update):
                if isinstance(result, FileFault):
                    faults[job.found] = str(result)
                else:
                    landed.append(result)
        if not faults:
            ordered = tuple(sorted(landed, key=lambda file: (file.entity, file.name)))
            delivery = Delivery(identity, source.name, at, delivery_path(source.name, identity), ordered)
            commit(folder, delivery)
            return delivery
        outcome.failed += [(file.found.name, faults[file.found]) for file in files if file.found in faults]
        files = [file for file in files if file.found not in faults]
    return None


def _job(file: _Hashed, folder: Path, origin: Origin) -> Job:
    return Job(file.found, origin, folder, file.sha256, file.size, file.stamp, os.cpu_count() or 1)
