"""JSON records, unchanged: numbers keep their digits, repeated keys are detected, invalid JSON is rejected."""

import json
from collections import Counter
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

from duckhouse.readers.names import finder
from duckhouse.sources import Entity

quoted = encode_basestring


MAX_DEPTH = 200
"""Maximum nesting of arrays and objects; a deeper record is rejected. Python's own limit depends on the caller."""


class Rejected(Exception):
    """A record that does not land. Its text is the reason: a stable code."""


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of a JSON object, (key, value) in the order of the text."""

    __slots__ = ()


# a member that may fill a column: the rank of its key, the key, the value
_Candidate = tuple[tuple[int, bool], str, Any]


def _refuse_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=Members, parse_float=Number, parse_int=Number, parse_constant=_refuse_constant
)


def decode(text: str) -> Members:
    """The members of the object that `text` holds.

    Raises Rejected: invalid_json (lone surrogates, which no UTF-8 text can hold, included), too_deep, not_an_object.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise Rejected("too_deep") from None
    except ValueError:
        raise Rejected("invalid_json") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Rejected("too_deep")
    if not isinstance(value, Members):
        raise Rejected("not_an_object")
    return value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [inner for inner in level if isinstance(inner, list)]:
        depth += 1
        level = [member[1] if isinstance(outer, Members) else member for outer in level for member in outer]
    return depth


def written(value: Any, item: str = ",", colon: str = ":") -> str:
    """The JSON text of a decoded value, compact unless other separators are given."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Members):
        return "{" + item.join(quoted(key) + colon + written(member, item, colon) for key, member in value) + "}"
    if isinstance(value, list):
        return "[" + item.join(written(element, item, colon) for element in value) + "]"
    return {None: "null", True: "true", False: "false"}[value]


def landed_text(value: Any) -> str | None:
    """The landed text of a decoded value: strings without quotes, null as NULL, the rest as compact JSON."""
    if value is None:
        return None
    return str(value) if isinstance(value, str) else written(value)


def reader(entity: Entity) -> Callable[[str, Counter[str]], list[str | None]]:
    """A function from the text of a record to its landed values: the declared columns, then _unmapped.

    The names of unmapped members are counted in the given Counter.
    It raises Rejected: the reasons of `decode`, and duplicate_key where a key comes twice with different values.
    """
    fill = filler(entity)

    def read(text: str, unmapped_names: Counter[str]) -> list[str | None]:
        members = decode(text)
        if len({key for key, _ in members}) < len(members):
            members = _without_repeats(members)
        values, unmapped = fill(members)
        row = [*values, written(unmapped) if unmapped else None]
        if "\\u" in text:
            try:
                "".join(value for value in row if value).encode()
            except UnicodeEncodeError:
                raise Rejected("invalid_json") from None
        unmapped_names.update(key for key, _ in unmapped)
        return row

    return read


def filler(entity: Entity) -> Callable[[Members], tuple[list[str | None], Members]]:
    """A function from the members of a record to the texts of the declared columns, and the members left over."""
    find = finder(entity)
    width = len(entity.columns)

    def fill(members: Members) -> tuple[list[str | None], Members]:
        values: list[str | None] = [None] * width
        unmapped = Members()
        rivals: dict[int, list[_Candidate]] = {}
        filled: dict[int, _Candidate] = {}
        for key, value in members:
            place = find(key)
            if place is None:
                unmapped.append((key, value))
            elif place.column in filled:
                rivals.setdefault(place.column, [filled[place.column]]).append((place.rank, key, value))
            else:
                filled[place.column] = (place.rank, key, value)
                values[place.column] = landed_text(value)
        for column, candidates in rivals.items():
            told = [(key, value) for _, key, value in sorted(candidates, key=lambda c: c[0]) if value is not None]
            values[column] = landed_text(told[0][1]) if told else None
            unmapped.extend((key, value) for key, value in told[1:] if landed_text(value) != values[column])
        return values, unmapped

    return fill


def _without_repeats(members: Members) -> Members:
    first: dict[str, Any] = {}
    for key, value in members:
        if key in first and written(first[key]) != written(value):
            raise Rejected("duplicate_key")
        first.setdefault(key, value)
    return Members(first.items())
