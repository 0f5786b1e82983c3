"""JSONL: one JSON object per line."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL
from duckdb.sqltypes import BIGINT, VARCHAR

from duckhouse.duck import TO_PARQUET, connection, literal, name, refused
from duckhouse.landed_rows import Origin, Rejects
from duckhouse.readers.exactjson import Rejected, reader
from duckhouse.readers.lines import SCHEMA, Lines, without_end
from duckhouse.readers.stored import opened
from duckhouse.readers.template import FastPath, learn
from duckhouse.sources import Entity

_SAMPLED_LINES = 300


def land(
    path: Path,
    entity: Entity,
    origin: Origin,
    target: Path,
    rejects: Rejects,
    advance: Callable[[int], object],
    threads: int,
) -> tuple[int, int, list[str]]:
    """Lands a JSONL file in one pass; returns records read, records blank, and the names that are not declared.

    Raises FileFault where the stream cannot be read to its end.
    """
    unmapped_names: Counter[str] = Counter()
    with opened(path, advance) as stream, connection(threads) as connected:
        lines = Lines(stream, rejects.reject)
        batches = _Source(lines.batches())
        first = next(batches, None)
        fast = learn(_sample(first), entity) if first else None
        incoming = pa.RecordBatchReader.from_batches(SCHEMA, chain([first] if first else [], batches))
        connected.register("incoming", incoming)
        _register_exact(connected, entity, batches.remembering(rejects.reject), unmapped_names)
        try:
            connected.execute(_copy(entity, origin, target, fast))
        except duckdb.Error as error:
            if batches.fault:
                raise batches.fault from None
            raise refused(error) from None
    if fast:
        unmapped_names.update(fast.unmapped_names)
    return lines.read, lines.blank, sorted(unmapped_names)


class _Source:
    """An iterator that remembers the exception that ended it: DuckDB passes on only the message."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self.fault: Exception | None = None

    def remembering(self, reject: Callable[[int, str, str], None]) -> Callable[[int, str, str], None]:
        def remembered(row: int, reason: str, text: str) -> None:
            try:
                reject(row, reason, text)
            except OSError as error:
                self.fault = error
                raise

        return remembered

    def __iter__(self) -> "_Source":
        return self

    def __next__(self) -> pa.RecordBatch:
        try:
            return next(self._batches)
        except StopIteration:
            raise
        except Exception as error:
            self.fault = error
            raise


def _sample(batch: pa.RecordBatch) -> list[str]:
    step = max(1, batch.num_rows // _SAMPLED_LINES)
    lines: list[str] = batch.column("line")[::step].to_pylist()
    return lines


def _register_exact(
    connected: duckdb.DuckDBPyConnection,
    entity: Entity,
    reject: Callable[[int, str, str], None],
    unmapped_names: Counter[str],
) -> None:
    """The SQL function exact(row, line): the landed values of a line, or NULL where it is rejected."""
    read = reader(entity)
    width = len(entity.columns) + 1
    fields = [pa.field(f"v{i}", pa.string()) for i in range(width)]

    def exact(rows: pa.Array, lines: pa.Array) -> pa.Array:
        landed: list[list[str | None]] = []
        is_rejected = []
        for row, line in zip(rows.to_pylist(), lines.to_pylist(), strict=True):
            try:
                landed.append(read(line, unmapped_names))
                is_rejected.append(False)
            except Rejected as reason:
                reject(row, str(reason), without_end(line))
                landed.append([None] * width)
                is_rejected.append(True)
        columns = [pa.array(values, pa.string()) for values in zip(*landed, strict=True)]
        return pa.StructArray.from_arrays(columns, fields=fields, mask=pa.array(is_rejected))

    struct = duckdb.struct_type({f"v{i}": VARCHAR for i in range(width)})
    connected.create_function(
        "exact", exact, [BIGINT, VARCHAR], struct, type=ARROW, null_handling=SPECIAL, side_effects=True
    )


def _copy(entity: Entity, origin: Origin, target: Path, fast: FastPath | None) -> str:
    columns = ", ".join(f"landed.v{i} as {name(column.name)}" for i, column in enumerate(entity.columns))
    return f"""
        copy (
            select
                {columns},
                {_same(origin.delivery_id)} as _delivery_id,
                timestamp {literal(origin.naive_utc.isoformat(sep=" "))} as _delivered_at,
                {_same(origin.file)} as _source_file,
                "row" as _source_row,
                landed.v{len(entity.columns)} as _unmapped
            from ({_landed(fast)})
            where landed is not null
        ) to {literal(target)} {TO_PARQUET}
    """


def _same(text: str) -> str:
    """SQL for a text that every row has: as the only value of an ENUM it is written as text, not hashed per row."""
    return f"{literal(text)}::enum ({literal(text)})"


def _landed(fast: FastPath | None) -> str:
    if not fast:
        return 'select "row", exact("row", line) as landed from incoming'
    values = ", ".join(f"v{i} := {value}" for i, value in enumerate((*fast.values, fast.unmapped)))
    return f"""
        select "row", case when {fast.vouched} then struct_pack({values}) else exact("row", line) end as landed
        from (select "row", line, try(json_transform(line, {literal(fast.parsed_type)})) as parsed from incoming)
    """
