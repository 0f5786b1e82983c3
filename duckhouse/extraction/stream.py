"""What changed since the last delivery, as the write-ahead log tells it: every change, in the order of commits.

A delivery holds the transactions that its snapshot sees and the snapshot of the delivery before does not. That joins
deliveries without gap or overlap, whatever the slot sends again, and whichever way the deliveries before were found.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from duckhouse.cli import UserError
from duckhouse.extraction.arrays import FIRST_TIME, LAST_TIME
from duckhouse.extraction.known import KnownTable
from duckhouse.extraction.pgoutput import Begin, Commit, Delete, Message, Truncate, Upsert, messages
from duckhouse.extraction.reader import RANGE_BITS, Source, Table
from duckhouse.extraction.slot import Slot, lsn
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.writer import Output, repeated

BATCH_ROWS = 50_000


@dataclass
class TableStream:
    """The changes of one table, written as they come. `stands` says of each id that changed whether its row stands."""

    table: Table
    known: KnownTable
    output: Output
    stands: dict[int, bool] = field(default_factory=dict)
    is_truncated: bool = False
    _rows: list[tuple[int, str, datetime, Mapping[str, str | None] | None]] = field(default_factory=list)

    def upsert(self, change: Upsert, at: datetime) -> None:
        if change.kept:
            raise UserError(
                f"the log does not carry {change.table}.{change.kept[0]} of a row that was updated (a long value that "
                f"stayed); nothing is landed: alter table {change.table} replica identity full, and run "
                "python -m scripts.extract_postgres once, which compares tables"
            )
        missing = [name for name in self.table.columns if name not in change.values]
        if missing:
            raise UserError(
                f"the log holds rows of {change.table} without column {missing[0]}, from before it was named so; "
                "nothing is landed: run python -m scripts.extract_postgres once, which compares tables"
            )
        if change.was is not None:
            self._remove(int(change.was), at)
        number = int(change.values["id"] or 0)
        self.stands[number] = True
        self._add(number, "upsert", at, change.values)

    def delete(self, change: Delete, at: datetime) -> None:
        if change.id is None:
            raise UserError(
                f"the log does not tell which rows of {change.table} were deleted; nothing is landed: run "
                "python -m scripts.extract_postgres once, which compares tables"
            )
        self._remove(int(change.id), at)

    def _remove(self, number: int, at: datetime) -> None:
        self.stands[number] = False
        self._add(number, "delete", at, None)

    def truncate(self, at: datetime) -> None:
        """A tombstone for every row that stands."""
        self.flush()
        if not self.is_truncated:
            for number in sorted(self.known.digests):
                ids, _ = self.known.read(number)
                standing = ids[[self.stands.get(key, True) for key in ids.tolist()]]
                self._write_tombstones(standing, at)
                self.stands.update(dict.fromkeys(standing.tolist(), False))
        standing = np.array([key for key, stands in self.stands.items() if stands], np.int64)
        self._write_tombstones(standing, at)
        self.stands.clear()
        self.is_truncated = True

    def _write_tombstones(self, ids: np.ndarray, at: datetime) -> None:
        count = len(ids)
        self.output.write(
            {"id": pa.array(ids), "operation": repeated("delete", count), "changed_at": repeated(at, count)}, count
        )

    def _add(self, number: int, operation: str, at: datetime, values: Mapping[str, str | None] | None) -> None:
        self._rows.append((number, operation, at, values))
        if len(self._rows) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        rows, self._rows = self._rows, []
        told = [values or {} for _, _, _, values in rows]
        odd: list[dict[str, str | None]] = [{name: values.get(name) for name in self.table.extra} for values in told]
        columns = {
            name: _typed(name, data_type, [values.get(name) for values in told], odd)
            for name, data_type in self.table.columns.items()
        }
        columns |= {
            "id": pa.array([number for number, _, _, _ in rows], pa.int64()),
            "operation": pa.array([operation for _, operation, _, _ in rows], pa.string()),
            "changed_at": pa.array([at for _, _, at, _ in rows], pa.timestamp("us")),
            "_unmapped": pa.array([unmapped_text(fields) for fields in odd], pa.string()),
        }
        self.output.write(columns, len(rows))

    def settle(self, source: Source) -> np.ndarray:
        """Makes what was landed the known rows: how many rows are new, changed and deleted by it.

        The hash of a row is what the source has; 0, which no comparison takes for right, where it has no such row.
        """
        ids = np.array(sorted(self.stands), np.int64)
        standing = np.array([self.stands[number] for number in ids.tolist()], bool)
        hashes = np.zeros(len(ids), np.int64)
        found, found_hashes = source.read_hashes(self.table, ids[standing].tolist())
        hashes[np.searchsorted(ids, found)] = found_hashes
        ranges = ids >> RANGE_BITS
        counts = np.zeros(3, int)
        for number in sorted({*ranges.tolist(), *(self.known.digests if self.is_truncated else ())}):
            here = standing & (ranges == number)
            counts += self._settle_range(number, ids[ranges == number], ids[here], hashes[here])
        return counts

    def _settle_range(self, number: int, touched: np.ndarray, ids: np.ndarray, hashes: np.ndarray) -> np.ndarray:
        was, were = self.known.read(number)
        kept = np.zeros(len(was), bool) if self.is_truncated else ~np.isin(was, touched)
        now, are = np.concatenate([was[kept], ids]), np.concatenate([were[kept], hashes])
        order = np.argsort(now)
        self.known.replace(number, now[order], are[order])
        common, before, after = np.intersect1d(was, now, assume_unique=True, return_indices=True)
        return np.array([len(now) - len(common), (were[before] != are[after]).sum(), len(was) - len(common)])


def read_stream(slot: Slot, tables: dict[str, TableStream], previous: Snapshot, source: Source) -> str | None:
    """Writes the changes of the transactions that the source's snapshot sees and the previous one does not. `tables`
    are named with their schemas.

    Gives the position up to which the slot may forget once the delivery is committed; None where it must keep all.
    """
    end_of_log = slot.flush()
    confirmed: str | None = None
    waits = False
    for transaction in _transactions(messages(slot.stream())):
        is_seen = source.snapshot.sees(transaction.begin.xid)
        if is_seen and not previous.sees(transaction.begin.xid):
            for change in transaction.changes:
                _apply(change, tables, transaction.begin.at)
        else:
            for _ in transaction.changes:
                pass
        waits = waits or not is_seen
        if not waits:
            confirmed = lsn(transaction.end)
    for table in tables.values():
        table.flush()
    return confirmed if waits else max(filter(None, (confirmed, end_of_log)), key=_position)


@dataclass
class _Transaction:
    begin: Begin
    changes: Iterator[Message]
    end: int = 0


def _transactions(stream: Iterator[Message]) -> Iterator[_Transaction]:
    """The transactions of the log; the changes of one must be taken before the next."""
    for message in stream:
        if isinstance(message, Begin):
            transaction = _Transaction(message, iter(()))
            transaction.changes = _until_commit(stream, transaction)
            yield transaction


def _until_commit(stream: Iterable[Message], transaction: _Transaction) -> Iterator[Message]:
    for message in stream:
        if isinstance(message, Commit):
            transaction.end = message.end
            return
        yield message


def _apply(change: Message, tables: Mapping[str, TableStream], at: datetime) -> None:
    """A publication may hold other tables too."""
    if isinstance(change, Truncate):
        for name in change.tables:
            if name in tables:
                tables[name].truncate(at)
    elif isinstance(change, Upsert) and change.table in tables:
        tables[change.table].upsert(change, at)
    elif isinstance(change, Delete) and change.table in tables:
        tables[change.table].delete(change, at)


def _position(text: str) -> int:
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def _typed(name: str, data_type: str | None, values: list[str | None], odd: list[dict[str, str | None]]) -> pa.Array:
    if data_type == "bigint":
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    if data_type == "timestamp":
        moments = [_moment(value) for value in values]
        for value, moment, fields in zip(values, moments, odd, strict=True):
            if moment is None:
                fields[name] = value
        return pa.array(moments, pa.timestamp("us"))
    return pa.array(values, pa.string())


def _moment(text: str | None) -> datetime | None:
    """None also for what no engine holds: infinity, times before Christ or of years beyond."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment and FIRST_TIME <= moment <= LAST_TIME else None


def unmapped_text(fields: Mapping[str, str | None]) -> str | None:
    """What does not fit in the contract's columns, as PostgreSQL prints a jsonb object of it; NULL for nothing."""
    known = {name: value for name, value in fields.items() if value is not None}
    ordered = dict(sorted(known.items(), key=lambda item: (len(item[0].encode()), item[0].encode())))
    return json.dumps(ordered, ensure_ascii=False) if ordered else None
