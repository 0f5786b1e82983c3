"""Drawn tables: names, types, keys and divisions that PostgreSQL allows, and the SQL that makes and changes them.

A name may hold a percent sign: values are written into the SQL.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from psycopg import sql

from duckhouse.extraction.ranges import FIRST_KEY, LAST_KEY
from duckhouse.sources import Column, Entity, Source

SOURCE = "drawn"
TABLES = ['50% "odd" täble', "order", "a\nb", "x" * 63, "T", "ü" * 31, "a.b", "{}", "%s", "publication"]
# values that PostgreSQL can store, as SQL for inserting rows
TYPES = {
    "text": "nullif(concat('%s ', i % 5, e'\\n\\t\\\\\"ü'), '')",
    "numeric": "(i % 7)::numeric / 4",
    "json": "json_build_object('b', i % 3)",
    "jsonb": "jsonb_build_object('b', i % 3, 'a', null)",
    "point": "point(i % 3, 0)",
    "interval": "(i % 3) * interval '24 hours'",
    "double precision": "(i % 3) / 3.0",
    "real": "(array['NaN', 'Infinity', '-0', '1e-40'])[1 + abs(i % 4)]::real",
    "bytea": "convert_to((i % 3)::text, 'UTF8')",
    "boolean": "i % 2 = 0",
    "timestamptz": "timestamptz '2026-03-29 01:30:00+00' + i % 3 * interval '1 hour'",
    "timestamp(3)": "(array['infinity', '0044-03-15 BC', '294276-12-31', '2026-03-29'])[1 + abs(i % 4)]::timestamp",
    "date": "(array['-infinity', '4713-01-01 BC', '5874897-12-31', '2026-02-28'])[1 + abs(i % 4)]::date",
    "timetz": "time with time zone '24:00:00-15:59' - i % 2 * interval '1 us'",
    "int[]": "array[i % 3, null]",
    "text[][]": "array[[null, 'NULL'], ['{', '\"']]",
    '"char"': '(i % 3)::text::"char"',
    "char(5)": "(i % 3)::text",
    "money": "(i % 3)::money",
    "numeric(40, 20)": "(i % 7)::numeric / 3",
    "numeric(5, -2)": "(i % 7) * 100",
    "int4range": "int4range((i % 9)::int, null, '(]')",
    "tsvector": "to_tsvector('simple', concat('a ', i % 3))",
    "xid8": "pg_current_xact_id()",
    "inet": "'::1'::inet",
    "bit varying": "(i % 3)::int::bit(3)::bit varying",
    "uuid": "md5(i::text)::uuid",
    '"mood %"': "(array['sad', 'o''k', 'ha\"ppy', '%s'])[1 + abs(i % 4)]::\"mood %\"",
    '"over 0"': "1 + abs(i % 3)",
    "place": "row(i % 3, null, 'a,\"b')::place",
    "span": "span(1.5, 2.5)",
}
MADE_TYPES = """
    create type "mood %" as enum ('sad', 'o''k', 'ha"ppy', '%s');
    create domain "over 0" as int check (value > 0);
    create type place as (x int, y text, "z %" text);
    create type span as range (subtype = float8);
"""
SMALL = ["boolean", '"char"']  # for tables with many columns: a row must fit on a page of 8 kB
NUMBERS = "numeric, odd"
"""A column without limits, with NaN and infinity, which a type of its own would not be."""
OURS = ["operation", "changed_at", "_unmapped", "_delivery_id", "_source_row", "_source_file", "_delivered_at"]
WORDS = [
    "f0", "f1", "f2", "t", "r", "key", "hash", "place", "id", "%s", "%", "%(x)s", "{}", 'a"b', "a'b", " ", "\n", "Ä",
    "select", "user", "ctid ", "x" * 63, "ü" * 31, "a.b", "null", "\x01", "\u202e", "row", "C", "c",
]  # fmt: skip
MOST_COLUMNS = 1600
# the SQL after the columns, and how the table gets a second one for its rows
DIVISIONS = {
    "none": ("", "select"),
    "by range": ("partition by range ({key})", "create table rest partition of {table} default"),
    "by hash": (
        "partition by hash ({key})", "create table rest partition of {table} for values with (modulus 1, remainder 0)",
    ),
    "inherited": ("", "create table rest () inherits ({table})"),
    "unlogged": ("", "alter table {table} set unlogged"),
}  # fmt: skip
# the SQL after the columns, and the messages that refuse the table: by comparing, and from the log
KEYS = {
    "primary": ("primary key ({key})", None, None),
    "unique": ("unique ({key})", None, "would not tell which rows"),
    "composite": ("unique ({key}), primary key ({key}, {other})", None, "would not tell which rows"),
    "only composite": ("primary key ({key}, {other})", "has no primary key", "has no primary key"),
    "none": ("check ({key} is not null)", "has no primary key", "has no primary key"),
}
REFUSED_FROM_LOG = {"inherited": "which inherits", "unlogged": "which is unlogged"}


@dataclass(frozen=True)
class Shape:
    """A table: the names of its declared columns (key, text, number, time) and of others with their types, how it is
    partitioned and keyed, its first keys and those of later rows. `virtual` is a generated column that is not in any
    log.
    """

    name: str
    declared: list[str]
    extra: dict[str, str]
    division: str
    first: list[int]
    more: list[int] = field(default_factory=list)
    keyed: str = "primary"
    virtual: str | None = None

    @property
    def source(self) -> Source:
        key, text, number, time = self.declared
        columns = (
            Column(text), Column(key, data_type="bigint"), Column(time, data_type="timestamp"),
            Column(number, data_type="bigint"), Column("operation"), Column("changed_at", data_type="timestamp"),
        )  # fmt: skip
        entity = Entity("rows", (), columns, (key,), f"public.{self.name}")
        return Source(SOURCE, (entity,), "postgres", connection="DRAWN")

    @property
    def names(self) -> list[str]:
        """Names of the columns besides the declared ones."""
        return [*self.extra, *([self.virtual] if self.virtual else [])]

    def refusal(self, mode: str) -> str | None:
        """The message with which a run of this mode must refuse the table; None where the table must land."""
        by_comparing, from_log = KEYS[self.keyed][1:]
        if mode != "cdc" or by_comparing:
            return by_comparing
        return from_log or ("which is generated" if self.virtual else REFUSED_FROM_LOG.get(self.division))

    @property
    def definition(self) -> sql.Composed:
        types = [*zip(self.declared, ["bigint", "text", "int", "timestamp"], strict=True), *self.extra.items()]
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_type(kind))) for name, kind in types]
        if self.virtual:
            generated = "{} text generated always as ('v' || {}) virtual"
            columns.append(sql.SQL(generated).format(sql.Identifier(self.virtual), sql.Identifier(self.declared[2])))
        whole, part = DIVISIONS[self.division]
        keyed = sql.SQL(KEYS[self.keyed][0]).format(
            key=sql.Identifier(self.declared[0]), other=sql.Identifier(self.declared[2])
        )
        parts = [f"create table {{table}} ({{columns}}, {{keyed}}) {whole}", part]
        if self.keyed != "none":
            parts.insert(1, "alter table {table} alter {key} set not null, alter {other} set not null")
        return sql.SQL("; ".join(parts)).format(
            table=sql.Identifier(self.name), columns=sql.SQL(", ").join(columns), keyed=keyed,
            key=sql.Identifier(self.declared[0]), other=sql.Identifier(self.declared[2]),
        )  # fmt: skip

    def insert(self, some: Sequence[int], into: str | None = None) -> sql.Composed:
        numbers = sql.SQL("i, 'Ä%' || i, i % 9, timestamp '2026-01-01' + i % 9 * interval '1 us'")
        values = [numbers, *(sql.SQL(value_of(kind)) for kind in self.extra.values())]
        return sql.SQL("insert into {} ({}) select {} from unnest({}::bigint[]) as i").format(
            sql.Identifier(into or self.name), sql.SQL(", ").join(map(sql.Identifier, [*self.declared, *self.extra])),
            sql.SQL(", ").join(values), sql.Literal(list(some)),
        )  # fmt: skip

    def update(self, name: str, value: str) -> sql.Composed:
        """For the row with the smallest key."""
        return sql.SQL("update {0} set {1} = {2} where {3} in (select min({3}) from {0})").format(
            sql.Identifier(self.name), sql.Identifier(name), sql.SQL(value), sql.Identifier(self.declared[0])
        )


def _type(kind: str) -> str:
    return "numeric" if kind == NUMBERS else kind


def value_of(kind: str) -> str:
    """The SQL of a value of a type, by the key i of its row."""
    if kind == NUMBERS:
        return "(array['NaN', 'Infinity', '-Infinity', '1e-300', '1e300'])[1 + abs(i % 5)]::numeric"
    return TYPES[kind]


WIDE = Shape(
    TABLES[0],
    ["f0", "f1", "hash", "key"],
    dict.fromkeys(OURS, "numeric") | {f"{i} %": SMALL[i % 2] for i in range(MOST_COLUMNS - 4 - len(OURS))},
    "none",
    list(range(20)),
    [LAST_KEY],
)
"""A table with the largest number of columns that a table may have."""


def drawn_shape(lot: random.Random) -> Shape:
    """Draws a table; three of four are tables that runs land in each mode."""
    declared: list[str] = []
    while len(declared) < 4:
        name = _name(lot)
        if name not in OURS and name.casefold() not in map(str.casefold, declared):
            declared.append(name)
    names = {name for _ in range(lot.randint(0, 9)) if (name := _name(lot, *OURS)) not in declared}
    kinds = {name: lot.choice([*TYPES, NUMBERS]) for name in sorted(names)}
    first, more = _keys(lot), _keys(lot)
    shape = Shape(lot.choice(TABLES), declared, kinds, "none", first, [key for key in more if key not in first])
    if lot.random() < 0.04:
        return replace(WIDE, name=shape.name)
    if lot.random() < 0.5:
        return replace(shape, division=lot.choice(["none", "by range", "by hash"]))
    division = lot.choice([*DIVISIONS])
    keyed = lot.choice(["primary", *KEYS]) if division == "none" else "primary"
    return replace(shape, division=division, keyed=keyed, virtual="v %" if lot.random() < 0.2 else None)


def _name(lot: random.Random, *others: str) -> str:
    if lot.random() < 0.6:
        return lot.choice([*WORDS, *others])
    while True:
        signs = "".join(chr(lot.choice([lot.randint(1, 0x7F), lot.randint(0xA0, 0x2FF), lot.randint(0x10000, 0x1FFFF)]))
                        for _ in range(lot.randint(1, 12)))  # fmt: skip
        if len(signs.encode()) < 64 and signs != "v %":
            return signs


def _keys(lot: random.Random) -> list[int]:
    """A few consecutive keys, and keys that are far apart, like snowflake ids."""
    far = [lot.randint(FIRST_KEY, LAST_KEY) for _ in range(lot.randint(1, 6))]
    snowflakes = [(1_700_000_000_000 + i * 1_000) << 22 for i in range(lot.choice([0, 3]))]
    keys = {*far, *snowflakes, *lot.sample(range(10), lot.randint(1, 6)), *lot.sample([FIRST_KEY, LAST_KEY, -1], 1)}
    return lot.sample(sorted(keys), len(keys))
