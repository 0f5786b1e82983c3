"""Values that senders write and that break readers, as JSON and as text."""

import json
import random
from collections.abc import Callable

NUMBERS = [
    "1e400", "-1e400", "1e-400", "1e999999999", "-0", "-0.0", "1.0", "75.0", "1E5", "1e5", "12345678901234567890123",
    f"0.{'3' * 60}", "9" * 5_000, "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x10", "1_000", "1,5", "- 1",
    "١٢", "1e", "--1",
]  # fmt: skip
DATES = [
    "2026-02-30", "2026-02-29T00:00:00Z", "2026-13-01", "2026-01-32", "2026-12-31T23:59:60Z", "2026-06-30T23:59:61Z",
    "2026-03-25T24:00:00Z", "2026-03-25T06:00:00+14:01", "2026-03-25T06:00:00-23:59", "2026-03-25T06:00:00+99:99",
    "2026-03-25T06:00:00+00:00:01", "2026-03-25T06:00:00.123456789Z", "1774418400", "1774418400000", "-1", "0",
    "99999999999999999", "2026-W13-3", "2026-084", "25/03/2026", "03/25/2026", "1969-12-31T23:59:59Z",
    "1900-01-01T00:00:00+01:00", "2299-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "1582-10-10", "now", "epoch",
    "infinity", "2026-03-25t06:00:00z", "2026-03-25T06:00", "2026-3-5", "20260325", "\uff12\uff10\uff12\uff16-03-25",
    "٢٠٢٦-03-25",
]  # fmt: skip
FAR_DATES = [
    "0044-03-15T12:00:00 BC", "0044-03-15 (BC)", "-0044-03-15", "0000-00-00", "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "10000-01-01T00:00:00Z", "99999-12-31",
    "2026-03-25T06:00:00Z and more", "2026-03-25 06:00:00 +0000 UTC", "2026-03-25T06:00:00ZZ",
]  # fmt: skip
LETTERS = ["İstanbul.com.tr", "Groß-Gerau", "ΣΊΣΥΦΟΣ", "Երևան", "ǅ", "ﬃ", "K", "ß", "\u017f", "𐐀", "Ω", "e\u0301"]
TEXTS = [
    "", " ", "\u00a0", "\u200b", "\ufeff", "\x00", "\x1b[31m", "\U0001f468\u200d\U0001f469", "'; drop table x; --",
    "{{ 1 / 0 }}", "%s%n%(x)s", "$HOME", "\\", "\\u0000", "null", "None", "nan", "TRUE", "\u202etxt", "\r", "\n",
    "\r\n", "\u2028", "\x85", "\t", '"', '""', "'", ",", ";", "[1, 2", "{'a': 1}", "x" * 70_000, "\ufffd", "\x7f",
    "[[" * 60, "{'a': b'\\xff'}", "('a',) * 9", "f'{x}'", "-" * 3_000,
]  # fmt: skip
ESCAPES = [r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', r'"\ud83d\ude00"', r'"\x41"', '"\\', '"\t"', r'"\uD8"']
DEPTHS = [5, 50, 199, 200, 201, 400, 990, 5_000, 50_000]
WIDTHS = [2, 500, 501, 3_000]

Odd = tuple[str, str]
"""What kind it is, and its text."""


def text(lot: random.Random) -> Odd:
    kind = lot.choice([*POOLS, "text"])
    return kind, lot.choice(POOLS[kind])


def json_value(lot: random.Random) -> Odd:
    """Raw: the text after the colon, which may not be JSON."""
    return lot.choice([_number, _string, _string, _escape, _deep, _wide])(lot)


def _number(lot: random.Random) -> Odd:
    return "number", lot.choice(NUMBERS)


def _string(lot: random.Random) -> Odd:
    kind, value = text(lot)
    return kind, json.dumps(value, ensure_ascii=lot.random() < 0.5)


def _escape(lot: random.Random) -> Odd:
    return "escape", lot.choice(ESCAPES)


def _deep(lot: random.Random) -> Odd:
    depth = lot.choice(DEPTHS)
    start, end = lot.choice([("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
    closed = lot.choice([depth, depth, depth - 1])
    return "depth", f"{start * depth}1{end * closed}"


def _wide(lot: random.Random) -> Odd:
    width = lot.choice(WIDTHS)
    of: Callable[[int], str] = lot.choice([lambda i: f'"k{i}":{i}', lambda i: f'"k{i % 7}":{i}'])
    return "width", "{" + ",".join(map(of, range(width))) + "}"


POOLS = {"number": NUMBERS, "date": DATES, "far date": FAR_DATES, "letters": LETTERS, "text": TEXTS}
