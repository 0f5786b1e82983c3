"""The fast path of JSONL: SQL that parses a line once and accepts it, or leaves it to the exact reader.

A template is learnt from the first lines of a file: the order of the keys, the separators, and which values are in
quotes. A line is accepted when the line that the template rebuilds from the parsed values equals it byte for byte, and
it has no backslash. Then no key is unknown, repeated or lost, and each value is exactly the text between its
separators, with every digit. Any other line does not match, and the exact reader decides.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from duckhouse.duck import literal, name
from duckhouse.readers.exactjson import Members, Number, Rejected, decode, quoted, written
from duckhouse.readers.lines import without_end
from duckhouse.readers.names import plan_columns
from duckhouse.sources import Entity

_SEPARATORS = [(", ", ": "), (",", ":"), (", ", ":"), (",", ": ")]
_MAX_KEYS = 500
_MAX_DEPTH = 4


@dataclass(frozen=True)
class Member:
    """A key of the template: how its value is written, and how NULL is written (None: it is never NULL)."""

    key: str
    kind: str  # text, number, boolean or object
    null: str | None  # "null" or "" (the member is left out)
    members: tuple["Member", ...] = ()


@dataclass(frozen=True)
class Template:
    members: tuple[Member, ...]
    item: str
    colon: str
    end: str


@dataclass(frozen=True)
class FastPath:
    """SQL over a column `line` and over `parsed`, which is that line parsed to `parsed_type` (a JSON structure)."""

    parsed_type: str
    vouched: str
    values: tuple[str, ...]
    unmapped: str
    unmapped_names: tuple[str, ...]


def learn(lines: Sequence[str], entity: Entity) -> FastPath | None:
    """The fast path for a file that begins with `lines`; None where they follow no template."""
    texts, records = [], []
    for line in lines:
        try:
            records.append(decode(line))
            texts.append(line)
        except Rejected:
            continue
    if not records:
        return None
    members = _merge(records, 0)
    if members is None or _count(members) > _MAX_KEYS:
        return None
    plan = plan_columns(entity, [member.key for member in members])
    if any(len(carriers) > 1 for carriers in plan.carriers):
        return None
    fits = Counter(
        separators
        for separators in _SEPARATORS
        for text, record in zip(texts, records, strict=True)
        if written(record, *separators) == without_end(text)
    )
    if not fits:
        return None
    item, colon = fits.most_common(1)[0][0]
    crlf = sum(text.endswith("\r\n") for text in texts) * 2 > len(texts)
    template = Template(members, item, colon, "\r\n" if crlf else "\n")
    return _compile(
        template, [[members[i] for i in carrier] for carrier in plan.carriers], [members[i] for i in plan.unmapped]
    )


def _kind(value: Any) -> str:
    if isinstance(value, Number):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    return "object" if isinstance(value, Members) else "array"


def _merge(records: Sequence[Members], depth: int) -> tuple[Member, ...] | None:
    if depth == _MAX_DEPTH or max(map(len, records)) > _MAX_KEYS:
        return None
    keys: list[str] = []
    for record in records:
        position = 0
        for key, _ in record:
            if key not in keys:
                keys.insert(position, key)
            position = keys.index(key) + 1
        if len(keys) > _MAX_KEYS:
            return None
    if not _usable(keys):
        return None
    values = [dict(record) for record in records]
    members = [_member(key, [record.get(key, KeyError) for record in values], depth) for key in keys]
    return None if None in members else tuple(member for member in members if member)


def _count(members: Sequence[Member]) -> int:
    return sum(1 + _count(member.members) for member in members)


def _usable(keys: Sequence[str]) -> bool:
    """Whether the keys can be the fields of one DuckDB struct, and are written in the text without escapes."""
    plain = all(key and "\\" not in quoted(key) and key.isprintable() for key in keys)
    return plain and 0 < len({key.casefold() for key in keys}) == len(keys) <= _MAX_KEYS


def _member(key: str, values: Sequence[Any], depth: int) -> Member | None:
    present = [value for value in values if value is not KeyError and value is not None]
    nulls = sum(value is None for value in values)
    absent = len(values) - len(present) - nulls
    null = None if not nulls and not absent else "null" if nulls >= absent else ""
    if not present:
        return Member(key, "text", null)
    kind = Counter(map(_kind, present)).most_common(1)[0][0]
    if kind == "array":
        return None
    if kind != "object":
        return Member(key, kind, null)
    members = _merge([value for value in present if _kind(value) == kind], depth + 1)
    return Member(key, kind, null, members) if members else None


def _compile(template: Template, mapped: list[list[Member]], unmapped: list[Member]) -> FastPath:
    rebuilt = _concat(
        [literal("{"), *_pieces(template.members, "parsed", template.item, template.colon), literal("}" + template.end)]
    )
    conditions = [f"line = {rebuilt}", r"not contains(line, '\')", *_plain(template.members, "parsed")]
    return FastPath(
        parsed_type=json.dumps(_types(template.members), ensure_ascii=False),
        vouched=" and ".join(conditions),
        values=tuple(_text(carriers[0], "parsed") if carriers else "null::varchar" for carriers in mapped),
        unmapped=_unmapped(unmapped),
        unmapped_names=tuple(member.key for member in unmapped),
    )


def _types(members: Sequence[Member]) -> dict[str, Any]:
    return {member.key: _types(member.members) if member.members else "VARCHAR" for member in members}


def _pieces(members: Sequence[Member], parent: str, item: str, colon: str) -> list[str]:
    """SQL of the texts that concatenate to the members of an object as the file writes them."""
    pieces: list[str] = []
    for i, member in enumerate(members):
        value = _field(parent, member)
        before = ("" if i == 0 else item) + quoted(member.key) + colon
        if member.kind == "object":
            own = [literal(before + "{"), *_pieces(member.members, value, item, colon), literal("}")]
        elif member.kind == "text":
            own = [literal(before + '"'), value, literal('"')]
        else:
            own = [literal(before), value]
        if member.null is None:
            pieces += own
        elif member.null and member.kind in ("number", "boolean"):
            pieces += [literal(before), f"coalesce({value}, 'null')"]
        else:
            stand_in = before + member.null if member.null else ""
            pieces.append(f"case when {value} is null then {literal(stand_in)} else {_concat(own)} end")
    return pieces


def _plain(members: Sequence[Member], parent: str) -> list[str]:
    """SQL conditions that a value without quotes is a number or a boolean, not NaN, Infinity or an array."""
    conditions: list[str] = []
    for member in members:
        value = _field(parent, member)
        if member.kind == "number":  # starts with a digit, or with - and a digit, as characters are ordered
            conditions.append(f"({value} < ':' and ({value} >= '.' or {value} < '-:')) is not false")
        elif member.kind == "boolean":
            conditions.append(f"({value} in ('true', 'false')) is not false")
        conditions += _plain(member.members, value)
    return conditions


def _text(member: Member, parent: str) -> str:
    """SQL of the landed text of a member: compact where it is an object."""
    value = _field(parent, member)
    if not member.members:
        return value
    compact = _concat([literal("{"), *_pieces(member.members, value, ",", ":"), literal("}")])
    return f"case when {value} is not null then {compact} end"


def _unmapped(members: Sequence[Member]) -> str:
    if not members:
        return "null::varchar"
    pieces = [f"nullif({_concat(_pieces([member], 'parsed', ',', ':'))}, '')" for member in members]
    return f"'{{' || nullif(concat_ws(',', {', '.join(pieces)}), '') || '}}'"


def _field(parent: str, member: Member) -> str:
    return f"{parent}.{name(member.key)}"


def _concat(pieces: Sequence[str]) -> str:
    """SQL that concatenates the pieces; adjacent literals become one, which halves the work."""
    merged: list[str] = []
    for piece in pieces:
        if merged and piece.startswith("'") and merged[-1].startswith("'"):
            merged[-1] = merged[-1][:-1] + piece[1:]
        else:
            merged.append(piece)
    return f"concat({', '.join(merged)})"
