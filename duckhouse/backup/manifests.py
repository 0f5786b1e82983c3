"""What a backup holds: a JSON document, written last, whose name ends in the SHA-256 of its bytes.

PLACE/backups/<time>-<sha256>.json; a run that was killed has none, so nothing of it is ever restored.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from duckhouse.backup.chunks import FOLDER as CHUNKS
from duckhouse.backup.chunks import Chunks, Kept
from duckhouse.backup.storage import Storage
from duckhouse.cli import UserError

FOLDER = "backups"
FORMAT = 1
KNOWN = re.compile(
    rf"{CHUNKS}/(?P<start>[0-9a-f]{{2}})/(?P=start)[0-9a-f]{{62}}|{FOLDER}/\d{{8}}T\d{{12}}Z-[0-9a-f]{{64}}\.json"
)


@dataclass(frozen=True)
class KeptRelation:
    """A table or view of ClickHouse, with the statement that creates it."""

    database: str
    name: str
    engine: str
    definition: str


@dataclass(frozen=True)
class Backup:
    """Files by name. `lake` is the folder in which the lake was, `prefix` that of the databases of `relations`."""

    files: Mapping[str, Kept]
    lake: str | None = None
    prefix: str | None = None
    relations: tuple[KeptRelation, ...] = field(default=())

    def below(self, folder: str) -> dict[str, Kept]:
        """The files of a folder, by their names in it."""
        start = f"{folder}/"
        return {name.removeprefix(start): kept for name, kept in self.files.items() if name.startswith(start)}


def opened(storage: Storage) -> tuple[Chunks, list[str]]:
    """The chunks of a storage, and the ids of its backups, oldest first. Raises UserError for a file of neither."""
    names = storage.names()
    for name in sorted(names):
        if not KNOWN.fullmatch(name):
            raise UserError(f"{storage}/{name} is no file of a backup: move it away, or name another place")
    chunks = {PurePosixPath(name).name for name in names if name.startswith(f"{CHUNKS}/")}
    return Chunks(storage, chunks), sorted(PurePosixPath(n).stem for n in names if n.startswith(f"{FOLDER}/"))


def save(storage: Storage, backup: Backup) -> str:
    """Writes the manifest, after which the backup counts; returns its id."""
    storage.flush()
    content = json.dumps({"format": FORMAT, **asdict(backup)}).encode()
    identity = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{sha256(content).hexdigest()}"
    storage.write(path_of(identity), content)
    storage.flush()
    return identity


def load(storage: Storage, identity: str) -> Backup:
    content = storage.read(path_of(identity))
    if not identity.endswith(sha256(content).hexdigest()):
        raise UserError(f"{storage}/{path_of(identity)} is damaged: nothing is restored; use another backup")
    document = json.loads(content)
    if document["format"] != FORMAT:
        raise UserError(f"{storage}/{path_of(identity)} is of another version of duckhouse: restore it with that one")
    files = {_safe(name): _kept(entry) for name, entry in document["files"].items()}
    relations = tuple(KeptRelation(**relation) for relation in document["relations"])
    return Backup(files, document["lake"], document["prefix"], relations)


def path_of(identity: str) -> str:
    return f"{FOLDER}/{identity}.json"


def _kept(entry: Mapping[str, Any]) -> Kept:
    return Kept(entry["size"], entry["modified"], tuple(entry["chunks"]))


def _safe(name: str) -> str:
    """The name of a file below the folder into which it is restored."""
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise UserError(f"{name!r} is outside of the backup: nothing is restored")
    return name
