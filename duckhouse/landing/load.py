"""From a drop to committed deliveries."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckhouse.cli import UserError, progress
from duckhouse.landing.drop import Drop, Found, survey, visible
from duckhouse.landing.manifest import Delivery, SourceFile, iso
from duckhouse.landing.workers import digests, land_files
from duckhouse.landing.zone import Draft, Session, Zone
from duckhouse.readers.stored import FileFault, stamp
from duckhouse.sources import Source

if TYPE_CHECKING:
    from duckhouse.landing.files import Job

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
    if source.kind != "files":
        raise UserError(
            f"source {source.name} is of kind {source.kind}: its data do not come as files: see docs/landing.md"
        )
    drops = survey(source, paths, redelivery=redelivery)
    if not any(drop.files for drop in drops):
        patterns = ", ".join(pattern for entity in source.entities for pattern in entity.files)
        given = ", ".join(str(path) for path in paths)
        raise UserError(f"{given}: no file of {source.name} in it (expected {patterns})")
    zone = Zone(source)
    with nullcontext() if dry_run else zone.session() as session:
        known = _contents(zone.deliveries())
        return [_land(session, drop, at, known) for drop, at in _dated(drops, delivered_at)]


def describe(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    for name, reason in outcome.known:
        yield f"skipped {visible(name)}: {reason}"
    if dry_run:
        for name, entity in outcome.would_land:
            yield f"would land {visible(name)} as {entity}"
    elif outcome.delivery:
        yield from _describe_delivery(outcome.delivery)
    else:
        yield f"nothing new to land for {iso(outcome.delivered_at)}"


def _describe_delivery(delivery: Delivery) -> Iterator[str]:
    yield f"delivery {delivery.id}: {len(delivery.files)} files, delivered at {iso(delivery.delivered_at)}"
    for entity in sorted({file.entity for file in delivery.files}):
        files = [file for file in delivery.files if file.entity == entity]
        counts: Counter[str] = Counter()
        for file in files:
            counts["read"] += file.records_read
            counts["landed"] += file.records_landed
            counts["rejected"] += file.records_rejected
            counts["blank"] += file.records_blank
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        yield f"  {entity}: {len(files)} files, records {told}"
        drifted = sorted({column for file in files for column in file.unmapped_columns})
        if drifted:
            yield f"    not declared, kept in _unmapped: {', '.join(map(visible, drifted))}"


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


def _land(session: Session | None, drop: Drop, dated: tuple[datetime, bool], known: _Contents) -> Outcome:
    """Lands what is new of a drop; without a session, only says what that is."""
    at, is_given = dated
    outcome = Outcome(at, unknown=list(drop.unknown))
    outcome.known += [(name, "given twice: read once") for name in drop.repeated]
    new = _new_files(drop, outcome, known, at if is_given else None)
    outcome.would_land = [(file.found.name, file.found.entity.name) for file in new]
    if not session or not new:
        return outcome
    landed = _write(session, new, outcome)
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


def _write(session: Session, files: list[_Hashed], outcome: Outcome) -> Delivery | None:
    """Writes and commits the delivery of those files that can be read.

    Its id is made of what lands, and stands in every row: where a file fails, the rest is written again under its id.
    """
    while files:
        contents = [(file.found.entity.name, file.found.name, file.sha256) for file in files]
        draft = session.begin(outcome.delivered_at, contents)
        jobs = [_job(file, draft) for file in files]
        landed: list[SourceFile] = []
        faults: dict[Found, str] = {}
        total = sum(file.size for file in files)
        with progress(total=total, label=f"landing {session.zone.source.name}", unit="B") as bar:
            for job, result in land_files(jobs, bar.update):
                if isinstance(result, FileFault):
                    faults[job.found] = str(result)
                else:
                    landed.append(result)
        if not faults:
            return session.commit(draft, sorted(landed, key=lambda file: (file.entity, file.name)))
        outcome.failed += [(file.found.name, faults[file.found]) for file in files if file.found in faults]
        files = [file for file in files if file.found not in faults]
    return None


def _job(file: _Hashed, draft: Draft) -> "Job":
    from duckhouse.landed_rows import Origin
    from duckhouse.landing.files import Job

    origin = Origin(draft.id, draft.delivered_at, file.found.name)
    return Job(file.found, origin, draft.folder, file.sha256, file.size, file.stamp, os.cpu_count() or 1)
