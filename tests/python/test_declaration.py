"""Words of a declaration that nothing reads are refused in one line: file, table, column, what is allowed."""

from pathlib import Path

import pytest

from duckhouse import sources as declarations
from duckhouse.cli import UserError
from duckhouse.sources import MESSAGE_TYPES, TYPES, load_source, sources
from duckhouse.streaming import rows
from support.dbt import invoke_dbt
from support.warehouse import Warehouse

DECLARED = """
sources:
  - name: shop
    config: {meta: {zone: shop, events: fct_sales, currency: EUR}}
    tables:
      - name: sales
        config: {meta: {files: ["sales/*.csv"], key: sale_id, day: sold_at, keep_last: [paid]}}
        columns:
          - {name: sale_id, config: {meta: {type: id, aliases: [id]}}}
          - {name: sold_at, config: {meta: {type: timestamp}}}
          - {name: paid, config: {meta: {type: money, as: paid_eur}}}
          - {name: note}
          - {name: note_json, config: {meta: {literal_of: note}}}
      - name: shelves
        config: {meta: {files: [shelves.csv], key: shelf, history: true}}
        columns:
          - {name: shelf, config: {meta: {type: id}}}
          - {name: width, config: {meta: {type: number, as_delivered: false}}}
      - name: _files
"""

NOTE_JSON = "          - {name: note_json, config: {meta: {literal_of: note}}}\n"
OF_DATABASE = DECLARED.replace("zone: shop,", "zone: shop, kind: postgres,").replace(NOTE_JSON, "")

OF_STREAM = """
sources:
  - name: shop
    config: {meta: {zone: shop, kind: stream}}
    tables:
      - name: sales
        config:
          meta: {topic: shop.sales, key: [till, sold_at], day: sold_at, late_after_seconds: 60, early_after_seconds: 5}
        columns:
          - {name: till, config: {meta: {type: exact, required: true}}}
          - {name: sold_at, data_type: timestamp, config: {meta: {type: timestamp, required: true}}}
          - {name: paid, config: {meta: {type: number, range: [0, 99.5]}}}
          - {name: note, config: {meta: {type: text, required: false}}}
"""


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(declarations, "STAGING", tmp_path)
    (tmp_path / "shop").mkdir()

    def write(text: str) -> Path:
        path = tmp_path / "shop" / "_shop__sources.yml"
        path.write_text(text)
        return path

    return write


def assert_is_refused(declare, declared: str, words: str, wrong: str, told: str) -> None:
    assert declared.count(words) == 1
    path = declare(declared.replace(words, wrong))
    with pytest.raises(UserError, match=told) as refused:
        load_source("shop")
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_words_are_read(declare) -> None:
    declare(DECLARED)
    shop = load_source("shop")
    assert (shop.events, shop.currency) == ("fct_sales", "EUR")
    sales, shelves = shop.entities
    assert (sales.key, sales.day, sales.keep_last, sales.history) == ("sale_id", "sold_at", ("paid",), False)
    assert (shelves.key, shelves.day, shelves.keep_last, shelves.history) == ("shelf", None, (), True)
    assert [
        (column.type, column.staged, column.text_as_delivered) for column in (*sales.columns, *shelves.columns)
    ] == [
        ("id", "sale_id", None),
        ("timestamp", "sold_at", "sold_at_as_delivered"),
        ("money", "paid_eur", "paid_eur_as_delivered"),
        (None, "note", None),
        (None, "note_json", None),
        ("id", "shelf", None),
        ("number", "width", None),
    ]


@pytest.mark.parametrize(
    ("words", "wrong", "told"),
    [
        ("events:", "event:", "source shop: 'event' is no word of config.meta: a source may say zone, kind"),
        ("keep_last: [paid]", "keeplast: [paid]", "table sales: 'keeplast' is no word of config.meta: a table may say"),
        ("type: id, aliases", "typ: id, aliases", "sales.sale_id: 'typ' is no word of config.meta: a column may say"),
        ("type: money", "type: euros", "sales.paid: type 'euros': write text or exact or category or id"),
        ("type: money", "type: [money]", r"sales.paid: type \['money'\]: write text or"),
        ("currency: EUR", "currency: euro", "currency 'euro': write the ISO 4217 code, as USD"),
        ("key: sale_id", "key: sale", "table sales has no column sale, which its key names"),
        ("day: sold_at", "day: sold", "table sales has no column sold, which its day names"),
        ("[paid]", "[paid_eur]", "table sales has no column paid_eur, which its keep_last names"),
        ("[paid]", "paid", r"table sales: keep_last 'paid': write a list, as \[paid\]"),
        ("[paid]", "[sale_id]", "keep_last names sale_id of type id: it takes money, number or integer"),
        ("aliases: [id]", "aliases: id", r"sales.sale_id: aliases 'id': write a list, as \[id\]"),
        ('["sales/*.csv"]', '"sales/*.csv"', r"table sales: files 'sales/\*.csv': write a list"),
        ("day: sold_at", "day: paid", "its day paid is of type money: write timestamp or date"),
        ("type: timestamp", "type: timestamp, as: sold", "its day sold_at is event_at and event_date in staging"),
        ("as: paid_eur", "as: Paid EUR", "sales.paid: as 'Paid EUR': write a name of lower-case letters"),
        (
            "{name: sold_at,",
            "{name: Sold at, config: {meta: {type: date}}}\n          - {name: sold_at,",
            "sales: Sold at is not a name",
        ),
        ("as: paid_eur", "as: true", "sales.paid: as True: write a name of lower-case letters"),
        ("as_delivered: false", "as_delivered: 3", "shelves.width: as_delivered 3: write a name"),
        ("as: paid_eur", "as: sale_id", "table sales has sale_id more than once in staging"),
        ("as: paid_eur", "as: event_date", "table sales has event_date more than once in staging"),
        ("key: sale_id", "key: [sale_id, sale]", "table sales has no column sale, which its key names"),
        ("key: sale_id", "key: 3", r"table sales: key 3: write a list, as \[…\]"),
        ("key: sale_id", "key: [sale_id, note_json]", "table sales has no column note_json, which its key names"),
        ("day: sold_at", "day: note_json", "table sales has no column note_json, which its day names"),
        ("literal_of: note", "literal_of: notes", "table sales has no column notes, which its literal_of names"),
        (
            "literal_of: note",
            "literal_of: note_json",
            "no column note_json, which its literal_of names",
        ),
        (
            "literal_of: note",
            "literal_of: [note]",
            r"sales.note_json: literal_of \['note'\]: write the name of",
        ),
        ("literal_of: note", "literal_of: note, aliases: [notes]", "sales.note_json says literal_of and aliases"),
        ("history: true", "history: 'yes'", "table shelves: history 'yes': write true or false"),
        ("key: shelf, ", "", "table shelves says history and no key"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(declare, words: str, wrong: str, told: str) -> None:
    assert_is_refused(declare, DECLARED, words, wrong, told)


def test_words_of_a_stream_are_read(declare) -> None:
    declare(OF_STREAM)
    [sales] = load_source("shop").entities
    assert (sales.topic, sales.keys, sales.day) == ("shop.sales", ("till", "sold_at"), "sold_at")
    assert (sales.late_after_seconds, sales.early_after_seconds) == (60, 5)
    assert [(column.required, column.range) for column in sales.columns] == [
        (True, None), (True, None), (False, (0, 99.5)), (False, None),
    ]  # fmt: skip
    declare(OF_STREAM.replace(", late_after_seconds: 60, early_after_seconds: 5", ""))
    [sales] = load_source("shop").entities
    assert (sales.late_after_seconds, sales.early_after_seconds) == (3600, 300)


@pytest.mark.parametrize(
    ("words", "wrong", "told"),
    [
        ("topic: shop.sales, ", "", "table sales: topic None: a table of a stream names its topic"),
        ("topic: shop.sales", "topic: shop sales", "table sales: topic 'shop sales': a table of a stream names"),
        ("topic: shop.sales", "topic: [sales]", r"table sales: topic \['sales'\]: a table of a stream names"),
        ("topic: shop.sales", "topic: sales, files: [a.csv]", "says topic and files: a table of a stream has no files"),
        ("topic: shop.sales", "topic: sales, table: sales", "says topic and table: a table of a stream has no table"),
        ("topic: shop.sales", "topic: sales, history: true", "says topic and history"),
        ("topic: shop.sales", "topic: sales, keep_last: [paid]", "says topic and keep_last"),
        (
            "late_after_seconds: 60",
            "late_after_seconds: 1.5",
            "late_after_seconds 1.5: write a whole number of seconds",
        ),
        ("late_after_seconds: 60", "late_after_seconds: true", "late_after_seconds True: write a whole number"),
        (
            "early_after_seconds: 5",
            "early_after_seconds: -5",
            "early_after_seconds -5: write a whole number of seconds",
        ),
        ("early_after_seconds: 5", "early_after_seconds: '5'", "early_after_seconds '5': write a whole number"),
        ("key: [till, sold_at], ", "", "table sales is of a stream: say its key, and as its day"),
        ("day: sold_at, ", "", "table sales is of a stream: say its key, and as its day"),
        (
            "day: sold_at",
            "day: till",
            "its day till is of type exact: write timestamp or date",
        ),
        ("[0, 99.5]", "[0]", r"sales.paid: range \[0\]: write the least and the greatest number, as \[0, 100\]"),
        ("[0, 99.5]", "[0, 1, 2]", r"sales.paid: range \[0, 1, 2\]: write the least"),
        ("[0, 99.5]", "[99.5, 0]", r"sales.paid: range \[99.5, 0\]: write the least"),
        ("[0, 99.5]", "[5, 5]", r"sales.paid: range \[5, 5\]: write the least"),
        ("[0, 99.5]", "['0', '9']", r"sales.paid: range \['0', '9'\]: write the least"),
        ("[0, 99.5]", "[0, .inf]", r"sales.paid: range \[0, inf\]: write the least"),
        ("[0, 99.5]", "[0, .nan]", r"sales.paid: range \[0, nan\]: write the least"),
        ("[0, 99.5]", "9", "sales.paid: range 9: write the least"),
        ("type: text", "type: text, range: [0, 1]", "sales.note: range is for columns of type number or integer"),
        ("required: false", "required: maybe", "sales.note: required 'maybe': write true or false"),
        ("type: exact, required: true", "type: exact", "sales.till: key and day name it: write required: true"),
        ("type: timestamp, required: true", "type: timestamp", "sales.sold_at: key and day name it: write required"),
        ("type: text, ", "", "sales.note: type None: of a message, write text or exact"),
        ("type: text", "type: money", "sales.note: type 'money': of a message, write text or exact"),
        ("type: text", "type: text, aliases: [notes]", "sales.note: aliases are for columns of files"),
        ("type: text", "type: text, literal_of: paid", "sales.note: literal_of is for columns of files"),
        ("name: note", "name: _note", "sales._note: names that start with _ are those of landing"),
        ("name: note", "name: note, data_type: bigint", "sales.note: type 'text': write integer"),
        ("kind: stream", "kind: files", "sales: topic is for a source of kind stream"),
    ],
)
def test_a_wrong_word_of_a_stream_is_refused_in_one_line(declare, words: str, wrong: str, told: str) -> None:
    assert_is_refused(declare, OF_STREAM, words, wrong, told)


@pytest.mark.parametrize("kind", ["files", "postgres"])
@pytest.mark.parametrize(
    ("words", "wrong", "told"),
    [
        ("key: sale_id,", "key: sale_id, topic: sales,", "sales: topic is for a source of kind stream"),
        ("key: sale_id,", "key: sale_id, late_after_seconds: 9,", "sales: late_after_seconds is for a source of kind"),
        (
            "key: sale_id,",
            "key: sale_id, early_after_seconds: 9,",
            "sales: early_after_seconds is for a source of kind",
        ),
        ("type: money", "type: money, required: true", "sales.paid: required is for a source of kind stream"),
        ("type: number", "type: number, range: [0, 9]", "shelves.width: range is for a source of kind stream"),
    ],
)
def test_words_of_a_stream_are_for_streams(declare, kind: str, words: str, wrong: str, told: str) -> None:
    declared = DECLARED if kind == "files" else OF_DATABASE
    declare(declared.replace(words, wrong))
    with pytest.raises(UserError, match=told):
        load_source("shop")


def test_a_key_may_be_one_column_or_several_together(declare) -> None:
    declare(DECLARED)
    sales, _ = load_source("shop").entities
    assert (sales.keys, sales.key) == (("sale_id",), "sale_id")
    declare(DECLARED.replace("key: sale_id", "key: [sale_id, sold_at]"))
    sales, _ = load_source("shop").entities
    assert (sales.keys, sales.key) == (("sale_id", "sold_at"), None)
    declare(DECLARED.replace("key: sale_id", "key: [sale_id]"))
    assert load_source("shop").entities[0].key == "sale_id"
    declare(DECLARED.replace("key: sale_id, ", ""))
    assert load_source("shop").entities[0].keys == ()


def test_a_column_that_is_made_of_another_is_asked_of_no_file(declare) -> None:
    declare(DECLARED)
    sales, shelves = load_source("shop").entities
    assert [column.literal_of for column in sales.columns] == [None, None, None, None, "note"]
    assert [column.name for column in sales.delivered.columns] == ["sale_id", "sold_at", "paid", "note"]
    assert shelves.delivered == shelves


def test_a_database_makes_nothing_of_literals_and_has_keys_of_one_column(declare) -> None:
    declare(OF_DATABASE.replace("      - name: shelves", f"{NOTE_JSON}      - name: shelves"))
    with pytest.raises(UserError, match=r"sales\.note_json: literal_of is for columns of files"):
        load_source("shop")
    declare(OF_DATABASE.replace("key: sale_id", "key: [sale_id, note]"))
    with pytest.raises(UserError, match=r"table sales: key .*: of a database it is one column"):
        load_source("shop")


def test_a_type_of_what_landed_is_not_contradicted(declare) -> None:
    declare(OF_DATABASE.replace("name: note", "name: note, data_type: bigint, config: {meta: {type: money}}"))
    with pytest.raises(UserError, match=r"sales\.note: type 'money': write integer"):
        load_source("shop")
    declare(OF_DATABASE.replace("name: note", "name: note, data_type: bigint, config: {meta: {type: integer}}"))
    load_source("shop")


def test_a_message_may_have_the_types_that_its_rows_have() -> None:
    assert set(MESSAGE_TYPES) == rows.TYPES.keys()


def test_every_type_is_in_the_documentation_and_in_staging(shared_house: Warehouse) -> None:
    documented = (declarations.PROJECT / "docs" / "landing.md").read_text(encoding="utf-8")
    types = "{% for type in " + str(list(TYPES)) + " %}{{ typed_value(type, 'x')[1] }} {% endfor %}"
    [compiled] = invoke_dbt("compile", "--inline", types, target="dev", env=shared_house.env).result
    kinds = dict(zip(TYPES, compiled.node.compiled_code.split(), strict=True))
    assert {type for type in TYPES if f"`{type}`" not in documented} == set()
    assert kinds == dict.fromkeys(TYPES, "text_nullable") | {
        "category": "category_nullable",
        "money": "money_nullable",
        "number": "money_nullable",
        "integer": "integer_nullable",
        "boolean": "boolean_nullable",
        "date": "date_nullable",
        "timestamp": "timestamp_nullable",
    }


def test_the_sources_of_the_project_say_keys_days_and_facts() -> None:
    assert {name: load_source(name).events for name in sources()} == {
        "ad_delivery": "fct_ad_delivery_events",
        "ad_serving": "fct_ad_events",
        "consent": "fct_consent_events",
        "reviews": "fct_product_reviews",
        "telemetry": "fct_device_readings",
    }
    days = {
        (name, entity.name): entity.day for name in sources() for entity in load_source(name).entities if entity.day
    }
    assert days == {
        ("ad_delivery", "impressions"): "created_at",
        ("ad_delivery", "clicks"): "created_at",
        ("ad_serving", "events"): "timestamp",
        ("consent", "events"): "event_time",
        ("reviews", "reviews"): "unix_review_time",
        ("telemetry", "readings"): "timestamp",
    }
