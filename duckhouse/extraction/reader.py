"""The source as one snapshot of it shows it: its tables by the contract, their rows by ranges of ids, their digests."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from threading import local

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.extraction.arrays import FIRST_TIME, LAST_TIME, fixed_width, texts, times
from duckhouse.extraction.database import Database
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.landed_types import LANDED_TYPES
from duckhouse.sources import Entity

RANGE_BITS = 16
READERS = 2
RANGES_AHEAD = 4
MISSING = -(2**63)
# a value as the log spells it: a cast to text writes true where the log writes t
SPELLED = "case when {0} is distinct from null then concat({0}) end"
OUR_COLUMNS = ("operation", "changed_at")


@dataclass(frozen=True)
class Table:
    """A table of the contract as the database has it. `extra` are columns that the contract does not name."""

    entity: Entity
    schema: str
    extra: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.entity.name

    @property
    def columns(self) -> dict[str, str | None]:
        """The contract's columns that the database fills, with their types."""
        return {column.name: column.data_type for column in self.entity.columns if column.name not in OUR_COLUMNS}

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def hashed(self) -> sql.Composable:
        """A 64-bit hash of a row's content, computed by PostgreSQL; extra columns without a value do not change it."""
        own = sql.SQL("hash_record_extended(row({}), 0)").format(sql.SQL(", ").join(map(sql.Identifier, self.columns)))
        if not self.extra:
            return own
        return sql.SQL("({} # coalesce(hashtextextended({}, id), 0))").format(own, _unmapped(self))

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name)


@dataclass(frozen=True)
class Rows:
    """Rows of a table, sorted by id: the contract's columns and _unmapped, and the hash of each."""

    ids: np.ndarray
    hashes: np.ndarray
    columns: dict[str, pa.Array]


@dataclass(frozen=True)
class Digest:
    """How many rows, and the exclusive or of their hashes."""

    rows: int = 0
    hashes: int = 0


class Source:
    """The database in one repeatable-read snapshot, which two more sessions share to read ranges side by side."""

    snapshot: Snapshot
    at: datetime
    identity: str

    def __init__(self, database: Database, tables: Sequence[str]) -> None:
        self.database = database
        self._tables = tables
        self._sessions = ExitStack()
        self._mine = local()

    def __enter__(self) -> "Source":
        try:
            self._begin()
        except BaseException:
            self._sessions.close()
            raise
        return self

    def _begin(self) -> None:
        self._connection = self._sessions.enter_context(closing(self.database.connect()))
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
        """Keeps the tables from being dropped, rewritten or truncated, from which a snapshot is no shield. This must be
        done before the snapshot is taken; LOCK takes none.
        """
        for name in self._tables:
            try:
                self._connection.execute(sql.SQL("lock table {} in access share mode").format(sql.Identifier(name)))
            except psycopg.errors.UndefinedTable:
                raise UserError(
                    f"{self.database.address}: table {name} is missing; nothing is landed: restore it, or make the "
                    "schema with python -m scripts.postgres --migrate"
                ) from None

    def table(self, entity: Entity) -> Table:
        """Checks a table against the contract. Raises UserError where it cannot be read as the contract says."""
        types = dict(
            self._connection.execute(
                "select attname, atttypid::regtype::text from pg_attribute "
                "where attrelid = to_regclass(quote_ident(%s)) and attnum > 0 and not attisdropped order by attnum",
                [entity.name],
            ).fetchall()
        )
        [schema] = self._one(
            "select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "where pg_class.oid = to_regclass(quote_ident(%s))",
            [entity.name],
        )
        table = Table(entity, schema, tuple(name for name in types if name not in {c.name for c in entity.columns}))
        missing = [name for name in table.columns if name not in types]
        if missing:
            raise UserError(
                f"{self.database.address}: table {entity.name} has no column {missing[0]}, it has {', '.join(types)}; "
                "nothing is landed: name it so again, or change models/staging/ad_delivery/_ad_delivery__sources.yml"
            )
        for name, wanted in table.columns.items():
            accepted = LANDED_TYPES[wanted].postgres
            if accepted and types[name] not in accepted:
                raise UserError(
                    f"{self.database.address}: column {entity.name}.{name} is {types[name]}, the contract reads "
                    f"{' or '.join(accepted)}; nothing is landed: change it back, or change the contract"
                )
        self._check_key(entity.name)
        return table

    def _check_key(self, name: str) -> None:
        keyed = self._one(
            "select exists (select from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid "
            "and a.attnum = i.indkey[0] where i.indrelid = to_regclass(quote_ident(%s)) and i.indisunique "
            "and i.indisvalid and i.indpred is null and i.indnkeyatts = 1 and a.attname = 'id' and a.attnotnull)",
            [name],
        )[0]
        if not keyed:
            raise UserError(
                f"{self.database.address}: table {name} has no primary key id, rows cannot be told apart; nothing is "
                f"landed: alter table {name} add primary key (id)"
            )

    def count(self, table: Table) -> int:
        return self._one(sql.SQL("select count(*) from {}").format(table.identifier))[0]

    def digest(self, table: Table, below: int) -> Digest:
        """Of the rows whose id is below."""
        return Digest(*self._one(sql.SQL("select {}").format(self._digests(table)), [below]))

    def digests(self, table: Table, below: int) -> dict[int, Digest]:
        """Of the same rows, by range."""
        query = sql.SQL("select id >> {}, {} group by 1").format(RANGE_BITS, self._digests(table))
        found = self._connection.execute(query, [below]).fetchall()
        return {number: Digest(rows, hashes) for number, rows, hashes in found}

    @staticmethod
    def _digests(table: Table) -> sql.Composed:
        return sql.SQL("count(*), coalesce(bit_xor({}), 0) from {} where id < %s").format(
            table.hashed, table.identifier
        )

    def ranges(self, table: Table, start: int | None) -> Iterator[int]:
        """The ranges that hold rows with an id from `start` on, ascending."""
        while True:
            condition = sql.SQL("true" if start is None else "id >= {}").format(start)
            least = self._one(sql.SQL("select min(id) from {} where {}").format(table.identifier, condition))[0]
            if least is None:
                return
            yield least >> RANGE_BITS
            start = ((least >> RANGE_BITS) + 1) << RANGE_BITS

    def read_ranges(self, table: Table, ranges: Iterator[int]) -> Iterator[tuple[int, Rows]]:
        """The rows of each range, in the order given, read by several sessions ahead of who takes them."""
        ahead: list[tuple[int, Future[Rows]]] = []
        try:
            while True:
                wanted = islice(ranges, RANGES_AHEAD - len(ahead))
                ahead += [(number, self._readers.submit(self._read_range, table, number)) for number in wanted]
                if not ahead:
                    return
                number, rows = ahead.pop(0)
                yield number, rows.result()
        finally:
            for _, rows in ahead:
                rows.cancel()

    def _read_range(self, table: Table, number: int) -> Rows:
        low, high = number << RANGE_BITS, (number + 1) << RANGE_BITS
        return self._read(self._reader(), table, sql.SQL("id >= {} and id < {}").format(low, high))

    def read_hashes(self, table: Table, ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The ids that are there, sorted, and the hashes of their rows."""
        query = sql.SQL(
            "select array_agg(id::bigint), array_agg(hash) from "
            "(select id, {} as hash from {} where id = any(%s::bigint[]) order by id) as r"
        ).format(table.hashed, table.identifier)
        cursor = self._connection.cursor(binary=True).execute(query, [list(ids)])
        return fixed_width(cursor, 0), fixed_width(cursor, 1)

    def _read(self, connection: psycopg.Connection, table: Table, condition: sql.Composable) -> Rows:
        """Rows travel as one array a column, which is far less work for both sides than a message a row."""
        fields = {name: _field(name, data_type) for name, data_type in table.columns.items()}
        if table.extra:
            fields["_unmapped"] = _unmapped(table)
        fields["hash"] = table.hashed
        query = sql.SQL("select {} from (select {} from {} where {} order by id) as r").format(
            sql.SQL(", ").join(sql.SQL("array_agg({})").format(sql.Identifier(f"f{i}")) for i in range(len(fields))),
            sql.SQL(", ").join(
                sql.SQL("{} as {}").format(value, sql.Identifier(f"f{i}")) for i, value in enumerate(fields.values())
            ),
            table.identifier,
            condition,
        )
        cursor = connection.cursor(binary=True).execute(query)
        columns: dict[str, pa.Array] = {}
        outside: list[np.ndarray] = []
        for place, name in enumerate(fields):
            data_type = table.columns.get(name)
            if name == "hash" or data_type == "bigint":
                values = fixed_width(cursor, place)
                columns[name] = pa.array(values, mask=None if name in ("id", "hash") else values == MISSING)
            elif data_type == "timestamp":
                columns[name], odd = times(cursor, place)
                outside.append(odd)
            else:
                columns[name] = texts(cursor, place)
        ids = columns["id"].to_numpy()
        if "_unmapped" not in columns:
            columns["_unmapped"] = self._unmapped_times(connection, table, ids, np.logical_or.reduce(outside))
        return Rows(ids, columns.pop("hash").to_numpy(), columns)

    def _unmapped_times(
        self, connection: psycopg.Connection, table: Table, ids: np.ndarray, odd: np.ndarray
    ) -> pa.Array:
        """_unmapped where no column is extra: of the rows with `odd` times, which the database spells out."""
        if not odd.any():
            return pa.nulls(len(ids), pa.string())
        query = sql.SQL("select id, {} from {} where id = any(%s::bigint[])").format(_unmapped(table), table.identifier)
        spelled = dict(connection.execute(query, [ids[odd].tolist()]).fetchall())
        return pa.array(
            [spelled.get(number) if is_odd else None for number, is_odd in zip(ids.tolist(), odd, strict=True)],
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
        return self._mine.connection

    def _lock_now(self, connection: psycopg.Connection) -> None:
        """Whoever waits to truncate a table waits for the first session: to queue behind would be to wait for ever."""
        names = sql.SQL(", ").join(map(sql.Identifier, self._tables))
        try:
            connection.execute(sql.SQL("lock table {} in access share mode nowait").format(names))
        except psycopg.errors.LockNotAvailable:
            raise UserError(
                f"{self.database.address}: somebody waits to change or to truncate a table that is being read; nothing "
                "is landed: run again"
            ) from None

    def _one(self, query: sql.Composable | str, parameters: Sequence[object] = ()) -> tuple:
        return self._connection.execute(query, parameters or None).fetchone()


def _field(name: str, data_type: str | None) -> sql.Composable:
    template = {
        "bigint": "coalesce({}::bigint, {missing})",
        "timestamp": "coalesce({}, timestamp '-infinity')",
        None: SPELLED,
    }[data_type]
    return sql.SQL(template).format(sql.Identifier(name), missing=sql.Literal(MISSING))


def _unmapped(table: Table) -> sql.Composable:
    """What does not fit in the contract's columns, as a JSON object of texts; NULL where everything fits."""
    fields = [
        sql.SQL("{}, case when {column} not between {} and {} then {column}::text end").format(
            name, FIRST_TIME, LAST_TIME, column=sql.Identifier(name)
        )
        for name, data_type in table.columns.items()
        if data_type == "timestamp"
    ]
    fields += [sql.SQL("{}, {}").format(name, _field(name, None)) for name in table.extra]
    return sql.SQL("nullif(jsonb_strip_nulls(jsonb_build_object({}))::text, '{{}}')").format(sql.SQL(", ").join(fields))
