"""What the deliveries so far add up to: the ids of each table and a hash of each row, kept in files beside them.

landing/<source>/.known/<delivery id>.json belongs to that delivery and names the row group of a Parquet file for each
range of ids. Files are never changed: a run writes a new one with the ranges that it changes, then the document, then
commits the delivery. Only the document of the newest committed delivery counts, so a killed run changes nothing.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.cli import UserError
from duckhouse.extraction.reader import RANGE_BITS, Digest
from duckhouse.landing.manifest import Delivery
from duckhouse.landing.zone import Zone, sync

FOLDER = ".known"
CLAIM = ".slot"
_SCHEMA = pa.schema([("id", pa.int64()), ("hash", pa.int64())])


@dataclass
class KnownTable:
    """The known rows of one table, by ranges of ids. `places` are the file and row group of each."""

    folder: Path
    name: str
    delivery_id: str
    digests: dict[int, Digest] = field(default_factory=dict)
    places: dict[int, tuple[str, int]] = field(default_factory=dict)
    _recalled: dict[int, np.ndarray] = field(default_factory=dict)
    _writer: pq.ParquetWriter | None = None
    _written: int = 0

    @property
    def rows(self) -> int:
        return sum(digest.rows for digest in self.digests.values())

    def digest(self, below: int) -> Digest:
        """Of the known rows of all ranges that lie below."""
        rows, hashes = 0, 0
        for number, digest in self.digests.items():
            if (number + 1) << RANGE_BITS <= below:
                rows, hashes = rows + digest.rows, hashes ^ digest.hashes
        return Digest(rows, hashes)

    def read(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The ids of a range, sorted, and their hashes. What this run has replaced cannot be read again."""
        if number in self._recalled:
            return self._recalled[number], np.zeros(len(self._recalled[number]), np.int64)
        if number not in self.places:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        name, group = self.places[number]
        try:
            table = pq.ParquetFile(self.folder / name).read_row_group(group)
        except (OSError, pa.ArrowException) as error:
            raise UserError(
                f"{self.folder / name}: not readable ({' '.join(str(error).split())}): remove {self.folder} and run "
                "python -m scripts.extract_postgres --full"
            ) from None
        return table["id"].to_numpy(), table["hash"].to_numpy()

    def replace(self, number: int, ids: np.ndarray, hashes: np.ndarray) -> None:
        """Makes `ids`, sorted, the known ones of a range."""
        for kept in (self.digests, self.places, self._recalled):
            kept.pop(number, None)
        if len(ids):
            self.digests[number] = Digest(len(ids), int(np.bitwise_xor.reduce(hashes)))
            self.places[number] = self._write(ids, hashes)

    def _write(self, ids: np.ndarray, hashes: np.ndarray) -> tuple[str, int]:
        name = f"{self.name}-{self.delivery_id}.parquet"
        if not self._writer:
            self._writer = pq.ParquetWriter(
                self.folder / name,
                _SCHEMA,
                compression="none",
                use_dictionary=False,
                column_encoding={"id": "DELTA_BINARY_PACKED"},
            )
        self._writer.write_table(pa.table([ids, hashes], schema=_SCHEMA), row_group_size=len(ids))
        self._written += 1
        return name, self._written - 1

    def recall(self, ids: np.ndarray) -> None:
        """Makes `ids`, sorted, known without their contents: every row of them that stands will count as changed."""
        numbers, starts = np.unique(ids >> RANGE_BITS, return_index=True)
        for number, part in zip(numbers.tolist(), np.split(ids, starts)[1:], strict=True):
            self._recalled[number] = part
            self.digests[number] = Digest(len(part))

    def __enter__(self) -> "KnownTable":
        return self

    def __exit__(self, *failure: object) -> None:
        if self._writer:
            self._writer.close()
            sync(self.folder / f"{self.name}-{self.delivery_id}.parquet")
            self._writer = None

    def document(self) -> dict[str, Any]:
        return {
            str(number): {"rows": digest.rows, "hashes": digest.hashes, "place": self.places[number]}
            for number, digest in sorted(self.digests.items())
        }


@dataclass
class Known:
    """What is known after a delivery: the source's identity, the snapshot that it showed, its replication slot."""

    folder: Path
    identity: str | None = None
    snapshot: str | None = None
    slot: dict[str, str] | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def table(self, name: str, delivery_id: str) -> KnownTable:
        """What is known of a table, to be changed by the delivery."""
        table = KnownTable(self.folder, name, delivery_id)
        for number, entry in self.tables.get(name, {}).items():
            table.digests[int(number)] = Digest(entry["rows"], entry["hashes"])
            table.places[int(number)] = (entry["place"][0], entry["place"][1])
        return table

    @classmethod
    def of_nothing(cls, zone: Zone) -> "Known":
        folder = zone.path / FOLDER
        folder.mkdir(exist_ok=True)
        return cls(folder)

    def claim(self, slot: str) -> None:
        """Notes that a replication slot of this name is ours, before it is made."""
        path = self.folder / f"{slot}{CLAIM}"
        path.touch()
        sync(path)
        sync(self.folder)

    def has_claimed(self, slot: str) -> bool:
        return (self.folder / f"{slot}{CLAIM}").exists()

    def save(self, delivery_id: str) -> None:
        """Writes the document, which counts once the delivery is committed."""
        document = {name: getattr(self, name) for name in ("identity", "snapshot", "slot", "tables")}
        path = self.folder / f"{delivery_id}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        sync(path)
        sync(self.folder)

    def sweep(self, delivery_id: str) -> None:
        """Removes what the delivery, which is committed, does not use."""
        used = {entry["place"][0] for table in self.tables.values() for entry in table.values()}
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
        return Known(known.folder, **json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{path}: not readable ({error}): remove it and run python -m scripts.extract_postgres --full"
        ) from None
