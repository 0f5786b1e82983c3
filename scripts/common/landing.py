"""The landing zone: landing/<source>/delivery=<id>/, its deliveries, its lock, and how a delivery gets in."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.common.cli import UserError
from scripts.common.contract import Entity, Source
from scripts.common.settings import landing_dir

EMPTY = "00000000-empty"
INCOMING = ".incoming"
MANIFEST = "manifest.json"

_TIMESTAMP = pa.timestamp("us")
_LANDED_TYPES = {None: pa.string(), "bigint": pa.int64(), "timestamp": _TIMESTAMP}
_ORIGIN = [("_delivery_id", pa.string()), ("_delivered_at", _TIMESTAMP), ("_source_file", pa.string())]

FILES_SCHEMA = pa.schema(
    [
        *_ORIGIN,
        ("entity", pa.string()),
        ("format", pa.string()),
        ("size_bytes", pa.int64()),
        ("sha256", pa.string()),
        ("records_read", pa.int64()),
        ("records_landed", pa.int64()),
        ("records_rejected", pa.int64()),
        ("records_blank", pa.int64()),
    ]
)
REJECTED_SCHEMA = pa.schema(
    [
        *_ORIGIN,
        ("_source_row", pa.int64()),
        ("entity", pa.string()),
        ("reason", pa.string()),
        ("raw_text", pa.string()),
    ]
)


def landed_schema(entity: Entity) -> pa.Schema:
    """The columns of a landed row: the contract's, text unless it gives a type, then where the row comes from."""
    columns = [(column.name, _LANDED_TYPES[column.data_type]) for column in entity.columns]
    return pa.schema([*columns, *_ORIGIN, ("_source_row", pa.int64()), ("_unmapped", pa.string())])


@dataclass(frozen=True)
class SourceFile:
    """One landed file. records_read = records_landed + records_rejected + records_blank."""

    entity: str
    name: str
    format: str
    encoding: str | None
    delimiter: str | None
    size_bytes: int
    sha256: str
    records_read: int
    records_landed: int
    records_rejected: int
    records_blank: int
    landed_as: str
    unmapped_columns: tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """What arrived together. `delivered_at` is an aware UTC time, `path` the delivery's folder."""

    id: str
    source: str
    delivered_at: datetime
    path: Path
    files: tuple[SourceFile, ...]


def zone(source: str) -> Path:
    return landing_dir() / source


def delivery_path(source: str, delivery_id: str) -> Path:
    return zone(source) / f"delivery={delivery_id}"


def delivery_id(delivered_at: datetime, contents: list[tuple[str, str, str]]) -> str:
    """An id that sorts by time, then content. `contents` is (entity, file name, sha256) of each file."""
    at = delivered_at.astimezone(UTC)
    stamp = f"{at.year:04d}{at:%m%dT%H%M%S%f}Z"
    return f"{stamp}-{sha256(json.dumps(sorted(contents)).encode()).hexdigest()[:8]}"


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def deliveries(source: str) -> list[Delivery]:
    """The committed deliveries of `source`, oldest id first; the typed empty one is none.

    Raises UserError for a delivery folder without a readable manifest: the zone was changed by hand.
    """
    folders = sorted(zone(source).glob("delivery=*"))
    return [_read(source, folder) for folder in folders if folder.name != f"delivery={EMPTY}" and any(folder.iterdir())]


def _read(source: str, folder: Path) -> Delivery:
    manifest = folder / MANIFEST
    try:
        document = json.loads(manifest.read_text(encoding="utf-8"))
        files = tuple(
            SourceFile(**{**entry, "unmapped_columns": tuple(entry["unmapped_columns"])}) for entry in document["files"]
        )
        delivered_at = datetime.fromisoformat(document["delivered_at"])
        return Delivery(document["delivery_id"], source, delivered_at, folder, files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{manifest}: not a readable manifest ({error!r}): restore it, or remove the folder and land again"
        ) from error


@contextmanager
def lock(source: str) -> Iterator[None]:
    """Holds the zone of `source` for one writer; the system frees it when the process ends, however it ends.

    Raises UserError when another process holds it.
    """
    zone(source).mkdir(parents=True, exist_ok=True)
    path = zone(source) / ".lock"
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another load is running on {zone(source)}: wait for it to end") from None
        yield


def incoming(source: str) -> Path:
    """A new, empty folder for a load to write in: the zone's file system, outside what readers see. Needs the lock."""
    root = zone(source) / INCOMING
    clean(source)
    folder = root / f"load-{os.getpid()}"
    folder.mkdir(parents=True)
    return folder.resolve()


def clean(source: str) -> None:
    """Removes what a load that was killed has left behind. Needs the lock."""
    shutil.rmtree(zone(source) / INCOMING, ignore_errors=True)


def commit(folder: Path, delivery: Delivery) -> None:
    """Writes manifest and file list into `folder` and makes it the delivery, by one rename. Needs the lock."""
    _write_files_table(folder, delivery)
    document = {
        "delivery_id": delivery.id,
        "source": delivery.source,
        "delivered_at": iso(delivery.delivered_at),
        "files": [asdict(file) for file in delivery.files],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    _sync_tree(folder)
    try:
        folder.rename(delivery.path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise UserError(f"{delivery.path} is in the way: it is not a delivery of this load; remove it") from error
    sync(delivery.path.parent)


def _write_files_table(folder: Path, delivery: Delivery) -> None:
    at = delivery.delivered_at.astimezone(UTC).replace(tzinfo=None)
    rows = [
        {"_delivery_id": delivery.id, "_delivered_at": at, "_source_file": file.name, **asdict(file)}
        for file in delivery.files
    ]
    (folder / "_files").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, FILES_SCHEMA), folder / "_files" / "files.parquet", compression="zstd")


def prepare_empty(source: Source) -> None:
    """Makes every entity of `source` exist, typed and without rows, so that readers work before any data is there.

    Each file is replaced by one rename, and only where the contract's columns have changed. Needs the lock.
    """
    schemas = {entity.name: landed_schema(entity) for entity in source.entities}
    schemas |= {"_files": FILES_SCHEMA, "_rejected": REJECTED_SCHEMA}
    stale = {name: schema for name, schema in schemas.items() if _schema_of(_empty(source, name)) != schema}
    if not stale:
        return
    temporary = incoming(source.name)
    for name, schema in stale.items():
        target = _empty(source, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.ParquetWriter(temporary / f"{name}.parquet", schema, compression="zstd").close()
        sync(temporary / f"{name}.parquet")
        (temporary / f"{name}.parquet").rename(target)
        sync(target.parent)
    sync(delivery_path(source.name, EMPTY))
    sync(zone(source.name))
    clean(source.name)


def prepare(source: Source) -> None:
    """Makes every entity of `source` exist, typed and empty."""
    with lock(source.name):
        prepare_empty(source)
        clean(source.name)


def _empty(source: Source, name: str) -> Path:
    return delivery_path(source.name, EMPTY) / name / "empty.parquet"


def _schema_of(path: Path) -> pa.Schema | None:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowInvalid):
        return None


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent) / name)
        sync(Path(parent))


def sync(path: Path) -> None:
    """Brings a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
