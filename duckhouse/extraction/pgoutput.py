"""The messages of PostgreSQL's logical replication (plugin pgoutput, protocol version 1)."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from duckhouse.extraction.arrays import EPOCH
from duckhouse.extraction.tables import TableName

_BEGIN = struct.Struct(">xqqI")
_COMMIT = struct.Struct(">xBqqq")


@dataclass(frozen=True)
class Begin:
    """A transaction begins. `at` is when it committed, UTC."""

    xid: int
    at: datetime


@dataclass(frozen=True)
class Commit:
    """The transaction ends; the log continues at `end`."""

    end: int


@dataclass(frozen=True)
class Upsert:
    """A row was inserted or updated. Values are texts. `was` is its previous key, where that changed. `kept` are
    columns with long values that did not change and are not in the log.
    """

    table: TableName
    values: dict[str, str | None]
    was: str | None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delete:
    table: TableName
    key: str | None


@dataclass(frozen=True)
class Truncate:
    tables: tuple[TableName, ...]


Message = Begin | Commit | Upsert | Delete | Truncate


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 1

    def take(self, layout: str) -> int:
        value: int
        [value] = struct.unpack_from(f">{layout}", self.data, self.at)
        self.at += struct.calcsize(f">{layout}")
        return value

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def text(self) -> str:
        end = self.data.index(0, self.at)
        found = self.data[self.at : end].decode()
        self.at = end + 1
        return found


def messages(stream: Iterable[bytes], keys: Mapping[TableName, str]) -> Iterator[Message]:
    """The messages of a stream, with the names of tables and columns from its relation messages. `keys` are the key
    columns of the tables; messages about other tables are left out.
    """
    relations: dict[int, tuple[TableName, list[str]]] = {}
    for data in stream:
        kind = data[:1]
        if kind == b"B":
            _, micros, xid = _BEGIN.unpack(data)
            yield Begin(xid, EPOCH + timedelta(microseconds=micros))
        elif kind == b"C":
            yield Commit(_COMMIT.unpack(data)[2])
        elif kind == b"R":
            oid, relation = _relation(_Reader(data))
            relations[oid] = relation
        elif kind in (b"I", b"U", b"D"):
            reader = _Reader(data)
            table, columns = relations[reader.take("I")]
            yield _change(reader, table, columns, keys.get(table, ""))
        elif kind == b"T":
            reader = _Reader(data)
            count, _ = reader.take("I"), reader.take("B")
            yield Truncate(tuple(relations[reader.take("I")][0] for _ in range(count)))


def _relation(reader: _Reader) -> tuple[int, tuple[TableName, list[str]]]:
    oid, schema, name = reader.take("I"), reader.text(), reader.text()
    reader.take("B")
    columns = []
    for _ in range(reader.take("H")):
        reader.take("B")
        columns.append(reader.text())
        reader.take("I")
        reader.take("i")
    return oid, (TableName(schema, name), columns)


def _change(reader: _Reader, table: TableName, columns: list[str], key: str) -> Upsert | Delete:
    old: dict[str, str | None] = {}
    whole: dict[str, str | None] = {}
    part = reader.bytes(1)
    if part in (b"K", b"O"):
        old = _tuple(reader, columns)
        whole = old if part == b"O" else {}
        part = reader.bytes(1)
    if part != b"N":
        return Delete(table, old.get(key))
    values = whole | _tuple(reader, columns)
    was = old.get(key)
    kept = tuple(name for name in columns if name not in values)
    return Upsert(table, values, was if was != values.get(key) else None, kept)


def _tuple(reader: _Reader, columns: list[str]) -> dict[str, str | None]:
    """The values by column, without unchanged ones that are too long for the log to repeat."""
    values: dict[str, str | None] = {}
    for name in columns[: reader.take("H")]:
        kind = reader.bytes(1)
        if kind == b"t":
            values[name] = reader.bytes(reader.take("I")).decode()
        elif kind == b"n":
            values[name] = None
    return values
