"""Rules of reviews: what each must find and a look-alike that it must not, in three deliveries built once."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from support import reviews as written
from support.consent import Record, records
from support.dashboard import TARGETS, assert_deliveries_are_shown
from support.drops import NO_TESTS
from support.landing import csv_text
from support.readings import on_both_engines
from support.reviews import PRODUCT_COLUMNS, REVIEW_COLUMNS
from support.warehouse import Warehouse, warehouse

Rows = Sequence[Mapping[str, str]]


def review(reviewer: str, asin: str | None = None, day: str = "2025-11-10", **fields: str) -> dict[str, str]:
    """A record as the file spells it; where no product is given it is one of twenty, by the reviewer."""
    known = {"reviewerName": "N. N.", "reviewText": "Fine.", "summary": "Good"}
    given = f"B{zlib.crc32(reviewer.encode()) % 20}" if asin is None else asin
    return written.review(reviewer, given, day, **known | fields)


def product(asin: str, categories: str = "[['Goods']]", **fields: str) -> dict[str, str]:
    return written.product(asin, categories, **{"title": "Thing"} | fields)


def days(month: str, count: int) -> list[str]:
    return [f"{month}-{day:02}" for day in range(1, count + 1)]


# ---------- the first delivery: the records of a file have one line each, so the first is on line 2

ASIDE = [
    review("", "B1"),
    review("   ", "B1"),
    review("time-none", unixReviewTime="n/a", reviewTime="n/a"),
    review("time-no-day", unixReviewTime="", reviewTime="13 45, 2014"),
    review("", "B1", unixReviewTime="n/a", reviewTime="n/a"),
    review("unix-none", unixReviewTime="n/a"),
    review("day-none", reviewTime="n/a"),
]
ASIDE_TAIL = "\n" * 2 + "too,few,fields\n"

CASES = [
    review("rating-zero", overall="0.0"),
    review("rating-six", overall="6.0"),
    review("rating-half", overall="4.5"),
    review("rating-text", overall="five"),
    review("rating-none", overall=""),
    review("rating-bare", overall="5"),
    review("rating-long", overall=" 1.000 "),
    review("a-day-apart", reviewTime="11 11, 2025"),
    review("a-year-apart", reviewTime="11 10, 2024"),
    review("unpadded", day="2025-11-05", reviewTime="11 5, 2025"),
    review("tomorrow", day="2026-01-11"),
    review("today", day="2026-01-10"),
    review("product-none", ""),
    review("product-blank", "  "),
    review("more-than-all", helpful="[3, 2]"),
    review("all-of-them", helpful="[2, 2]"),
    review("votes-cut", helpful="[3, "),
    review("votes-text", helpful="3 of 5"),
    review("votes-one", helpful="[1]"),
    review("votes-none", helpful=""),
    review("votes-padded", helpful=" [1,2] "),
    review("spelled-lower", "b1"),
    review("spelled-padded", " B1 "),
    review("  padded-reviewer "),
    review("twice"),
    review("twice"),
    review("in-two-files"),
    review("mended", overall="6.0"),
    review("still-wrong", overall="6.0"),
]
ORPHANS = [
    review("of-nowhere", "NOWHERE"),
    review("of-nowhere-too", "NOWHERE"),
    review("of-later", "LATER"),
    review("of-later-too", "LATER"),
]

COPIED = "I bought it for my daughter, and she loves it more than I hoped."
FORTY = "These are forty characters, no more yet."
ALMOST = "Here there are but thirty-nine of them."
OWN = "One reviewer may well write the same about two things."
MENDED = "This is copied at first, and then written anew by one of them."
OLD = "A text of long ago that somebody takes out again years later."
assert (len(FORTY), len(ALMOST)) == (40, 39)
TEXTS = [
    review("copy-1", reviewText=COPIED),
    review("copy-2", "B2", reviewText=f"  {COPIED}\t"),
    review("copy-3", "B3", reviewText=COPIED, day="2025-10-02"),
    review("shouting", reviewText=COPIED.upper()),
    review("forty-1", reviewText=FORTY),
    review("forty-2", reviewText=FORTY),
    review("almost-1", reviewText=ALMOST),
    review("almost-2", reviewText=ALMOST),
    review("own", "B1", reviewText=OWN),
    review("own", "B2", reviewText=OWN, day="2025-10-02"),
    review("mended-1", reviewText=MENDED),
    review("mended-2", reviewText=MENDED),
    review("old-1", reviewText=OLD, day="2003-04-05"),
]

# 52 days of reviewers in the month, most with one review. Beside the 14 there are 62 reviews on 51 of them, and
# 2 x (sqrt(14) - sqrt(62 / 51)) is 5.3; beside the 12 there are 64, and it is 4.7
BURSTS = [
    *(review(f"once-{n}", day="2024-03-04") for n in range(20)),
    *(review("prolific", day=day) for day in days("2024-03", 30)),
    *(review("burst", f"B{n}", day="2024-03-05") for n in range(14)),
    *(review("keen", f"B{n}", day="2024-03-05") for n in range(12)),
    # a month of ten days of reviewers, so of nine others
    *(review(f"few-{n}", day="2023-05-04") for n in range(9)),
    *(review("burst-of-a-quiet-month", f"B{n}", day="2023-05-05") for n in range(20)),
]

# a fifth of the shop's ratings or less are of one star
EQUAL = [
    *(review(f"against-{n}", "AGAINST", "2024-05-06", overall="1.0") for n in range(14)),
    *(review(f"before-{n}", "AGAINST", "2024-05-05", overall=f"{n + 1}.0") for n in range(5)),
    *(review(f"mixed-{n}", "MIXED", "2024-05-06", overall="1.0") for n in range(14)),
    *(review(f"mixed-too-{n}", "MIXED", "2024-05-06", overall=f"{2 + n % 4}.0") for n in range(28)),
    *(review(f"loved-{day}", "LOVED", day) for day in days("2024-05", 25)),
    *(review(f"loved-again-{n}", "LOVED", "2024-05-26") for n in range(14)),
    *(review(f"seven-{n}", "SEVEN", "2024-05-06", overall="1.0") for n in range(7)),
    *(review(f"nameless-{n}", "", "2024-05-06", overall="1.0") for n in range(14)),
    # eight days of a product that nobody likes, and no other day in the month
    *(review(f"bad-{day}-{n}", "BAD", day, overall="1.0") for day in days("2024-07", 8) for n in range(8)),
    *(review(f"else-{n}", day=f"2024-08-{n % 28 + 1:02}", overall=f"{2 + n // 28 % 4}.0") for n in range(400)),
]

PRICES = {"JUMP": "10", "FALL": "10.00", "RAISE": "10", "PAUSE": "10", "FREE": "0", "SAME": "$10"}
PRODUCTS = [
    *(product(f"B{n}") for n in range(20)),
    *(product(asin) for asin in ("AGAINST", "MIXED", "LOVED", "SEVEN", "BAD", "CHANGED", "TWICE")),
    product(" twice "),
    *(product(asin, price=price) for asin, price in PRICES.items()),
    product("CALL", price="call for price"),
    product("CUT", "[['Goods'], ['Go", salesrank="dict(Goods=1)"),
    product("NO-PATHS", "{'Goods': 1}"),
    product("RELATED", related="{'also_bought': ['B0"),
    product("", related="{'also_bought'}"),
    product("WHOLE", "[[\"Women's\", 'Goods'], ['Goods']]", salesrank="{}", related="{'also_bought': []}"),
    *(product(f"SONY-{n}", brand=brand) for n, brand in enumerate(("Sony", "SONY", "So-ny", "Sony "))),
    product("SONNY", brand="Sonny"),
    *(product(f"NIKE-{n}", brand=brand) for n, brand in enumerate(("Nike", " Nike", "Nike  "))),
    *(product(f"SIGNS-{n}", brand=brand) for n, brand in enumerate(("???", "!!"))),
    product("REBRANDED", brand="Casio"),
    *(product(f"CASIO-{n}", brand="CASIO") for n in range(2)),
    # Books > C has three, three and two products beside it, and eight in the rest of Books
    *(product(f"BOOK-{n}", f"[['Books', '{leaf}']]") for n, leaf in enumerate("AAABBBCDD")),
    *(product(f"TOY-{n}", f"[['Toys', '{leaf}']]") for n, leaf in enumerate("XYZ")),
    product("TOOL", "[['Garden', 'Tools']]"),
    # beside it Goods, Women's, Books, Toys and Garden, of which the middle one has three products
    product("ALONE", "[['Alone']]"),
]

# ---------- later deliveries

AGAIN = [
    review("mended", overall="4.0"),
    review("still-wrong", overall="6.0"),
    review("mended-2", reviewText="Now this is my own text, of more than forty characters."),
    review("old-2", reviewText=OLD, day="2025-12-24"),
    review("late", day="2025-11-05"),
    review("late-too", day="2025-11-05"),
    review("of-new", "NEW", "2025-12-24"),
    *(review(f"more-{n}", day="2025-12-24") for n in range(20)),
]
PRICES_LATER = {"JUMP": "50", "FALL": "2.00", "RAISE": "49.99", "PAUSE": "", "FREE": "10", "SAME": "10.00"}
PRODUCTS_LATER = [
    *(product(asin, price=price) for asin, price in PRICES_LATER.items()),
    product("LATER"),
    product("NEW"),
    product("CHANGED", title="Another thing"),
    product("REBRANDED", brand="CASIO"),
]
BROKEN = [review(f"{'broken' if n < 13 else 'whole'}-{n}", day="2025-12-31") for n in range(25)]
HALF = [review(f"{'broken' if n < 12 else 'whole'}-half-{n}", day="2025-12-31") for n in range(24)]


def spoilt(reviews: Rows) -> list[Mapping[str, str]]:
    """Those that are called broken without a reviewer."""
    return [{**one, "reviewerID": ""} if one["reviewerID"].startswith("broken") else one for one in reviews]


def places(file: str, lines: range) -> set[str]:
    return {f"{file}#{line}" for line in lines}


ASIDE_FILE, CASES_FILE = "first/jet_reviews/aside.csv", "first/jet_reviews/cases.csv"
METADATA = "jet_metadata/metadata.csv"
# rule: keys, with deliveries by their number, reviews and reviewers by the reviewer's id, texts as they are
EXPECTED: dict[str, set[str]] = {
    "missing_event_id": {
        *(f"{ASIDE_FILE}#{line}" for line in (2, 3, 6)),
        *places("third/jet_reviews/broken.csv", range(2, 15)),
        *places("third/jet_reviews/half.csv", range(2, 14)),
    },
    "unreadable_time": {f"{ASIDE_FILE}#4", f"{ASIDE_FILE}#5"},
    "rejected_record": {f"{ASIDE_FILE}#11"},
    "blank_lines": {ASIDE_FILE},
    "file_unusable": {"third/jet_reviews/broken.csv"},
    "unmapped_columns": {"third/jet_reviews/extra.csv/verifiedPurchase"},
    "empty_column": {"summary"},
    "time_after_delivery": {"tomorrow"},
    "text_respelled": {"spelled-lower", "spelled-padded"},
    "duplicate_in_file": {"twice"},
    "event_in_two_files": {"in-two-files"},
    "dimension_key_repeated": {"products/TWICE"},
    "unreadable_value": {"products/CALL/price"},
    "rating_out_of_range": {
        *("rating-zero", "rating-six", "rating-half", "rating-text", "rating-none"),
        *("mended", "still-wrong"),
    },
    "times_differ": {"a-day-apart", "a-year-apart"},
    "missing_product": {"product-none", "product-blank", *(f"nameless-{n}" for n in range(14))},
    "votes_above_total": {"more-than-all"},
    "unreadable_votes": {"votes-cut", "votes-text", "votes-one"},
    "unreadable_literal": {
        *("CUT|categories", "CUT|salesrank", "NO-PATHS|categories", "RELATED|related"),
        f"first/{METADATA}#{2 + [one['asin'] for one in PRODUCTS].index('')}|related",
    },
    "late_events": {"second|2025-11-05"},
    "dimension_changed": {
        *(f"products/{asin}/second" for asin in ("JUMP", "FALL", "RAISE", "PAUSE", "FREE", "CHANGED", "REBRANDED")),
        "products/PAUSE/third",
    },
    "unknown_product": {"of-nowhere", "of-nowhere-too"},
    "before_product": {"LATER"},
    "price_jump": {"JUMP|second", "FALL|second", "PAUSE|third"},
    "brand_spelled_several_ways": {"sony"},
    "category_of_one_product": {"Books > C", "Alone"},
    "shared_text": {COPIED, FORTY, OLD},
    "reviewer_burst": {"burst|2024-03-05"},
    "equal_ratings_burst": {"AGAINST|2024-05-06"},
}


def deliver(house: Warehouse, day: int, reviews: Mapping[str, str], products: Rows) -> str:
    """Lands one delivery, of 06:00 UTC of that day of January 2026, and gives its id; reviews are the text of files."""
    drop = house.new_drop()
    files = {f"jet_reviews/{name}.csv": text for name, text in reviews.items()}
    for name, text in {**files, METADATA: _text(PRODUCT_COLUMNS, products)}.items():
        (drop / name).parent.mkdir(parents=True, exist_ok=True)
        (drop / name).write_text(text)
    landed = house.land(drop, "--delivered-at", f"2026-01-{day}T06:00:00Z", "--json").stdout
    return json.loads(landed)["deliveries"][0]["delivery_id"]


def _text(columns: Sequence[str], rows: Rows) -> str:
    return csv_text([list(columns), *([row[column] for column in columns] for row in rows)])


def csv_of(reviews: Rows) -> str:
    return _text(REVIEW_COLUMNS, reviews)


FIRST = {
    "aside": csv_of(ASIDE) + ASIDE_TAIL,
    "cases": csv_of(CASES),
    "orphans": csv_of([*ORPHANS, review("in-two-files")]),
    "texts": csv_of(TEXTS),
    "bursts": csv_of(BURSTS),
    "equal": csv_of(EQUAL),
}
SECOND = {"again": csv_of([{**one, "summary": ""} for one in AGAIN])}
WITH_MORE = [{**review(f"extra-{n}", day="2025-12-31"), "verifiedPurchase": "true"} for n in range(3)]
THIRD = {
    "broken": csv_of(spoilt(BROKEN)),
    "half": csv_of(spoilt(HALF)),
    "extra": _text([*REVIEW_COLUMNS, "verifiedPurchase"], WITH_MORE),
}


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[Warehouse, dict[str, str]]]:
    """The warehouse, and the deliveries' names by id."""
    with warehouse("reviews") as house:
        ids = {
            deliver(house, 10, FIRST, PRODUCTS): "first",
            deliver(house, 11, SECOND, PRODUCTS_LATER): "second",
            deliver(house, 12, THIRD, [product("PAUSE", price="60")]): "third",
        }
        house.build(*NO_TESTS, "--select", "source:reviews+")
        yield house, ids


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def spellings() -> Iterator[tuple[str, str]]:
    """Hashes as they stand in keys, and what EXPECTED writes for them."""
    yield from ((md5(text), text) for text in (COPIED, FORTY, ALMOST, OWN, MENDED, OLD))
    for one in [*CASES, *ORPHANS, *TEXTS, *BURSTS, *EQUAL, *AGAIN, *BROKEN, *HALF, *ASIDE]:
        reviewer = one["reviewerID"].strip()
        key = hashlib.sha256(reviewer.encode()).hexdigest()
        yield key, reviewer
        if one["unixReviewTime"].isdigit():
            yield md5(f"{key}|{one['asin'].strip().upper()}|{one['unixReviewTime']}000000"), reviewer


@pytest.fixture(scope="module")
def found(built: tuple[Warehouse, dict[str, str]]) -> dict[str, dict[str, Record]]:
    """The findings by rule and key, as EXPECTED writes keys."""
    house, ids = built
    spelled = {**ids, **dict(spellings())}
    findings: dict[str, dict[str, Record]] = {}
    for finding in records(house, "quality.fct_dq_findings", "source = 'reviews'"):
        key = finding["finding_key"]
        for part in key.replace("|", "/").split("/"):
            key = key.replace(part, spelled.get(part, part)) if part else key
        findings.setdefault(finding["rule_id"].removeprefix("reviews__"), {})[key] = finding
    return findings


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_rule_finds_its_cases_and_no_look_alike(found: dict[str, dict[str, Record]], rule: str) -> None:
    assert found.get(rule, {}).keys() == EXPECTED[rule]


def test_every_rule_has_a_case(built: tuple[Warehouse, dict[str, str]]) -> None:
    rules = built[0].rows("select rule_id from quality.dim_dq_rules where source = 'reviews'")
    assert {rule.removeprefix("reviews__") for (rule,) in rules} == EXPECTED.keys()


def test_findings_are_the_same_on_both_engines(built: tuple[Warehouse, dict[str, str]]) -> None:
    [findings] = built[0].parity("--select", "fct_dq_findings")
    assert findings["equal"], findings


def test_a_finding_is_closed_by_a_later_record_without_the_fault(found: dict[str, dict[str, Record]]) -> None:
    ratings = found["rating_out_of_range"]
    assert {key for key, finding in ratings.items() if not finding["is_open"]} == {"mended"}
    assert ratings["still-wrong"]["record_count"] == 2


# rule, key: observed, expected, record_count
TOLD: dict[tuple[str, str], tuple[str | None, str | None, int]] = {
    ("rating_out_of_range", "rating-text"): ("five", "a whole number from 1 to 5", 1),
    ("times_differ", "a-day-apart"): ("11 11, 2025", "2025-11-10", 1),
    ("votes_above_total", "more-than-all"): ("[3, 2]", "at most 2 helpful", 1),
    ("unreadable_literal", "NO-PATHS|categories"): ("{'Goods': 1}", "a list of paths", 1),
    ("unreadable_literal", "CUT|salesrank"): ("dict(Goods=1)", "a dictionary", 1),
    ("before_product", "LATER"): ("2 reviews", "none before the product is described", 2),
    ("price_jump", "FALL|second"): ("2", "about 10", 1),
    ("price_jump", "PAUSE|third"): ("60", "about 10", 1),
    ("brand_spelled_several_ways", "sony"): ("3 spellings", "1 spelling", 4),
    ("category_of_one_product", "Books > C"): ("1 product", "about 3", 1),
    ("shared_text", COPIED): ("3 reviewers", "1 reviewer", 3),
    ("reviewer_burst", "burst|2024-03-05"): ("14 reviews", "about 1.2", 14),
    ("late_events", "second|2025-11-05"): ("2 events", "none once the day was published", 2),
}


@pytest.mark.parametrize(("rule", "key"), TOLD)
def test_a_finding_tells_what_is_there_and_what_was_expected(
    found: dict[str, dict[str, Record]], rule: str, key: str
) -> None:
    finding = found[rule][key]
    assert (finding["observed"], finding["expected"], finding["record_count"]) == TOLD[rule, key]


# rule, key: part of the evidence
EVIDENCE: dict[tuple[str, str], dict[str, Any]] = {
    ("times_differ", "a-year-apart"): {"days_apart": -365, "_source_file": "jet_reviews/cases.csv"},
    ("brand_spelled_several_ways", "sony"): {"spellings": "SONY,So-ny,Sony"},
    ("shared_text", FORTY): {"reviewers": 2, "characters": 40},
    ("equal_ratings_burst", "AGAINST|2024-05-06"): {"stars": 1, "equal_ratings": 14, "ratings": 14},
}


@pytest.mark.parametrize(("rule", "key"), EVIDENCE)
def test_the_evidence_has_the_figures_behind_a_finding(
    found: dict[str, dict[str, Record]], rule: str, key: str
) -> None:
    evidence = json.loads(found[rule][key]["evidence"])
    assert evidence == evidence | EVIDENCE[rule, key]


def test_what_was_written_stands_in_no_finding(found: dict[str, dict[str, Record]]) -> None:
    told = json.dumps([[one["observed"], one["evidence"]] for of_rule in found.values() for one in of_rule.values()])
    assert not any(text in told for text in (COPIED, FORTY, OLD))


def test_reviews_in_open_errors_are_counted_once_a_month(built: tuple[Warehouse, dict[str, str]]) -> None:
    """Of no product, of one that nobody describes, and one of tomorrow."""
    columns = "month, reviews_in_open_errors"
    rows = on_both_engines(built[0], "reporting.rpt_reviews_open_errors", columns, "reviews_in_open_errors > 0")
    assert [(str(month), count) for month, count in rows] == [("2024-05-01", 14), ("2025-11-01", 4), ("2026-01-01", 1)]


@pytest.mark.parametrize("target", TARGETS)
def test_each_delivery_has_its_files_and_reasons(built: tuple[Warehouse, dict[str, str]], target: str) -> None:
    built[0].run("publish", "--target", "dev")
    assert_deliveries_are_shown(built[0], target)
