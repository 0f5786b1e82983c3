"""Files that a seed makes from valid ones: damaged by byte, line or value, and oddly named."""

import csv
import gzip
import io
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.campaigns.files import aimed_parquet, odd
from tools.campaigns.files.valid import Valid, packed

Lines = list[bytes]
UNTOUCHED, NAMED, PACKED = 0.05, 0.15, 0.3
"""The shares of files that stay valid, of files with a hostile name, and of .gz files damaged after compression."""
ENDS = [b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x85", "\u2028".encode(), b"\x0b", b"\x00\n"]
MARKS = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xff\xfe\x00\x00", b"+/v8"]
MAGICS = [b"\x1f\x8b", b"PAR1", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh9", b"\x00", b"[", b"<html>", b"%PDF-1.7\n"]
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "utf-32", "utf-7", "cp037", "shift_jis"]
STEMS = [
    "a b", "quote'", 'double"', "50%", "%s", "[ab]", "a*", "a?", "-rf", "--help", "a\nb", "a\tb", "\x1b[31m", "täst",
    "日本", "\u202e", "a\\b", "$HOME", "`id`", "a;b", "a|b", "delivery=1", "a.", "a..", "_files", "{x}", "e\u0301", "é",
    "\udcff\udcfe", "NUL", "a.parquet", "x.csv", "\ufeff", "l" * 200, "ü" * 100, "redelivery", "null", "0", "a#b",
]  # fmt: skip


@dataclass(frozen=True)
class Spoilt:
    """`name` is its path in the drop, `kinds` say what was done to it, `data` are its bytes as they are stored."""

    number: int
    valid: Valid
    name: str
    data: bytes
    kinds: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The name as text that UTF-8 can hold."""
        return os.fsencode(self.name).decode("utf-8", "backslashreplace")


def spoilt_file(seed: int, number: int, valid: Sequence[Valid]) -> Spoilt:
    """File `number` of a seed: always the same for the same valid files."""
    lot = random.Random(f"{seed} {number}")  # noqa: S311 (drawn to be the same again)
    of = lot.choice(valid)
    stem = f"{lot.choice(STEMS)}{number}" if lot.random() < NAMED else f"f{number}"
    kinds: list[str] = []
    data = of.data
    if lot.random() >= UNTOUCHED:
        data, kinds = _parquet(lot, of) if of.form == "parquet" else _text(lot, of)
    if of.is_packed:
        data, more = _packed(lot, data)
        kinds += more
    return Spoilt(number, of, of.pattern.replace("*", stem), data, tuple(kinds))


def _parquet(lot: random.Random, of: Valid) -> tuple[bytes, list[str]]:
    kinds: list[str] = []
    data = of.data
    if is_aimed := lot.random() < 0.6:
        data, kinds = aimed_parquet.drawn(lot, of.columns)
    if not is_aimed or lot.random() < 0.15:
        data, kinds = _repeated(lot, data, kinds, BYTES)
    return data, kinds


def _text(lot: random.Random, of: Valid) -> tuple[bytes, list[str]]:
    kinds: list[str] = []
    data = of.data
    if lot.random() < 0.6:
        lines = data.splitlines(keepends=True)
        for _ in range(lot.randint(1, 3)):
            lines, told = (_json_line if of.form == "jsonl" else _csv_line)(lot, lines, of)
            kinds += told
        data = b"".join(lines)
    if not kinds or lot.random() < 0.3:
        data, kinds = _repeated(lot, data, kinds, [*BYTES, *TEXTS, *TEXTS])
    return data, kinds


def _packed(lot: random.Random, data: bytes) -> tuple[bytes, list[str]]:
    whole = packed(data)
    if lot.random() >= PACKED:
        return whole, []
    half = len(data) // 2
    done = lot.choice(
        [
            ("members", packed(data[:half]) + packed(data[half:])),
            ("empty members", packed(b"") + whole + packed(b"")),
            ("garbage after gzip", whole + b"\x00" * lot.randint(1, 600)),
            ("text after gzip", whole + b"not gzip"),
            ("not packed", data),
            ("packed twice", packed(whole)),
            ("other level", gzip.compress(data, 9)),
        ]
    )
    if lot.random() < 0.5:
        return done[1], [done[0]]
    return _repeated(lot, whole, ["packed bytes"], BYTES)


# ---------------------------------------------------------------- bytes

Way = Callable[[random.Random, bytes], bytes]


def _repeated(lot: random.Random, data: bytes, kinds: list[str], ways: Sequence[Way]) -> tuple[bytes, list[str]]:
    for _ in range(lot.randint(1, 3)):
        way = lot.choice(ways)
        data, kinds = way(lot, data), [*kinds, way.__name__.strip("_")]
    return data, kinds


def _span(lot: random.Random, data: bytes) -> tuple[int, int]:
    start = lot.randint(0, len(data))
    return start, min(len(data), start + lot.choice([1, 1, 4, 30, 400]))


def _flipped(lot: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(lot.choice([1, 1, 3, 20]) if data else 0):
        changed[lot.randrange(len(data))] ^= 1 << lot.randrange(8)
    return bytes(changed)


def _replaced(lot: random.Random, data: bytes) -> bytes:
    start, end = _span(lot, data)
    return data[:start] + lot.randbytes(end - start) + data[end:]


def _cut_off(lot: random.Random, data: bytes) -> bytes:
    return data[: lot.choice([0, 1, 4, len(data) // 2, len(data) - 1, lot.randint(0, len(data))])]


def _cut_out(lot: random.Random, data: bytes) -> bytes:
    start, end = _span(lot, data)
    return data[:start] + data[end:]


def _doubled(lot: random.Random, data: bytes) -> bytes:
    start, end = lot.choice([(0, len(data)), _span(lot, data)])
    return data[:end] + data[start:]


def _swapped(lot: random.Random, data: bytes) -> bytes:
    first, end = _span(lot, data)
    second = lot.randint(end, len(data))
    stop = min(len(data), second + end - first)
    return data[:first] + data[second:stop] + data[end:second] + data[first:end] + data[stop:]


def _nulls(lot: random.Random, data: bytes) -> bytes:
    at = lot.randint(0, len(data))
    return data[:at] + b"\x00" * lot.choice([1, 2, 4_096]) + data[at:]


def _magic(lot: random.Random, data: bytes) -> bytes:
    return lot.choice(MAGICS) + lot.choice([data, data[4:]])


BYTES: list[Way] = [_flipped, _flipped, _replaced, _cut_off, _cut_out, _doubled, _swapped, _nulls, _magic]

# ---------------------------------------------------------------- text


def _mark(lot: random.Random, data: bytes) -> bytes:
    at = lot.choice([0, 0, lot.randint(0, len(data))])
    return data[:at] + lot.choice(MARKS) + data[at:]


def _encoded(lot: random.Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(lot.choice(ENCODINGS), "replace")


def _ends(lot: random.Random, data: bytes) -> bytes:
    end, share = lot.choice(ENDS), lot.choice([1, 1, 0.3])
    return b"".join(line.rstrip(b"\n") + (end if lot.random() < share else b"\n") for line in data.splitlines(True))


def _no_end(_: random.Random, data: bytes) -> bytes:
    return data.rstrip(b"\n")


def _quotes(lot: random.Random, data: bytes) -> bytes:
    for _ in range(lot.choice([1, 2, 9])):
        at = lot.randint(0, len(data))
        data = data[:at] + lot.choice([b'"', b'""', b"'", b"\\", b'\\"', b'","', b'"\n"']) + data[at:]
    return data


def _lines(lot: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    at = lot.randint(0, len(lines))
    some = lines[at : at + lot.randint(1, 4)]
    blank = [lot.choice([b"\n", b"  \n", b"\t\n", b"\xc2\xa0\n", b",,,\n", b'""\n', b"null\n"])]
    ways = [lines[:at] + some + lines[at:], lines[:at] + lines[at + len(some) :], lines[:at] + blank + lines[at:],
            lot.sample(lines, len(lines)), [b"".join(lines[:at]).rstrip(b"\n"), *lines[at:]]]  # fmt: skip
    return b"".join(lot.choice(ways))


TEXTS: list[Way] = [_mark, _encoded, _ends, _no_end, _quotes, _lines]

# ---------------------------------------------------------------- values


def _json_line(lot: random.Random, lines: Lines, of: Valid) -> tuple[Lines, list[str]]:
    at = lot.randrange(len(lines))
    try:
        record = json.loads(lines[at])
    except (ValueError, RecursionError):  # spoilt before
        return lines, []
    if not isinstance(record, dict) or not record:
        return lines, []
    members = [[json.dumps(key), json.dumps(value, ensure_ascii=False)] for key, value in record.items()]
    told = _spoil_members(lot, members, of)
    if lot.random() < 0.05:
        told, line = "no object", lot.choice(["[1]", "1", '"x"', "null", "[{}]", "{}", "{} {}", "{},", "{"])
    else:
        item, colon = lot.choice([(", ", ": "), (", ", ": "), (",", ":"), (" ,\t", " : ")])
        line = "{" + item.join(key + colon + value for key, value in members) + "}"
    return [*lines[:at], line.encode("utf-8", "surrogatepass") + b"\n", *lines[at + 1 :]], [told]


def _spoil_members(lot: random.Random, members: list[list[str]], of: Valid) -> str:
    place = lot.randrange(len(members))
    kind, value = odd.json_value(lot)
    way = lot.choice(["value", "value", "value", "again", "key", "more", "case"])
    if way == "value":
        members[place][1] = value
    elif way == "again":
        members.insert(lot.randint(0, len(members)), [members[place][0], lot.choice([value, members[place][1]])])
        kind = f"key again, {kind}"
    elif way == "key":
        members[place][0] = json.dumps(lot.choice([odd.text(lot)[1], lot.choice(of.columns)]))
        kind = "key"
    elif way == "case":
        members[place][0] = lot.choice([members[place][0].upper(), members[place][0].replace('"', '" ', 1)])
        kind = "case of a key"
    else:
        members += [[f'"more {i}"', value if i == 0 else str(i)] for i in range(lot.choice([1, 40, 600]))]
        kind = f"more keys, {kind}"
    return kind


def _csv_line(lot: random.Random, lines: Lines, _: Valid) -> tuple[Lines, list[str]]:
    at = 0 if lot.random() < 0.2 else lot.randrange(len(lines))
    kind, value = odd.text(lot)
    try:
        cells = next(csv.reader([lines[at].decode("utf-8", "replace").rstrip("\r\n")]))
    except (csv.Error, StopIteration):  # spoilt before
        return lines, []
    if not cells:
        return lines, []
    place = lot.randrange(len(cells))
    way = lot.choice(["cell", "cell", "cell", "raw", "more", "less", "again", "delimiter", "wide"])
    if way in ("cell", "raw"):
        cells[place] = value
    elif way == "more":
        cells.insert(place, value)
    elif way == "less":
        del cells[place]
    elif way == "again":
        cells.insert(place, cells[place])
    elif way == "wide":
        cells += [f"more {i}" for i in range(1_000)]
    delimiter = lot.choice(";\t|") if way == "delimiter" else ","
    if way == "raw":
        line = delimiter.join(cells) + "\n"
    else:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(cells)
        line = text.getvalue()
    is_header = "of the header, " if at == 0 else ""
    return [*lines[:at], line.encode("utf-8", "surrogatepass"), *lines[at + 1 :]], [f"{is_header}{way}, {kind}"]
