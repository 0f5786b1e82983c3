"""The declaration of a source: models/staging/<source>/_<source>__sources.yml, which dbt reads too.

What dbt has no property for is under config.meta, of the source and of its tables. docs/landing.md lists these fields.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import yaml

from duckhouse.cli import UserError
from duckhouse.landed_types import LANDED_TYPES
from duckhouse.settings import PROJECT

STAGING = PROJECT / "models" / "staging"
KINDS = FILES, POSTGRES, STREAM = ("files", "postgres", "stream")
# the fields under config.meta
SOURCE_WORDS = ("zone", "kind", "ignored_files", "connection", "events", "currency", "records", "headline")
TABLE_WORDS = (
    "files", "table", "topic", "key", "day", "keep_last", "history", "late_after_seconds", "early_after_seconds",
)  # fmt: skip
COLUMN_WORDS = ("aliases", "type", "as", "as_delivered", "literal_of", "required", "range")
# what a column is in staging: macros/parsing/staged.sql reads each type
TYPES = (
    "text", "exact", "category", "id", "lower", "upper", "lower_list", "upper_list", "money", "number", "integer",
    "boolean", "date", "timestamp",
)  # fmt: skip
PARSED_TYPES = ("money", "number", "integer", "boolean", "date", "timestamp")
"""Types whose text may be unparseable; staging keeps the text as <column>_as_delivered."""
MESSAGE_TYPES = (
    "text", "exact", "category", "id", "lower", "upper", "number", "integer", "boolean", "timestamp",
)  # fmt: skip
"""Types that a field of a message may have."""
STREAM_WORDS = {
    "table": ("topic", "late_after_seconds", "early_after_seconds"), "column": ("required", "range"),
}  # fmt: skip
"""The fields that only a stream may have."""
TYPE_OF_LANDED = {"bigint": "integer", "timestamp": "timestamp"}
"""The type of a column that lands typed, by its data_type."""
OF_STAGING = ("event_at", "event_date", "timestamp_as_delivered", "set_aside_reason", "respelled")
"""What staging adds to the columns of a table with a day."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Column:
    name: str
    aliases: tuple[str, ...] = ()
    data_type: str | None = None
    """One of LANDED_TYPES: the type in which the column lands; None: text."""
    type: str | None = None
    """One of TYPES: its type in staging; None where a hand-written model defines it."""
    staged_as: str | None = None
    as_delivered: str | bool = True
    literal_of: str | None = None
    """The column whose Python literal it holds as JSON: it is created at landing, and no file has it."""
    required: bool = False
    """A message without it is invalid."""
    range: tuple[float, float] | None = None
    """A message whose value is outside of these two bounds is invalid."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which a file may carry the column, the preferred one first."""
        return (self.name, *self.aliases)

    @property
    def staged(self) -> str:
        """Its name in staging."""
        return self.staged_as or self.name

    @property
    def text_as_delivered(self) -> str | None:
        """The column of staging that keeps the unparsed text."""
        if not self.as_delivered or self.data_type or self.type not in PARSED_TYPES:
            return None
        return self.as_delivered if isinstance(self.as_delivered, str) else f"{self.staged}_as_delivered"


@dataclass(frozen=True)
class Entity:
    """What lands as one table. `files` are patterns of its file names. `table` is its name in a database, None for what
    a run writes about itself. `key` is the column that identifies rows, `day` the one with the time of an event. Of the
    amounts in `keep_last` the last known one counts. `history` says that versions of a key are kept.
    """

    name: str
    files: tuple[str, ...]
    columns: tuple[Column, ...]
    keys: tuple[str, ...] = ()
    table: str | None = None
    day: str | None = None
    keep_last: tuple[str, ...] = ()
    history: bool = False
    topic: str | None = None
    """The topic of a stream whose messages are its rows."""
    late_after_seconds: int = 3600
    """Seconds from the time of a reading to its message after which it counts as late."""
    early_after_seconds: int = 300
    """Seconds by which the time of a reading may be ahead of its message."""

    @property
    def key(self) -> str | None:
        return self.keys[0] if len(self.keys) == 1 else None

    @property
    def delivered(self) -> "Entity":
        """The entity with only the columns that files have."""
        return replace(self, columns=tuple(column for column in self.columns if not column.literal_of))


@dataclass(frozen=True)
class Source:
    """`kind` says how its data arrives. `connection` is the prefix of a database's settings (POSTGRES_DSN, …). `events`
    is the fact from which rules and the scorecard take its events, `currency` the currency of its amounts.
    """

    name: str
    entities: tuple[Entity, ...]
    kind: str = FILES
    ignored_files: tuple[str, ...] = ()
    connection: str | None = None
    events: str | None = None
    currency: str | None = None


def sources(kind: str | None = None) -> list[str]:
    """The names of all declared sources, or of those of a kind, sorted."""
    return [name for name in _declared() if kind is None or load_source(name).kind == kind]


def load_source(name: str) -> Source:
    """Reads the declaration of a source. Tables whose name starts with _ belong to the landing zone and are not
    entities.

    Raises UserError for a source that is not declared, and for a declaration that landing cannot use.
    """
    if name not in _declared():
        known = ", ".join(_declared()) or "none"
        raise UserError(f"there is no source {name!r}: known are {known} ({STAGING}/<source>/)")
    path = _path(name)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 (safe, and five times as fast)
        [declared] = [entry for entry in document["sources"] if entry["name"] == name]
        meta = _meta(declared)
        _refuse_unknown(meta, SOURCE_WORDS, "a source", f"{path}: source {name}")
        if not re.fullmatch(r"[A-Z]{3}", str(meta.get("currency", "USD"))):
            raise UserError(f"{path}: currency {meta['currency']!r}: write the ISO 4217 code, as USD")
        source = Source(
            name=name,
            entities=tuple(
                _entity(table, meta, path) for table in declared["tables"] if not table["name"].startswith("_")
            ),
            kind=meta.get("kind", FILES),
            ignored_files=_listed(meta, "ignored_files", f"{path}: source {name}"),
            connection=meta.get("connection"),
            events=meta.get("events"),
            currency=meta.get("currency"),
        )
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: needs one source named {name!r} with tables and columns ({error!r})") from error
    if source.kind not in KINDS:
        raise UserError(f"{path}: kind {source.kind!r}: a source is of kind {' or '.join(KINDS)}")
    if meta.get("zone") != name:
        raise UserError(f"{path}: zone {meta.get('zone')!r}: write {name!r}, the folder by which dbt finds what landed")
    return source


def source_of_kind(kind: str, name: str | None, purpose: str) -> Source:
    """The declaration of a source of a kind; without a name, that of the only one. `purpose` is what the user wants to
    do with it, such as "extract".
    """
    known = sources(kind)
    if name is None and len(known) == 1:
        [name] = known
    if name is None:
        raise UserError(f"name the source to {purpose}: {', '.join(known) or 'none is declared'}")
    source = load_source(name)
    if source.kind != kind:
        raise UserError(f"source {name} is of kind {source.kind}, not {kind}: {kind} are {', '.join(known) or 'none'}")
    return source


def _declared() -> list[str]:
    return sorted(path.parent.name for path in STAGING.glob("*/_*__sources.yml") if path == _path(path.parent.name))


def _path(name: str) -> Path:
    return STAGING / name / f"_{name}__sources.yml"


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = node.get("config", {}).get("meta", {})
    return meta


def _listed(meta: Mapping[str, Any], word: str, place: str) -> tuple[str, ...]:
    found = meta.get(word, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise UserError(f"{place}: {word} {found!r}: write a list, as [{found if isinstance(found, str) else '…'}]")
    return tuple(found)


def _refuse_unknown(words: Collection[str], known: Collection[str], what: str, place: str) -> None:
    for word in words:
        if word not in known:
            raise UserError(f"{place}: {word!r} is no word of config.meta: {what} may say {', '.join(known)}")


def _entity(table: dict[str, Any], of_source: dict[str, Any], path: Path) -> Entity:
    place = f"{path}: table {table['name']}"
    columns = tuple(_column(column, f"{path}: {table['name']}.{column['name']}") for column in table.get("columns", ()))
    meta = _meta(table)
    _refuse_unknown(meta, TABLE_WORDS, "a table", place)
    keys = [meta["key"]] if isinstance(meta.get("key"), str) else None
    entity = Entity(
        name=table["name"],
        files=_listed(meta, "files", place),
        columns=columns,
        keys=_listed({"key": keys} if keys else meta, "key", place),
        table=meta.get("table"),
        day=meta.get("day"),
        keep_last=_listed(meta, "keep_last", place),
        history=meta.get("history", False),
        topic=meta.get("topic"),
        late_after_seconds=meta.get("late_after_seconds", 3600),
        early_after_seconds=meta.get("early_after_seconds", 300),
    )
    if not entity.columns:
        raise UserError(f"{place} names no columns")
    is_stream = of_source.get("kind") == STREAM
    if not is_stream:
        _refuse_words_of_streams(table, path)
    spelled = [name for column in columns for name in column.names]
    if twice := _repeated(spelled):
        raise UserError(f"{place} names {', '.join(twice)} more than once (as column or alias)")
    is_typed = of_source.get("kind", FILES) != FILES
    for column in columns:
        if column.data_type not in LANDED_TYPES or (column.data_type and not is_typed):
            raise UserError(
                f"{path}: {entity.name}.{column.name}: data_type {column.data_type!r}: a table of a database or of a "
                f"stream may say {' or '.join(filter(None, LANDED_TYPES))}; columns of files land as text and say none"
            )
    if len({column.name.casefold() for column in columns}) < len(columns):
        raise UserError(f"{place} has columns that differ in case only")
    literals = tuple(column.literal_of for column in columns)
    named_by = {"key": entity.keys, "day": (entity.day,), "keep_last": entity.keep_last, "literal_of": literals}
    for word, named in named_by.items():
        for name in filter(None, named):
            if name not in {column.name for column in entity.delivered.columns}:
                raise UserError(f"{place} has no column {name}, which its {word} names")
    if of_source.get("kind") == POSTGRES and len(entity.keys) > 1:
        raise UserError(f"{place}: key {list(entity.keys)}: of a database it is one column")
    for column in filter(lambda column: is_typed and column.literal_of, columns):
        raise UserError(f"{path}: {entity.name}.{column.name}: literal_of is for columns of files")
    _check_staged(entity, place)
    if is_stream:
        _check_stream(entity, meta, path)
    return entity


def _refuse_words_of_streams(table: dict[str, Any], path: Path) -> None:
    said = [("table", table["name"], table), *(("column", f"{table['name']}.{c['name']}", c) for c in table["columns"])]
    for what, name, node in said:
        for word in STREAM_WORDS[what]:
            if word in _meta(node):
                raise UserError(f"{path}: {name}: {word} is for a source of kind stream")


def _check_stream(entity: Entity, meta: Mapping[str, Any], path: Path) -> None:
    """Raises UserError where the declaration of a table does not suffice to validate or identify messages."""
    place = f"{path}: table {entity.name}"
    if not (isinstance(entity.topic, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,249}", entity.topic)):
        raise UserError(
            f"{place}: topic {entity.topic!r}: a table of a stream names its topic, of letters, digits, . _ and -"
        )
    for word in ("files", "table", "history", "keep_last"):
        if word in meta:
            raise UserError(f"{place} says topic and {word}: a table of a stream has no {word}")
    for word in ("late_after_seconds", "early_after_seconds"):
        seconds = getattr(entity, word)
        if type(seconds) is not int or seconds < 0:
            raise UserError(f"{place}: {word} {seconds!r}: write a whole number of seconds, 0 or more")
    if not entity.keys or not entity.day:
        raise UserError(f"{place} is of a stream: say its key, and as its day the time at which something happened")
    for column in entity.columns:
        where = f"{path}: {entity.name}.{column.name}"
        if column.type not in MESSAGE_TYPES:
            raise UserError(f"{where}: type {column.type!r}: of a message, write {' or '.join(MESSAGE_TYPES)}")
        if column.name.startswith("_"):
            raise UserError(f"{where}: names that start with _ are those of landing: name the field otherwise")
        if column.aliases:
            raise UserError(f"{where}: aliases are for columns of files: a field of a message has one name")
        if not column.required and column.name in (*entity.keys, entity.day):
            raise UserError(f"{where}: key and day name it: write required: true")


def _range(meta: Mapping[str, Any], place: str) -> tuple[float, float] | None:
    match meta.get("range"):
        case None:
            return None
        case [int() | float() as least, int() | float() as greatest] if -inf < least < greatest < inf:
            if meta.get("type") not in ("number", "integer"):
                raise UserError(f"{place}: range is for columns of type number or integer")
            return least, greatest
        case found:
            raise UserError(f"{place}: range {found!r}: write the least and the greatest number, as [0, 100]")


def _column(declared: dict[str, Any], place: str) -> Column:
    meta = _meta(declared)
    _refuse_unknown(meta, COLUMN_WORDS, "a column", place)
    column = Column(
        name=declared["name"],
        aliases=_listed(meta, "aliases", place),
        data_type=declared.get("data_type"),
        type=meta.get("type"),
        staged_as=meta.get("as"),
        as_delivered=meta.get("as_delivered", True),
        literal_of=meta.get("literal_of"),
        required=meta.get("required", False),
        range=_range(meta, place),
    )
    if not isinstance(column.required, bool):
        raise UserError(f"{place}: required {column.required!r}: write true or false")
    allowed = TYPES if column.data_type not in TYPE_OF_LANDED else (TYPE_OF_LANDED[column.data_type],)
    if column.type is not None and column.type not in allowed:
        raise UserError(f"{place}: type {column.type!r}: write {' or '.join(allowed)}")
    if not isinstance(column.literal_of, str | None):
        raise UserError(f"{place}: literal_of {column.literal_of!r}: write the name of a column")
    if column.literal_of and column.aliases:
        raise UserError(f"{place} says literal_of and aliases: no file has it, so leave out aliases")
    for word in ("as", "as_delivered"):
        name = meta.get(word)
        if word in meta and not (isinstance(name, str) and re.fullmatch(r"[a-z_][a-z0-9_]*", name)):
            if word == "as_delivered" and isinstance(name, bool):
                continue
            raise UserError(f"{place}: {word} {name!r}: write a name of lower-case letters, digits and _")
    return column


def _check_staged(entity: Entity, place: str) -> None:
    """Raises UserError where staging cannot be made from the declaration of a table."""
    if not isinstance(entity.history, bool):
        raise UserError(f"{place}: history {entity.history!r}: write true or false")
    if entity.history and not entity.keys:
        raise UserError(f"{place} says history and no key: whose versions?")
    for column in entity.columns:
        if column.type and not re.fullmatch(r"[a-z_][a-z0-9_]*", column.staged) and column.name != entity.day:
            raise UserError(f"{place}: {column.name} is not a name for a column of staging: give it one with as")
        if column.name == entity.day:
            kind = column.type or TYPE_OF_LANDED.get(column.data_type or "")
            if kind not in (None, "timestamp", "date"):
                raise UserError(f"{place}: its day {column.name} is of type {kind}: write timestamp or date")
            if column.type and column.staged_as:
                raise UserError(f"{place}: its day {column.name} is event_at and event_date in staging: leave out as")
        if column.name in entity.keep_last and column.type not in (None, "money", "number", "integer"):
            raise UserError(
                f"{place}: keep_last names {column.name} of type {column.type}: it takes money, number or integer"
            )
    names = [name for column in entity.columns for name in _staged_names(column) if column.name != entity.day]
    if twice := _repeated([*names, *(OF_STAGING if entity.day and any(c.type for c in entity.columns) else ())]):
        raise UserError(f"{place} has {', '.join(twice)} more than once in staging: write another name with as")


def _staged_names(column: Column) -> tuple[str, ...]:
    return tuple(filter(None, (column.staged, column.text_as_delivered))) if column.type else ()


def _repeated(names: Collection[str]) -> list[str]:
    return sorted({name for name in names if list(names).count(name) > 1})
