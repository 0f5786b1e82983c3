"""The state after all deliveries so far: the keys of each table and a hash of each row, kept in files beside them.

landing/<source>/.known/<delivery id>.json belongs to that delivery and names the row group of a Parquet file for each
range of keys. Files are never changed: a run writes a new one with the ranges that it changes, then the document, then
commits the delivery. Only the document of the newest committed delivery counts, so a killed run changes nothing.
"""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.cli import UserError
from duckhouse.extraction.command import command
from duckhouse.extraction.ranges import FIRST_KEY, Digest, KeySpan
from duckhouse.landing.manifest import Delivery
from duckhouse.landing.zone import Zone, sync

FOLDER = ".known"
CLAIM = ".slot"
FORMAT = 2
# in the previous format a range was the number that its keys have as their upper bits, and this was the publication
_FORMER_BITS = 16
_FORMER_PUBLICATION = "duckhouse"

KeysAndHashes = tuple[np.ndarray, np.ndarray]
NO_ROWS: KeysAndHashes = np.empty(0, np.int64), np.empty(0, np.int64)


@dataclass(frozen=True)
class KnownRange:
    """The known rows from the key `low` up to the next range; `place` is their file and row group."""

    low: int
    digest: Digest
    place: tuple[str, int] | None


@dataclass
class KnownTable:
    """The known rows of one table when the run begins. The first range begins with the lowest possible key."""

    folder: Path
    source: str
    ranges: list[KnownRange]
    _recalled: KeysAndHashes | None = None
    _last_read: tuple[int, KeysAndHashes] | None = None
    _files: dict[str, pq.ParquetFile] = field(default_factory=dict)

    @cached_property
    def lows(self) -> list[int]:
        return [known.low for known in self.ranges]

    def span(self, place: int) -> KeySpan:
        """The keys from one range to the next; all keys where nothing is known."""
        low = self.lows[place] if self.ranges else FIRST_KEY
        return KeySpan(low, self.lows[place + 1] if place + 1 < len(self.ranges) else None)

    def place_of(self, key: int) -> int:
        """The number of the range that holds the key."""
        return max(0, bisect_right(self.lows, key) - 1)

    def digest(self, count: int) -> Digest:
        """The digest of the known rows of the first `count` ranges."""
        rows, hashes = 0, 0
        for known in self.ranges[:count]:
            rows, hashes = rows + known.digest.rows, hashes ^ known.digest.hashes
        return Digest(rows, hashes)

    def read(self, place: int) -> KeysAndHashes:
        """The keys of a range, sorted, and their hashes."""
        if self._recalled:
            return self._recalled
        if not self._last_read or self._last_read[0] != place:
            self._last_read = place, self._read(*(self.ranges[place].place or ("", 0)))
        return self._last_read[1]

    def _read(self, name: str, group: int) -> KeysAndHashes:
        try:
            if name not in self._files:
                self._files[name] = pq.ParquetFile(self.folder / name)
            table = self._files[name].read_row_group(group)
        except (OSError, pa.ArrowException) as error:
            raise UserError(
                f"{self.folder / name}: not readable ({' '.join(str(error).split())}): remove {self.folder} and run "
                f"{command(self.source, '--full')}"
            ) from None
        keys, hashes = table.columns
        return keys.to_numpy(), hashes.to_numpy()

    def between(self, span: KeySpan) -> KeysAndHashes:
        """The known keys of a span, sorted, and their hashes."""
        if not self.ranges:
            return NO_ROWS
        last = len(self.ranges) if span.high is None else bisect_right(self.lows, span.high - 1)
        parts = [_cut(self.read(place), span) for place in range(self.place_of(span.low), last)]
        return np.concatenate([keys for keys, _ in parts]), np.concatenate([hashes for _, hashes in parts])

    def recall(self, keys: np.ndarray) -> None:
        """Makes `keys` (sorted) known without their contents: each of their rows that exists will count as changed."""
        self.ranges = [KnownRange(FIRST_KEY, Digest(len(keys)), None)] if len(keys) else []
        self._recalled = keys, np.zeros(len(keys), np.int64)

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def _cut(rows: KeysAndHashes, span: KeySpan) -> KeysAndHashes:
    keys, hashes = rows
    start = np.searchsorted(keys, span.low)
    end = len(keys) if span.high is None else np.searchsorted(keys, span.high)
    return keys[start:end], hashes[start:end]


@dataclass
class Known:
    """What is known after a delivery: the source's identity, the snapshot that it showed, its replication slot, and the
    names and shapes that its tables had.
    """

    folder: Path
    source: str
    identity: str | None = None
    snapshot: str | None = None
    slot: dict[str, str] | None = None
    names: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[KnownRange]] = field(default_factory=dict)

    def table(self, name: str) -> KnownTable:
        return KnownTable(self.folder, self.source, self.tables.get(name, []))

    @classmethod
    def of_nothing(cls, zone: Zone) -> "Known":
        folder = zone.path / FOLDER
        folder.mkdir(exist_ok=True)
        return cls(folder, zone.source.name)

    def claim(self, slot: str) -> None:
        """Records that a replication slot of this name is ours, before it is created."""
        path = self.folder / f"{slot}{CLAIM}"
        path.touch()
        sync(path)
        sync(self.folder)

    def has_claimed(self, slot: str) -> bool:
        return (self.folder / f"{slot}{CLAIM}").exists()

    def save(self, delivery_id: str) -> None:
        """Writes the document, which counts once the delivery is committed. That of a committed one is replaced by one
        rename.
        """
        tables = {
            name: {
                str(known.low): {"rows": known.digest.rows, "hashes": known.digest.hashes, "place": known.place}
                for known in ranges
            }
            for name, ranges in self.tables.items()
        }
        document = {name: getattr(self, name) for name in ("identity", "snapshot", "slot", "names", "shapes")}
        path = self.folder / f"{delivery_id}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"format": FORMAT, **document, "tables": tables}), encoding="utf-8")
        sync(fresh)
        fresh.rename(path)
        sync(self.folder)

    def sweep(self, delivery_id: str) -> None:
        """Removes files that the committed delivery does not use."""
        used = {known.place[0] for ranges in self.tables.values() for known in ranges if known.place}
        for path in self.folder.iterdir():
            if path.name not in used | {f"{delivery_id}.json"} and path.suffix != CLAIM:
                path.unlink()


def load_known(zone: Zone, newest: Delivery | None) -> Known | None:
    """What is known after the `newest` delivery of a source; None where that is lost. Needs the lock of the zone."""
    known = Known.of_nothing(zone)
    if newest is None:
        return known
    path = known.folder / f"{newest.id}.json"
    try:
        document = _current(json.loads(path.read_text(encoding="utf-8")))
        tables = {name: _ranges(entries) for name, entries in document.pop("tables").items()}
        return Known(known.folder, known.source, **document, tables=tables)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: not readable ({error}): remove it and run {command(known.source, '--full')}"
        ) from None


def _current(document: dict[str, Any]) -> dict[str, Any]:
    """A document in the current format, from one in this format or the previous one."""
    written = document.pop("format", 1)
    if written == 1:
        slot = document["slot"]
        if slot:
            document["slot"] = {**slot, "publication": _FORMER_PUBLICATION, "version": slot.get("publication")}
        document["tables"] = {
            name: {str(int(number) << _FORMER_BITS): entry for number, entry in entries.items()}
            for name, entries in document["tables"].items()
        }
    elif written != FORMAT:
        raise ValueError(f"format {written}, of another version")
    return document


def _ranges(entries: dict[str, Any]) -> list[KnownRange]:
    ranges = sorted(
        (
            KnownRange(int(low), Digest(entry["rows"], entry["hashes"]), tuple(entry["place"]))
            for low, entry in entries.items()
        ),
        key=lambda known: known.low,
    )
    return [KnownRange(FIRST_KEY, ranges[0].digest, ranges[0].place), *ranges[1:]] if ranges else []
