"""Columns that hold Python literals, as some exports write lists and dictionaries: their JSON beside the text."""

import ast
import json
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landed_schemas import landed_schema
from duckhouse.sources import Entity

LONGEST = 1 << 20  # characters of a literal
DEEPEST = 50  # lists and dictionaries within one another
_ROWS = 5_000
_REMEMBERED = 10_000  # texts; lists of categories repeat


def add_literals(target: Path, entity: Entity) -> None:
    """Adds to a landed file the columns that its entity makes of literals. The file is replaced at the end."""
    made = [column for column in entity.columns if column.literal_of]
    if not made:
        return
    read = lru_cache(_REMEMBERED)(literal_as_json)
    schema = landed_schema(entity)
    whole = target.with_suffix(".literals")
    with (
        warnings.catch_warnings(),
        pq.ParquetFile(target) as file,
        pq.ParquetWriter(whole, schema, compression="zstd") as writer,
    ):
        warnings.simplefilter("ignore", SyntaxWarning)  # of backslashes in texts
        warnings.simplefilter("ignore", DeprecationWarning)
        for batch in file.iter_batches(_ROWS):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            for column in made:
                texts = columns[column.literal_of or ""].to_pylist()
                columns[column.name] = pa.array([text and read(text) for text in texts], pa.string())
            writer.write_batch(pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema))
    whole.replace(target)


def literal_as_json(text: str) -> str | None:
    """The JSON of a Python literal; None where the text is none, is too long or too deep, or JSON cannot hold it.

    Items are separated by a comma and a blank, keys from values by a colon and a blank; characters are not escaped.
    """
    if len(text) > LONGEST:
        return None
    try:
        value = ast.literal_eval(text.strip())
        if _depth(value) > DEEPEST:
            return None
        document = json.dumps(value, allow_nan=False, ensure_ascii=False)
        document.encode()
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return None if "\\u0000" in document else document


def _depth(value: Any) -> int:
    """How many lists and dictionaries are within one another; a tree that is parsed is not deep enough to overflow."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list | tuple) else 0
