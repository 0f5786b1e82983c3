"""The landing zone of a source: landing/<source>/delivery=<id>/, its deliveries, and the session that adds to them.

The Parquet writer is imported only when needed: listing deliveries does not wait for Arrow.
"""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.landed import RETRACTION
from duckhouse.landing.looks import LOOK
from duckhouse.landing.manifest import (
    Delivery,
    LakeRead,
    Retraction,
    SourceFile,
    delivery_id,
    iso,
    read_manifest,
    write_manifest,
)
from duckhouse.locks import held
from duckhouse.settings import landing_dir
from duckhouse.signals import undisturbed
from duckhouse.sources import Source, load_source, sources

EMPTY = "00000000-empty"
INCOMING = ".incoming"


class ZoneIsHeld(UserError):
    """Another process writes to the zone."""


@dataclass(frozen=True)
class Zone:
    """The place of a source's deliveries."""

    source: Source

    @property
    def path(self) -> Path:
        return landing_dir() / self.source.name

    def delivery_path(self, identity: str) -> Path:
        return self.path / f"delivery={identity}"

    def deliveries(self) -> list[Delivery]:
        """The committed deliveries, oldest id first; the folder of typed empty tables is not one."""
        folders = sorted(self.path.glob("delivery=*"))
        return [
            read_manifest(self.source.name, folder)
            for folder in folders
            if folder.name != f"delivery={EMPTY}" and any(folder.iterdir())
        ]

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Locks the zone for one writer, and makes every entity exist in it. The system releases the lock when the
        process ends, however it ends.

        Raises ZoneIsHeld when another process has the lock.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.path / ".lock"))
            except BlockingIOError:
                raise ZoneIsHeld(f"another load is running on {self.path}: wait for it to end") from None
            session = Session(self)
            try:
                session.clean()
                session.prepare()
                yield session
            finally:
                with undisturbed():
                    session.clean()


@dataclass(frozen=True)
class Draft:
    """A delivery that is being written: its rows go to `folder`, which readers do not see."""

    id: str
    delivered_at: datetime
    folder: Path


@dataclass(frozen=True)
class Session:
    """The one writer of a zone."""

    zone: Zone

    def begin(
        self,
        delivered_at: datetime,
        contents: list[tuple[str, str, str]],
        retracted: Mapping[str, Delivery] | None = None,
    ) -> Draft:
        """Starts a delivery; an uncommitted one is dropped. `contents` has (entity, file name, sha256) per file.

        The id of a `retracted` delivery is not used again: its retraction then becomes part of what the id is made of.
        """
        identity = delivery_id(delivered_at, contents)
        while retracted and identity in retracted:
            contents = [*contents, (RETRACTION, retracted[identity].id, "")]
            identity = delivery_id(delivered_at, contents)
        return Draft(identity, delivered_at, self._incoming())

    def retract(self, delivered_at: datetime, retraction: Retraction) -> Delivery:
        """Commits a delivery without files that retracts another."""
        identity = delivery_id(delivered_at, [(RETRACTION, retraction.delivery_id, retraction.reason)])
        draft = Draft(f"{identity}-{RETRACTION}", delivered_at, self._incoming())
        return self.commit(draft, [], retracts=retraction)

    def commit(
        self,
        draft: Draft,
        files: Sequence[SourceFile],
        lake: Mapping[str, LakeRead] | None = None,
        retracts: Retraction | None = None,
    ) -> Delivery:
        """Turns the draft into the delivery of these files, by one rename; `lake` says what was read for a stream."""
        from duckhouse.landing.zone_tables import write_files_table

        target = self.zone.delivery_path(draft.id)
        source, at = self.zone.source.name, draft.delivered_at
        delivery = Delivery(draft.id, source, at, target, tuple(files), lake or {}, retracts)
        write_files_table(draft.folder, delivery)
        write_manifest(draft.folder, delivery)
        _sync_tree(draft.folder)
        try:
            draft.folder.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise UserError(f"{target} is in the way: it is not a delivery of this load; remove it") from error
        sync(target.parent)
        self.note_look()
        return delivery

    def note_look(self) -> None:
        """Records that the source was checked now and everything new has landed."""
        fresh = self._incoming() / LOOK
        fresh.write_text(iso(datetime.now(UTC)), encoding="utf-8")
        sync(fresh)
        fresh.rename(self.zone.path / LOOK)
        sync(self.zone.path)

    def prepare(self) -> None:
        """Makes every entity exist, typed and without rows, so that readers work before any data is there.

        Each file is replaced by one rename, and only where the columns of its entity have changed.
        """
        from duckhouse.landing.zone_tables import stale_tables, write_table

        empty = self.zone.delivery_path(EMPTY)
        stale = stale_tables(self.zone.source, empty)
        if not stale:
            return
        folder = self._incoming()
        for place, schema in stale.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = folder / f"{place.parent.name}.parquet"
            write_table(fresh, schema)
            sync(fresh)
            fresh.rename(place)
            sync(place.parent)
        sync(empty)
        sync(self.zone.path)

    def downloads(self) -> Path:
        """A new, empty folder for what the session fetches; it is removed when the session ends."""
        return self._incoming("objects")

    def replace(self, path: Path, text: str) -> None:
        """Replaces the text of a file of the zone, by one rename."""
        fresh = self._incoming("note") / path.name
        fresh.write_text(text, encoding="utf-8")
        sync(fresh)
        fresh.rename(path)
        sync(path.parent)

    def clean(self) -> None:
        """Removes what was started and not committed."""
        shutil.rmtree(self.zone.path / INCOMING, ignore_errors=True)

    def _incoming(self, kind: str = "load") -> Path:
        """A new, empty folder on the zone's file system, where readers do not look."""
        folder = self.zone.path / INCOMING / f"{kind}-{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder.resolve()


def prepare(source: Source) -> Zone:
    """Makes every entity of `source` exist in its zone."""
    zone = Zone(source)
    with zone.session():
        return zone


def prepare_missing() -> None:
    """Creates the zones of sources without landed data: dbt reads every source. A locked zone is left to its writer."""
    for source in map(load_source, sources()):
        if not Zone(source).delivery_path(EMPTY).exists():
            with suppress(ZoneIsHeld):
                prepare(source)


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent) / name)
        sync(Path(parent))


def sync(path: Path) -> None:
    """Flushes a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
