"""Columns with Python literals, as some exports write lists and dictionaries: adds their JSON beside the text."""

import ast
import json
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landed_rows import BATCH_BYTES, BATCH_ROWS
from duckhouse.landed_schemas import landed_schema
from duckhouse.sources import Entity

LONGEST = 1 << 17  # characters of a literal; reading one takes some 500 bytes for each of them
DEEPEST = 50  # lists and dictionaries within one another
_ROWS = 500
_REMEMBERED, _SHORT = 10_000, 1_000  # texts, and their maximum length in characters; lists of categories repeat


def add_literals(target: Path, entity: Entity) -> None:
    """Adds the columns that the entity derives from literals to a landed file. The file is replaced at the end."""
    if not any(column.literal_of for column in entity.columns):
        return
    whole = target.with_suffix(".literals")
    try:
        _write(target, whole, entity)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise
    whole.replace(target)


def literal_as_json(text: str) -> str | None:
    """The JSON of a Python literal; None where the text is not one, is too long or too deep, or JSON cannot hold it.

    Items are separated by a comma and a blank, keys from values by a colon and a blank; characters are not escaped. For
    a repeated key the last value counts, as in Python.
    """
    if len(text) > LONGEST:
        return None
    try:
        value = ast.literal_eval(text.strip())
        if not _fits(value, DEEPEST):
            return None
        document = json.dumps(value, allow_nan=False, ensure_ascii=False)
        document.encode()
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return document


def _write(landed: Path, whole: Path, entity: Entity) -> None:
    read, schema = _reader(), landed_schema(entity)
    with (
        warnings.catch_warnings(),
        pq.ParquetFile(landed) as file,
        pq.ParquetWriter(whole, schema, compression="zstd") as writer,
    ):
        warnings.simplefilter("ignore", SyntaxWarning)  # about backslashes in texts
        warnings.simplefilter("ignore", DeprecationWarning)
        waiting: list[pa.RecordBatch] = []
        for batch in _batches(file):
            waiting.append(_with_literals(batch, entity, schema, read))
            if sum(b.nbytes for b in waiting) > BATCH_BYTES or sum(map(len, waiting)) >= BATCH_ROWS:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """A few rows at a time, never across row groups: row groups with long texts are small."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(_ROWS, row_groups=[group])


def _with_literals(
    batch: pa.RecordBatch, entity: Entity, schema: pa.Schema, read: Callable[[str], str | None]
) -> pa.RecordBatch:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for column in entity.columns:
        if column.literal_of:
            texts = columns[column.literal_of].to_pylist()
            columns[column.name] = pa.array([text and read(text) for text in texts], pa.string())
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _reader() -> Callable[[str], str | None]:
    """literal_as_json, which remembers short texts."""
    remembered = lru_cache(_REMEMBERED)(literal_as_json)
    return lambda text: (remembered if len(text) <= _SHORT else literal_as_json)(text)


def _fits(value: Any, levels: int) -> bool:
    """Whether JSON can hold a value unchanged, nested in at most so many lists and dictionaries."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        pairs = value.items()
        return levels > 0 and all(isinstance(k, str) and _fits(k, 0) and _fits(v, levels - 1) for k, v in pairs)
    if isinstance(value, list | tuple):
        return levels > 0 and all(_fits(item, levels - 1) for item in value)
    return True
