"""From a drop to committed deliveries."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckhouse.cli import UserError, progress
from duckhouse.landing.bucket import addresses
from duckhouse.landing.drop import Drop, Found, survey, visible
from duckhouse.landing.fetch import Look, dated, fetch, fetched_before, look, note
from duckhouse.landing.losses import losses
from duckhouse.landing.manifest import (
    MOMENT,
    Delivery,
    ObjectVersion,
    SourceFile,
    counted,
    iso,
    moment_of,
    retractions,
)
from duckhouse.landing.workers import digests, land_files
from duckhouse.landing.zone import Draft, Session, Zone
from duckhouse.readers.stored import FileFault
from duckhouse.sources import FILES, Source

if TYPE_CHECKING:
    from duckhouse.landing.files import Job

REDELIVERY_AFTER = timedelta(days=1)


@dataclass
class Outcome:
    """The result for a drop. `delivery` is None where nothing was new, or where nothing was to be written."""

    delivered_at: datetime
    delivery: Delivery | None = None
    would_fetch: list[tuple[str, str]] = field(default_factory=list)
    would_land: list[tuple[str, str]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    would_retract: str | None = None

    @property
    def is_whole(self) -> bool:
        return not self.unknown and not self.failed and not self.lost

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "delivery_id": self.delivery.id if self.delivery else None,
            "delivered_at": iso(self.delivered_at),
            "files": [asdict(file) for file in self.delivery.files] if self.delivery else [],
            "would_fetch": [{"name": name, "entity": entity} for name, entity in self.would_fetch],
            "would_land": [{"name": name, "entity": entity} for name, entity in self.would_land],
            "skipped": [{"name": name, "reason": reason} for name, reason in self.known],
            "unrecognised": [{"name": name, "reason": reason} for name, reason in self.unknown],
            "failed": [{"name": name, "reason": reason} for name, reason in self.failed],
            "lost": [{"name": name, "reason": reason} for name, reason in self.lost],
            "notes": self.notes,
            "would_retract": self.would_retract,
            "retracts": asdict(self.delivery.retracts) if self.delivery and self.delivery.retracts else None,
        }
        if self.delivery and self.delivery.lake:
            document["lake"] = {entity: asdict(read) for entity, read in self.delivery.lake.items()}
        return document


@dataclass(frozen=True)
class _Hashed:
    found: Found
    sha256: str
    size: int
    stamp: tuple[int, int, int]

    @property
    def file(self) -> tuple[str, str]:
        return self.found.entity.name, self.found.name

    @property
    def contents(self) -> tuple[str, str]:
        return self.found.entity.name, self.sha256


@dataclass(frozen=True, order=True)
class _Landed:
    """A file of a delivery. Files sort in the order in which their records count: the last one wins."""

    delivered_at: datetime
    delivery_id: str
    name: str
    entity: str
    sha256: str
    is_retracted: bool


def load(
    source: Source,
    paths: Sequence[Path | str],
    *,
    delivered_at: datetime | None,
    redelivery: bool,
    dry_run: bool,
    is_watched: bool = False,
) -> list[Outcome]:
    """Lands the drops in `paths`, one delivery each; all of a run are dated `delivered_at`, a redelivery one day later.

    Without `delivered_at` a delivery is dated now, after everything that landed before, and a file is skipped where its
    bytes are the last ones of its name. With it, a file is skipped where its bytes have landed at that time. Paths of
    the form s3://BUCKET/PREFIX are one delivery of the new objects there, dated by the latest of them. Of paths that a
    program watches, files of a retracted delivery do not land before their bytes change; somebody who lands them means
    it. Raises UserError where nothing can be done at all.
    """
    if source.kind != FILES:
        raise UserError(
            f"source {source.name} is of kind {source.kind}: its data do not come as files: see docs/landing.md"
        )
    if not paths:
        raise UserError("say which files: python -m scripts.land SOURCE PATH… (see --help)")
    places = addresses(paths)
    drops = [] if places else _local(source, [Path(path) for path in paths], redelivery)
    zone = Zone(source)
    with nullcontext() if dry_run else zone.session() as session:
        deliveries = zone.deliveries()
        landed = _landed(deliveries if is_watched else counted(deliveries))
        if places:
            fetched = fetched_before(zone, deliveries)
            found = look(source, places, fetched, redelivery=redelivery)
            drops, outcomes = _fetched(found, session, delivered_at, deliveries)
        else:
            outcomes = _outcomes(drops, delivered_at, deliveries)
        hashed = [_hashed(drop, outcome) for drop, outcome in zip(drops, outcomes, strict=True)]
        for place, outcome in enumerate(outcomes):
            before = [file for file in landed if file.delivered_at < outcome.delivered_at]
            new = _new_at(hashed[place], outcome, landed) if delivered_at else _new(hashed[place:], outcome, before)
            new = _once(new, outcome)
            outcome.would_land = [(file.found.name, file.found.entity.name) for file in new]
            if session and new:
                outcome.delivery = _write(session, new, outcome, retractions(deliveries))
            if outcome.delivery:
                outcome.lost += losses(source, outcome.delivery, counted(deliveries))
                deliveries.append(outcome.delivery)
                landed += _landed([outcome.delivery])
        if places and session:
            note(session, fetched, *_objects(hashed[0], outcomes[0]))
        if session and all(outcome.is_whole and not outcome.delivery for outcome in outcomes):
            session.note_look()
        return outcomes


def delivery_time(text: str | None) -> datetime | None:
    """The time given by --delivered-at, UTC unless it names a time zone."""
    moment = moment_of(text) if text is not None else None
    if text is not None and moment is None:
        raise UserError(f"--delivered-at {text!r} is not ISO 8601: write it as 2026-03-25T06:00:00Z")
    return moment


def _local(source: Source, paths: Sequence[Path], redelivery: bool) -> list[Drop]:
    drops = survey(source, paths, redelivery=redelivery)
    if not any(drop.files for drop in drops):
        patterns = ", ".join(pattern for entity in source.entities for pattern in entity.files)
        given = ", ".join(str(path) for path in paths)
        told = [(*drop.unknown, *drop.skipped)[:1] for drop in drops]
        faults = "".join(f"; {visible(name)}: {reason}" for first in told for name, reason in first)
        raise UserError(f"{given}: no file of {source.name} in it (expected {patterns}){faults}")
    return drops


def _fetched(
    found: Look, session: Session | None, delivered_at: datetime | None, deliveries: Sequence[Delivery]
) -> tuple[list[Drop], list[Outcome]]:
    """The one drop of new objects in a bucket, and its outcome; without a session nothing is fetched."""
    outcome = Outcome(delivered_at or datetime.now(UTC), known=found.skipped, unknown=found.unknown.told())
    if not session:
        outcome.would_fetch = [(file.name, file.entity.name) for file in found.drop.files]
        return [Drop()], [outcome]
    drop, faults = fetch(found, session)
    outcome.failed += faults.told()
    if drop.files and not delivered_at:
        outcome.delivered_at, latest = dated(drop, deliveries)
        if outcome.delivered_at != latest:
            outcome.notes.append(f"dated right after what it follows: its latest object is of {iso(latest)}")
    return [drop], [outcome]


def _objects(files: list[_Hashed], outcome: Outcome) -> tuple[list[ObjectVersion], list[ObjectVersion]]:
    """Of the fetched versions, those that landed, and those whose bytes had landed already."""
    landed = [version for file in outcome.delivery.files for version in file.objects] if outcome.delivery else []
    failed = {name for name, _ in outcome.failed}
    held, refused = set(landed), {file.contents for file in files if file.found.name in failed}
    quiet = [version for file in files if file.contents not in refused for version in file.found.objects]
    return landed, [version for version in quiet if version not in held]


def describe(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    for name, reason in outcome.known:
        yield f"skipped {visible(name)}: {reason}"
    if dry_run:
        for name, entity in outcome.would_fetch:
            yield f"would fetch {visible(name)} as {entity}"
        for name, entity in outcome.would_land:
            yield f"would land {visible(name)} as {entity}"
        if outcome.would_retract:
            yield f"would retract {outcome.would_retract}"
            yield from (f"  {note}" for note in outcome.notes)
    elif outcome.delivery:
        yield from _describe_delivery(outcome.delivery)
        yield from (f"  {note}" for note in outcome.notes)
    else:
        yield f"nothing new to land for {iso(outcome.delivered_at)}"


def faults(outcome: Outcome) -> Iterator[str]:
    """What did not land, and what landed with a loss: one line each."""
    for name, reason in (*outcome.unknown, *outcome.failed):
        yield f"not landed: {visible(name)}: {reason}\n"
    for name, reason in outcome.lost:
        yield f"landed with a loss: {visible(name)}: {reason}\n"


def _describe_delivery(delivery: Delivery) -> Iterator[str]:
    if delivery.retracts:
        retracted, reason = delivery.retracts.delivery_id, visible(delivery.retracts.reason)
        yield f"delivery {delivery.id}: retracts {retracted}, delivered at {iso(delivery.delivered_at)}: {reason}"
        return
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


def _outcomes(drops: list[Drop], delivered_at: datetime | None, deliveries: Sequence[Delivery]) -> list[Outcome]:
    """One outcome for each drop, dated `delivered_at` or now, and never before what landed earlier."""
    now = datetime.now(UTC)
    start, step = (delivered_at, REDELIVERY_AFTER) if delivered_at else (after_newest(now, deliveries), MOMENT)
    outcomes = [
        Outcome(start + place * step, known=list(drop.skipped), unknown=list(drop.unknown))
        for place, drop in enumerate(drops)
    ]
    if not delivered_at and start != now:
        outcomes[0].notes.append(
            f"dated right after the newest delivery, of {iso(start - MOMENT)}: this machine's clock says {iso(now)}"
        )
    return outcomes


def after_newest(now: datetime, deliveries: Sequence[Delivery]) -> datetime:
    """The time of a delivery that nobody dated: now, or right after the newest where that is later."""
    return max([now, *(each.delivered_at + MOMENT for each in deliveries)])


def _landed(deliveries: Sequence[Delivery]) -> list[_Landed]:
    retracted = retractions(deliveries)
    return sorted(
        _Landed(delivery.delivered_at, delivery.id, file.name, file.entity, file.sha256, delivery.id in retracted)
        for delivery in deliveries
        for file in delivery.files
    )


def _hashed(drop: Drop, outcome: Outcome) -> list[_Hashed]:
    """The files of a drop that can be read."""
    hashed = []
    for found, result in zip(drop.files, digests([found.path for found in drop.files]), strict=True):
        if isinstance(result, OSError):
            outcome.failed.append((found.name, f"cannot be read: {result.strerror}"))
        else:
            hashed.append(_Hashed(found, *result))
    return hashed


def _once(files: list[_Hashed], outcome: Outcome) -> list[_Hashed]:
    """Of several files with the same bytes, only the last, which counts; it gets the objects of all."""
    last = {file.contents: file for file in files}
    objects: dict[tuple[str, str], list[ObjectVersion]] = defaultdict(list)
    for file in files:
        objects[file.contents] += file.found.objects
        if (same := last[file.contents]) is not file:
            outcome.known.append((file.found.name, f"the same bytes as {visible(same.found.name)}"))
    return [
        replace(file, found=replace(file.found, objects=tuple(objects[file.contents])))
        for file in files
        if last[file.contents] is file
    ]


def _new(drops: Sequence[list[_Hashed]], outcome: Outcome, landed: list[_Landed]) -> list[_Hashed]:
    """The files of the first drop that contain something new; the other drops follow it in this run.

    A file is not new where its bytes, with those that follow under its name in this run, are the last ones landed under
    that name, or where its name is new and its bytes are the last ones of its table. It is not new either where a later
    file of the drop has the same bytes and is not new, and nothing landed under its own name since. What `landed` has
    of retracted deliveries makes a file old, whatever its name, and never makes an old one new.
    """
    standing = _History([entry for entry in landed if not entry.is_retracted])
    earlier = {**_History(landed).repeated(drops), **standing.repeated(drops)}
    new: list[_Hashed] = []
    for file in drops[0]:
        if last := earlier.get(file.file):
            told = ", which is retracted" if last.is_retracted else ""
            outcome.known.append((file.found.name, f"already landed in {last.delivery_id}{told}"))
            continue
        new.append(file)
        before = standing.before(file)
        if same := [each for each in before if each.sha256 == file.sha256]:
            outcome.notes.append(
                f"{visible(file.found.name)} has the bytes of {same[-1].delivery_id} again, "
                f"which {before[-1].delivery_id} had replaced: they count from now on"
            )
    return new


class _History:
    """What landed before a run, in the order in which it counts."""

    def __init__(self, landed: Sequence[_Landed]) -> None:
        self.by_name: dict[tuple[str, str], list[_Landed]] = defaultdict(list)
        self.retracted: dict[tuple[str, str], list[_Landed]] = {}
        self.last_of_table: dict[str, list[_Landed]] = {}
        for entry in landed:
            self.by_name[entry.entity, entry.name].append(entry)
            self.last_of_table[entry.entity] = [entry]
            if entry.is_retracted:
                self.retracted[entry.entity, entry.sha256] = [entry]

    def before(self, file: _Hashed) -> list[_Landed]:
        """What landed under the name of a file; of a new name, what is compared with it instead."""
        of_table = self.last_of_table.get(file.found.entity.name, [])
        return self.by_name.get(file.file) or self.retracted.get(file.contents) or of_table

    def repeated(self, drops: Sequence[list[_Hashed]]) -> dict[tuple[str, str], _Landed]:
        """The files of the first drop that say nothing new, each with what said it."""
        following: dict[tuple[str, str], list[str]] = defaultdict(list)
        for drop in drops:
            for file in drop:
                following[file.file].append(file.sha256)
        said: dict[tuple[str, str], _Landed] = {}
        found: dict[tuple[str, str], _Landed] = {}
        for file in reversed(drops[0]):
            named = self.by_name.get(file.file)
            if last := _last_said(following[file.file], self.before(file)):
                found[file.file] = last
                said[file.contents] = max(last, said.get(file.contents, last))
            elif file.contents in said and (not named or said[file.contents] > named[-1]):
                found[file.file] = said[file.contents]
        return found


def _last_said(following: Sequence[str], landed: Sequence[_Landed]) -> _Landed | None:
    """The delivery of the first of `following`, where `landed` ends with the first few of `following`, in order."""
    for count in range(1, min(len(following), len(landed)) + 1):
        if [file.sha256 for file in landed[-count:]] == list(following[:count]):
            return landed[-count]
    return None


def _new_at(files: list[_Hashed], outcome: Outcome, landed: list[_Landed]) -> list[_Hashed]:
    """The files whose bytes have not landed at this time. Different bytes for one name and time are refused."""
    then = [file for file in landed if file.delivered_at == outcome.delivered_at]
    by_contents = {(file.entity, file.sha256): file.delivery_id for file in then}
    by_name = {(file.entity, file.name): file.delivery_id for file in then}
    new: list[_Hashed] = []
    for file in files:
        if file.contents in by_contents:
            outcome.known.append((file.found.name, f"already landed in {by_contents[file.contents]}"))
        elif file.file in by_name:
            reason = f"{by_name[file.file]} has other bytes of it, of the same time: say another --delivered-at"
            outcome.failed.append((file.found.name, reason))
        else:
            new.append(file)
    return new


def _write(
    session: Session, files: list[_Hashed], outcome: Outcome, retracted: Mapping[str, Delivery]
) -> Delivery | None:
    """Writes and commits the delivery of those files that can be read.

    The id is derived from what lands, and is in every row. So where a file fails, the rest is written again with a new
    id.
    """
    while files:
        contents = [(file.found.entity.name, file.found.name, file.sha256) for file in files]
        draft = session.begin(outcome.delivered_at, contents, retracted)
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
