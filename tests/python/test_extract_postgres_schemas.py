"""Tables of odd shapes: what cannot be read as a table is refused. Drawn ones are in test_chaos_schemas.py."""

from dataclasses import replace

import pytest
from psycopg import conninfo

from duckhouse.cli import UserError
from duckhouse.extraction.database import database_of
from duckhouse.extraction.run import extract
from duckhouse.sources import load_source
from support.postgres import SOURCE, Extraction, counts

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
