"""A table whose changes are read from the write-ahead log: they are written in order and update the known rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from duckhouse.cli import UserError
from duckhouse.extraction.changes import ChangesFile, repeated
from duckhouse.extraction.command import command
from duckhouse.extraction.known import KnownTable
from duckhouse.extraction.pgoutput import Delete, Upsert
from duckhouse.extraction.reader import SnapshotReader
from duckhouse.extraction.revision import Revision
from duckhouse.extraction.tables import SourceTable
from duckhouse.extraction.values import CONVERSIONS, integer, unmapped_text

BATCH_ROWS = 50_000

Fields = dict[str, str | None]


@dataclass
class FollowedTable:
    """`stands` says for each changed key whether its row still exists. `is_apart` says, at the end, whether the source
    has other rows than those that landed.
    """

    table: SourceTable
    known: KnownTable
    file: ChangesFile
    stands: dict[int, bool] = field(default_factory=dict)
    is_truncated: bool = False
    is_apart: bool = False
    _rows: list[tuple[int, str, datetime, Mapping[str, str | None]]] = field(default_factory=list)
    _contents: dict[int, int] = field(default_factory=dict)  # a hash, by key

    def upsert(self, change: Upsert, at: datetime) -> None:
        if change.kept:
            raise UserError(
                f"the log does not carry {change.table}.{change.kept[0]} of a row that was updated (a long value that "
                f"stayed); nothing is landed: alter table {change.table} replica identity full, and run "
                f"{self._once()}"
            )
        lost = [name for name in self.table.columns if name not in change.values]
        if lost:
            raise UserError(
                f"the log holds rows of {change.table} without column {lost[0]}, from before it was named so; "
                f"nothing is landed: run {self._once()}"
            )
        key = self._key(change, change.values[self.table.key])
        if change.was is not None:
            self._remove(self._key(change, change.was), at)
        self.stands[key] = True
        self._contents[key] = hash(tuple(map(change.values.get, self.table.names)))
        self._add(key, "upsert", at, change.values)

    def _key(self, change: Upsert | Delete, text: str | None) -> int:
        key = integer(text)
        if key is None:
            raise UserError(
                f"the log holds rows of {change.table} whose {self.table.key} is {text or 'NULL'}, from before it was "
                f"the key; nothing is landed: run {self._once()}"
            )
        return key

    def delete(self, change: Delete, at: datetime) -> None:
        if change.key is None:
            raise UserError(
                f"the log does not tell which rows of {change.table} were deleted; nothing is landed: run "
                f"{self._once()}"
            )
        self._remove(self._key(change, change.key), at)

    def _once(self) -> str:
        return f"{command(self.known.source)} once, which compares tables"

    def _remove(self, key: int, at: datetime) -> None:
        self.stands[key] = False
        self._add(key, "delete", at, {})

    def truncate(self, at: datetime) -> None:
        """A tombstone for every row that exists."""
        self.flush()
        if not self.is_truncated:
            for place in range(len(self.known.ranges)):
                keys, _ = self.known.read(place)
                standing = keys[[self.stands.get(key, True) for key in keys.tolist()]]
                self._write_tombstones(standing, at)
                self.stands.update(dict.fromkeys(standing.tolist(), False))
        standing = np.array([key for key, stands in self.stands.items() if stands], np.int64)
        self._write_tombstones(standing, at)
        self.stands.clear()
        self.is_truncated = True

    def _write_tombstones(self, keys: np.ndarray, at: datetime) -> None:
        count = len(keys)
        self.file.write(
            {self.table.key: pa.array(keys), "operation": repeated("delete", count), "changed_at": repeated(at, count)},
            count,
        )

    def _add(self, key: int, operation: str, at: datetime, values: Mapping[str, str | None]) -> None:
        self._rows.append((key, operation, at, values))
        if len(self._rows) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        rows, self._rows = self._rows, []
        told = [values for _, _, _, values in rows]
        columns, odd = self._typed(told)
        columns |= {
            self.table.key: pa.array([key for key, _, _, _ in rows], pa.int64()),
            "operation": pa.array([operation for _, operation, _, _ in rows], pa.string()),
            "changed_at": pa.array([at for _, _, at, _ in rows], pa.timestamp("us")),
            "_unmapped": pa.array([unmapped_text(fields) for fields in odd], pa.string()),
        }
        self.file.write(columns, len(rows))

    def _typed(self, told: Sequence[Mapping[str, str | None]]) -> tuple[dict[str, pa.Array], list[Fields]]:
        """The declared columns, and for each row the values that do not fit in them."""
        columns: dict[str, pa.Array] = {}
        odd: list[Fields] = [{name: values.get(name) for name in self.table.extra} for values in told]
        for name, data_type in self.table.columns.items():
            values = [fields.get(name) for fields in told]
            columns[name], unfit = CONVERSIONS[data_type].from_log(values)
            for place in [] if unfit is None else np.flatnonzero(unfit).tolist():
                odd[place][name] = values[place]
        return columns, odd

    def settle(self, reader: SnapshotReader, revision: Revision) -> tuple[int, int, int]:
        """Updates the known rows with what landed; returns how many rows are new, changed and deleted.

        The hash of a row is the source's where that row is what landed, else 0, which no comparison accepts.
        """
        touched = np.array(sorted(self.stands), np.int64)
        stands = np.array([self.stands[key] for key in touched.tolist()], bool)
        landed = {
            key: row_hash
            for key, row_hash, values in reader.spelled(self.table, touched[stands])
            if hash(values) == self._contents[key]
        }
        hashes = np.array([landed.get(key, 0) for key in touched.tolist()], np.int64)
        self.is_apart = len(landed) < stands.sum()
        counts = np.zeros(3, int)
        for place, here in self._by_range(touched):
            counts += self._settle_range(revision, place, touched[here], hashes[here], stands[here])
        new, changed, deleted = counts.tolist()
        return new, changed, deleted

    def _by_range(self, touched: np.ndarray) -> list[tuple[int, slice]]:
        """The known ranges that change, each with those of the touched keys that are in it."""
        starts = np.searchsorted(touched, self.known.lows[1:])
        ends = [*starts.tolist(), len(touched)]
        slices = [slice(start, end) for start, end in zip([0, *starts.tolist()], ends, strict=True)]
        return [(place, part) for place, part in enumerate(slices) if self.is_truncated or part.start < part.stop]

    def _settle_range(
        self, revision: Revision, place: int, touched: np.ndarray, hashes: np.ndarray, stands: np.ndarray
    ) -> np.ndarray:
        span = self.known.span(place)
        was, were = self.known.between(span)
        kept = np.zeros(len(was), bool) if self.is_truncated else ~np.isin(was, touched)
        now, are = np.concatenate([was[kept], touched[stands]]), np.concatenate([were[kept], hashes[stands]])
        order = np.argsort(now)
        revision.replace(span, now[order], are[order])
        common, before, after = np.intersect1d(was, now, assume_unique=True, return_indices=True)
        changed = (were[before] != are[after]) & (are[after] != 0)
        return np.array([len(now) - len(common), changed.sum(), len(was) - len(common)])
