"""The generated drops of product reviews, read again in plain Python and held against their truth.json."""

import ast
import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pytest

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from scripts import land
from support.generated import assert_refused_in_one_line
from support.landing import read as read_landed
from tools.generators.reviews import command as reviews_command
from tools.generators.reviews import generate as generator
from tools.generators.reviews import rows as rows_module
from tools.generators.reviews import truth as truth_module

START = date(2014, 5, 20)
DAYS, PER_DAY, PRODUCTS = 20, 150, 150  # of the drop that most tests read
HEADER = ",reviewerID,asin,reviewerName,helpful,reviewText,overall,summary,unixReviewTime,reviewTime"
COLUMNS = HEADER.split(",")
METADATA_HEADER = "metadataid,asin,salesrank,imurl,categories,title,description,price,related,brand"
METADATA = METADATA_HEADER.split(",")
FIRST_METADATA, LATER_METADATA = "jet_metadata/metadata.csv", "redelivery/jet_metadata/metadata.csv"
LONG = 150  # characters from which on nobody writes the same by chance
UNCLOSED = re.compile(r',"\d\d \d\d?, \d{4}$')
LITERALS = ("categories", "salesrank", "related")
MEASURES = ("reviews", "rated", "rating_sum", "helpful_votes", "total_votes")
Place = tuple[str, int]


@dataclass
class Row:
    """A record of a load file: its raw values by column, and what a careful reader makes of them."""

    delivery: int
    file: str
    row: int
    raw: dict[str, str]

    @property
    def place(self) -> Place:
        return self.file, self.row

    @property
    def reviewer(self) -> str:
        return self.raw["reviewerID"].strip()

    @property
    def product(self) -> str:
        return self.raw["asin"].strip().upper()

    @cached_property
    def unix_day(self) -> date | None:
        text = self.raw["unixReviewTime"]
        if not re.fullmatch(r"\d+", text):
            return None
        moment = datetime.fromtimestamp(int(text), UTC)
        assert moment.time() == datetime.min.time()
        return moment.date()

    @cached_property
    def said_day(self) -> date | None:
        try:
            return datetime.strptime(self.raw["reviewTime"], "%m %d, %Y").date()
        except ValueError:
            return None

    @property
    def day(self) -> date | None:
        return self.unix_day or self.said_day

    @property
    def usable(self) -> bool:
        return bool(self.reviewer) and self.day is not None

    @property
    def key(self) -> tuple[str, str, date | None]:
        return self.reviewer, self.product, self.day

    @property
    def review_id(self) -> str:
        reviewer_key = hashlib.sha256(self.reviewer.encode()).hexdigest()
        micros = (self.day - date(1970, 1, 1)).days * 86_400_000_000
        return hashlib.md5(f"{reviewer_key}|{self.product}|{micros}".encode()).hexdigest()  # noqa: S324

    @property
    def rating(self) -> int | None:
        return int(self.raw["overall"][0]) if self.raw["overall"] in {f"{stars}.0" for stars in range(1, 6)} else None

    @property
    def votes(self) -> tuple[int, int] | None:
        found = re.fullmatch(r"\[(\d+), (\d+)\]", self.raw["helpful"])
        return (int(found[1]), int(found[2])) if found else None

    @property
    def measures(self) -> tuple[int, ...]:
        helpful, total = self.votes or (0, 0)
        return 1, int(self.rating is not None), self.rating or 0, helpful, total


@dataclass
class Drop:
    out: Path
    truth: dict
    rows: list[Row] = field(default_factory=list)
    records: dict[str, Counter] = field(default_factory=dict)
    malformed: dict[Place, str] = field(default_factory=dict)
    blank: set[Place] = field(default_factory=set)
    headers: dict[str, list[str]] = field(default_factory=dict)
    metadata: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)

    @property
    def first(self) -> list[Row]:
        return [row for row in self.rows if row.delivery == 0]

    def listed(self, part: str = "faults") -> dict[str, set[Place]]:
        return {
            entry["kind"]: {(record["file"], record["row"]) for record in entry["records"]}
            for entry in self.truth[part]
            if "records" in entry
        }

    def cells(self, part: str = "faults") -> dict[str, list[dict]]:
        return {entry["kind"]: entry["cells"] for entry in self.truth[part] if "cells" in entry}

    def described(self, *files: str) -> dict[str, dict[str, str]]:
        """What the files say of products, the last one of each."""
        return {record["asin"]: record for file in files for _, record in self.metadata[file]}


def make(out: Path, *, days: int, per_day: int, products: int, seed: int, clean: bool = False) -> Drop:
    generator.generate(out, days=days, reviews_per_day=per_day, products=products, seed=seed, start=START, clean=clean)
    return read(out)


def read(out: Path) -> Drop:
    drop = Drop(out, json.loads((out / "truth.json").read_text(encoding="utf-8")))
    for delivery, prefix in enumerate(("", "redelivery/")):
        for path in sorted((out / prefix / "jet_reviews").iterdir()):
            read_load(drop, delivery, f"{prefix}jet_reviews/{path.name}", path)
        for path in sorted((out / prefix / "jet_metadata").iterdir()):
            name = f"{prefix}jet_metadata/{path.name}"
            header, *records = [(line, fields_of(text)) for line, text in records_of(text_of(path))]
            assert header == (1, METADATA)
            drop.metadata[name] = [(line, dict(zip(METADATA, values, strict=True))) for line, values in records]
            drop.records[name] = Counter(read=len(records))
    return drop


def read_load(drop: Drop, delivery: int, name: str, path: Path) -> None:
    counts = drop.records[name] = Counter(read=0)
    (_, header), *records = records_of(text_of(path))
    drop.headers[name] = fields_of(header)
    for line, text in records:
        counts["read"] += 1
        values = fields_of(text) if text else []
        if not text:
            counts["blank"] += 1
            drop.blank.add((name, line))
        elif UNCLOSED.search(text) or not is_utf8(text) or len(values) != len(drop.headers[name]):
            counts["malformed"] += 1
            drop.malformed[name, line] = text
        else:
            drop.rows.append(Row(delivery, name, line, dict(zip(drop.headers[name], values, strict=True))))


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    assert raw.endswith(b"\n")
    assert b"\r" not in raw
    return raw.decode("utf-8", "surrogateescape")


def is_utf8(text: str) -> bool:
    return not re.search("[\udc80-\udcff]", text)


def records_of(text: str) -> Iterator[tuple[int, str]]:
    """Each record with the line on which it starts. A quote that is open at the end of a reviewTime never closes."""
    record, start = "", 1
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        record, start = (f"{record}\n{line}", start) if record else (line, number)
        if record.count('"') % 2 == 0 or UNCLOSED.search(record):
            yield start, record
            record = ""
    assert not record


def fields_of(record: str) -> list[str]:
    [fields] = csv.reader(io.StringIO(record, newline=""))
    return fields


def brand_id(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower()) or "unknown"


def literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def paths(record: dict[str, str]) -> list[list[str]]:
    return literal(record["categories"]) or []


def latest(rows: list[Row]) -> list[Row]:
    return list({row.key: row for row in rows if row.usable}.values())


def expected_totals(rows: list[Row], products: dict[str, dict[str, str]]) -> dict:
    """What the rules of truth.json give for records in the order of their delivery."""
    months, brands, categories = Counter(), defaultdict(Counter), defaultdict(Counter)
    for row in latest(rows):
        record = products.get(row.product)
        brand = brand_id(record["brand"]) if record else "unknown"
        category = paths(record)[0][0] if record and paths(record) else "unknown"
        for name, value in zip(MEASURES, row.measures, strict=True):
            month = f"{row.day:%Y-%m}"
            months[month, name] += value
            brands[brand][month, name] += value
            categories[category][month, name] += value
    return {
        "overall": {name: sum(row.measures[place] for row in latest(rows)) for place, name in enumerate(MEASURES)},
        "months": by_month(months),
        "brands": {brand: by_month(sums) for brand, sums in brands.items()},
        "categories": {category: by_month(sums) for category, sums in categories.items()},
    }


def by_month(sums: Counter) -> dict[str, dict[str, int]]:
    return {month: {name: sums[month, name] for name in MEASURES} for month in {month for month, _ in sums}}


@pytest.fixture(scope="module")
def drop_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Drop]:
    made: dict[tuple, Drop] = {}

    def drop(seed=7, *, days=DAYS, per_day=PER_DAY, products=PRODUCTS, clean=False) -> Drop:
        key = (seed, days, per_day, products, clean)
        if key not in made:
            out = tmp_path_factory.mktemp("drops") / "drop"
            made[key] = make(out, days=days, per_day=per_day, products=products, seed=seed, clean=clean)
        return made[key]

    return drop


# ---------- totals


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize(
    ("seed", "days", "per_day", "products"),
    [
        (7, DAYS, PER_DAY, PRODUCTS),
        (1, 1, 1, 1),
        (3, 2, 3, 2),
        (5, 9, 40, 30),
        (2, 3, 900, 7),
        (4, 30, 120, 1000),
        (6, 3, 2, 100),
    ],
)
def test_totals_equal_a_plain_reading_of_the_files(drop_of, seed, days, per_day, products, clean):
    drop = drop_of(seed, days=days, per_day=per_day, products=products, clean=clean)
    totals = drop.truth["totals"]
    assert totals["after_first_delivery"] == expected_totals(drop.first, drop.described(FIRST_METADATA))
    assert totals["after_redelivery"] == expected_totals(drop.rows, drop.described(FIRST_METADATA, LATER_METADATA))
    assert totals["records"] == {
        name: {kind: counts[kind] for kind in ("read", "malformed", "blank")} for name, counts in drop.records.items()
    }
    assert not (clean and drop.truth["faults"])


def test_the_rules_that_decide_between_records_matter_to_the_totals(drop_of):
    drop = drop_of()
    both = drop.described(FIRST_METADATA, LATER_METADATA)
    right = drop.truth["totals"]["after_redelivery"]
    assert expected_totals(drop.rows[::-1], both) != right
    assert expected_totals(drop.rows, drop.described(FIRST_METADATA))["brands"] != right["brands"]
    assert expected_totals(drop.rows, drop.described(FIRST_METADATA))["categories"] != right["categories"]
    by_delivery_alone = [row for row in drop.rows if row.delivery] + drop.first
    assert expected_totals(by_delivery_alone, both)["overall"] != right["overall"]
    assert sum(row.usable for row in drop.rows) > right["overall"]["reviews"] > right["overall"]["rated"]


def test_a_load_of_several_chunks_is_as_true_as_one_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "CHUNK", 40)
    drop = make(tmp_path / "drop", days=5, per_day=250, products=60, seed=7)
    totals = drop.truth["totals"]
    assert totals["after_first_delivery"] == expected_totals(drop.first, drop.described(FIRST_METADATA))
    assert totals["after_redelivery"] == expected_totals(drop.rows, drop.described(FIRST_METADATA, LATER_METADATA))
    texts = defaultdict(set)
    for row in drop.rows:
        if len(row.raw["reviewText"]) >= LONG:
            texts[row.raw["reviewText"]].add(row.key)
    assert max(map(len, texts.values())) == 1
    assert Counter(row.usable for row in latest(drop.rows))[True] > 1000


# ---------- shape


def test_files_have_the_shape_of_the_shops_export(drop_of):
    drop = drop_of()
    files = {path.relative_to(drop.out).as_posix() for path in drop.out.rglob("*") if path.is_file()}

    def loads(days: range, prefix: str = "") -> set[str]:
        suffixes = {day: ("_0600.csv", "_1800.csv.gz" if day % 3 == 0 else "_1800.csv") for day in days}
        return {
            f"{prefix}jet_reviews/{START + timedelta(days=day)}{suffix}" for day in days for suffix in suffixes[day]
        }

    again = {name for name in loads(range(DAYS - 7, DAYS), "redelivery/") if "_0600" in name}
    metadata = {FIRST_METADATA, LATER_METADATA, "truth.json"}
    assert files == loads(range(DAYS)) | again | loads(range(DAYS, DAYS + 1), "redelivery/") | metadata
    assert any(name.endswith(".gz") for name in files)
    [extra] = drop.cells()["undeclared_column"]
    for name, header in drop.headers.items():
        assert header == COLUMNS + ([extra["column"]] if name == extra["file"] else []), name


def test_clean_records_are_spelled_as_the_shop_spells_them(drop_of):
    drop = drop_of(clean=True)
    short_days, texts = Counter(), Counter()
    for row in drop.rows:
        raw = row.raw
        assert re.fullmatch(r"A[0-9A-Z]{13}", raw["reviewerID"])
        assert re.fullmatch(r"B00[0-9A-Z]{7}|0\d{9}", raw["asin"])
        assert re.fullmatch(r"\[\d+, \d+\]", raw["helpful"])
        assert row.votes[0] <= row.votes[1]
        assert row.rating is not None
        assert row.unix_day == row.said_day
        short_days[len(raw["reviewTime"])] += 1
        text = raw["reviewText"]
        assert len(text) < 40 or len(text) > LONG
        assert text == text.strip() != ""
        texts["\n" in text, '"' in text, text.isascii()] += 1
    assert set(short_days) == {len("02 4, 2011"), len("02 12, 2011")}
    assert {row.raw["reviewTime"][3] for row in drop.rows} >= {"0", "9"}
    assert len(texts) == 8
    names = {row.raw["reviewerName"] for row in drop.rows}
    for wanted in ("", "O'Brien", ", PhD", '"the critic"', "美咲"):
        assert any(wanted in name for name in names), wanted
    assert len({row.raw[""] for row in drop.rows}) == len({row.key for row in drop.rows})


def test_a_few_reviews_are_from_the_last_century(drop_of):
    rows = drop_of(4, days=30, per_day=120, products=1000, clean=True).first
    old = [row for row in rows if row.day.year < 2001]
    assert 0 < len(old) < len(rows) / 100
    assert {len(row.raw["unixReviewTime"]) for row in old} == {9}
    assert {len(row.raw["unixReviewTime"]) for row in rows} == {9, 10}


def test_few_products_and_few_people_have_many_reviews(drop_of):
    rows = latest(drop_of(clean=True).first)
    for by in (lambda row: row.product, lambda row: row.reviewer):
        counts = sorted(Counter(map(by, rows)).values(), reverse=True)
        assert sum(counts[: len(counts) // 10]) > len(rows) / 5
        assert counts[0] > 5 * counts[len(counts) // 2]


def test_metadata_have_every_shape_that_real_ones_have(drop_of):
    records = [record for _, record in drop_of(clean=True).metadata[FIRST_METADATA]]
    assert len({record["asin"] for record in records}) == len(records) == PRODUCTS
    for record in records:
        for column in LITERALS:
            assert record[column] == "" or literal(record[column]) is not None
        assert record["price"] == "" or re.fullmatch(r"\d+\.\d\d", record["price"])
        assert all(isinstance(name, str) for path in paths(record) for name in path)
    for column in ("brand", "price", "categories", "salesrank", "related", "description"):
        assert 0 < sum(not record[column] for record in records) < len(records) / 2, column
    assert {len(paths(record)) for record in records} == {0, 1, 2}
    assert any("Women's" in path for record in records for path in paths(record))
    assert any('"' in record["categories"] for record in records)
    assert any("<" in record["description"] and "\n" in record["description"] for record in records)
    relations = {name for record in records for name in literal(record["related"] or "{}")}
    assert relations == {"also_bought", "also_viewed", "bought_together", "buy_after_viewing"}


def test_no_clean_category_is_of_one_product_and_no_clean_brand_has_two_spellings(drop_of):
    drop = drop_of(clean=True)
    for files in ((FIRST_METADATA,), (FIRST_METADATA, LATER_METADATA)):
        described = drop.described(*files)
        assert min(Counter(categories_of(described)).values()) > 1
        spellings = {(brand_id(record["brand"]), record["brand"]) for record in described.values()}
        assert len({brand for brand, _ in spellings}) == len(spellings)


def categories_of(described: dict[str, dict[str, str]]) -> list[str]:
    """Each category, also those above others, once for each product in it."""
    found = {
        (asin, " > ".join(path[:level]))
        for asin, record in described.items()
        for path in paths(record)
        for level in range(1, len(path) + 1)
    }
    return [category for _, category in found]


# ---------- faults


def shifted(row: Row) -> bool:
    return None not in (row.unix_day, row.said_day) and row.unix_day != row.said_day


# what one record shows by itself; a fault is found in these records and in no other
SHOWS = {
    "rating_out_of_range": lambda row: row.rating is None,
    "times_differ": shifted,
    "future_time": lambda row: row.day and row.day > START + timedelta(days=DAYS + 1),
    "missing_product": lambda row: not row.product,
    "missing_reviewer": lambda row: not row.reviewer,
    "unreadable_time": lambda row: row.day is None,
    "votes_above_total": lambda row: row.votes and row.votes[0] > row.votes[1],
    "unreadable_votes": lambda row: row.votes is None,
    "id_respelled": lambda row: row.product and row.raw["asin"] != row.product,
}  # fmt: skip
LOOKS_LIKE = {
    "reviewer_padded": lambda row: row.reviewer and row.raw["reviewerID"] != row.reviewer,
    "one_time_unreadable": lambda row: row.day and None in (row.unix_day, row.said_day),
}
# what records show beside others of their drop
IN_CONTEXT = {
    *("unknown_product", "product_described_later", "duplicate_in_file", "malformed_record", "blank_line"),
    *("repeated_in_next_load", "corrected_in_next_load", "shared_text", "reviewer_burst", "equal_ratings_burst"),
    *("brand_spelled_several_ways", "category_of_one_product", "unreadable_literal", "unreadable_price"),
    *("duplicate_product", "price_jump", "column_lost", "undeclared_column"),
}


@pytest.mark.parametrize("kind", SHOWS)
def test_a_fault_is_in_the_records_that_the_truth_lists_and_in_no_other(drop_of, kind):
    drop = drop_of()
    assert {row.place for row in drop.rows if SHOWS[kind](row)} == drop.listed()[kind]
    assert not [row for row in drop_of(clean=True).rows if SHOWS[kind](row)]


@pytest.mark.parametrize("kind", LOOKS_LIKE)
def test_what_looks_like_a_fault_is_listed_apart(drop_of, kind):
    drop = drop_of()
    assert {row.place for row in drop.rows if LOOKS_LIKE[kind](row)} == drop.listed("lookalikes")[kind] != set()


def test_every_kind_is_planted_and_counted(drop_of):
    drop = drop_of()
    faults = {fault["kind"]: fault for fault in drop.truth["faults"]}
    assert set(faults) == set(SHOWS) | IN_CONTEXT
    assert {entry["kind"] for entry in drop.truth["lookalikes"]} == set(LOOKS_LIKE) | {
        *("same_reviewer_twice", "prolific_reviewer", "popular_product_day", "price_raised", "brands_alike")
    }
    for entry in [*faults.values(), *drop.truth["changes"], *drop.truth["lookalikes"]]:
        assert entry["count"] == len(entry.get("records") or entry["cells"]) > 0
        assert entry["rule"]
    listed = [place for places in drop.listed().values() for place in places]
    assert len(listed) == len(set(listed))


def test_records_are_listed_with_the_id_of_their_review(drop_of):
    drop = drop_of()
    rows = {row.place: row for row in drop.rows}
    counts = Counter()
    for part in ("faults", "changes", "lookalikes"):
        for entry in drop.truth[part]:
            for record in entry.get("records", ()) if entry["entity"] == "reviews" else ():
                row = rows.get((record["file"], record["row"]))
                assert record.get("review_id") == (row.review_id if row and row.usable else None)
                counts[bool(row and row.usable)] += 1
    assert min(counts[True], counts[False]) > 0


def test_values_are_spoilt_in_every_way(drop_of):
    rows = drop_of().rows + drop_of(2, days=3, per_day=900, products=7).rows + drop_of(8).rows + drop_of(9).rows
    spoilt = {row.raw["overall"] for row in rows if row.rating is None}
    assert spoilt == {"0.0", "6.0", "10.0", "4.5", "five"}
    assert {row.raw["helpful"] for row in rows if row.votes is None} == {"[3, ", "3 of 5", "[1]"}
    respelled = [row.raw["asin"] for row in rows if SHOWS["id_respelled"](row)]
    assert {asin == asin.strip() for asin in respelled} == {asin == asin.upper() for asin in respelled} == {True, False}


def test_products_that_nobody_or_only_the_redelivery_describes(drop_of):
    drop = drop_of()
    known, later = set(drop.described(FIRST_METADATA)), set(drop.described(LATER_METADATA))
    unknown = {row.place for row in drop.rows if row.product and row.product not in known | later}
    assert unknown == drop.listed()["unknown_product"]
    early = {row.place for row in drop.first if row.usable and row.product in later - known}
    assert early == drop.listed()["product_described_later"]
    kinds = ("product_described_later", "unknown_product")
    told = {kind: {cell["product_id"] for cell in drop.cells()[kind]} for kind in kinds}
    assert told["product_described_later"] == {row.product for row in drop.first if row.place in early}
    assert told["unknown_product"] == {row.product for row in drop.rows if row.place in unknown}
    lower = [row for row in drop.rows if row.raw["asin"] != row.raw["asin"].upper()]
    assert lower
    assert all(row.product in known | later for row in lower)
    clean = drop_of(clean=True)
    assert {row.product for row in clean.first} <= set(clean.described(FIRST_METADATA))
    both = set(clean.described(FIRST_METADATA, LATER_METADATA))
    assert {row.product for row in clean.rows} <= both
    assert {row.product for row in clean.rows} - set(clean.described(FIRST_METADATA))


def test_copies_within_a_file_and_in_the_later_load_of_the_day(drop_of):
    drop = drop_of()
    by_key = defaultdict(list)
    for row in drop.first:
        if row.usable:
            by_key[row.key].append(row)
    twice, repeated, corrected = set(), set(), set()
    for rows in by_key.values():
        assert len(rows) < 3
        if len(rows) == 1:
            continue
        early, late = rows
        if early.file == late.file:
            twice |= {early.place, late.place}
            assert early.raw == late.raw
            continue
        assert early.file[: early.file.index("_0600")] == late.file[: late.file.index("_1800")]
        (repeated if same(early, late) else corrected).add(late.place)
    listed = drop.listed()
    assert listed["duplicate_in_file"] < twice
    assert len(twice) == 2 * len(listed["duplicate_in_file"])
    assert (repeated, corrected) == (listed["repeated_in_next_load"], listed["corrected_in_next_load"])
    clean = [row.key for row in drop_of(clean=True).first]
    assert len(clean) == len(set(clean))


def same(one: Row, other: Row) -> bool:
    return all(one.raw[name] == other.raw[name] for name in COLUMNS if name != "summary")


def test_malformed_and_blank_records(drop_of):
    drop = drop_of()
    assert set(drop.malformed) == drop.listed()["malformed_record"]
    assert drop.blank == drop.listed()["blank_line"]
    ways = Counter()
    for text in drop.malformed.values():
        unclosed = bool(UNCLOSED.search(text))
        ways["unclosed" if unclosed else "bytes" if not is_utf8(text) else len(fields_of(text))] += 1
    assert {"unclosed", "bytes", 4} <= set(ways) <= {"unclosed", "bytes", 4, 12}
    clean = drop_of(clean=True)
    assert not clean.malformed
    assert not clean.blank


def texts_of(rows: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in latest(rows):
        if len(row.raw["reviewText"]) >= LONG:
            found[row.raw["reviewText"]].append(row)
    return {hashlib.md5(text.encode()).hexdigest(): of_text for text, of_text in found.items()}  # noqa: S324


def test_long_texts_are_shared_as_planted_and_short_ones_by_chance(drop_of):
    drop = drop_of()
    several = {key: rows for key, rows in texts_of(drop.rows).items() if len(rows) > 1}
    by_several = {key for key, rows in several.items() if len({row.reviewer for row in rows}) > 1}
    assert by_several == {cell["text_key"] for cell in drop.cells()["shared_text"]}
    assert set(several) - by_several == {cell["text_key"] for cell in drop.cells("lookalikes")["same_reviewer_twice"]}
    assert Counter(row.raw["reviewText"] for row in drop.rows)["Great!"] > 10
    clean = {key for key, rows in texts_of(drop_of(clean=True).rows).items() if len({r.reviewer for r in rows}) > 1}
    assert not clean


def test_bursts_of_reviewers(drop_of):
    drop = drop_of()
    days = Counter((row.reviewer, row.day) for row in latest(drop.rows))
    many = {key for key, count in days.items() if count > 3}
    cells = {(cell["reviewer_id"], date.fromisoformat(cell["day"])): cell for cell in drop.cells()["reviewer_burst"]}
    assert many == set(cells)
    for key, cell in cells.items():
        assert days[key] == cell["reviews"] >= 25
        assert cell["reviewer_key"] == hashlib.sha256(cell["reviewer_id"].encode()).hexdigest()
    [prolific] = drop.cells("lookalikes")["prolific_reviewer"]
    counts = [count for (reviewer, _), count in days.items() if reviewer == prolific["reviewer_id"]]
    assert counts == [1] * prolific["reviews"]
    assert max(Counter((row.reviewer, row.day) for row in latest(drop_of(clean=True).rows)).values()) <= 3


def test_bursts_of_equal_ratings(drop_of):
    drop = drop_of()
    cells = {(cell["product_id"], cell["day"]) for cell in drop.cells()["equal_ratings_burst"]}
    assert equal_ratings(drop) == cells
    assert equal_ratings(drop_of(clean=True)) == set()
    assert equal_ratings(drop_of(2, days=3, per_day=900, products=300, clean=True)) == set()
    [busy] = drop.cells("lookalikes")["popular_product_day"]
    ratings = [
        row.rating for row in latest(drop.rows) if (row.product, str(row.day)) == (busy["product_id"], busy["day"])
    ]
    assert len(ratings) >= 40
    assert min(Counter(ratings).values()) >= 8


def equal_ratings(drop: Drop) -> set[tuple[str, str]]:
    ratings = defaultdict(list)
    for row in latest(drop.rows):
        ratings[row.product, str(row.day)].append(row.rating)
    return {cell for cell, of_cell in ratings.items() if len(of_cell) > 8 and len(set(of_cell)) == 1}


def test_one_file_leaves_a_column_empty(drop_of):
    drop = drop_of()
    [lost] = drop.cells()["column_lost"]
    by_file = defaultdict(list)
    for row in drop.rows:
        by_file[row.file].append(row.raw["summary"])
    assert {file for file, summaries in by_file.items() if not any(summaries)} == {lost["file"]}
    assert lost["column"] == "summary"


def test_faults_of_metadata(drop_of):
    drop = drop_of()
    listed = drop.listed()
    seen, twice, unreadable, unpriced = set(), set(), Counter(), set()
    for line, record in drop.metadata[FIRST_METADATA]:
        place = (FIRST_METADATA, line)
        twice |= {place} if record["asin"] in seen else set()
        seen.add(record["asin"])
        unreadable.update(place for column in LITERALS if record[column] and literal(record[column]) is None)
        unpriced |= {place} if record["price"] and price(record["price"]) is None else set()
    assert twice == listed["duplicate_product"]
    by_line = dict(drop.metadata[FIRST_METADATA])
    for kind in ("duplicate_product", "unreadable_literal", "unreadable_price"):
        named = {cell["product_id"] for cell in drop.cells()[kind]}
        assert named == {by_line[line]["asin"] for _, line in listed[kind]}, kind
    assert unreadable == Counter(listed["unreadable_literal"])
    assert unpriced == listed["unreadable_price"]
    [literals] = [fault["records"] for fault in drop.truth["faults"] if fault["kind"] == "unreadable_literal"]
    assert {record["column"] for record in literals} == set(LITERALS)
    assert not [record for _, record in drop.metadata[LATER_METADATA] if price(record["price"] or "1") is None]


def price(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def test_brands_and_categories_that_are_faulty_and_those_that_are_not(drop_of):
    drop = drop_of()
    for files in ((FIRST_METADATA,), (FIRST_METADATA, LATER_METADATA)):
        described = drop.described(*files)
        spellings = defaultdict(set)
        for record in described.values():
            spellings[brand_id(record["brand"])].add(record["brand"].strip())
        several = {brand for brand, of_brand in spellings.items() if len(of_brand) > 1}
        assert several == {cell["brand_id"] for cell in drop.cells()["brand_spelled_several_ways"]}
        alone = {category for category, count in Counter(categories_of(described)).items() if count == 1}
        assert alone == {cell["path"] for cell in drop.cells()["category_of_one_product"]}
    assert any(record["brand"].endswith(" ") for record in drop.described(FIRST_METADATA).values())
    for cell in drop.cells("lookalikes")["brands_alike"]:
        one, other = cell["brands"]
        assert one != other


def test_the_redelivery_changes_the_products_that_the_truth_lists(drop_of):
    drop = drop_of()
    before, after = drop.described(FIRST_METADATA), drop.described(LATER_METADATA)
    changed, jumped, raised, unchanged = set(), {}, {}, 0
    for asin in before.keys() & after.keys():
        if before[asin] == after[asin]:
            unchanged += 1
            continue
        changed.add(asin)
        old, new = (price(record[asin]["price"] or "0") for record in (before, after))
        if old != new and not Decimal("0.8") < new / old < Decimal("1.18"):
            (jumped if new > 5 * old or 5 * new < old else raised)[asin] = (str(old), str(new))
    changes = drop.cells("changes")
    assert changed == {cell["product_id"] for cell in changes["product_changed"]}
    assert after.keys() - before.keys() == {cell["product_id"] for cell in changes["product_added"]}
    assert jumped == {cell["product_id"]: (cell["before"], cell["after"]) for cell in drop.cells()["price_jump"]}
    assert {Decimal(new) > Decimal(old) for old, new in jumped.values()} == {True, False}
    told = {cell["product_id"]: (cell["before"], cell["after"]) for cell in drop.cells("lookalikes")["price_raised"]}
    assert raised.items() <= told.items()
    assert len(raised) > len(told) // 2
    assert unchanged > 0
    for column in ("price", "brand", "salesrank", "categories"):
        assert any(before[asin][column] != after[asin][column] for asin in changed), column


@pytest.mark.parametrize("clean", [False, True])
def test_the_redelivery_changes_the_reviews_that_the_truth_lists(drop_of, clean):
    drop = drop_of(clean=clean)
    before = {row.key: row for row in drop.first if row.usable}
    last_day = START + timedelta(days=DAYS - 1)
    found, unchanged, next_day = defaultdict(set), 0, 0
    for row in drop.rows:
        if row.delivery == 0:
            continue
        old = before.get(row.key)
        if old is None:
            next_day += row.day > last_day
            found["late_review"] |= {row.place} if row.day <= last_day else set()
        elif old.votes != row.votes:
            assert all(now >= once for now, once in zip(row.votes, old.votes, strict=True))
            found["votes_grown"].add(row.place)
        elif old.rating != row.rating:
            found["rating_corrected"].add(row.place)
        elif old.raw["reviewText"] != row.raw["reviewText"]:
            found["text_corrected"].add(row.place)
        else:
            assert same(old, row)
            unchanged += 1
    assert found == drop.listed("changes")
    assert min(unchanged, next_day) > 0


def test_of_many_records_the_first_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(truth_module, "MAX_LISTED", 3)
    drop = make(tmp_path / "drop", days=4, per_day=1000, products=30, seed=7)
    [repeated] = [fault for fault in drop.truth["faults"] if fault["kind"] == "repeated_in_next_load"]
    assert len(repeated["records"]) == 3 < repeated["count"]


# ---------- the same bytes


def digests(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(drop_of, tmp_path):
    first = digests(drop_of(7).out)
    again = make(tmp_path / "again", days=DAYS, per_day=PER_DAY, products=PRODUCTS, seed=7)
    assert digests(again.out) == first
    others = [digests(drop_of(seed).out) for seed in (8, 9)]
    for one, other in pairwise([first, *others]):
        assert one.keys() == other.keys()
        assert not set(one.values()) & set(other.values())


# ---------- landing


def test_every_record_lands_or_is_told_why_not(drop_of, tmp_path, monkeypatch, capsys):
    drop = drop_of()
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path))
    assert land.main(["reviews", str(drop.out), "--json"]) == 0
    deliveries = json.loads(capsys.readouterr().out)["deliveries"]
    assert len(deliveries) == 2
    last = max(delivery["delivery_id"] for delivery in deliveries)
    zone = tmp_path / "reviews" / "delivery=*"

    def place(row: dict) -> Place:
        return ("redelivery/" if row["_delivery_id"] == last else "") + row["_source_file"], row["_source_row"]

    files = {place({**row, "_source_row": 0})[0]: row for row in read_landed(zone / "_files" / "*.parquet")}
    assert {
        name: {"read": row["records_read"], "malformed": row["records_rejected"], "blank": row["records_blank"]}
        for name, row in files.items()
    } == drop.truth["totals"]["records"]
    rejected = {place(row): row["reason"] for row in read_landed(zone / "_rejected" / "*.parquet")}
    assert set(rejected) == drop.listed()["malformed_record"]
    assert set(rejected.values()) == {"wrong_number_of_fields", "unclosed_quote", "invalid_utf8"}
    landed = Counter((*place(row), row["review_text"]) for row in read_landed(zone / "reviews" / "*.parquet"))
    assert landed == Counter((*row.place, row.raw["reviewText"]) for row in drop.rows)
    products = Counter((*place(row), row["asin"]) for row in read_landed(zone / "products" / "*.parquet"))
    assert products == Counter(
        (name, line, record["asin"]) for name, records in drop.metadata.items() for line, record in records
    )


# ---------- the command


def test_the_demo_is_delivered_after_its_days():
    words = dict(zip(reviews_command.DEMO[::2], reviews_command.DEMO[1::2], strict=True))
    first, second = map(datetime.fromisoformat, reviews_command.DELIVERED_AT)
    after_last_day = datetime.combine(START + timedelta(days=int(words["--days"])), datetime.min.time(), UTC)
    assert after_last_day < first < after_last_day + timedelta(days=1) < second


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty; name another folder or remove it"):
        make(tmp_path, days=1, per_day=1, products=1, seed=7)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["reviews"],
        ["reviews", "--out", "x", "--days", "0"],
        ["reviews", "--out", "x", "--reviews-per-day", "0"],
        ["reviews", "--out", "x", "--products", "many"],
        ["reviews", "--out", "x", "--seed", "-1"],
        ["reviews", "--out", "x", "--start", "yesterday"],
        ["reviews", "--out", "x", "--companies", "3"],
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert_refused_in_one_line(arguments, monkeypatch, capsys)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_drop_and_one_summary(tmp_path):
    call = [sys.executable, "-m", "tools.generate", "reviews", "--days", "3", "--reviews-per-day", "50"]
    call += ["--products", "20", "--out", str(tmp_path / "drop")]
    done = subprocess.run([*call, "--json"], cwd=PROJECT, capture_output=True, text=True, check=True)
    drop = read(tmp_path / "drop")
    summary = json.loads(done.stdout)
    assert summary["reviews"] == len(latest(drop.rows))
    assert summary["records"] == sum(counts["read"] for counts in drop.records.values())
    assert done.stderr == ""
    again = subprocess.run(call, cwd=PROJECT, capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.startswith("error: --out ")
    assert again.stderr.count("\n") == 1
