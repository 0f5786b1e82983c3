"""A delivery and its manifest: what arrived together, file by file."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from duckhouse.cli import UserError

MANIFEST = "manifest.json"
MOMENT = timedelta(microseconds=1)  # the smallest difference between the times of two deliveries


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object in a bucket: `uri` is s3://BUCKET/KEY, `size` in bytes, `last_modified` ISO 8601 in UTC.

    `version_id` is set where the bucket keeps versions; `fetch` is the number of the run that fetched it.
    """

    uri: str
    etag: str
    size: int
    last_modified: str
    version_id: str | None = None
    fetch: int = 0


@dataclass(frozen=True)
class SourceFile:
    """One landed file. records_read = records_landed + records_rejected + records_blank.

    `missing_columns` are declared and not in the file; None where that is not known. `objects` are the bucket's objects
    that had its bytes. For a partition of a stream, `offsets` are the first offset that is new in the delivery, and the
    one after the last.
    """

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
    missing_columns: tuple[str, ...] | None = None
    objects: tuple[ObjectVersion, ...] = ()
    offsets: tuple[int, int] | None = None


@dataclass(frozen=True)
class LakeRead:
    """What a delivery has from a table of the lake: messages from the offsets `start` up to the offsets `end`, both by
    topic id and partition. `end` belongs to a snapshot with `rows` rows, of which `valid` are valid messages.
    """

    snapshot: str
    start: Mapping[str, Mapping[str, int]]
    end: Mapping[str, Mapping[str, int]]
    rows: int
    valid: int


@dataclass(frozen=True)
class Retraction:
    """`delivery_id` counts from then on as if it had never come."""

    delivery_id: str
    reason: str


@dataclass(frozen=True)
class Delivery:
    """Files that arrived together. `delivered_at` is an aware UTC time, `path` the delivery's folder. `lake` says for
    each entity of a stream what was read. A delivery that `retracts` another has no files.
    """

    id: str
    source: str
    delivered_at: datetime
    path: Path
    files: tuple[SourceFile, ...]
    lake: Mapping[str, LakeRead] = field(default_factory=dict)
    retracts: Retraction | None = None

    def rejected_path(self, file: SourceFile) -> Path:
        return self.path / rejected_as(file.landed_as)


def retractions(deliveries: Iterable[Delivery]) -> dict[str, Delivery]:
    """The retraction of each retracted delivery, by the id of the latter."""
    return {each.retracts.delivery_id: each for each in deliveries if each.retracts}


def counted(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """The deliveries whose records count: neither retracted nor retractions."""
    known = list(deliveries)
    retracted = retractions(known)
    return [each for each in known if not each.retracts and each.id not in retracted]


def expected_rows(delivery: Delivery) -> dict[str, int]:
    """Row counts by table, according to the manifest."""
    rows = Counter({"_files": len(delivery.files) + bool(delivery.retracts)})
    for file in delivery.files:
        rows[file.entity] += file.records_landed
        rows["_rejected"] += file.records_rejected
    return dict(rows)


def rejected_as(landed_as: str) -> str:
    """The path of a file's rejected records in a delivery."""
    return f"_rejected/{landed_as.replace('/', '-')}"


def delivery_id(delivered_at: datetime, contents: list[tuple[str, str, str]]) -> str:
    """An id that sorts by time, then by content. `contents` has (entity, file name, sha256) for each file."""
    at = delivered_at.astimezone(UTC)
    stamp = f"{at.year:04d}{at:%m%dT%H%M%S%f}Z"
    return f"{stamp}-{sha256(json.dumps(sorted(contents)).encode()).hexdigest()[:8]}"


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment_of(text: str) -> datetime | None:
    """The moment in a text: 2026-03-25, 20260325T060000Z and similar; UTC unless it names a time zone."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_manifest(source: str, folder: Path) -> Delivery:
    """The delivery in a folder. Raises UserError without a readable manifest: then the zone was changed by hand."""
    manifest = folder / MANIFEST
    try:
        document = json.loads(manifest.read_text(encoding="utf-8"))
        files = tuple(_file(entry) for entry in document["files"])
        delivered_at = datetime.fromisoformat(document["delivered_at"])
        lake = {entity: LakeRead(**read) for entity, read in document.get("lake", {}).items()}
        retracts = Retraction(**document["retracts"]) if "retracts" in document else None
        return Delivery(document["delivery_id"], source, delivered_at, folder, files, lake, retracts)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{manifest}: not a readable manifest ({error!r}): restore it, or remove the folder and land again"
        ) from error


def _file(entry: dict[str, Any]) -> SourceFile:
    tuples = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    objects = tuple(ObjectVersion(**each) for each in entry.get("objects", ()))
    return SourceFile(**{**entry, **tuples, "objects": objects})


def _entry(file: SourceFile) -> dict[str, Any]:
    """The entry of a file; only files from a bucket have objects, and only partitions of a stream have offsets."""
    return {name: value for name, value in asdict(file).items() if name not in ("objects", "offsets") or value}


def write_manifest(folder: Path, delivery: Delivery) -> None:
    document: dict[str, Any] = {
        "delivery_id": delivery.id,
        "source": delivery.source,
        "delivered_at": iso(delivery.delivered_at),
        "files": [_entry(file) for file in delivery.files],
    }
    if delivery.lake:
        document["lake"] = {entity: asdict(read) for entity, read in delivery.lake.items()}
    if delivery.retracts:
        document["retracts"] = asdict(delivery.retracts)
    text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
