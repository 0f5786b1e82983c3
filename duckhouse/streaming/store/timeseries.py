"""The time-series store: what the consumer writes, replays and repairs, each in one transaction with its offsets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.extraction.database import Database, database_of, first_line
from duckhouse.settings import keep_days
from duckhouse.sources import Entity, Source
from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.offsets import Offsets, Partition
from duckhouse.streaming.sink import Overtaken
from duckhouse.streaming.store import selecting
from duckhouse.streaming.store.copying import copied
from duckhouse.streaming.store.days import drop_days_before, is_partitioned, make_days, spans
from duckhouse.streaming.store.settling import FAR, MISSING, REPAIRED, TEMPORARY, Settling, asked
from duckhouse.streaming.store.shape import DEAD_LETTER, check_key, fit, listed

# a writer waits for another writer; the server ends one that hangs
SETTINGS = """
    set lock_timeout = '2min'; set idle_in_transaction_session_timeout = '1min'; set client_min_messages = warning;
    set default_transaction_isolation = 'read committed';
    set timescaledb.max_tuples_decompressed_per_dml_transaction = 0; -- a late batch may touch compressed days
"""
LOCK = "lock table stream_offsets in share row exclusive mode"
"""Writers take turns from here to their commit: none overtakes or blocks another half-way. Readers do not wait."""
# looking up a few thousand keys one by one is fastest, but the planner assumes that the table is small
BY_KEY = "set local enable_hashjoin = off; set local enable_mergejoin = off; set local work_mem = '32MB'"
ANY_WAY = "set local enable_hashjoin = on; set local enable_mergejoin = on"


class Settled(NamedTuple):
    """What a store has written since it was opened: rows that became readings, and other rows."""

    readings: int = 0
    duplicates: int = 0
    conflicts: int = 0
    invalid: int = 0


class TimeSeriesStore:
    """A sink (duckhouse.streaming.sink). It has one connection; errors of the server become one-line UserErrors."""

    name = "store"

    def __init__(self, database: Database, connection: psycopg.Connection, entity: Entity) -> None:
        self._database = database
        self._connection = connection
        self._keep_days = keep_days(database.prefix)
        self._kept_from: date | None = None
        self._counts = Settled()
        with self._transaction():
            check_key(connection, entity)
        with self._turn():
            columns = fit(connection, entity)
            self._is_partitioned = is_partitioned(connection)
        self._entity = entity
        self._columns = [name for name in columns if name in rows_of.schema(entity).names]
        self._settling = Settling(columns, entity.keys)
        with self._transaction():
            connection.execute(TEMPORARY)

    def offsets(self) -> Offsets:
        with self._transaction():
            found = self._connection.execute("select topic_id, partition, next_offset from stream_offsets").fetchall()
        return {Partition(topic_id, number): offset for topic_id, number, offset in found}

    def counts(self) -> Settled:
        return self._counts

    def write(self, rows: pa.Table, expected: Offsets, reached: Offsets) -> None:
        self._drop_old_days()
        with self._transaction():
            self._copy(rows)
            self._lock()
            self._move(expected, reached)
            made = self._settle()
        self._counted(made)

    def rows(self, partition: Partition, start: int, end: int) -> Iterator[pa.Table]:
        query = selecting.rows(self._entity, self._columns)
        return self._read(query, [*partition, start, end] * selecting.TABLES)

    def invalid(self) -> Iterator[pa.Table]:
        return self._read(selecting.dead_letters(self._entity), [])

    def missing(self, rows: pa.Table) -> pa.Table:
        with self._transaction():
            return self._missing(rows)

    def add(self, rows: pa.Table) -> None:
        with self._turn():
            self._copy(self._missing(rows))
            made = self._settle()
        self._counted(made)

    def repair(self, rows: pa.Table) -> int:
        with self._turn():
            self._ask(rows)
            repaired = self._asked(rows, asked(REPAIRED))
            self._copy(repaired)
            made = self._settle()
        self._counted(made._replace(invalid=0))
        count: int = repaired.num_rows
        return count

    def _missing(self, rows: pa.Table) -> pa.Table:
        self._ask(rows)
        bounds = pc.min_max(rows["_offset"]).as_py()
        return self._asked(rows, asked(MISSING), bounds["min"], bounds["max"])

    def _ask(self, rows: pa.Table) -> None:
        places = rows.select([field.name for field in rows_of.PLACE])
        self._copy_to("asked", places.append_column("number", pa.array(range(rows.num_rows), pa.int64())))

    def _asked(self, rows: pa.Table, query: sql.Composed, *parameters: object) -> pa.Table:
        found = self._connection.execute(query, parameters).fetchall()
        return rows.take(pa.array(sorted(number for (number,) in found), pa.int64()))

    def _read(self, query: sql.Composed, parameters: list[object]) -> Iterator[pa.Table]:
        """Reads on a separate connection, so that the caller can write meanwhile."""
        try:
            with self._database.connect() as connection:
                yield from selecting.messages(connection, query, parameters, rows_of.schema(self._entity))
        except psycopg.Error as error:
            raise UserError(f"store at {self._database.address}: {first_line(error)}") from error

    def _move(self, expected: Offsets, reached: Offsets) -> None:
        found = self._connection.execute("select topic_id, partition, next_offset from stream_offsets").fetchall()
        stands = {Partition(topic_id, number): offset for topic_id, number, offset in found}
        for partition, offset in reached.items():
            if stands.get(partition) != expected.get(partition):
                raise Overtaken(f"{partition} stands at {stands.get(partition)}, not at {expected.get(partition)}")
            self._connection.execute(
                "insert into stream_offsets (topic_id, partition, next_offset) values (%s, %s, %s) "
                "on conflict (topic_id, partition) do update set next_offset = excluded.next_offset, moved_at = now()",
                [*partition, offset],
            )

    def _copy(self, rows: pa.Table) -> None:
        """Copies rows to the temporary tables."""
        self._copy_to("arrived", rows_of.valid(rows).select(self._columns))
        self._copy_to("refused", rows_of.invalid(rows).select(DEAD_LETTER))

    def _copy_to(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
            sql.Identifier(table), listed(rows.column_names)
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for piece in copied(rows):
                copy.write(piece)

    def _settle(self) -> Settled:
        """Moves the rows of the temporary tables to their final tables."""
        run = self._connection.execute
        if self._is_partitioned:
            make_days(self._connection)
        run(BY_KEY)
        [(arrived,)] = run("select count(*) from arrived").fetchall()
        self._of_days(self._settling.bring("readings_near", "arrived"), "arrived", FAR)
        rest = run(self._settling.place).rowcount
        duplicates, conflicts = self._settle_rest() if rest else (0, 0)
        invalid = run(
            sql.SQL("insert into dead_letters ({0}) select {0} from refused on conflict do nothing").format(
                listed(DEAD_LETTER)
            )
        ).rowcount
        return Settled(arrived - rest, duplicates, conflicts, invalid)

    def _settle_rest(self) -> tuple[int, int]:
        """Decides between rows that were not inserted and the readings of their keys; returns the numbers of duplicates
        and conflicts.
        """
        run = self._connection.execute
        self._of_days(self._settling.bring("readings_near", "rest"), "rest")
        run(self._settling.bring("readings_far", "rest"))
        run(ANY_WAY)
        [(duplicates, conflicts, displaced)] = run(self._settling.keep_repeats).fetchall()
        if displaced:
            run(BY_KEY)
            self._of_days(self._settling.replace("readings_near"), "rest")
            run(self._settling.replace("readings_far"))
        return duplicates, conflicts

    def _of_days(self, statement: sql.Composed, table: str, condition: str = "true") -> None:
        """Runs a statement about readings_near for the days of rows in a temporary table."""
        for span in spans(self._connection, table, condition):
            self._connection.execute(statement, span, prepare=False)

    def _drop_old_days(self) -> None:
        """Drops old days once a day, where days are not kept for ever."""
        if self._keep_days is None:
            return
        first = datetime.now(UTC).date() - timedelta(days=self._keep_days)
        if first != self._kept_from:
            with self._turn():
                drop_days_before(self._connection, first)
            self._kept_from = first

    def _counted(self, made: Settled) -> None:
        self._counts = Settled(*map(sum, zip(self._counts, made, strict=True)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            raise UserError(f"store at {self._database.address}: {first_line(error)}") from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A transaction of the only writer."""
        with self._transaction():
            self._lock()
            yield

    def _lock(self) -> None:
        self._connection.execute(LOCK)


@contextmanager
def open_store(source: Source, entity: Entity) -> Iterator[TimeSeriesStore]:
    """The store of a source; adds newly declared columns.

    Raises UserError where there is no database, where it has no tables, or where they do not fit the declaration.
    """
    with database_of(source) as database, database.connect(autocommit=True) as connection:
        connection.execute(SETTINGS)
        yield TimeSeriesStore(database, connection, entity)
