"""From a bucket to a drop: which objects are new, their bytes on this machine, and when they were delivered.

The last fetched version of an object is not fetched again. The manifest of a delivery says what was fetched for it.
`.fetched` records that too, in case the delivery is removed from landing later, and also what brought nothing new.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from duckhouse.cli import UserError, progress
from duckhouse.landing.bucket import Address, Store, addresses, store
from duckhouse.landing.drop import REDELIVERY, Drop, Found, put_in_order, recognise, visible
from duckhouse.landing.manifest import MOMENT, Delivery, ObjectVersion, iso
from duckhouse.landing.zone import Session, Zone
from duckhouse.readers.stored import FileFault
from duckhouse.sources import Source

FETCHED = ".fetched"
NAMED = 20  # so many objects that do not land are named; further ones are counted
SIDE_BY_SIDE = 8  # objects that are fetched at a time
_BATCH = 1_000
_TO_THE_SECOND = len("2026-03-25T06:00:00")  # the precision of an endpoint's time, and mostly of the times of objects


@dataclass
class Faults:
    """Objects that do not land, with the reason: the first NAMED, and the number of others."""

    named: list[tuple[str, str]] = field(default_factory=list)
    more: int = 0

    def add(self, name: str, reason: str) -> None:
        if len(self.named) < NAMED:
            self.named.append((name, reason))
        else:
            self.more += 1

    def told(self) -> list[tuple[str, str]]:
        return [*self.named, *([("and more", f"{self.more:,} others, for such reasons")] if self.more else [])]


@dataclass(frozen=True)
class Fetched:
    """The last fetched version of each object, by its uri.

    `quiet` has the uris of objects that brought nothing new, `gone` of those whose delivery is no longer in landing.
    """

    note: Path
    versions: dict[str, ObjectVersion] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    @property
    def run(self) -> int:
        """The number of the last run that fetched something."""
        return max((version.fetch for version in self.versions.values()), default=0)

    def told(self, version: ObjectVersion) -> str | None:
        """A message where this version was fetched. An object that is put again has a new version, even with the same
        bytes.
        """
        known = self.versions.get(version.uri)
        if not known or _state(known) != _state(version):
            return None
        if version.uri in self.gone:
            return f"were fetched before, and are in no delivery any more: remove {self.note} to fetch them again"
        return "were fetched before"


@dataclass
class Look:
    """What is new in buckets. Each file of `drop` is one object; its path is relative to the folder of downloads."""

    source: Source
    store: Store
    fetched: Fetched
    drop: Drop = field(default_factory=Drop)
    unknown: Faults = field(default_factory=Faults)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    places: list[Address] = field(default_factory=list)
    begun: str | None = None
    is_any: bool = False

    def at(self, given: Address, *, redelivery: bool) -> None:
        """Adds what is new at an address."""
        place, now = self.store.begin(given)
        self.begun = self.begun or (iso(now)[:_TO_THE_SECOND] if now else None)
        counts: Counter[str] = Counter()
        for version in self.store.listed(place):
            if any(other.covers(version.uri) for other in self.places):
                counts["are given twice: read once"] += 1
            elif reason := self._add(place, version):
                counts[reason] += 1
        if counts.pop(REDELIVERY, 0) and redelivery:
            reason = f"a run is one delivery: land {place}{REDELIVERY}/ by itself (--no-redelivery leaves it out)"
            self.unknown.add(f"{REDELIVERY}/", reason)
        self.skipped += [(str(place), f"{count:,} objects {reason}") for reason, count in counts.items()]
        self.places.append(place)

    def _add(self, place: Address, version: ObjectVersion) -> str | None:
        """Adds a new version. For one that is not new and is to be counted, returns the reason."""
        parts = _parts(place, version)
        if any(part in ("", ".", "..") for part in parts[:-1]) or parts[-1] in (".", ".."):
            self.unknown.add("/".join(parts), "its key has an empty part, or . or ..: no file can have this name")
            return None
        if parts[-1] == "" or (place.is_folder and any(part.startswith(".") for part in parts[:-1])):
            return None
        if place.is_folder and parts[0] == REDELIVERY:
            return REDELIVERY
        is_hidden = place.is_folder and parts[-1].startswith(".")
        told = recognise(self.source, parts, is_whole=place.is_folder)
        if told is None or isinstance(told, str):
            if told and not is_hidden:
                self.unknown.add("/".join(parts), told)
            return None
        if is_hidden:
            return "have names that begin with a dot: rename them to land them"
        self.is_any = True
        if self.begun and version.last_modified[:_TO_THE_SECOND] > self.begun:
            return "came after this run began: the next one takes them"
        if told_before := self.fetched.told(version):
            return told_before
        entity, name, form = told
        path = Path(f"{len(self.drop.files):06d}{_ending(name)}")
        self.drop.files.append(Found(path, name, entity, form, (version,)))
        return None


def fetched_before(zone: Zone, deliveries: Iterable[Delivery]) -> Fetched:
    """What earlier runs fetched, from the manifests of the deliveries and from the note."""
    fetched = Fetched(zone.path / FETCHED)
    landed, quiet = _noted(fetched.note)
    held = set(_held(deliveries))
    for version in (*held, *landed, *quiet):
        known = fetched.versions.get(version.uri)
        if not known or version.fetch > known.fetch:
            fetched.versions[version.uri] = version
    last = set(fetched.versions.values())
    fetched.quiet.update(version.uri for version in quiet if version in last)
    fetched.gone.update(version.uri for version in landed if version in last and version not in held)
    return fetched


def look(source: Source, places: Sequence[Address], fetched: Fetched, *, redelivery: bool) -> Look:
    """Lists the addresses. Raises UserError where one cannot be listed, and where none ever held a file of the source.

    Objects that arrive after the first listing began are left to the next run, whose delivery is then later.
    """
    found = Look(source, store(), fetched)
    for place in places:
        found.at(place, redelivery=redelivery)
    if not found.is_any and not any(place.covers(uri) for place in found.places for uri in fetched.versions):
        patterns = ", ".join(pattern for entity in source.entities for pattern in entity.files)
        given = ", ".join(map(str, found.places))
        faults = "".join(f"; {visible(name)}: {reason}" for name, reason in found.unknown.named[:1])
        raise UserError(f"{given}: no object of {source.name} in it (expected {patterns}){faults}")
    put_in_order(found.drop)
    return found


def new_objects(source: Source, place: str) -> list[ObjectVersion]:
    """The objects at an address that the next run would fetch. Nothing is fetched, and no zone is locked."""
    zone = Zone(source)
    found = look(source, addresses([place]), fetched_before(zone, zone.deliveries()), redelivery=True)
    return [version for file in found.drop.files for version in file.objects]


def fetch(found: Look, session: Session) -> tuple[Drop, Faults]:
    """The new objects as files, and those that cannot be fetched. Raises UserError where none can."""
    number = found.fetched.run + 1
    folder = session.downloads()
    drop, faults, stopped = Drop(), Faults(), Event()

    def advance(count: int) -> None:
        if stopped.is_set():
            raise InterruptedError
        bar.update(count)

    def one(file: Found) -> Found | FileFault:
        [version] = file.objects
        path = folder / file.path
        try:
            identity = found.store.download(version, path, advance)
        except FileFault as fault:
            path.unlink(missing_ok=True)
            return fault
        return replace(file, path=path, objects=(replace(version, version_id=identity, fetch=number),))

    files = found.drop.files
    total = sum(version.size for file in files for version in file.objects)
    with (
        ThreadPoolExecutor(SIDE_BY_SIDE) as threads,
        progress(total=total, label=f"fetching {found.source.name}", unit="B") as bar,
    ):
        try:
            for start in range(0, len(files), _BATCH):
                batch = files[start : start + _BATCH]
                for file, result in zip(batch, threads.map(one, batch), strict=True):
                    if isinstance(result, FileFault):
                        faults.add(file.name, str(result))
                    else:
                        drop.files.append(result)
        except BaseException:
            stopped.set()
            raise
    return drop, faults


def dated(drop: Drop, deliveries: Sequence[Delivery]) -> tuple[datetime, datetime]:
    """When the objects were delivered, and the time of the latest object, to the second.

    The delivery has that time, moved up where needed: after deliveries with earlier versions of these objects, and
    never equal to another delivery's time. So of two fetches within a second the later one is delivered later.
    """
    uris = {version.uri for file in drop.files for version in file.objects}
    times = [datetime.fromisoformat(version.last_modified) for file in drop.files for version in file.objects]
    latest = max(times).replace(microsecond=0)
    before = [each.delivered_at for each in deliveries if any(version.uri in uris for version in _held([each]))]
    taken = {each.delivered_at for each in deliveries}
    at = max([latest, *(time + MOMENT for time in before)])
    while at in taken:
        at += MOMENT
    return at, latest


def note(session: Session, before: Fetched, landed: Sequence[ObjectVersion], quiet: Sequence[ObjectVersion]) -> None:
    """Records what has been fetched so far: versions that a delivery holds, and those that brought nothing new."""
    versions = {**before.versions, **{version.uri: version for version in (*landed, *quiet)}}
    silent = (before.quiet - {version.uri for version in landed}) | {version.uri for version in quiet}
    document: dict[str, list[dict[str, Any]]] = {"landed": [], "without_news": []}
    for uri in sorted(versions):
        document["without_news" if uri in silent else "landed"].append(asdict(versions[uri]))
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if versions and not (before.note.exists() and before.note.read_text(encoding="utf-8") == text):
        session.replace(before.note, text)


def _noted(path: Path) -> tuple[list[ObjectVersion], list[ObjectVersion]]:
    """The versions that a delivery held, and those that brought nothing new."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        landed, quiet = ([ObjectVersion(**entry) for entry in document[name]] for name in ("landed", "without_news"))
        return landed, quiet
    except FileNotFoundError:
        return [], []
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}: not readable ({error!r}): remove it; objects that are in no delivery are then fetched again"
        ) from error


def _held(deliveries: Iterable[Delivery]) -> Iterable[ObjectVersion]:
    return (version for delivery in deliveries for file in delivery.files for version in file.objects)


def _parts(place: Address, version: ObjectVersion) -> list[str]:
    """The parts of the key, below the requested folder."""
    root = str(place) if place.is_folder else str(Address(place.bucket, ""))
    return version.uri.removeprefix(root).split("/")


def _state(version: ObjectVersion) -> tuple[str, int, str]:
    return version.etag, version.size, version.last_modified


def _ending(name: str) -> str:
    """The suffix of a name by which readers recognise the format."""
    packed = ".gz" if name.endswith(".gz") else ""
    return Path(name.removesuffix(".gz")).suffix + packed
