"""Whatever the text, a macro makes the same of it on both engines, and what plain Python makes of it.

Texts are drawn from all planes of Unicode, documents from all that JSON allows, with characters lost and added, and all
macros are applied to all of them in one query an engine. DUCKHOUSE_TEXTS is how many of each kind (default 150).
"""

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from hashlib import md5
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.macros import MACROS, Values, values_on
from support.warehouse import Warehouse

TEXTS = int(os.environ.get("DUCKHOUSE_TEXTS", "150"))
BLANKS = " \t\n\v\f\r"
ONE_CASE = re.compile(
    "[\x00-\x7f\u00a0-\u00b4\u00b6-\u00de\u00e0-\u012f\u0132-\u0148\u014a-\u017e\u0400-\u045f"
    "\u1e00-\u1e95\u1ea0-\u1eff\u2010-\u2027]*"
)
"""Letters of Latin, Vietnamese and Cyrillic, without those of several counterparts."""
OF_VALUES = {
    "unix_micros", "month_of", "hour_of", "is_whole_second", "timestamp_from_micros", "local_date", "ratio",
    "local_date_in_usual_zone", "local_date_in_zone", "stands_out", "falls_short", "inverse_of", "days_between",
    "iso_year", "iso_week", "day_of_week", "try_decimal", "json_paths", "first_path", "median", "percentile_90",
    "ordered_text_agg", "first_known_value", "parse_date_of_file", "try_date",
}  # fmt: skip
"""Macros of typed values, of texts that another macro has matched, or of several rows."""
LISTS = {"json_texts", "json_keys", "json_values", "first_items", "joined_texts"}
"""Empty is as good as NULL there."""

characters = st.characters(exclude_categories=["Cs"])
PIECES = (
    *"0123456789.,:;+-/$eETZ'\"[]{}|\\ \0\x01\t\n\v\f\r\x7f\x85\xa0\u200b\u2028\u3000\ufeffİ\u0131ß\u017fςΣŉéÉğﬁԵև",
    *("USD", "US$", "UTC", "2026-02-28", "1969-12-31", "2026", "02", "28", "23:59:60", "T10:00:00", ".5", "+05:30"),
    *("(BC)", "1773964800", "000", "1007.0", "yes", "F", "nan"),
)
texts = st.one_of(st.text(characters, max_size=12), st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
ZONE = "(Z| UTC|[+-][01][0-9]:?[0-5]0)"
TIME = f"[T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.,][0-9]{{1,9}})?)?{ZONE}?"
moments = st.from_regex(f"[0-2][09][0-9]{{2}}-[01][0-9]-[0-3][0-9]({TIME}| .*)?", fullmatch=True)
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,24})([.][0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@st.composite
def strings(draw: st.DrawFn) -> str:
    """A string of JSON, with escapes where they must and where they may be."""
    text = draw(st.one_of(st.text(characters, max_size=5), st.sampled_from(["1.5", "[1.5]", "a/b", "\0", "😀"])))
    escaped = json.dumps(text, ensure_ascii=draw(st.booleans()))
    return escaped.replace("/", draw(st.sampled_from(["/", "\\/", "\\u002F"])))


blanks = st.sampled_from(["", "", "", " ", "\r\n\t"])
scalars = st.one_of(strings(), numbers, numbers, st.sampled_from(["true", "false", "null"]))


def _listed(brackets: str, items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(st.builds("{}{}{}".format, blanks, items, blanks), max_size=3)
    return st.builds(lambda found: f"{brackets[0]}{','.join(found)}{brackets[1]}", parts)


def _members(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _listed("{}", st.builds("{}{}:{}{}".format, keys, blanks, blanks, values))


values = st.recursive(scalars, lambda inner: st.one_of(_listed("[]", inner), _members(strings(), inner)), max_leaves=5)
KEYS = ('"country"', '"country"', '"c\\u006funtry"', '"vendors"', '"größe"', '""')
enabled = _members(st.sampled_from(['"enabled"', '"disabled"']), st.one_of(_listed("[]", values), values))
objects = _members(st.sampled_from(KEYS), st.one_of(values, enabled))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """JSON, and now and then what is nearly JSON."""
    text = draw(st.one_of(objects, objects, values))
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        added = draw(
            st.sampled_from(["", ",", "1", "-", "+", ".", "e5", '"', "\\", "]", "}", ":", "NaN", "\x01", "\ufeff"])
        )
        text = text[:place] + added + text[place + draw(st.integers(0, 1)) :]
    return text


def drawn(strategy: st.SearchStrategy[str]) -> list[str]:
    """The same on every run."""
    found: dict[str, None] = {}

    @settings(
        max_examples=TEXTS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(text: str) -> None:
        found[text] = None

    draw()
    return list(found)


@pytest.fixture(scope="module")
def both(shared_house: Warehouse) -> Iterator[tuple[Values, Values]]:
    with values_on("dev", shared_house) as dev, values_on("prod", shared_house) as prod:
        yield dev, prod


# ---------- plain Python


def lower(text: str) -> str:
    return text.lower() if ONE_CASE.fullmatch(text) else text.translate(str.maketrans(ascii_uppercase, ascii_lowercase))


def upper(text: str) -> str:
    return text.upper() if ONE_CASE.fullmatch(text) else text.translate(str.maketrans(ascii_lowercase, ascii_uppercase))


def cleaned(text: str) -> str | None:
    return text.strip(BLANKS) or None


def document(text: str) -> Any:
    """What a text says as JSON, its numbers as written; NOT_JSON where it is none."""
    try:
        found = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_refused, object_pairs_hook=_first_of_each
        )
        json.dumps(found, ensure_ascii=False).encode()  # not with half of a surrogate pair
    except ValueError:
        return NOT_JSON
    return found


NOT_JSON = object()
UNSAID = object()
"""How lists and objects are written, and how exponents are read, is not for Python to say."""


def _refused(word: str) -> None:
    raise ValueError(word)


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def country(text: str) -> Any:
    found = document(text)
    value = found.get("country") if isinstance(found, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return UNSAID if isinstance(value, dict | list) else value


def plain_number(text: str) -> Any:
    """Up to 12 digits before the point, to the sixth decimal, halves away from zero, the 26th decimal and more cut."""
    if re.search("[eE]", text):
        return UNSAID
    if not re.fullmatch(r"[+-]?([0-9]{1,12}([.][0-9]*)?|[.][0-9]+)", text, re.ASCII):
        return None
    sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-")
    whole, _, decimals = digits.partition(".")
    return sign * Decimal(f"{whole or 0}.{decimals[:25] or 0}").quantize(Decimal("0.000001"), ROUND_HALF_UP)


def calendar_day(text: str) -> Any:
    """Of what begins with a year: a day, and nothing or a time behind it."""
    if not re.match("[0-9]{4}", text):
        return UNSAID
    found = re.fullmatch("([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})([T ][0-9:., +UTCZ-]*)?", text)
    try:
        return dt.date(*map(int, found.groups()[:3])) if found else None
    except ValueError:
        return None


ORACLES: Mapping[str, Callable[[str], Any]] = {
    "lower_text": lower,
    "upper_text": upper,
    "clean_text": cleaned,
    "first_characters": lambda text: text[:3],
    "md5_text": lambda text: md5(text.encode(), usedforsecurity=False).hexdigest(),
    "clean_id": lambda text: re.sub(r"\A([0-9]+)[.]0+\Z", r"\1", lower(cleaned(text) or ""), flags=re.ASCII) or None,
    "is_json": lambda text: document(text) is not NOT_JSON,
    "json_text": country,
    "parse_decimal": plain_number,
    "parse_date": calendar_day,
}


# ---------- tests


@pytest.mark.parametrize(
    ("kind", "strategy"), [("texts", texts), ("moments", moments), ("numbers", numbers), ("documents", documents())]
)
def test_both_engines_make_the_same_of_any_text(
    kind: str, strategy: st.SearchStrategy[str], both: tuple[Values, Values]
) -> None:
    cases = drawn(strategy)
    names = [name for name in MACROS if name not in OF_VALUES]
    dev, prod = (comparable(values(names, cases)) for values in both)
    apart = {name: shortest(cases, dev[name], prod[name]) for name in names if dev[name] != prod[name]}
    assert not apart, f"text, dev, prod: {apart}"
    for name, oracle in ORACLES.items():
        expected = [oracle(text) for text in cases]
        found = [UNSAID if value is UNSAID else one for one, value in zip(dev[name], expected, strict=True)]
        assert found == expected, f"text, engines, Python: {name} {shortest(cases, found, expected)}"


def comparable(values: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [value or None for value in found] if name in LISTS else found for name, found in values.items()}


def shortest(texts: list[str], one: list[Any], other: list[Any]) -> tuple[str, Any, Any]:
    differing = [case for case in zip(texts, one, other, strict=True) if case[1] != case[2]]
    return min(differing, key=lambda case: len(case[0]))
