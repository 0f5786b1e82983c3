"""Parquet read by Arrow, value by value: exact for every type, but slower than DuckDB, which reads most files."""

from collections.abc import Callable, Container, Iterable, Iterator
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from duckhouse.landed_rows import Landed, Rejects
from duckhouse.readers.exactjson import Members, Number, filler, landed_text, written
from duckhouse.readers.lines import KEPT_OF_LONG, NOT_UTF8, printable
from duckhouse.sources import Entity


def land(
    batches: Iterable[pa.RecordBatch], entity: Entity, landed: Landed, rejects: Rejects, long: Container[int]
) -> None:
    """Lands the rows of the batches, whose first column numbers them, except those in `long` and those with text that
    is not UTF-8.
    """
    fill = filler(entity)
    for batch in batches:
        is_damaged = not _is_whole(batch)
        rows, *columns = batch.columns
        names = batch.schema.names[1:]
        for row, *values in zip(rows.to_pylist(), *map(decoded, columns), strict=True):
            record = Members(zip(names, values, strict=True))
            if row in long:
                rejects.reject(row, "too_long", printable(written(record)[:KEPT_OF_LONG]))
                continue
            if is_damaged and NOT_UTF8.search(text := written(record)):
                rejects.reject(row, "invalid_utf8", printable(text))
                continue
            texts, unmapped = fill(record)
            kept = written(unmapped) if unmapped else None
            landed.add((texts, kept, row), sum(map(len, filter(None, (*texts, kept)))))


def _is_whole(batch: pa.RecordBatch) -> bool:
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def decoded(array: pa.Array) -> list[Any]:
    """The values in the types of `exactjson`: Number, text, bool, None, and lists and Members of these.

    Times are ISO 8601 with T, those with a time zone in UTC with Z, of any year.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        is_uuid = kind.extension_name == "arrow.uuid"
        return _each(array.storage, lambda value: str(UUID(bytes=value))) if is_uuid else decoded(array.storage)
    if pa.types.is_dictionary(kind):
        return decoded(array.dictionary_decode())
    if pa.types.is_map(kind):
        return [None if pairs is None else Members(map(_pair, pairs)) for pairs in _lists(entries(array))]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(array)
    if pa.types.is_struct(kind):
        return _structs(array)
    if pa.types.is_decimal(kind):
        return _each(array, lambda value: Number(format(value, "f")))
    if pa.types.is_integer(kind):
        return _each(array, lambda value: Number(str(value)))
    if pa.types.is_floating(kind):
        return _floats(array)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _strings(array)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _each(array, _text_of_bytes)
    if pa.types.is_temporal(kind):
        return _times(array)
    values: list[Any] = array.to_pylist()
    return values


def _strings(array: pa.Array) -> list[str | None]:
    """Decodes bytes that are not UTF-8 with the error handler surrogateescape."""
    try:
        values: list[str | None] = array.to_pylist()
    except UnicodeDecodeError:
        return _each(array.cast(pa.large_binary()), lambda value: value.decode(errors="surrogateescape"))
    return values


def _each(array: pa.Array, text: Callable[[Any], str]) -> list[str | None]:
    return [None if value is None else text(value) for value in array.to_pylist()]


def _lists(array: pa.Array) -> list[Any]:
    items: Iterator[Any] = iter(decoded(array.flatten()))
    sizes = array.value_lengths().to_pylist()
    return [None if size is None else list(islice(items, size)) for size in sizes]


def _structs(array: pa.Array) -> list[Any]:
    names = [field.name for field in array.type]
    columns = map(decoded, array.flatten())
    rows = zip(*columns, strict=True) if names else [()] * len(array)
    return [
        Members(zip(names, row, strict=True)) if is_there else None
        for row, is_there in zip(rows, array.is_valid().to_pylist(), strict=True)
    ]


def entries(array: pa.MapArray) -> pa.ListArray:
    """A map as a list of its pairs."""
    return array.cast(pa.list_(pa.struct([array.type.key_field, array.type.item_field])))


def _pair(entry: Members) -> tuple[str, Any]:
    (_, key), (_, value) = entry
    return landed_text(key) or "", value


def _floats(array: pa.Array) -> list[str | None]:
    shortest = (lambda value: str(np.float32(value))) if array.type != pa.float64() else repr
    return _each(array, lambda value: Number(shortest(value)) if np.isfinite(value) else repr(value))


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        plain = set(range(32, 127)) - set(b"\\\"'")
        return "".join(chr(byte) if byte in plain else f"\\x{byte:02X}" for byte in value)


def _times(array: pa.Array) -> list[str | None]:
    kind = array.type
    if pa.types.is_date(kind):
        return _each(array.cast(pa.int32()), lambda day: str(np.datetime64(day, "D")))
    if pa.types.is_duration(kind):
        return decoded(array.cast(pa.int64()))
    zone = "Z" if pa.types.is_timestamp(kind) and kind.tz else ""
    start = len("1970-01-01T") if pa.types.is_time(kind) else 0
    counts = array.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    return _each(counts, lambda count: _without_zeros(str(np.datetime64(count, kind.unit))[start:]) + zone)


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
