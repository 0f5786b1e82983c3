"""Messages of a partition as they land: valid ones as rows of their entity, invalid ones as rejected records."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duckhouse.extraction.arrays import FIRST_TIME, LAST_TIME
from duckhouse.landed_rows import Origin, rows_in
from duckhouse.landed_schemas import REJECTED_MESSAGES_SCHEMA, landed_schema
from duckhouse.landed_types import TIMESTAMP
from duckhouse.landing.files import landed_stem
from duckhouse.landing.manifest import SourceFile, rejected_as
from duckhouse.landing.zone import Draft
from duckhouse.readers.lines import KEPT_OF_LONG
from duckhouse.sources import Entity
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.rows import invalid, valid

FORMAT = "kafka"
_FIELDS = json.JSONDecoder(parse_int=str, parse_float=str)  # senders may write numbers of any length
MOST_NAMES, LONGEST_NAME = 1_000, 100  # limits for undeclared fields in a manifest: a device may send any
WAITING_ROWS = 32_768  # rows of a file that are collected and written together


def file_name(entity: Entity, partition: Partition) -> str:
    """The _source_file of messages: topic, topic id and partition, so that a recreated topic has its own."""
    return f"{entity.topic}/{partition.topic_id}/{partition.number}"


@dataclass
class MessagesFile:
    """A partition in a delivery: `write` adds messages, and `file` counts them after closing."""

    entity: Entity
    partition: Partition
    draft: Draft
    landed: int = 0
    rejected: int = 0
    _unmapped: set[str] = field(default_factory=set)
    _waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return file_name(self.entity, self.partition)

    @property
    def landed_as(self) -> str:
        return f"{self.entity.name}/{landed_stem(self.name)}.parquet"

    def write(self, rows: pa.Table) -> None:
        good, bad = valid(rows), invalid(rows)
        origin = Origin(self.draft.id, self.draft.delivered_at, self.name)
        if len(good):
            self._add(self.landed_as, landed(self.entity, good, origin))
            self._note_names(good["_unmapped"])
        if len(bad):
            self._add(rejected_as(self.landed_as), rejected(self.entity, bad, origin))
        self.landed += len(good)
        self.rejected += len(bad)

    def _note_names(self, unmapped: pa.ChunkedArray) -> None:
        for text in pc.unique(unmapped.drop_null()).to_pylist():
            for name in _FIELDS.decode(text):
                if len(self._unmapped) < MOST_NAMES:
                    self._unmapped.add(name[:LONGEST_NAME])

    def file(self, offsets: tuple[int, int], snapshot: str) -> SourceFile:
        """The entry of the manifest. Its hash is of what was read, because a partition is not a file with bytes.

        Raises RuntimeError where the files do not hold what was written to them.
        """
        held = rows_in(self._path(self.landed_as)), rows_in(self._path(rejected_as(self.landed_as)))
        if held != (self.landed, self.rejected):
            raise RuntimeError(f"{self.name}: {self.landed}, {self.rejected} messages written, {held} are in the files")
        return SourceFile(
            entity=self.entity.name,
            name=self.name,
            format=FORMAT,
            encoding=None,
            delimiter=None,
            size_bytes=sum(self._path(place).stat().st_size for place in self._writers),
            sha256=sha256(f"{self.name}:{offsets}@{snapshot}".encode()).hexdigest(),
            records_read=self.landed + self.rejected,
            records_landed=self.landed,
            records_rejected=self.rejected,
            records_blank=0,
            landed_as=self.landed_as,
            unmapped_columns=tuple(sorted(self._unmapped)),
            offsets=offsets,
        )

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def finish(self) -> None:
        """Writes the waiting rows."""
        for place in list(self._waiting):
            self._flush(place)
        self.close()

    def _add(self, place: str, table: pa.Table) -> None:
        waiting = self._waiting.setdefault(place, [])
        waiting.append(table)
        if sum(map(len, waiting)) >= WAITING_ROWS:
            self._flush(place)

    def _flush(self, place: str) -> None:
        table = pa.concat_tables(self._waiting.pop(place))
        path = self._path(place)
        if place not in self._writers:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[place] = pq.ParquetWriter(path, table.schema, compression="zstd", store_schema=False)
        self._writers[place].write_table(table, row_group_size=len(table))

    def _path(self, place: str) -> Path:
        return self.draft.folder / place


@contextmanager
def messages_file(entity: Entity, partition: Partition, draft: Draft) -> Iterator[MessagesFile]:
    """A file whose rows are all written when the block ends without an error."""
    made = MessagesFile(entity, partition, draft)
    try:
        yield made
        made.finish()
    finally:
        made.close()


def landed(entity: Entity, rows: pa.Table, origin: Origin) -> pa.Table:
    """Valid messages with the columns of landed rows. A time that engines cannot hold is NULL and in _unmapped."""
    schema = landed_schema(entity)
    given = _about(rows, origin)
    unmapped = rows["_unmapped"]
    for column in entity.columns:
        given[column.name], unfit = _as_landed(rows[column.name], schema.field(column.name).type)
        unmapped = _with_unfit(unmapped, column.name, rows[column.name], unfit)
    given |= {"_topic_id": rows["_topic_id"], "_partition": rows["_partition"], "_unmapped": unmapped}
    return _of_schema(given, schema)


def rejected(entity: Entity, rows: pa.Table, origin: Origin) -> pa.Table:
    """Invalid messages as rejected records: at most the first MiB of each, with \\xNN for bytes that are not UTF-8."""
    given = _about(rows, origin)
    given |= {
        "entity": pa.repeat(entity.name, len(rows)),
        "reason": rows["_fault"],
        "raw_text": _texts(rows["_value"]),
        "_key": _texts(rows["_key"]),
        "_detail": rows["_fault_detail"],
    }
    return _of_schema(given, REJECTED_MESSAGES_SCHEMA)


Given = dict[str, pa.Array | pa.ChunkedArray]


def _about(rows: pa.Table, origin: Origin) -> Given:
    """The origin of rows, and the times of their messages."""
    names = ("_delivery_id", "_delivered_at", "_source_file")
    times = {name: _as_landed(rows[name], TIMESTAMP.arrow)[0] for name in ("_produced_at", "_consumed_at")}
    return {**dict(zip(names, origin.columns(len(rows)), strict=True)), "_source_row": rows["_offset"], **times}


def _of_schema(given: Given, schema: pa.Schema) -> pa.Table:
    return pa.table([given[field.name].cast(field.type) for field in schema], schema=schema)


def _as_landed(values: pa.ChunkedArray, to: pa.DataType) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:
    """Values in the type in which they land, and a mask of those that it cannot hold; None where it holds all."""
    if to == TIMESTAMP.arrow:
        moments = values.cast(to)
        low, high = pa.scalar(FIRST_TIME, to), pa.scalar(LAST_TIME, to)
        unfit = pc.or_(pc.less(moments, low), pc.greater(moments, high))
        if not pc.any(unfit).as_py():
            return moments, None
        return pc.if_else(unfit, pa.scalar(None, to), moments), unfit
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, "%Y-%m-%dT%H:%M:%SZ"), None
    return values.cast(to), None


def _with_unfit(
    unmapped: pa.ChunkedArray, name: str, values: pa.ChunkedArray, unfit: pa.ChunkedArray | None
) -> pa.ChunkedArray:
    if unfit is None:
        return unmapped
    texts = unmapped.to_pylist()
    for place, is_unfit in enumerate(unfit.to_pylist()):
        if is_unfit:
            texts[place] = _with_text(texts[place] or "{}", name, values[place].as_py())
    return pa.chunked_array([pa.array(texts, pa.string())])


def _with_text(unmapped: str, name: str, moment: datetime) -> str:
    """The unmapped fields plus a time as text, unless they have it as sent. Other fields keep their spelling."""
    fields = _FIELDS.decode(unmapped)
    if name in fields:
        return unmapped
    added = json.dumps({name: moment.isoformat().replace("+00:00", "Z")}, ensure_ascii=False)
    return f"{unmapped[: unmapped.rindex('}')]}, {added[1:]}" if fields else added


def _texts(values: pa.ChunkedArray) -> pa.Array:
    return pa.array(
        [value and value[:KEPT_OF_LONG].decode(errors="backslashreplace") for value in values.to_pylist()],
        pa.string(),
    )
