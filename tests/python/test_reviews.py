"""Product reviews from files to marts, on both engines: each figure is what plain Python reads from the files."""

import csv
import gzip
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path

import clickhouse_connect
import duckdb
import pytest

from duckhouse.warehouse import erase as warehouse_erase
from scripts import erase
from support.dbt import BuildError, environment
from support.drops import NO_TESTS, build, keep
from support.reviews import (
    TABLES,
    Delivery,
    deliver,
    differences,
    drawn_products,
    drawn_reviews,
    key_of,
    product,
    review,
    rows_in,
)
from support.warehouse import WITHOUT_QUALITY, Warehouse, called, warehouse

OF_MONTHS = {
    "reviews": "select review_id, cast(event_date as text), rating from {}marts.fct_product_reviews",
    "texts": "select review_id from {}marts.fct_product_review_texts",
    "months": "select cast(event_date as text), sum(reviews) from {}intermediate.int_reviews__product_months "
    "group by 1",
}
BY_MONTH = ("fct_product_reviews", "fct_product_review_texts", "int_reviews__months", "int_reviews__product_months")
EMPTIED_DAYS = ("2014-05-20", "2001-09-08", "2001-09-09", "1999-12-31")

CLOTHES = "[['Clothing, Shoes & Jewelry', \"Women's\", 'Accessories'], ['Sports \"R\" Us', 'Damen, Größe 40']]"
BOOKS = "[['Books', 'Travel'], ['Books', 'Travel', 'Perú'], ['Gifts']]"
PRODUCTS = [
    product("B000000001", CLOTHES, brand="SONY", price="19.99", salesrank="{'Clothing': 1631, 'Shoes': 7}"),
    product("b000000002", BOOKS, brand="so-ny ", price="", description="<b>Bold</b>"),
    product("B000000003", "[['Books']]", brand="L'Oréal", price="1234.50", related="{'also_bought': ['B000000001']}"),
    product("B000000004", "[['Books']", brand="", salesrank="len('x')", related="['B000000001']"),
    product("B000000005", "[[], ['Gifts']]", brand="Sony"),
    product("B000000006", "[['', 'Nameless']]", brand="!!!"),
    product("B000000007", "", title=""),
]
FIRST = {
    "2014-05.csv": [
        review("ada", "B000000001", "2014-05-20", "5.0", helpful="[9, 10]"),
        review("ada", "B000000002", "2014-05-20", "4.0", reviewText='Two lines,\n"quoted"; and a 😀 of é.'),
        review("ben", "B000000001", "2014-05-21", "1.0", helpful="[0, 7]"),
        review("ben", "b000000001 ", "2014-05-22", "2", helpful=" [3,3] "),
        review("cem", "B000000002", "2014-05-31", "3.0", reviewTime="5 31, 2014"),
        review("cem", "B000000003", "2014-05-31", "3.0", helpful="[5, 2]"),
        review("dan", "B000000009", "2014-05-31", "5.0"),
        review("dan", "", "2014-05-30", "5.0", helpful="[1, 4]"),
        review("eve", "B000000004", "2014-05-01", "6.0", helpful="votes"),
        review("eve", "B000000005", "2014-05-01", "4.5", helpful=""),
        review("eve", "B000000006", "2014-05-02", "five", reviewText="", summary=""),
        review("eve", "B000000007", "2014-05-02", "0.0"),
        review("", "B000000001", "2014-05-20", helpful="[2, 3]"),
        review("fay", "B000000001", "2014-05-20", unixReviewTime="soon", reviewTime="02 30, 2014", helpful="[1, 1]"),
        review("fay", "B000000001", "2014-05-20", unixReviewTime="", reviewTime="", reviewerName=""),
    ],
    "2001.csv.gz": [
        review("old", "B000000003", "2001-09-09", "4.0"),
        review("old", "B000000003", "2001-09-08", "4.0"),
        review("old", "B000000003", "1970-01-01", "4.0"),
        review("old", "B000000002", "1999-12-31", unixReviewTime="946598400.0", reviewTime="12 30, 1999"),
        review("old", "B000000002", "1935-01-04", unixReviewTime="n/a", reviewTime="1 4, 1935"),
        review("old", "B000000002", "1999-12-31", unixReviewTime="n/a", reviewTime="12 31, 1800"),
        review("unsaid", "B000000002", "1999-12-31", reviewTime="99 99, 9999", reviewerName=""),
    ],
    "again.csv": [
        review("ada", "B000000001", "2014-05-20", "5.0", helpful="[10, 11]"),
        review("ada", "B000000001", "2014-06-20", "4.0"),
    ],
}
OLDER = {
    "2014-05.csv": [
        review("ada", "B000000001", "2014-05-20", "3.0", helpful="[50, 60]", reviewerName="Ada of before"),
        review("gil", "B000000003", "2014-07-01", "1.0"),
        review("late", "B000000001", "2014-05-21", "2.0"),
    ]
}
OLDER_PRODUCTS = [
    product("B000000001", "[['Books']]", brand="Sony", price="18.00"),
    product("B000000009", "[['Gifts']]", brand="Acme"),
]
CORRECTED = {
    "corrected.csv": [
        review(
            "ada", "B000000001", "2014-05-20", "2.0", helpful="[12, 20]", reviewerName="Ada now", reviewText="Not so."
        ),
        review("ada", "B000000002", "2014-05-20", "n/a", helpful="[1, 1]"),
        review("fay", "B000000001", "2014-05-20", "4.0", reviewerName=""),
        review("gil", "B000000003", "2014-07-01", "5.0"),
        review("gil", "B000000003", "2014-07-01", "5.0", unixReviewTime=""),
        review("new", "B000000010", "2014-08-01", "5.0"),
    ]
}
CORRECTED_PRODUCTS = [
    product("B000000001", CLOTHES, brand="SONY", price="199.90", salesrank="{}"),
    product("B000000002", "[['Books', 'Travel']]", brand="Other"),
    product("B000000003", "[['Books']]", brand="L'Oréal", price="1234.50", related="{'also_bought': []}"),
]


@dataclass(frozen=True)
class Built:
    house: Warehouse
    deliveries: list[Delivery]


@dataclass(frozen=True)
class Emptied:
    """By target: what the tables by month hold, and what the test of lost reviews says."""

    rows: dict[str, dict[str, list[tuple]]]
    told: dict[str, str]


@pytest.fixture(scope="module")
def shop() -> Iterator[Warehouse]:
    with warehouse("reviews") as house:
        yield house


def drawn(house: Warehouse, day: int) -> Delivery:
    """A delivery of that day of January 2026, which corrects reviews of other drawn ones, and is corrected by some."""
    files = {"drawn-1.csv": drawn_reviews(day, 40), "drawn-2.csv.gz": drawn_reviews(day + 100, 20)}
    return deliver(house, f"2026-01-{day}T06:00:00Z", files, drawn_products(day))


@pytest.fixture(scope="module")
def first(shop: Warehouse) -> Built:
    delivered = [deliver(shop, "2026-01-10T06:00:00Z", FIRST, PRODUCTS), drawn(shop, 18)]
    build(shop)
    return Built(keep(shop, "first"), delivered)


@pytest.fixture(scope="module")
def later(shop: Warehouse, first: Built) -> Built:
    delivered = [deliver(shop, "2026-01-20T06:00:00Z", CORRECTED, CORRECTED_PRODUCTS), drawn(shop, 12)]
    build(shop)
    return Built(keep(shop, "later"), [*first.deliveries, *delivered])


@pytest.fixture(scope="module")
def forgotten(shop: Warehouse, later: Built) -> Built:
    """A reviewer asked to be forgotten; then an older delivery, with a review of theirs, arrives after a later one."""
    on_prod(shop, f"insert into {shop.prefix}_staging.erased_reviewers values ('{key_of('ada')}', '2026-01-21')")
    with duckdb.connect(str(shop.duckdb)) as connection:
        connection.execute(f"insert into staging.erased_reviewers values ('{key_of('ada')}', '2026-01-21')")
    assert "stg_reviews__reviews of prod still holds their words: make prod" in erasing(shop, "--target", "prod").stderr
    delivered = [deliver(shop, "2026-01-15T06:00:00Z", OLDER, OLDER_PRODUCTS), drawn(shop, 14), drawn(shop, 22)]
    shop.build("--select", "source:reviews+", *WITHOUT_QUALITY)
    return Built(keep(shop, "forgotten"), [*later.deliveries, *delivered])


@pytest.fixture(scope="module")
def emptied(shop: Warehouse, forgotten: Built) -> Emptied:
    """Days are taken from the parent of the facts: no delivery can do that, because the key holds the time."""
    gone = f"delete from {{}}.int_reviews__review_touches where event_date in {EMPTIED_DAYS}"
    on_prod(shop, gone.format(f"{shop.prefix}_intermediate"))
    with duckdb.connect(str(shop.duckdb)) as connection:
        connection.execute(gone.format("intermediate"))
    rows, told = {}, {}
    for target in ("dev", "prod"):
        shop.dbt(target, "run", "--select", *BY_MONTH)
        with pytest.raises(BuildError) as lost:
            shop.dbt(target, "test", "--select", "assert_no_review_is_lost_or_invented")
        told[target] = str(lost.value)
        ask = shop.rows if target == "dev" else partial(on_prod, shop)
        prefix = "" if target == "dev" else f"{shop.prefix}_"
        rows[target] = {name: sorted(ask(query.format(prefix))) for name, query in OF_MONTHS.items()}
    return Emptied(rows, told)


@pytest.fixture(scope="module")
def refreshed(shop: Warehouse, forgotten: Built, emptied: Emptied) -> Built:
    """Facts made anew from staging, after the landed files that hold the forgotten reviewer were removed."""
    told = erasing(shop, "--target", "dev", "prod").stdout
    assert told.splitlines() == [f"removed delivery {each}" for each in holding(forgotten, "ada")]
    shop.build("--full-refresh", *NO_TESTS, "--select", "source:reviews+", *WITHOUT_QUALITY)
    return Built(shop, forgotten.deliveries)


def erasing(house: Warehouse, *words: str) -> subprocess.CompletedProcess[str]:
    with environment(house.env):
        return called(lambda: erase.main(words))


def holding(built: Built, reviewer: str) -> list[str]:
    """The deliveries with a record of a reviewer, oldest first, by what their files say."""
    found = {
        delivery.id
        for delivery in built.deliveries
        for path in (delivery.folder / "jet_reviews").iterdir()
        for record in csv.DictReader(StringIO(text_of(path)))
        if record["reviewerID"].strip() == reviewer
    }
    return sorted(found)


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def on_prod(house: Warehouse, query: str) -> list[tuple]:
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        return [tuple(row) for row in client.query(query).result_rows]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("stage", ["first", "later", "forgotten", "refreshed"])
def test_a_mart_is_what_the_files_say(request: pytest.FixtureRequest, stage: str, table: str) -> None:
    built = request.getfixturevalue(stage)
    erased = ["ada"] if stage in ("forgotten", "refreshed") else []
    assert rows_in(built.house, table)
    assert differences(built.house, built.deliveries, erased, [table]) == {}


def test_both_engines_hold_the_same_rows_after_all(refreshed: Built) -> None:
    assert refreshed.house.differences() == []


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_a_month_that_lost_days_is_rebuilt_and_one_that_lost_all_is_emptied(
    forgotten: Built, emptied: Emptied, target: str
) -> None:
    before = forgotten.house.rows(OF_MONTHS["reviews"].format(""))
    kept = sorted(row for row in before if row[1] not in EMPTIED_DAYS)
    months = Counter(day[:7] for _, day, _ in kept)
    assert (months["2014-05"], months["2001-09"], months["1999-12"]) == (11, 0, 0)
    assert emptied.rows[target] == {
        "reviews": kept,
        "texts": [(review_id,) for review_id, *_ in kept],
        "months": [(f"{month}-01", reviews) for month, reviews in sorted(months.items())],
    }


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_reviews_that_a_fact_lost_are_missed(emptied: Emptied, target: str) -> None:
    """Staging still has the records of four days that the facts lost."""
    assert re.search("assert_no_review_is_lost_or_invented: Got 4 results", emptied.told[target])


def test_times_of_nine_digits_and_before_1970_are_read(first: Built) -> None:
    query = f"select event_at from marts.fct_product_reviews where reviewer_key = '{key_of('old')}' order by 1"
    days = ("1935-01-04", "1970-01-01", "1999-12-31", "2001-09-08", "2001-09-09")
    assert [str(at) for (at,) in first.house.rows(query)] == [f"{day} 00:00:00" for day in days]


def test_a_rating_is_a_whole_number_from_1_to_5_or_none(first: Built) -> None:
    query = (
        f"select product_id, rating from marts.fct_product_reviews where reviewer_key = '{key_of('eve')}' order by 1"
    )
    assert first.house.rows(query) == [(f"B00000000{place}", None) for place in (4, 5, 6, 7)]
    staged = f"select rating_as_delivered from staging.stg_reviews__reviews where reviewer_key = '{key_of('eve')}'"
    assert sorted(text for (text,) in first.house.rows(staged)) == ["0.0", "4.5", "6.0", "five"]


# votes as delivered: the share, and both ends of its interval. Without helpful votes the upper end is z^2 / (n + z^2),
# with helpful votes only the lower end is n / (n + z^2); z^2 = 3.8414588.
VOTES = {
    "[0, 7]": (0, 0, 3.8414588 / 10.8414588),
    "[3,3]": (1, 3 / 6.8414588, 1),
    "[1, 4]": (0.25, 0.0455873, 0.6993582),
    "[5, 2]": (None, None, None),
    "[0, 0]": (None, None, None),
    "votes": (None, None, None),
}


@pytest.mark.parametrize("votes", VOTES)
def test_the_share_of_helpful_votes_has_an_interval(first: Built, votes: str) -> None:
    shares = first.house.rows(
        "select distinct helpful_share, helpful_share_low, helpful_share_high from marts.fct_product_reviews "
        "inner join staging.stg_reviews__reviews using (review_id, _delivery_id, _source_file, _source_row) "
        f"where helpful_as_delivered = '{votes}'"
    )
    assert [pytest.approx(share, abs=5e-8) for share in shares] == [VOTES[votes]]


def test_a_brand_is_ranked_by_its_mean_drawn_towards_that_of_the_month(first: Built) -> None:
    """In May 2014 eight ratings sum up to 28. Those of Sony are 5, 4, 1, 2 and 3; a sixth review has none."""
    columns = "brand_name, reviews, ratings, rating_mean, rating_mean_shrunken, ratings_1, ratings_5, is_small_sample"
    [row] = first.house.rows(
        f"select {columns} from marts.agg_brand_ratings where brand_id = 'sony' and month = '2014-05-01'"
    )
    assert row == ("SONY", 6, 5, 3.0, pytest.approx((15 + 10 * 28 / 8) / (5 + 10)), 1, 1, True)
    brand = (
        "select brand_name, spellings, products, is_unknown from marts.dim_brands where brand_id in ('sony', 'loréal')"
    )
    assert first.house.rows(f"{brand} order by 1") == [("L'Oréal", 1, 1, False), ("SONY", 3, 3, False)]


def test_a_product_counts_for_one_category_and_is_on_all_its_paths(first: Built) -> None:
    paths = first.house.rows(
        "select category_path, level, ends_path, is_main, is_leaf from marts.bridge_product_categories "
        "inner join marts.dim_categories using (category_id, level) where product_id = 'B000000001' "
        "order by path_number, level"
    )
    assert paths == [
        ("Clothing, Shoes & Jewelry", 1, False, True, False),
        ("Clothing, Shoes & Jewelry > Women's", 2, False, False, False),
        ("Clothing, Shoes & Jewelry > Women's > Accessories", 3, True, False, True),
        ('Sports "R" Us', 1, False, False, False),
        ('Sports "R" Us > Damen, Größe 40', 2, True, False, True),
    ]
    main = first.house.rows("select product_id, count(*) from marts.bridge_product_categories where is_main group by 1")
    assert set(main) == {
        (product_id, 1) for (product_id,) in first.house.rows("select product_id from marts.dim_products")
    }
    unknown = first.house.rows(
        "select product_id from marts.bridge_product_categories "
        "where is_main and category_id = 'unknown' and product_id like 'B%' order by 1"
    )
    assert [product_id for (product_id,) in unknown] == [f"B00000000{place}" for place in (4, 5, 6, 7, 9)]


def test_literals_that_are_none_or_of_another_shape_are_named(first: Built) -> None:
    named = "unreadable_literals from staging.stg_reviews__products where unreadable_literals is not null"
    assert first.house.rows(f"select product_id, {named} and product_id like 'B%'") == [
        ("B000000004", "categories,salesrank,related")
    ]


def test_every_record_and_vote_is_accounted_for(later: Built) -> None:
    """Of the 15 records of the file two were corrected later, one by another file, and three were set aside."""
    columns = ("records_landed", "records_current", "records_replaced", "records_set_aside")
    votes = (column.replace("records", "total_votes") for column in columns)
    [row] = later.house.rows(
        f"select {', '.join([*columns, *votes])} from quality.fct_product_review_records "
        "where _source_file like '%/2014-05.csv'"
    )
    assert row == (15, 10, 2, 3, 30, 16, 10, 4)


WORDS = ("Name of ada", "Ada now", "Ada of before", "Text of ada", "Not so.", "Two lines", "Summary of ada")


def tables_with_words(house: Warehouse, prod: bool) -> set[str]:
    """Tables and views of a warehouse that show a word of the reviewer; what was pushed is not the warehouse's."""
    listed = (
        on_prod(house, f"select database, name from system.tables where startsWith(database, '{house.prefix}_')")
        if prod
        else house.rows("select table_schema, table_name from information_schema.tables")
    )
    found = set()
    for schema, table in listed:
        query = (
            f"select toString(tuple(*)) from {schema}.{table}"
            if prod
            else f'select cast(t as varchar) from "{schema}"."{table}" t'
        )
        rows = on_prod(house, query) if prod else house.rows(query)
        if any(word in text for (text,) in rows for word in WORDS):
            found.add(table)
    return found


def test_what_a_forgotten_reviewer_wrote_and_is_called_is_in_no_table(
    shop: Warehouse, later: Built, forgotten: Built
) -> None:
    with_words = {"stg_reviews__reviews", "fct_product_review_texts", "dim_reviewer_names"}
    assert tables_with_words(later.house, prod=False) == with_words
    assert tables_with_words(forgotten.house, prod=False) == set()
    assert tables_with_words(shop, prod=True) == set()


def test_no_landed_file_and_no_raw_table_names_a_forgotten_reviewer(shop: Warehouse, refreshed: Built) -> None:
    landed = "select * from read_parquet('{}/delivery=*/*/*.parquet', union_by_name = true, filename = true)"
    texts = [str(row) for row in shop.rows(landed.format(shop.folder / "landing" / "reviews"))]
    for (table,) in on_prod(shop, "show tables from raw_reviews"):
        texts += [str(row) for row in on_prod(shop, f"select * from raw_reviews.{table}")]
    assert not [text for text in texts if "'ada'" in text or any(word in text for word in WORDS)]
    assert "no landed delivery" in erasing(shop, "--target", "dev", "prod").stdout


def test_nothing_leaves_landing_before_each_target_knows_whom_to_erase(
    shop: Warehouse, refreshed: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "erased_reviewers.csv"
    listed.write_text(f"reviewer_key,requested_on\n{key_of('ben')},2026-01-23\n")
    monkeypatch.setattr(warehouse_erase, "LIST", listed)
    monkeypatch.setattr(warehouse_erase, "PROJECT", tmp_path)
    told = erasing(shop, "--target", "dev").stderr
    assert told == "error: erased_reviewers.csv has keys that dev does not know yet: dbt build --target dev\n"


def test_nothing_leaves_landing_before_each_target_has_staged_it(shop: Warehouse, refreshed: Built) -> None:
    behind, last = keep(shop, "behind"), holding(refreshed, "ada")[-1]
    with duckdb.connect(str(behind.duckdb)) as connection:
        connection.execute(f"delete from staging.stg_reviews__reviews where _delivery_id = '{last}'")
    told = erasing(behind, "--target", "dev", "prod").stderr
    assert told == f"error: delivery {last} is not staged on dev: dbt build --target dev\n"


def test_what_others_wrote_stays(shop: Warehouse, later: Built, forgotten: Built) -> None:
    others = f"reviewer_key is distinct from '{key_of('ada')}' and _source_file not like '%drawn%'"
    query = f"from staging.stg_reviews__reviews where {others}"
    before = later.house.rows(query)
    assert len(before) == 24  # of 30 records six are of her own
    assert set(before) < set(forgotten.house.rows(query))
