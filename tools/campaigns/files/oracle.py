"""Compares what independent readers (json, csv, Arrow) read from a file with what landed.

Each function yields a line for each difference. It does not use the code that landed the file.
"""

import csv
import gzip
import io
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landing.manifest import SourceFile
from duckhouse.sources import Entity
from tools.campaigns.files.spoilt import Spoilt

MOST_BRACKETS = 200  # above this, a record may or may not be too deep to land
LONGEST = 1 << 24
Row = Mapping[str, Any]


def differences(
    file: Spoilt, told: SourceFile, entity: Entity, rows: Sequence[Row], rejected: Sequence[Row]
) -> Iterator[str]:
    """`told` is the entry of the manifest; rows and rejected are what landed, ordered by _source_row."""
    for row in rows:
        try:
            json.loads(row["_unmapped"] or "{}", **_EXACT)
        except ValueError:
            yield f"row {row['_source_row']}: _unmapped is no JSON: {_short(row['_unmapped'])}"
            return
    counts = told.records_read, told.records_landed, told.records_rejected, told.records_blank
    if counts[0] != sum(counts[1:]) or counts[1:3] != (len(rows), len(rejected)):
        yield f"read {counts[0]}, landed {counts[1]} ({len(rows)} are there), rejected {counts[2]} ({len(rejected)})"
    places = Counter(row["_source_row"] for row in (*rows, *rejected))
    if twice := [place for place, count in places.items() if count > 1]:
        yield f"row {twice[0]} is there twice"
    readers = {"jsonl": _of_jsonl, "csv": _of_csv, "parquet": _of_parquet}
    yield from readers[told.format](file, told, entity, rows, rejected)


def _unpacked(file: Spoilt) -> bytes:
    return gzip.decompress(file.data) if file.name.endswith(".gz") else file.data


def _place(entity: Entity, name: str) -> str | None:
    """The declared column to which a name in a file belongs."""
    folded = {spelled.casefold(): column.name for column in reversed(entity.columns) for spelled in column.names}
    return folded.get(name.strip().casefold())


def _found(entity: Entity, row: Row, keys: Sequence[str]) -> Iterator[tuple[str, str | None, bool]]:
    """For each key what landed, and whether it is in _unmapped; nothing where several keys belong to one column."""
    places = [_place(entity, key) for key in keys]
    if any(count > 1 for place, count in Counter(places).items() if place):
        return
    unmapped = json.loads(row["_unmapped"] or "{}", **_EXACT)
    for key, place in zip(keys, places, strict=True):
        yield key, row[place] if place else unmapped.get(key), place is None


def _made_up(entity: Entity, row: Row, keys: Sequence[str]) -> Iterator[str]:
    """Columns that have a value although the file has none for them."""
    places = [_place(entity, key) for key in keys]
    for column in entity.columns:
        if column.name not in places and row[column.name] is not None:
            yield f"row {row['_source_row']}: {column.name} is {_short(row[column.name])}, and no key is its own"


# ---------------------------------------------------------------- JSONL

Exact = tuple[str, str]  # ("number", its digits)


def _exact(digits: str) -> Exact:
    return "number", digits


def _no_json(word: str) -> Any:
    raise ValueError(word)


_EXACT: dict[str, Any] = {"parse_float": _exact, "parse_int": _exact, "parse_constant": _no_json}


def _of_jsonl(
    file: Spoilt, told: SourceFile, entity: Entity, rows: Sequence[Row], rejected: Sequence[Row]
) -> Iterator[str]:
    data = _unpacked(file).removeprefix(b"\xef\xbb\xbf")
    lines = data.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    blank = sum(not line.strip() for line in lines)
    if (told.records_read, told.records_blank) != (len(lines), blank):
        yield f"{told.records_read} read and {told.records_blank} blank of {len(lines)} lines, {blank} of them blank"
        return
    landed = {row["_source_row"]: row for row in rows}
    places = landed.keys() | {row["_source_row"] for row in rejected}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if number not in places:
            yield f"line {number} has neither landed nor been rejected"
            continue
        record = _record(line)
        if record is False and number in landed:
            yield f"line {number} is no JSON object and has landed"
        if not isinstance(record, dict):
            continue
        if number not in landed:
            yield f"line {number} is a JSON object and was rejected"
            continue
        yield from _made_up(entity, landed[number], list(record))
        for key, text, is_unmapped in _found(entity, landed[number], list(record)):
            if not _is_json(record[key], text, is_unmapped=is_unmapped):
                yield f"line {number}, {key[:20]!r}: {_short(record[key])} landed as {_short(text)}"


def _record(line: bytes) -> dict[str, Any] | bool:
    """The object of a line; False where it is not an object, True where it may or may not land."""
    if line.count(b"[") + line.count(b"{") > MOST_BRACKETS or len(line) > LONGEST or b"\\ud" in line.lower():
        return True
    is_repeated = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_repeated
        is_repeated = is_repeated or len(dict(pairs)) < len(pairs)
        return dict(pairs)

    try:
        found = json.loads(line.decode(), object_pairs_hook=members, **_EXACT)
    except ValueError:
        return False
    if not isinstance(found, dict):
        return False
    return True if is_repeated else found


def _is_json(value: Any, text: Any, *, is_unmapped: bool) -> bool:
    if is_unmapped or value is None:
        return bool(value == text)
    if isinstance(value, str):
        return bool(value == text)
    try:
        return text is not None and json.loads(text, **_EXACT) == value
    except ValueError:
        return False


# ---------------------------------------------------------------- CSV


def _of_csv(file: Spoilt, told: SourceFile, entity: Entity, rows: Sequence[Row], _: Sequence[Row]) -> Iterator[str]:
    records = _records(_unpacked(file), told)
    if not records:
        return
    names = [name.strip().strip('"').strip() for name in records[0]]
    if len(names) < 2 or not all(names):
        return
    meant = [record for record in records[1:] if len(record) == len(names)]
    if len(meant) != len(rows):
        yield f"{len(rows)} records landed, csv reads {len(meant)} of {len(names)} fields"
        return
    for record, row in zip(meant, rows, strict=True):
        told_of = dict(zip(names, record, strict=True))
        yield from _made_up(entity, row, names)
        for name, text, _is_unmapped in _found(entity, row, names):
            if (text or "") != told_of[name]:
                yield f"row {row['_source_row']}, {name[:20]!r}: {_short(told_of[name])} landed as {_short(text)}"


def _records(data: bytes, told: SourceFile) -> list[list[str]] | None:
    """The records with text in them, as csv reads them; None where csv cannot read them, or is known to differ."""
    csv.field_size_limit(LONGEST)
    try:
        text = data.decode({"utf-8": "utf-8-sig"}.get(str(told.encoding), str(told.encoding))).removeprefix("\ufeff")
        found = list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=told.delimiter or ","))
    except (UnicodeDecodeError, csv.Error):
        return None
    is_strange = any(before == "\r" != after for before, after in pairwise(text.replace("\r\n", "\n")))
    white = " \t\f\v".replace(told.delimiter or ",", "")
    return None if is_strange or "\x00" in text else [
        record for record in found if record and not (len(record) == 1 and not record[0].strip(white))
    ]  # fmt: skip


# ---------------------------------------------------------------- Parquet


def _of_parquet(
    file: Spoilt, told: SourceFile, entity: Entity, rows: Sequence[Row], rejected: Sequence[Row]
) -> Iterator[str]:
    table = pq.ParquetFile(io.BytesIO(file.data))
    count = table.metadata.num_rows
    places = {row["_source_row"] for row in (*rows, *rejected)}
    if told.records_read != count or places != set(range(1, count + 1)):
        yield f"{told.records_read} read of {count} rows, {len(places)} of them are there"
        return
    names = table.schema_arrow.names
    if len(set(names)) < len(names) or len(names) > 100:
        return
    for row in rows:
        yield from _made_up(entity, row, names)
    try:
        whole = table.read()
    except pa.ArrowException:  # types that only DuckDB reads
        return
    for row in rejected:
        if _is_text(whole.slice(row["_source_row"] - 1, 1)):
            yield f"row {row['_source_row']} is whole and was rejected"
    for name in names:
        try:
            values = whole[name].to_pylist()
        except (pa.ArrowException, ValueError, OverflowError):  # types without a Python value
            continue
        for row in rows:
            value = values[row["_source_row"] - 1]
            for key, text, is_unmapped in _found(entity, row, names):
                if key == name and not is_unmapped and not _agrees(value, text):
                    yield f"row {row['_source_row']}, {name[:20]!r}: {_short(value)} landed as {_short(text)}"


def _short(value: Any) -> str:
    return repr(str(value)[:40])


def _is_text(row: pa.Table) -> bool:
    """Whether all its texts are UTF-8; rows of a small file are never too long."""
    try:
        row.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _agrees(value: Any, text: str | None) -> bool:
    """Whether a text may represent a value; for types with several notations, only whether there is a text."""
    if value is None or text is None:
        return value is None and text is None
    if isinstance(value, str):
        return value == text
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, int | Decimal):
        return Decimal(text) == value
    if isinstance(value, float):
        with np.errstate(over="ignore"):
            is_short = bool(np.float32(text) == value)  # of 32 bits
        return is_short or float(text) == value or (math.isnan(value) and text == "nan")
    if isinstance(value, datetime):
        return _moment(text) == (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
    if isinstance(value, date):
        return text == value.isoformat()
    return True


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
