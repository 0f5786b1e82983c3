"""Tables of any shape: drawn columns, names, partitions and keys land as they are, and what cannot is refused."""

import json
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from psycopg import conninfo, sql

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database, database_of
from duckhouse.extraction.ranges import FIRST_KEY, LAST_KEY
from duckhouse.extraction.results import Result
from duckhouse.extraction.run import extract
from duckhouse.sources import Column, Entity, Source, load_source
from support.postgres import SOURCE, Extraction, counts, make_ranges_small, new_database

DRAWN = "drawn"
TABLE = '50% "odd" täble'
# what PostgreSQL may hold, as it is written where rows are made
TYPES = {
    "text": "nullif(concat('%s ', i % 5, e'\\n\\t\\\\\"ü'), '')",
    "numeric": "(i % 7)::numeric / 4",
    "json": "json_build_object('b', i % 3)",
    "point": "point(i % 3, 0)",
    "interval": "(i % 3) * interval '24 hours'",
    "double precision": "(i % 3) / 3.0",
    "bytea": "convert_to((i % 3)::text, 'UTF8')",
    "boolean": "i % 2 = 0",
    "timestamptz": "timestamptz '2026-03-29 01:30:00+00' + i % 3 * interval '1 hour'",
    "int[]": "array[i % 3, null]",
    '"char"': '(i % 3)::text::"char"',
    "char(5)": "(i % 3)::text",
    "money": "(i % 3)::money",
}
OURS = ["operation", "changed_at", "_unmapped", "_delivery_id", "_source_row", "_source_file", "_delivered_at"]
WORDS = [
    "f0", "f1", "f2", "t", "r", "key", "hash", "place", "id", "%s", "%", "%(x)s", "{}", 'a"b', "a'b", " ", "\n", "Ä",
]  # fmt: skip
MOST_COLUMNS = 1600
# what follows the columns, and how the table gets a second one for its rows
DIVISIONS = {
    "none": ("", "select"),
    "by range": ("partition by range ({key})", "create table rest partition of {table} default"),
    "by hash": (
        "partition by hash ({key})", "create table rest partition of {table} for values with (modulus 1, remainder 0)",
    ),
    "inherited": ("", "create table rest () inherits ({table})"),
}  # fmt: skip


def names(*others: str) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    drawn = st.text(letters, min_size=1, max_size=12)
    return st.one_of(st.sampled_from([*WORDS, *others]), drawn)


def keys() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(FIRST_KEY, LAST_KEY) | st.integers(0, 9), min_size=2, max_size=12, unique=True)


@dataclass(frozen=True)
class Drawn:
    """A table: the names of its declared columns and of others, how it is divided, its first keys and the next."""

    declared: list[str]
    extra: dict[str, str]
    division: str
    first: list[int]
    more: list[int] = field(default_factory=list)

    @property
    def source(self) -> Source:
        key, text, number, time = self.declared
        columns = (
            Column(text), Column(key, data_type="bigint"), Column(time, data_type="timestamp"),
            Column(number, data_type="bigint"), Column("operation"), Column("changed_at", data_type="timestamp"),
        )  # fmt: skip
        return Source(DRAWN, (Entity("rows", (), columns, (key,), f"public.{TABLE}"),), "postgres", connection="DRAWN")

    @property
    def columns(self) -> list[str]:
        return [*self.declared, *self.extra]

    @property
    def definition(self) -> sql.Composable:
        types = [*zip(self.declared, ["bigint", "text", "int", "timestamp"], strict=True), *self.extra.items()]
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types]
        whole, part = DIVISIONS[self.division]
        create = "create table {table} ({columns}, primary key ({key})) " + whole + "; " + part
        return sql.SQL(create).format(
            table=sql.Identifier(TABLE), columns=sql.SQL(", ").join(columns), key=sql.Identifier(self.declared[0])
        )

    def insert(self, some: list[int], into: str = TABLE) -> sql.Composable:
        numbers = sql.SQL("i, 'Ä%' || i, i % 9, timestamp '2026-01-01' + i % 9 * interval '1 us'")
        values = [numbers, *(sql.SQL(TYPES[kind]) for kind in self.extra.values())]
        return sql.SQL("insert into {} ({}) select {} from unnest({}::bigint[]) as i").format(
            sql.Identifier(into), sql.SQL(", ").join(map(sql.Identifier, self.columns)), sql.SQL(", ").join(values),
            sql.Literal(some),
        )  # fmt: skip

    def update(self, name: str, value: str) -> sql.Composable:
        """Of the row with the least key."""
        return sql.SQL("update {0} set {1} = {2} where {3} in (select min({3}) from {0})").format(
            sql.Identifier(TABLE), sql.Identifier(name), sql.SQL(value), sql.Identifier(self.declared[0])
        )


@st.composite
def tables(draw: st.DrawFn) -> Drawn:
    declared = st.lists(names(), min_size=4, max_size=4, unique_by=str.casefold).filter(
        lambda few: not {*few} & {*OURS}
    )
    chosen = draw(declared)
    extra = draw(
        st.dictionaries(names(*OURS).filter(lambda name: name not in chosen), st.sampled_from(list(TYPES)), max_size=8)
    )
    division = draw(st.sampled_from(list(DIVISIONS)))
    first = draw(keys())
    return Drawn(chosen, extra, division, first, [key for key in draw(keys()) if key not in first])


SMALL = ["boolean", '"char"']  # a row must fit on a page of 8 kB
WIDE = Drawn(
    ["f0", "f1", "hash", "key"],
    dict.fromkeys(OURS, "numeric") | {f"{i} %": SMALL[i % 2] for i in range(MOST_COLUMNS - 4 - len(OURS))},
    "none",
    list(range(20)),
    [LAST_KEY],
)


@pytest.fixture(scope="module")
def place(postgres: Embedded) -> Database:
    return new_database(postgres)


def landed(landing: Path) -> list[dict[str, Any]]:
    """All records, in the order of changes."""
    with duckdb.connect() as reader:
        found = reader.execute(
            f"from read_parquet('{landing}/{DRAWN}/delivery=*/rows/*.parquet') order by _delivery_id, _source_row"
        )
        columns = [column[0] for column in found.description]
        rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return rows


@settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
@given(table=tables())
@example(table=WIDE)
def test_tables_of_any_shape_land_by_each_way(
    place: Database, tmp_path_factory: pytest.TempPathFactory, table: Drawn
) -> None:
    landing = tmp_path_factory.mktemp("landing")
    with pytest.MonkeyPatch.context() as patch, closing(place.connect(autocommit=True)) as connection:
        patch.setenv("DUCKHOUSE_LANDING", str(landing))
        make_ranges_small(patch, 4)
        connection.execute(table.definition)
        try:
            connection.execute(table.insert(table.first))
            log = "compare" if table.division == "inherited" else "cdc"
            check(connection, table, landing, extract(table.source, place, log))
            for number, mode in enumerate((log, "compare", log, "full")):
                for name, kind in [(table.declared[1], "text"), *list(table.extra.items())[:4]]:
                    value = TYPES[kind].replace("i ", f"{len(mode)} ")
                    connection.execute(table.update(name, value))
                if number == 1:
                    connection.execute(table.insert(table.more, "rest" if table.division == "inherited" else TABLE))
                check(connection, table, landing, extract(table.source, place, mode))
        finally:
            connection.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(TABLE)))
            connection.execute(f"drop publication if exists duckhouse_{DRAWN}")
            connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots "
                               "where database = current_database()")  # fmt: skip


def check(connection: psycopg.Connection, table: Drawn, landing: Path, result: Result) -> None:
    """What landed adds up to what the table holds, as PostgreSQL spells it."""
    key, *declared = table.declared
    asked = [sql.SQL("case when {0} is distinct from null then concat({0}) end").format(sql.Identifier(name))
             for name in table.extra]  # fmt: skip
    query = sql.SQL("select {}, array[{}]::text[] from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, table.declared)), sql.SQL(", ").join(asked), sql.Identifier(TABLE)
    )
    truth = {}
    for *values, others in connection.execute(query):
        told = {name: text for name, text in zip(table.extra, others, strict=True) if text is not None}
        truth[values[0]] = (*values[1:], told)
    rows = {}
    for row in landed(landing):
        rows[row[key]] = row
    stands = {
        number: (*(row[name] for name in declared), json.loads(row["_unmapped"] or "{}"))
        for number, row in rows.items()
        if row["operation"] == "upsert"
    }
    assert stands == truth
    [of_table] = result.tables
    assert (of_table.source_rows, of_table.known_rows) == (len(truth), len(truth))
    assert [note for note in result.notes if "keeps" not in note] == []


# ---------------------------------------------------------------- equal values that are spelled otherwise

EQUAL = [
    ("numeric", "2.50", "2.5"),
    ("interval", "1 day", "24:00:00"),
    ("double precision", "0", "-0"),
    ("numeric[]", "{1.0}", "{1.00}"),
    ("json", '{"a": 1}', '{"a":1}'),
    ("kind", "a", None),
]


def test_an_edit_that_only_spells_a_value_otherwise_is_noticed(shop: Extraction) -> None:
    shop.sql("create type kind as enum ('a')")
    shop.run()
    for kind, before, after in EQUAL:
        shop.sql("alter table campaign drop column budget")
        shop.sql(f"alter table campaign add budget {kind} default '{before}'")
        shop.check(shop.run())
        shop.sql(
            f"update campaign set budget = '{after}' where id = 2"
            if after
            else "alter type kind rename value 'a' to 'b'"
        )
        shop.check(found := shop.run())
        assert counts(found) == {"campaign": (0, 1 if after else 3, 0)}, kind


def test_domains_are_read_as_what_they_are_made_of(shop: Extraction) -> None:
    shop.sql(
        "create domain number as int check (value > 0); create domain moment as timestamp check (value > '2000-01-01')"
    )
    shop.sql("alter table clicks alter id type number, alter campaign_id type number, alter created_at type moment")
    for mode in ("cdc", "cdc", "compare", "full"):
        shop.sql("update clicks set campaign_id = campaign_id % 3 + 1, created_at = null where id = 1")
        shop.check(found := shop.run(mode))
    assert shop.changes(found) == {"clicks": [("upsert", 1)]}


# ---------------------------------------------------------------- what cannot be read as a table is refused

FOREIGN = "create foreign data wrapper none; create server far foreign data wrapper none"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("create view clicks as select * from former", "read from clicks, which is a view; nothing is landed: declare"),
        ("create materialized view clicks as select * from former", "read from clicks, which is a materialized view"),
        (f"{FOREIGN}; create foreign table clicks (id int) server far", "read from clicks, which is a foreign table"),
        (f"{FOREIGN}; alter table former rename to clicks; "
         "create foreign table far_clicks () inherits (clicks) server far",
         "table clicks is read from far_clicks, which is a foreign table"),
        ("alter table former rename to clicks; create table old () inherits (clicks); "
         "insert into old (id) values (5), (9)",
         "table clicks has the id 5 twice, as where a table inherits it"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["compare", "full"])
def test_rows_that_cannot_be_read_as_those_of_a_table_are_refused(
    shop: Extraction, mode: str, change: str, told: str
) -> None:
    shop.run()
    shop.sql(f"alter table clicks rename to former; {change}")
    with pytest.raises(UserError, match=told) as said:
        shop.run(mode)
    assert "\n" not in str(said.value)
    assert len(list(shop.zone.glob("delivery=2*"))) == 1


def test_a_table_that_is_declared_twice_is_refused(shop: Extraction) -> None:
    source = load_source(SOURCE)
    again = replace(source, entities=(*source.entities, replace(source.entities[0], name="again")))
    with pytest.raises(UserError, match=r"advertiser and again are both table public\.advertiser: declare it once"):
        extract(again, shop.database, "compare")


@pytest.mark.parametrize("mode", ["cdc", "compare"])
def test_a_column_that_is_declared_later_lands_of_all_rows(shop: Extraction, mode: str) -> None:
    source = load_source(SOURCE)
    without = [replace(entity, columns=tuple(column for column in entity.columns if column.name != "budget"))
               for entity in source.entities]  # fmt: skip
    extract(replace(source, entities=tuple(without)), shop.database, mode, shop.slot)
    shop.sql("update campaign set bid = 9 where id = 1")
    shop.check(found := shop.run(mode))
    assert [row["budget"] for row in shop.landed("campaign", found.delivery.id)][-3:] == [
        "1000.00",
        "99999999.99",
        "5.00",
    ]
    assert shop.changes(shop.run("full")) == {}


def test_columns_of_many_and_odd_names_are_told_on_one_line(shop: Extraction) -> None:
    shop.sql('alter table clicks rename campaign_id to "a\nb"')
    shop.sql(f"alter table clicks {', '.join(f'add c{i} int' for i in range(100))}")
    with pytest.raises(
        UserError, match=r"no column campaign_id, it has id, a b, created_at, c0, .*, c16, 83 more;"
    ) as said:
        shop.run()
    assert "\n" not in str(said.value)


# ---------------------------------------------------------------- settings


def test_settings_of_a_role_do_not_change_how_values_are_spelled(shop: Extraction) -> None:
    shop.sql("alter table clicks add at timestamptz, add f float8, add b bytea, add d interval, add m money")
    shop.sql(
        "update clicks set at = '2026-05-04 12:00+00', f = 0.1::float8 + 0.2, b = '\\x00ff', d = '1 day 02:03', m = 5"
    )
    shop.check(shop.run("cdc"))
    spelled = shop.landed("clicks")[0]["_unmapped"]
    for setting in ("datestyle = German", "intervalstyle = iso_8601", "timezone = 'Asia/Tokyo'",
                    "extra_float_digits = -3", "bytea_output = escape", "row_security = on"):  # fmt: skip
        shop.sql(f"alter role current_user in database {shop.slot} set {setting}")
    assert shop.changes(shop.run("full")) == {}
    shop.sql("update clicks set campaign_id = 3 where id = 1")
    shop.check(found := shop.run("cdc"))
    assert [row["_unmapped"] for row in shop.landed("clicks", found.delivery.id)] == [spelled]
    assert found.notes == []


def test_variables_of_postgresql_hold_where_the_connection_string_says_nothing(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_DSN", shop.database.conninfo)
    told = []
    for name in (None, "theirs"):
        if name:
            monkeypatch.setenv("PGAPPNAME", name)
            monkeypatch.setenv("PGCONNECT_TIMEOUT", "7")
        with database_of(load_source(SOURCE)) as database, database.connect() as connection:
            shown = connection.execute("show application_name").fetchone()
            told.append((*shown, conninfo.conninfo_to_dict(database.conninfo)["connect_timeout"]))
    assert told == [("duckhouse", "10"), ("theirs", "7")]


def test_a_table_of_another_schema_is_not_taken_for_the_one_that_landed(shop: Extraction) -> None:
    shop.run("cdc")
    shop.sql("create schema app; create table app.clicks (like clicks including all)")
    shop.sql(f"alter role current_user in database {shop.slot} set search_path = app, public")
    for mode in ("compare", "cdc"):
        with pytest.raises(
            UserError, match=r"clicks is app\.clicks now, deliveries hold public\.clicks: set the search"
        ):
            shop.run(mode)
    assert counts(shop.run("full")) == {"clicks": (0, 0, 5)}
    assert counts(shop.run("compare")) == {}
