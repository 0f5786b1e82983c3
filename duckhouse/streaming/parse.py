"""Messages to rows, by the declaration: each message becomes one row, valid or with the reason why it is not.

Most messages are valid, and are checked column by column, many at once. Those left undecided are judged one at a time.
`judged` alone defines the right result.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from json import JSONDecoder
from typing import Any, NamedTuple, NoReturn

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from duckhouse.sources import Column, Entity
from duckhouse.streaming import rows

MAX_BYTES = 65_536
MAX_CHARACTERS = 1_000
MAX_DEPTH = 100
EXACT_INTEGERS = 2**53
"""Up to here a double represents every integer exactly."""
FAULTS = (
    "not_json",
    "not_an_object",
    "duplicate_field",
    "empty_message",
    "too_large",
    "missing_field",
    "wrong_type",
    "bad_timestamp",
    "out_of_range",
)
"""Why a message is invalid. The first reason that applies counts, then the first column."""
ENVELOPE = ("_topic_id", "_partition", "_offset", "_produced_at", "_consumed_at", "_key")
"""The columns that do not depend on the content of a message."""

_DETAIL_CHARACTERS = 200
_TOO_DEEP = ("too_large", f"nested deeper than {MAX_DEPTH} levels")
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_PLAIN_TIMESTAMP = r"^[12]\d{3}-\d\d-\d\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-][01]\d:[0-5]\d)$"
_INFINITE = "number is infinity"  # the parser's error for 1e400, which is valid JSON


class Fault(Exception):
    """Why a message is invalid: a code of FAULTS, and what is wrong with it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail[:_DETAIL_CHARACTERS]


class SentNumber(str):
    """The text of a JSON number."""


class Judged(NamedTuple):
    """The content of a message: the values of the declared columns, and the undeclared fields as JSON."""

    values: Mapping[str, Any]
    unmapped: str | None = None
    fault: Fault | None = None


def parsed(entity: Entity, envelope: pa.Table, values: Sequence[bytes | None]) -> pa.Table:
    """The rows of messages (rows.schema): `envelope` has the columns of ENVELOPE, `values` what the messages say."""
    said = _said(entity, values)
    schema = rows.schema(entity)
    columns = [(envelope if name in ENVELOPE else said).column(name) for name in schema.names]
    return pa.table(columns, schema=schema)


def _said(entity: Entity, values: Sequence[bytes | None]) -> pa.Table:
    objects = _objects(values)
    places = [place for place, fields in enumerate(objects) if fields is not None]
    plain = [(fields, value) for fields, value in zip(objects, values, strict=True) if fields is not None and value]
    together, is_settled = _together(entity, [fields for fields, _ in plain], [value for _, value in plain])
    settled = [place for place, sure in zip(places, is_settled.tolist(), strict=True) if sure]
    if len(settled) == len(values):
        return together
    others = sorted(set(range(len(values))).difference(settled))
    one_by_one = _one_by_one(entity, [values[place] for place in others])
    both = pa.concat_tables([together.filter(is_settled), one_by_one])
    return both.take(np.argsort(np.array([*settled, *others], np.int64)))


# ---------- many at once


def _objects(values: Sequence[bytes | None]) -> list[dict[str, Any] | None]:
    """The JSON object of each message; None where it has none."""
    found: list[dict[str, Any] | None] = []
    for value in values:
        try:
            read = orjson.loads(value) if value is not None and len(value) <= MAX_BYTES else None
        except orjson.JSONDecodeError:
            read = None
        found.append(read if type(read) is dict else None)
    return found


def _together(
    entity: Entity, objects: Sequence[dict[str, Any]], values: Sequence[bytes]
) -> tuple[pa.Table, np.ndarray]:
    """The rows of messages, and for which of them it is certain that `judged` would give the same row."""
    columns: dict[str, pa.Array] = {name: pa.nulls(len(objects)) for name in ("_fault", "_fault_detail", "_value")}
    is_settled = np.ones(len(objects), bool)
    fields = np.zeros(len(objects), np.int64)
    texts = np.zeros(len(objects), np.int64)
    for column in entity.columns:
        read, is_odd = _READERS[column.type or ""](column, [told.get(column.name) for told in objects])
        is_there = np.asarray(read.is_valid())
        is_settled &= ~is_odd & (is_there | (not column.required))
        fields += is_there
        texts += is_there if column.type in _TEXTS else 0
        columns[column.name] = read
    unmapped: list[str | None] = [None] * len(objects)
    declared = frozenset(column.name for column in entity.columns)
    for place in np.flatnonzero(is_settled & (fields < np.array(list(map(len, objects)), np.int64))).tolist():
        unmapped[place], fields_more, texts_more = _unknown(objects[place], values[place], declared)
        fields[place] += fields_more
        texts[place] += texts_more
    columns["_unmapped"] = pa.array(unmapped, pa.string())
    # more quotation marks than fields and texts need: a field is repeated, or a text has an escape
    quotes = np.array([value.count(b'"') for value in values], np.int64)
    is_settled &= (fields == np.array(list(map(len, objects)), np.int64)) & (quotes == 2 * (fields + texts))
    return _of_schema(entity, columns), is_settled


def _unknown(fields: Mapping[str, Any], value: bytes, declared: Collection[str]) -> tuple[str | None, int, int]:
    """The undeclared fields as JSON, their number, and how many of them are texts.

    None where `judged` must decide: they are nested, or a number is not spelled as a double would be.
    """
    told = {name: said for name, said in fields.items() if name not in declared}
    for name, said in told.items():
        if type(said) in (list, dict) or (type(said) in (int, float) and not _is_spelled(value, name, said)):
            return None, 0, 0
    return orjson.dumps(told).decode(), len(told), sum(type(said) is str for said in told.values())


def _is_spelled(value: bytes, name: str, number: float) -> bool:
    """Whether a message spells a number exactly as we would write it."""
    member = orjson.dumps({name: number})[1:-1]
    end = value.find(member) + len(member)
    if end < len(member):
        member = member.replace(b'":', b'": ')
        end = value.find(member) + len(member)
    return end >= len(member) and value[end : end + 1] in (b",", b"}")


def _texts(column: Column, told: list[Any]) -> tuple[pa.Array, np.ndarray]:
    read, is_odd = _only(told, {str}, pa.string())
    is_odd |= _where(pc.greater(pc.utf8_length(read), MAX_CHARACTERS))
    return read, is_odd | _where(pc.match_substring(read, "\0"))


def _numbers(column: Column, told: list[Any]) -> tuple[pa.Array, np.ndarray]:
    kept, is_odd = _of_types(told, {int, float})
    read = np.array(kept, np.float64) + 0.0  # -0.0 becomes 0.0
    low, high = column.range or (-EXACT_INTEGERS, EXACT_INTEGERS)
    is_odd |= (read < low) | (read > high) | (np.abs(read) >= EXACT_INTEGERS)  # a larger integer may round to it
    return pa.array(read, from_pandas=True), is_odd


def _integers(column: Column, told: list[Any]) -> tuple[pa.Array, np.ndarray]:
    kept, is_odd = _of_types(told, {int})
    low, high = column.range or (-EXACT_INTEGERS, EXACT_INTEGERS)
    is_far = np.array([value is not None and not low <= value <= high for value in kept], bool)
    is_far |= np.array([value is not None and abs(value) > EXACT_INTEGERS for value in kept], bool)
    near = [None if far else value for value, far in zip(kept, is_far.tolist(), strict=True)]
    return pa.array(near, pa.int64()), is_odd | is_far


def _booleans(column: Column, told: list[Any]) -> tuple[pa.Array, np.ndarray]:
    return _only(told, {bool}, pa.bool_())


def _timestamps(column: Column, told: list[Any]) -> tuple[pa.Array, np.ndarray]:
    texts, is_odd = _only(told, {str}, pa.string())
    is_odd |= _where(pc.invert(pc.match_substring_regex(texts, _PLAIN_TIMESTAMP)))
    plain = pc.if_else(pa.array(is_odd), None, texts)
    try:
        return plain.cast(rows.INSTANT), is_odd
    except pa.ArrowInvalid:  # for a day that no month has
        read = pa.array([_instant_or_none(text) for text in plain.to_pylist()], rows.INSTANT)
        return read, is_odd | _where(pc.and_(plain.is_valid(), read.is_null()))


_READER_OF: dict[pa.DataType, Callable[[Column, list[Any]], tuple[pa.Array, np.ndarray]]] = {
    pa.string(): _texts,
    pa.float64(): _numbers,
    pa.int64(): _integers,
    pa.bool_(): _booleans,
    rows.INSTANT: _timestamps,
}
_READERS = {name: _READER_OF[data_type] for name, data_type in rows.TYPES.items()}
_TEXTS = {name for name, data_type in rows.TYPES.items() if data_type in (pa.string(), rows.INSTANT)}


def _only(told: list[Any], types: set[type], data_type: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    kept, is_odd = _of_types(told, types)
    return pa.array(kept, data_type), is_odd


def _of_types(told: list[Any], types: set[type]) -> tuple[list[Any], np.ndarray]:
    """The values with None for those of another type, and a mask of these."""
    if set(map(type, told)) <= types | {type(None)}:
        return told, np.zeros(len(told), bool)
    is_odd = np.array([value is not None and type(value) not in types for value in told], bool)
    return [None if odd else value for value, odd in zip(told, is_odd.tolist(), strict=True)], is_odd


def _where(mask: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(mask, False))


# ---------- one at a time


def _one_by_one(entity: Entity, values: Sequence[bytes | None]) -> pa.Table:
    found = [judged(entity, value) for value in values]
    columns: dict[str, list[Any]] = {
        "_fault": [one.fault and one.fault.code for one in found],
        "_fault_detail": [one.fault and one.fault.detail for one in found],
        "_value": [value if one.fault else None for one, value in zip(found, values, strict=True)],
        "_unmapped": [one.unmapped for one in found],
    }
    for column in entity.columns:
        columns[column.name] = [one.values.get(column.name) for one in found]
    return _of_schema(entity, columns)


def judged(entity: Entity, value: bytes | None) -> Judged:
    """The content of a message, or why it is invalid."""
    try:
        fields = _fields(value)
        declared = [(column, fields.pop(column.name, None)) for column in entity.columns]
        _check(declared)
        values = {column.name: _value(column, said) for column, said in declared if said is not None}
        for column, said in declared:
            if said is not None:
                _check_range(column, values[column.name], said)
    except Fault as fault:
        return Judged({}, fault=fault)
    cut = {column.name: said for column, said in declared if column.type == "timestamp" and _is_cut(said)}
    return Judged(values, _json({**fields, **cut}))


def _json(fields: Mapping[str, Any]) -> str | None:
    if not fields:
        return None
    return orjson.dumps(fields, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=_as_sent).decode()


def _as_sent(number: SentNumber) -> orjson.Fragment:
    return orjson.Fragment(str(number))


def _fields(value: bytes | None) -> dict[str, Any]:
    """The fields of a message, with numbers as sent."""
    if not value:
        raise Fault("empty_message", "the message has no value (a tombstone)" if value is None else "no bytes")
    try:
        read = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        if _INFINITE not in str(error):
            raise Fault("not_json", str(error)) from None
        read = None
    exact = _exact(value, is_json=read is not None)
    if type(exact) is not dict:
        raise Fault("not_an_object", f"the message is {_kind(exact)}")
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and _depth(exact) > MAX_DEPTH:
        raise Fault(*_TOO_DEEP)
    if len(value) > MAX_BYTES:
        raise Fault("too_large", f"{len(value):,} bytes; at most {MAX_BYTES:,}")
    return exact


def _exact(value: bytes, *, is_json: bool) -> Any:
    """The content of a message, its numbers as sent; `is_json` is false where a number hid whether the rest is JSON."""
    try:
        exact = _DECODER.decode(value.decode())
        if not is_json:
            orjson.dumps(exact)  # it refuses half of a surrogate pair
    except RecursionError:
        raise Fault(*_TOO_DEEP) from None
    except (ValueError, TypeError) as error:
        raise Fault("not_json", " ".join(str(error).split())) from None
    return exact


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Fault("duplicate_field", f"{_shown(twice)} stands more than once")
    return fields


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


_DECODER = JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=SentNumber,
    parse_float=SentNumber,
    parse_constant=_refuse_constant,
)


def _depth(value: Any) -> int:
    levels, inner = 0, [value]
    while inner and levels <= MAX_DEPTH:
        levels += 1
        inner = [child for item in inner for child in _children(item)]
    return levels


def _children(item: Any) -> Iterator[Any]:
    children = item.values() if type(item) is dict else item if type(item) is list else ()
    return (child for child in children if type(child) in (dict, list))


def _check(declared: Sequence[tuple[Column, Any]]) -> None:
    """Raises the first fault that can be found before values are read."""
    found = [fault for column, said in declared if (fault := _fault(column, said))]
    if found:
        raise Fault(*min(found, key=lambda fault: FAULTS.index(fault[0])))


def _fault(column: Column, said: Any) -> tuple[str, str] | None:
    if said is None:
        return ("missing_field", f"{column.name} is missing") if column.required else None
    if type(said) is str and len(said) > MAX_CHARACTERS:
        return "too_large", f"{column.name} has {len(said):,} characters; at most {MAX_CHARACTERS:,}"
    wrong = _wrong_type(column, said)
    return ("wrong_type", f"{column.name} {wrong}") if wrong else None


def _wrong_type(column: Column, said: Any) -> str | None:
    expected, name = _EXPECTED[column.type or ""]
    if not _is_exactly(said, expected):
        return f"is {_kind(said)}, not {name}"
    if expected is str and "\0" in said:
        return "has a NUL character"
    if column.type == "integer" and not _is_whole(said):
        return f"is {said[:30]}, not an integer"
    return None


def _is_exactly(said: Any, expected: type) -> bool:
    return type(said) is expected


_EXPECTED_OF: dict[pa.DataType, tuple[type, str]] = {
    pa.string(): (str, "a text"),
    pa.float64(): (SentNumber, "a number"),
    pa.int64(): (SentNumber, "an integer"),
    pa.bool_(): (bool, "true or false"),
    rows.INSTANT: (str, "a text"),
}
_EXPECTED = {name: _EXPECTED_OF[data_type] for name, data_type in rows.TYPES.items()}


def _is_whole(text: str) -> bool:
    return math.isinf(float(text)) or float(text).is_integer()


def _value(column: Column, said: Any) -> Any:
    if column.type == "timestamp":
        return _instant(column, said)
    if column.type == "integer" and math.isfinite(float(said)):
        return int(float(said))
    return float(said) + 0.0 if isinstance(said, SentNumber) else said


def _instant(column: Column, text: str) -> datetime:
    if instant := _instant_or_none(text):
        return instant
    raise Fault("bad_timestamp", f"{column.name} is {_shown(text)}, not a time of RFC 3339 with its zone")


def _instant_or_none(text: str | None) -> datetime | None:
    """An RFC 3339 time, in UTC; fractions of a microsecond are cut."""
    found = _RFC_3339.fullmatch(text) if text else None
    if not found:
        return None
    date, time, digits, zone = found.groups()
    try:
        return datetime.fromisoformat(f"{date}T{time}.{(digits or '0')[:6]:<06}{zone.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_cut(text: str | None) -> bool:
    found = _RFC_3339.fullmatch(text) if text else None
    return bool(found and found[3] and len(found[3]) > 6)


def _check_range(column: Column, value: Any, said: Any) -> None:
    if not isinstance(said, SentNumber):
        return
    if column.range and not column.range[0] <= value <= column.range[1]:
        low, high = column.range
        raise Fault("out_of_range", f"{column.name} is {said[:30]}, not from {low:g} to {high:g}")
    if math.isinf(value):
        raise Fault("out_of_range", f"{column.name} is {said[:30]}, which no double holds")
    exact = int(said) if said.lstrip("-").isdigit() else value if column.type == "integer" else 0
    if abs(exact) > EXACT_INTEGERS:
        raise Fault("out_of_range", f"{column.name} is {said[:30]}: integers go to 2^53")


def _kind(said: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(said), "a number")


def _shown(text: str) -> str:
    """A text as JSON, short, of printable characters."""
    return orjson.dumps(text[:60]).decode().encode("ascii", "backslashreplace").decode()


def _of_schema(entity: Entity, columns: Mapping[str, Any]) -> pa.Table:
    schema = pa.schema([field for field in rows.schema(entity) if field.name in columns])
    arrays = [
        column.cast(field.type) if isinstance(column, pa.Array) else pa.array(column, field.type)
        for field, column in ((field, columns[field.name]) for field in schema)
    ]
    return pa.table(arrays, schema=schema)
