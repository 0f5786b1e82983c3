"""What a drop seems to contain: entities by folder or file name, column types, keys, days. All are guesses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from duckhouse.cli import UserError
from duckhouse.landing.drop import FORMATS, REDELIVERY
from duckhouse.readers.stored import FileFault
from duckhouse.skeleton.sample import Sample, sample
from duckhouse.sources import OF_STAGING

FILES_SAMPLED = 3
"""How many files of an entity are read; of the others only the names matter."""
SHARE = 0.75
"""The share of a column's values that must have a type."""
OF_MODELS = (
    "version_id", "version_number", "valid_from", "valid_to", "is_current", "last_observed_at", "observation_id",
    "fingerprint", "recency", "record_count", "first_delivery_id", "is_corrected",
)  # fmt: skip
_NUMBERED = re.compile(r"[-_. ]*\d[\d\-_.:TZ]*")
_WILD = re.compile(r"[\[\]?]")
_BOOLEANS = {"true", "false", "yes", "no", "t", "f", "y", "n"}
_MOMENT = re.compile(r"(19|2[0-2])\d\d-\d\d-\d\d[Tt ]\d\d:\d\d")
_EPOCH = re.compile(r"1\d{9}([.]\d+|\d{3}|\d{6}|\d{9})?")
_DAY = re.compile(r"\d{4}[-/.]\d\d[-/.]\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_WHOLE = re.compile(r"[+-]?\d{1,18}([.]0*)?")
_PLAIN = re.compile(r"[+-]?(\d{1,12}([.]\d*)?|[.]\d+)")
_AMOUNT = re.compile(r"(USD|US[$]|[$])? ?[+-]?[\d., ]*\d[\d., ]* ?(USD|[$])?")
_OF_MONEY = re.compile(r"(^|_)(amount|price|paid|revenue|cost|fee|budget|total|spend|usd|eur|gbp|chf)(_|$)")
_OF_TIME = re.compile(r"(^|_)(at|time|ts|timestamp|date|when)(_|$)")
_OF_KEYS = re.compile(r"(^|_)(id|key|uuid|code)$")
_OF_ROWS = re.compile(r"(^|_)(created|updated|modified|changed|loaded|exported)(_|$)")


@dataclass
class ColumnGuess:
    """`as_name` is its name in staging, where the name in the header is not an identifier."""

    name: str
    type: str
    as_name: str

    @property
    def is_time(self) -> bool:
        return self.type in ("timestamp", "date")


@dataclass
class EntityGuess:
    """What seems to be one table."""

    name: str
    patterns: list[str] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    columns: list[ColumnGuess] = field(default_factory=list)
    key: ColumnGuess | None = None
    day: ColumnGuess | None = None

    @property
    def is_fact(self) -> bool:
        return bool(self.key and self.day)

    @property
    def is_dimension(self) -> bool:
        return bool(self.key and not self.day)

    @property
    def amounts(self) -> list[ColumnGuess]:
        return [column for column in self.columns if column.type == "money"] if self.is_fact else []


def entities(drop: Path) -> list[EntityGuess]:
    """The entities of a drop, those with the longest file names first: patterns are tried in this order.

    Raises UserError for a drop without a file that landing reads, and for a file that it cannot read.
    """
    if not drop.is_dir():
        raise UserError(f"{drop}: no such folder")
    found: dict[str, EntityGuess] = {}
    for path in _files(drop):
        place = path.relative_to(drop)
        name = _entity_name(place)
        entity = found.setdefault(name, EntityGuess(name))
        entity.paths.append(path)
        pattern = _pattern(place)
        if pattern not in entity.patterns:
            entity.patterns.append(pattern)
    if not found:
        raise UserError(f"{drop}: holds no file that landing reads ({', '.join(FORMATS)}; text also with .gz)")
    for entity in found.values():
        _look_into(entity, drop)
    return sorted(found.values(), key=lambda entity: (-len(entity.name), entity.name))


def identifier(text: str) -> str:
    """A name of lower-case letters, digits and _ from any text."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return plain if plain and not plain[0].isdigit() else f"c_{plain}"


def _files(drop: Path) -> Iterator[Path]:
    for path in sorted(drop.rglob("*")):
        parts = path.relative_to(drop).parts
        if (
            path.is_file()
            and path.resolve().is_relative_to(drop.resolve())
            and parts[0] != REDELIVERY
            and not any(part.startswith(".") for part in parts)
            and _kind(path)
        ):
            yield path


def _kind(path: Path) -> str | None:
    return FORMATS.get(Path(path.name.removesuffix(".gz")).suffix)


def _stem(name: str) -> str:
    """A file name without endings, dates and numbers."""
    return _NUMBERED.sub("", name.split(".")[0])


def _entity_name(place: Path) -> str:
    return identifier(_stem(place.parts[0]) or "records")


def _pattern(place: Path) -> str:
    folders = [_NUMBERED.sub("*", part) for part in place.parts[:-1]]
    endings = "".join(Path(place.name.removesuffix(".gz")).suffixes[-1:]) + (
        ".gz" if place.name.endswith(".gz") else ""
    )
    names = [*folders, ("*" if folders else f"{_stem(place.name)}*") + endings]
    return "/".join(_WILD.sub("?", name) for name in names)


def _look_into(entity: EntityGuess, drop: Path) -> None:
    samples = []
    for path in entity.paths[:FILES_SAMPLED]:
        try:
            samples.append(sample(path, _kind(path) or ""))
        except FileFault as fault:
            raise UserError(f"{path.relative_to(drop)}: {fault}") from None
    names = list(dict.fromkeys(name for each in samples for name in each.names))
    if not names:
        raise UserError(f"{entity.paths[0].relative_to(drop)}: holds no column; put the header into it")
    values = {name: [text for each in samples for text in each.values.get(name, ())] for name in names}
    if len({name.casefold() for name in names}) < len(names):
        raise UserError(f"{entity.paths[0].relative_to(drop)}: names of its columns differ in case only: rename one")
    taken = _reserved()
    for name in names:
        as_name = identifier(name)
        while as_name in taken:
            as_name = f"{entity.name}_{as_name}"
        taken.add(as_name)
        entity.columns.append(ColumnGuess(name, guessed_type(as_name, values[name]), as_name))
    entity.key = _key(entity, samples)
    entity.day = _day(entity)
    if entity.key:
        entity.key.type = "id"


@cache
def _words_of_sql() -> frozenset[str]:
    with duckdb.connect() as connection:
        words = connection.execute(
            "select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
        )
        return frozenset(name for (name,) in words.fetchall())


def _reserved() -> set[str]:
    """Names that a column must not have in staging: words of SQL, and columns that models add."""
    return {*_words_of_sql(), *OF_STAGING, *OF_MODELS}


def guessed_type(name: str, values: Sequence[str]) -> str:
    """The type of a column, from its name and some of its texts."""
    texts = [value.strip() for value in values]

    def mostly(pattern: re.Pattern[str], whole: bool = True) -> bool:
        match = pattern.fullmatch if whole else pattern.match
        return bool(texts) and sum(bool(match(text)) for text in texts) >= SHARE * len(texts)

    if _OF_KEYS.search(name):
        return "id"
    if texts and all(text.lower() in _BOOLEANS for text in texts):
        return "boolean"
    if mostly(_MOMENT, whole=False) or (_OF_TIME.search(name) and mostly(_EPOCH)):
        return "timestamp"
    if mostly(_DAY):
        return "date"
    if _OF_MONEY.search(name) and (mostly(_AMOUNT) or not texts):
        return "money"
    if mostly(_WHOLE):
        return "integer"
    if mostly(_PLAIN):
        return "number"
    return "text"


def _key(entity: EntityGuess, samples: Sequence[Sample]) -> ColumnGuess | None:
    """The column that identifies records: one with such a name, else the first id without repeats."""
    singular = entity.name.removesuffix("s")
    wanted = (f"{singular}_id", f"{entity.name}_id", f"{singular}_key", "id", "uuid", "key", "event_id", singular)
    by_name = {column.as_name: column for column in entity.columns}
    named = next((by_name[name] for name in wanted if name in by_name), None)
    return named or next(
        (column for column in entity.columns if column.type == "id" and _is_distinct(column, samples)), None
    )


def _is_distinct(column: ColumnGuess, samples: Sequence[Sample]) -> bool:
    return all(
        len(set(texts)) >= SHARE * each.rows
        for each in samples
        if (texts := each.values.get(column.name, [])) or each.rows
    )


def _day(entity: EntityGuess) -> ColumnGuess | None:
    """The first timestamp that is not about the row itself; else the first day among columns named like a date."""
    times = [column for column in entity.columns if column.is_time and not _OF_ROWS.search(column.as_name)]
    moments = [column for column in times if column.type == "timestamp"]
    days = [column for column in times if column.as_name in ("date", "day", "event_date")]
    return next(iter([*moments, *days]), None)
