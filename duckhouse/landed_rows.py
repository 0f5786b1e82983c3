"""What a file produces in the landing zone: its landed rows and its rejected records, as Parquet."""

import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landed_schemas import REJECTED_SCHEMA, landed_schema
from duckhouse.sources import Entity

BATCH_ROWS = 50_000
BATCH_BYTES = 32 << 20
_MONTHS = 12
_DATE = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})[-/][0-9]{4}")


@dataclass(frozen=True)
class Origin:
    """Where rows come from: what the loader adds to each of them."""

    delivery_id: str
    delivered_at: datetime
    file: str

    @property
    def naive_utc(self) -> datetime:
        return self.delivered_at.astimezone(UTC).replace(tzinfo=None)

    def columns(self, rows: int) -> list[pa.Array]:
        return [
            pa.repeat(pa.scalar(self.delivery_id), rows),
            pa.repeat(pa.scalar(self.naive_utc, pa.timestamp("us")), rows),
            pa.repeat(pa.scalar(self.file), rows),
        ]


class _Parquet:
    """Rows gathered into bounded batches of one Parquet file, which exists from the first batch on.

    After an error the remaining rows are not written: that would fail too, and hide the cause.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self._writer: pq.ParquetWriter | None = None
        self._rows: list[tuple[Any, ...]] = []
        self._bytes = 0

    def add(self, row: tuple[Any, ...], size: int) -> None:
        self._rows.append(row)
        self._bytes += size
        if len(self._rows) >= BATCH_ROWS or self._bytes >= BATCH_BYTES:
            self._flush()

    def _columns(self, rows: list[tuple[Any, ...]]) -> list[pa.Array]:
        raise NotImplementedError

    def _flush(self) -> None:
        if not self._writer:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.path, self.schema, compression="zstd")
        self._writer.write_table(pa.Table.from_arrays(self._columns(self._rows), schema=self.schema))
        self._rows, self._bytes = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not kind:
            self.close()
        elif self._writer:
            with suppress(OSError, pa.ArrowException):
                self._writer.close()

    def close(self) -> None:
        if self._rows:
            self._flush()
        if self._writer:
            self._writer.close()


class Landed(_Parquet):
    """Landed rows of a file: (values of the declared columns, _unmapped, _source_row). The file always exists."""

    def __init__(self, path: Path, entity: Entity, origin: Origin) -> None:
        super().__init__(path, landed_schema(entity))
        self._origin = origin
        self._width = len(entity.columns)

    def _columns(self, rows: list[tuple[Any, ...]]) -> list[pa.Array]:
        values = [pa.array([row[0][i] for row in rows], pa.string()) for i in range(self._width)]
        places = pa.array([row[2] for row in rows], pa.int64())
        return [*values, *self._origin.columns(len(rows)), places, pa.array([row[1] for row in rows], pa.string())]

    def close(self) -> None:
        if not self._writer:
            self._flush()
        super().close()


class Rejects(_Parquet):
    """Rejected records of a file; several threads may add. There is no file where nothing is rejected."""

    def __init__(self, path: Path, entity: Entity, origin: Origin) -> None:
        super().__init__(path, REJECTED_SCHEMA)
        self._entity = entity.name
        self._origin = origin
        self._lock = threading.Lock()

    def reject(self, row: int, reason: str, text: str) -> None:
        with self._lock:
            self.add((row, reason, text), len(text))

    def _columns(self, rows: list[tuple[Any, ...]]) -> list[pa.Array]:
        places, reasons, texts = zip(*rows, strict=True)
        entity = pa.repeat(pa.scalar(self._entity), len(rows))
        return [
            *self._origin.columns(len(rows)),
            pa.array(places, pa.int64()),
            entity,
            pa.array(reasons),
            pa.array(texts),
        ]


def first_rejected(path: Path) -> tuple[int, str, str]:
    """The first of the rejected records of a file: its row, the reason, its text."""
    first = pq.read_table(path, columns=["_source_row", "reason", "raw_text"]).sort_by("_source_row").slice(0, 1)
    [(row, reason, text)] = zip(*first.to_pydict().values(), strict=True)
    return row, reason, text


def rejected_by_reason(path: Path) -> list[tuple[str, int, int]]:
    """Each reason in the rejected records of a file, with its count and its first row; the earliest first."""
    rejected = pq.read_table(path, columns=["reason", "_source_row"])
    grouped = rejected.group_by("reason").aggregate([("_source_row", "count"), ("_source_row", "min")])
    found = grouped.select(["reason", "_source_row_count", "_source_row_min"]).to_pydict()
    return sorted(zip(*found.values(), strict=True), key=lambda each: each[2])


def columns_without_values(path: Path, entity: Entity) -> list[str]:
    """The declared columns that are NULL in each row of a landed file."""
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    return [
        column.name
        for place, column in enumerate(entity.columns)
        if groups and all(_is_null(group.column(place)) for group in groups)
    ]


def undecided_date(path: Path, column: str) -> str | None:
    """An ambiguous date of a landed column, where the other dates do not agree, or do not show, if the day is first."""
    texts = pq.read_table(path, columns=[column]).column(0).unique().to_pylist()
    found = filter(None, (_DATE.fullmatch(text.strip()) for text in texts if text))
    dates = {(int(first), int(second)) for first, second in (each.groups() for each in found)}
    undecided = [date for date in dates if max(date) <= _MONTHS and date[0] != date[1]]
    are_day_first = {first > _MONTHS for first, second in dates if min(first, second) <= _MONTHS < max(first, second)}
    if not undecided or len(are_day_first) == 1:
        return None
    first, second = min(undecided)
    return f"{first:02}/{second:02}"


def _is_null(chunk: Any) -> bool:
    return bool(chunk.statistics and chunk.statistics.null_count == chunk.num_values)


def rows_in(path: Path) -> int:
    """How many rows a written Parquet file holds; 0 where there is no file."""
    rows: int = pq.read_metadata(path).num_rows if path.exists() else 0
    return rows
