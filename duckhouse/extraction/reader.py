"""The source as seen in one snapshot: its tables, their rows in chunks, their digests."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from threading import local
from typing import Any, LiteralString

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.extraction import queries
from duckhouse.extraction.arrays import fixed_width, texts
from duckhouse.extraction.database import Database, only_row
from duckhouse.extraction.ranges import FIRST_KEY, Cutter, Digest, KeySpan
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.tables import (
    SourceTable,
    TableName,
    check_kind,
    checked_table,
    find_tables,
    missing,
    tables_of,
)
from duckhouse.extraction.values import CONVERSIONS
from duckhouse.sources import Source

READERS = 2
CHUNKS_AHEAD = 4
ROWS_AT_A_TIME = 10_000


@dataclass(frozen=True)
class Rows:
    """Rows of a table, sorted by key: the declared columns and _unmapped, and the hash of each."""

    keys: np.ndarray
    hashes: np.ndarray
    columns: dict[str, pa.Array]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(values.nbytes for values in self.columns.values())


class SnapshotReader:
    """A database in one repeatable-read snapshot, shared by two more sessions that read chunks in parallel."""

    snapshot: Snapshot
    at: datetime
    identity: str

    def __init__(self, database: Database, source: Source) -> None:
        self.database = database
        self.source = source
        self._entities = tables_of(source)
        self._names: dict[str, TableName] = {}
        self._sessions = ExitStack()
        self._mine = local()

    def __enter__(self) -> "SnapshotReader":
        try:
            self._begin()
        except BaseException:
            self._sessions.close()
            raise
        return self

    def _begin(self) -> None:
        self._connection = self._sessions.enter_context(closing(self.database.connect()))
        self._names = find_tables(self._connection, self.database.address, self.source.name, self._entities)
        for entity in self._entities:
            check_kind(self._connection, self.database.address, entity, self._names[entity.name])
        self._connection.rollback()
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        self._lock_tables()
        snapshot, self._exported, at = self._one(
            "select pg_current_snapshot()::text, pg_export_snapshot(), clock_timestamp()"
        )
        self.snapshot, self.at = Snapshot.parse(snapshot), at.astimezone(UTC)
        [self.identity] = self._one("select system_identifier || '/' || current_database() from pg_control_system()")
        self._readers = self._sessions.enter_context(ThreadPoolExecutor(READERS))

    def __exit__(self, *failure: object) -> None:
        self._sessions.close()

    def _lock_tables(self) -> None:
        """Prevents the tables from being dropped, rewritten or truncated: a snapshot does not protect against that. The
        locks must come before the snapshot; LOCK itself does not take one.
        """
        for entity in self._entities:
            table = self._names[entity.name].identifier
            try:
                self._connection.execute(sql.SQL("lock table {} in access share mode").format(table))
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                raise missing(self.database.address, self.source.name, entity) from None

    def tables(self) -> list[SourceTable]:
        """The tables of the source. Raises UserError where one cannot be read as declared."""
        return [
            checked_table(self._connection, self.database.address, self.source, entity, self._names[entity.name])
            for entity in self._entities
        ]

    def count(self, table: SourceTable) -> int:
        rows: int = self._one(queries.count(table, KeySpan()))[0]
        return rows

    def digest(self, table: SourceTable, below: int) -> Digest:
        """The digest of the rows whose key is below `below`."""
        return Digest(*self._one(queries.digest(table, KeySpan(FIRST_KEY, below))))

    def digests(self, table: SourceTable, lows: Sequence[int], below: int) -> list[Digest]:
        """The digests of the same rows, by the parts into which `lows` (ascending) divide them."""
        found = self._connection.execute(queries.digests(table, KeySpan(FIRST_KEY, below), lows)).fetchall()
        by_place = {place: Digest(rows, hashes) for place, rows, hashes in found}
        return [by_place.get(place, Digest()) for place in range(len(lows) + 1)]

    def read(self, table: SourceTable, spans: Iterable[KeySpan]) -> Iterator[tuple[KeySpan, Rows]]:
        """The rows of the spans in the given order; spans with many rows are cut."""
        cutter = Cutter(lambda span, place: self._key_at(table, span, place))
        chunks = (chunk for span in spans for chunk in cutter.chunks(span))
        for chunk, rows in self._read_ahead(table, chunks):
            cutter.saw(len(rows.keys), rows.size)
            yield chunk, rows

    def _key_at(self, table: SourceTable, span: KeySpan, place: int) -> int | None:
        row = self._connection.execute(queries.key_at(table, span, place)).fetchone()
        return row[0] if row else None

    def _read_ahead(self, table: SourceTable, chunks: Iterator[KeySpan]) -> Iterator[tuple[KeySpan, Rows]]:
        """Several sessions read chunks ahead of the consumer."""
        ahead: list[Future[list[tuple[KeySpan, Rows]]]] = []
        try:
            while True:
                wanted = islice(chunks, CHUNKS_AHEAD - len(ahead))
                ahead += [self._readers.submit(self._read_parts, table, chunk) for chunk in wanted]
                if not ahead:
                    return
                yield from ahead.pop(0).result()
        finally:
            for parts in ahead:
                parts.cancel()

    def spelled(self, table: SourceTable, keys: np.ndarray) -> Iterator[tuple[int, int, tuple[str | None, ...]]]:
        """For each of the keys that exists: the key, the hash of the row, and its values as the log spells them."""
        for start in range(0, len(keys), ROWS_AT_A_TIME):
            asked = keys[start : start + ROWS_AT_A_TIME].tolist()
            for key, row_hash, *values in self._connection.execute(queries.spelled(table, asked)):
                yield key, row_hash, tuple(values)

    def _read_parts(self, table: SourceTable, span: KeySpan) -> list[tuple[KeySpan, Rows]]:
        """The rows of a span, in parts where the rows are too long for the server to send at once."""
        connection = self._reader()
        try:
            with connection.transaction():
                return [(span, self._read_chunk(connection, table, span))]
        except psycopg.errors.ProgramLimitExceeded:
            [rows] = only_row(connection, queries.count(table, span))
            if rows < 2:
                raise
            [middle] = only_row(connection, queries.key_at(table, span, rows // 2))
        return self._read_parts(table, KeySpan(span.low, middle)) + self._read_parts(table, KeySpan(middle, span.high))

    def _read_chunk(self, connection: psycopg.Connection, table: SourceTable, span: KeySpan) -> Rows:
        cursor = connection.cursor(binary=True).execute(queries.rows(table, span))
        columns: dict[str, pa.Array] = {}
        outside: list[np.ndarray] = []
        for place, (name, data_type) in enumerate(table.columns.items()):
            columns[name], unfit = CONVERSIONS[data_type].from_query(cursor, place)
            if unfit is not None:
                outside.append(unfit)
        keys, hashes = columns[table.key].to_numpy(), fixed_width(cursor, len(columns) + bool(table.extra))
        if (twice := keys[1:][keys[1:] == keys[:-1]]).size:
            raise UserError(
                f"{self.database.address}: table {table.shown} has the {table.key} {twice[0]} twice, as where a table "
                f"inherits it; nothing is landed: give each row a {table.key} of its own"
            )
        if table.extra:
            columns["_unmapped"] = texts(cursor, len(table.columns))
        else:
            unfit = np.logical_or.reduce(outside) if outside else np.zeros(len(keys), bool)
            columns["_unmapped"] = self._spelled_out(connection, table, keys, unfit)
        return Rows(keys, hashes, columns)

    @staticmethod
    def _spelled_out(
        connection: psycopg.Connection, table: SourceTable, keys: np.ndarray, unfit: np.ndarray
    ) -> pa.Array:
        """_unmapped where no column is extra: only rows with `unfit` values have it. The database spells it out."""
        if not unfit.any():
            return pa.nulls(len(keys), pa.string())
        spelled: dict[int, str | None] = dict(
            connection.execute(queries.unmapped_of(table, keys[unfit].tolist())).fetchall()
        )
        return pa.array(
            [spelled.get(key) if is_unfit else None for key, is_unfit in zip(keys.tolist(), unfit, strict=True)],
            pa.string(),
        )

    def _reader(self) -> psycopg.Connection:
        """The session of this thread, which sees the same snapshot."""
        if not hasattr(self._mine, "connection"):
            connection = self._sessions.enter_context(closing(self.database.connect()))
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            self._lock_now(connection)
            connection.execute(sql.SQL("set transaction snapshot {}").format(self._exported))
            connection.execute("set local enable_seqscan = off")
            connection.execute("set local max_parallel_workers_per_gather = 0")
            self._mine.connection = connection
        mine: psycopg.Connection = self._mine.connection
        return mine

    def _lock_now(self, connection: psycopg.Connection) -> None:
        """Locks without waiting: a session that waits to truncate a table waits for our first session, so waiting
        behind it would never end.
        """
        names = sql.SQL(", ").join(name.identifier for name in self._names.values())
        try:
            connection.execute(sql.SQL("lock table {} in access share mode nowait").format(names))
        except psycopg.errors.LockNotAvailable:
            raise UserError(
                f"{self.database.address}: another session waits to change or truncate a table that is being read; "
                "nothing is landed: run again"
            ) from None

    def _one(self, query: sql.Composed | LiteralString) -> tuple[Any, ...]:
        return only_row(self._connection, query)
