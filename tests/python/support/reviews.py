"""Deliveries of product reviews written by hand, and what the marts must say of them, worked out in plain Python."""

import ast
import csv
import datetime as dt
import gzip
import hashlib
import json
import math
import re
import string
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from support.landing import csv_text
from support.warehouse import Warehouse

REVIEW_COLUMNS = (
    "", "reviewerID", "asin", "reviewerName", "helpful", "reviewText", "overall", "summary", "unixReviewTime",
    "reviewTime",
)  # fmt: skip
PRODUCT_COLUMNS = (
    "metadataid", "asin", "salesrank", "imurl", "categories", "title", "description", "price", "related", "brand",
)  # fmt: skip
BEGINNING = dt.datetime(1900, 1, 1)
EPOCH = dt.datetime(1970, 1, 1)
UNKNOWN = "unknown"
Z = 1.959963984540054  # 97.5 % of the standard normal distribution lie below it
PRIOR_WEIGHT, LEAST_SAMPLED = 10, 30  # vars of dbt_project.yml
STARS = (1, 2, 3, 4, 5)

Records = Sequence[Mapping[str, str]]


# ---------- writing


def review(reviewer: str, product: str, day: str, stars: str = "5.0", **fields: str) -> dict[str, str]:
    """A record of a review on an ISO day, as the file spells it; `fields` by the name of their column, in its case."""
    moment = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
    known = {
        "": "0",
        "reviewerID": reviewer,
        "asin": product,
        "reviewerName": f"Name of {reviewer}",
        "helpful": "[0, 0]",
        "reviewText": f"Text of {reviewer} about {product}.",
        "overall": stars,
        "summary": f"Summary of {reviewer}",
        "unixReviewTime": str(int(moment.timestamp())),
        "reviewTime": f"{moment:%m} {moment.day}, {moment:%Y}",
    }
    assert fields.keys() <= known.keys()
    return known | fields


def product(asin: str, categories: str = "[['Books']]", **fields: str) -> dict[str, str]:
    known = dict.fromkeys(PRODUCT_COLUMNS, "") | {"asin": asin, "title": f"Title of {asin}", "categories": categories}
    assert fields.keys() <= known.keys()
    return known | fields


REVIEWERS = ("r1", "r2", "r3", "r4", "", " r1 ")
PRODUCTS = ("P1", "p1", "P2", "P3", "P4", "")
DAYS = ("2013-12-31", "2014-01-01", "2014-01-31", "2014-02-01", "1999-02-28")
RATINGS = ("1.0", "2.0", "3", "4.0", "5.0", "5.0", "0.0", "4.5", "none")
VOTES = ("[0, 0]", "[0, 3]", "[2, 3]", "[40, 41]", "[3, 2]", "", "many")
CATEGORIES = ("[['Books']]", "[['Books', 'Travel'], ['Gifts']]", "[['Gifts', 'Travel']]", "[['Books'", "[[]]", "")
BRANDS = ("Acme", "ACME", "A-c me", "Other", "", "?")


def drawn_reviews(seed: int, number: int) -> list[dict[str, str]]:
    """Records of few reviewers, products and days, so that many are of one review, some with a fault."""
    random = Random(seed)
    records = []
    for place in range(number):
        day = random.choice(DAYS)
        records.append(
            review(
                random.choice(REVIEWERS), random.choice(PRODUCTS), day, random.choice(RATINGS),
                helpful=random.choice(VOTES), reviewText=random.choice(("", f"Text {seed}-{place}")),
                reviewerName=random.choice(("", f"Name {seed}-{place}")),
                **random.choice(({}, {}, {}, {"unixReviewTime": ""}, {"unixReviewTime": "x", "reviewTime": "y"})),
            )
        )  # fmt: skip
    return records


def drawn_products(seed: int) -> list[dict[str, str]]:
    random = Random(seed)
    return [
        product(
            random.choice(PRODUCTS[:4]), random.choice(CATEGORIES), brand=random.choice(BRANDS),
            price=random.choice(("", "1.50", "15.00")), salesrank=random.choice(("", "{}", "{'Books': 3, 'Gifts': 1}")),
        )
        for _ in range(4)
    ]  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    id: str
    at: dt.datetime
    folder: Path
    """The drop as it was landed."""


def deliver(house: Warehouse, at: str, reviews: Mapping[str, Records], products: Records = ()) -> Delivery:
    """Lands one delivery of an ISO moment: files of reviews by their name with its ending, and one of products."""
    drop = house.new_drop()
    for name, records in reviews.items():
        _write(drop / "jet_reviews" / name, REVIEW_COLUMNS, records)
    if products:
        _write(drop / "jet_metadata" / "metadata.csv", PRODUCT_COLUMNS, products)
    [landed] = json.loads(house.land(drop, "--delivered-at", at, "--json").stdout)["deliveries"]
    return Delivery(landed["delivery_id"], dt.datetime.fromisoformat(at.removesuffix("Z")), drop)


def _write(path: Path, columns: Sequence[str], records: Records) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = csv_text([list(columns), *([record[column] for column in columns] for record in records)]).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


# ---------- reading


class Review(NamedTuple):
    """A record that can become a review, as it is read."""

    place: tuple[str, str, int]
    """Delivery, file and row."""
    id: str
    reviewer: str
    product: str | None
    rating: Decimal | None
    helpful: int | None
    total: int | None
    name: str | None
    summary: str | None
    text: str | None
    at: dt.datetime
    day: dt.date | None


class Product(NamedTuple):
    place: tuple[str, str, int]
    at: dt.datetime
    id: str
    attributes: tuple
    """Title, brand_id, brand_name, price, sales_rank, its category, main category and categories as JSON."""


def clean(text: str) -> str | None:
    return text.strip(" \t\n\r\f\v") or None


def key_of(reviewer: str) -> str:
    return hashlib.sha256(reviewer.encode()).hexdigest()


def id_of(reviewer_key: str, product_id: str | None, at: dt.datetime) -> str:
    micros = (at - EPOCH) // dt.timedelta(microseconds=1)
    return md5(f"{reviewer_key}|{product_id or ''}|{micros}")


def moment_of(unix: str, day: str) -> dt.datetime | None:
    if re.fullmatch(r"\d{1,10}(\.0*)?", unix.strip()):
        return EPOCH + dt.timedelta(seconds=int(float(unix)))
    said = day_of(day)
    return said and dt.datetime.combine(said, dt.time())


def day_of(text: str) -> dt.date | None:
    try:
        found = dt.datetime.strptime(text.strip(), "%m %d, %Y").date()
    except ValueError:
        return None
    return found if 1900 <= found.year < 2300 else None


def literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return None


def rows_of(folder: Path, entity: str) -> Iterable[tuple[str, int, dict[str, str]]]:
    """File, row and columns of each record of a drop; a row is the line on which the record begins."""
    for path in sorted((folder / entity).glob("*")):
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        reader = csv.reader(text.splitlines(keepends=True))
        header, begins = next(reader), reader.line_num + 1
        for values in reader:
            yield f"{entity}/{path.name}", begins, dict(zip(header, values, strict=True))
            begins = reader.line_num + 1


def reviews_of(deliveries: Iterable[Delivery]) -> tuple[list[Review], list[tuple]]:
    """The records that can become reviews, and the others as the mart shows them."""
    found, aside = [], []
    for delivery in deliveries:
        for file, row, record in rows_of(delivery.folder, "jet_reviews"):
            place = (delivery.id, file, row)
            reviewer, asin = clean(record["reviewerID"]), clean(record["asin"])
            product_id = asin and asin.upper()
            at = moment_of(record["unixReviewTime"], record["reviewTime"])
            votes = re.fullmatch(r"\s*\[\s*(\d{1,9})\s*,\s*(\d{1,9})\s*\]\s*", record["helpful"])
            helpful, total = map(int, votes.groups()) if votes else (None, None)
            key = reviewer and key_of(reviewer)
            if not key or not at:
                reason = "unparsable_timestamp" if key else "missing_reviewer"
                said = (clean(record[name]) for name in ("unixReviewTime", "reviewTime"))
                aside.append((reason, key, product_id, clean(record["overall"]), total, *said, *place))
                continue
            stars = re.fullmatch(r"[1-5](\.0*)?", record["overall"].strip())
            found.append(
                Review(
                    place, id_of(key, product_id, at), key, product_id, Decimal(stars[0]) if stars else None,
                    helpful, total, clean(record["reviewerName"]), clean(record["summary"]),
                    clean(record["reviewText"]), at, day_of(record["reviewTime"]),
                )
            )  # fmt: skip
    return found, aside


def products_of(deliveries: Iterable[Delivery]) -> list[Product]:
    found = []
    for delivery in deliveries:
        for file, row, record in rows_of(delivery.folder, "jet_metadata"):
            brand, price = clean(record["brand"]), clean(record["price"])
            paths, ranks = literal(record["categories"]), literal(record["salesrank"])
            if not (paths and all(isinstance(path, list) and all(map(_is_text, path)) for path in paths)):
                paths = None
            rank = next(iter(ranks.items()), (None, None)) if isinstance(ranks, dict) else (None, None)
            attributes = (
                clean(record["title"]), brand_id_of(brand), brand, price and Decimal(price), rank[1], rank[0],
                paths[0][0] if paths and paths[0] and paths[0][0] else None,
                paths and json.dumps(paths, ensure_ascii=False),
            )  # fmt: skip
            found.append(Product((delivery.id, file, row), delivery.at, record["asin"].strip().upper(), attributes))
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def brand_id_of(brand: str | None) -> str | None:
    return "".join(c for c in (brand or "").lower() if c not in string.punctuation + string.whitespace) or None


# ---------- what the marts must say


def wilson(helpful: int | None, total: int | None) -> tuple[float | None, float | None]:
    """Both roots p of (share - p)^2 = z^2 p (1 - p) / total."""
    if helpful is None or not total or helpful > total:
        return None, None
    share, square = helpful / total, Z * Z / total
    a, b, c = 1 + square, -(2 * share + square), share * share
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


class World:
    """What follows from deliveries, whatever the order in which they arrived."""

    def __init__(self, deliveries: Iterable[Delivery], erased: Collection[str] = ()) -> None:
        self.erased = set(map(key_of, erased))
        self.deliveries = sorted(deliveries, key=lambda delivery: delivery.id)
        self.records, self.aside = reviews_of(self.deliveries)
        self.by_review: dict[str, list[Review]] = defaultdict(list)
        for record in sorted(self.records, key=lambda record: record.place):
            self.by_review[record.id].append(record)
        self.reviews = [records[-1] for records in self.by_review.values()]
        self.history = self._history()
        self.products = self._products()

    def _history(self) -> list[tuple]:
        said: dict[str, dict[dt.datetime, Product]] = defaultdict(dict)
        for record in sorted(products_of(self.deliveries), key=lambda record: record.place):
            said[record.id][record.at] = record
        rows = []
        for product_id, by_time in said.items():
            versions: list[list[Product]] = []
            for _, record in sorted(by_time.items()):
                if not versions or versions[-1][-1].attributes != record.attributes:
                    versions.append([])
                versions[-1].append(record)
            begins = [BEGINNING, *(version[0].at for version in versions[1:])]
            for number, (version, begin, end) in enumerate(
                zip(versions, begins, [*begins[1:], None], strict=True), start=1
            ):
                seen = (version[-1].at, version[0].place[0])
                rows.append((product_id, *version[0].attributes, number, begin, end, end is None, *seen))
        return rows

    def _products(self) -> dict[str, tuple]:
        """By product_id: title, brand_id, brand_name, price, rank, its category, main category, categories."""
        nothing = (None, UNKNOWN, None, None, None, None, UNKNOWN, None)
        reviewed = {record.product or UNKNOWN for record in self.reviews}
        known = dict.fromkeys({UNKNOWN, *reviewed}, nothing)
        for product_id, *attributes, _number, _begin, end, _current, _seen, _delivery in self.history:
            if end is None:
                values = dict(enumerate(attributes))
                known[product_id] = tuple(
                    values[place] or UNKNOWN if place in (1, 6) else values[place] for place in range(8)
                )
        return known

    def fct_product_reviews(self) -> list[tuple]:
        rows = []
        for latest in self.reviews:
            records = self.by_review[latest.id]
            first = self.first_delivery(latest)
            low, high = wilson(latest.helpful, latest.total)
            rows.append(
                (
                    latest.id, latest.reviewer, latest.product or UNKNOWN, latest.rating and int(latest.rating),
                    latest.helpful, latest.total, None if low is None else latest.helpful / latest.total, low, high,
                    len(latest.text or ""), latest.at, latest.at.date(), latest.day, len(records),
                    first != latest.place[0], first, *latest.place,
                )
            )  # fmt: skip
        return rows

    def fct_product_review_texts(self) -> list[tuple]:
        rows = []
        for r in self.reviews:
            words = (None, None) if r.reviewer in self.erased else (r.summary, r.text)
            rows.append((r.id, r.reviewer, *words, r.at.date(), self.first_delivery(r), r.place[0]))
        return rows

    def first_delivery(self, latest: Review) -> str:
        return min(record.place[0] for record in self.by_review[latest.id])

    def fct_product_reviews_set_aside(self) -> list[tuple]:
        return self.aside

    def dim_products_history(self) -> list[tuple]:
        return self.history

    def dim_products(self) -> list[tuple]:
        described = {row[0]: row for row in self.history if row[-4] is None}
        return [
            (
                product_id, product_id in described, *values[:7],
                UNKNOWN if values[6] == UNKNOWN else md5(values[6]), values[7],
                *(described[product_id][-2:] if product_id in described else (None, None)),
            )
            for product_id, values in self.products.items()
        ]  # fmt: skip

    def dim_brands(self) -> list[tuple]:
        spelled: dict[str, Counter[str]] = defaultdict(Counter)
        for values in self.products.values():
            spelled[values[1]][values[2] or UNKNOWN] += 1
        return [
            (brand, self.brand_name(names), len(names), names.total(), brand == UNKNOWN)
            for brand, names in spelled.items()
        ]

    @staticmethod
    def brand_name(names: Counter[str]) -> str:
        return min(names, key=lambda name: (-names[name], name))

    def paths(self) -> Iterable[tuple[str, int, list[str]]]:
        """Product, place of the path, and its first categories, one after another."""
        for product_id, values in self.products.items():
            for number, path in enumerate(json.loads(values[7] or "[]"), start=1):
                for level in range(1, len(path) + 1):
                    yield product_id, number, path[:level], level == len(path)

    def dim_categories(self) -> list[tuple]:
        on: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for product_id, _, path, _ in self.paths():
            on[tuple(path)].add(product_id)
        rows = [
            (
                md5("\x1f".join(path)), md5("\x1f".join(path[:-1])) if path[1:] else None, path[-1], " > ".join(path),
                len(path), not any(other[:-1] == path for other in on), len(products),
            )
            for path, products in on.items()
        ]  # fmt: skip
        without = sum(values[6] == UNKNOWN for values in self.products.values())
        return [*rows, (UNKNOWN, None, UNKNOWN, UNKNOWN, 1, True, without)]

    def bridge_product_categories(self) -> list[tuple]:
        members: dict[tuple[str, str], list[tuple[int, int, bool]]] = defaultdict(list)
        for product_id, number, path, ends in self.paths():
            members[product_id, md5("\x1f".join(path))].append((number, len(path), ends))
        for product_id, values in self.products.items():
            if values[6] == UNKNOWN:
                members[product_id, UNKNOWN].append((1, 1, True))
        return [
            (
                *key, min(places)[0], places[0][1], any(ends for *_, ends in places),
                key[1] == (UNKNOWN if (main := self.products[key[0]][6]) == UNKNOWN else md5(main)),
            )
            for key, places in members.items()
        ]  # fmt: skip

    def dim_reviewers(self) -> list[tuple]:
        of: dict[str, list[Review]] = defaultdict(list)
        for record in self.reviews:
            of[record.reviewer].append(record)
        return [
            (
                key, min(r.at for r in rows), max(r.at for r in rows), len(rows), len({r.product for r in rows}),
                mean([r.rating for r in rows]), sum(r.helpful or 0 for r in rows), sum(r.total or 0 for r in rows),
            )
            for key, rows in of.items()
        ]  # fmt: skip

    def dim_reviewer_names(self) -> list[tuple]:
        named = sorted(
            (record for record in self.records if record.name and record.reviewer not in self.erased),
            key=lambda record: record.place,
        )
        return list({record.reviewer: (record.reviewer, record.name) for record in named}.values())

    def agg_brand_ratings(self) -> list[tuple]:
        names = {row[0]: row[1] for row in self.dim_brands()}
        return self._months(1, lambda brand: (brand, names[brand]))

    def agg_category_ratings(self) -> list[tuple]:
        return self._months(6, lambda name: (UNKNOWN if name == UNKNOWN else md5(name), name))

    def _months(self, place: int, names: Callable[[str], tuple]) -> list[tuple]:
        """Ratings by a value of the product that each review is of, and by month."""
        groups: dict[tuple[str, dt.date], list[Review]] = defaultdict(list)
        of_month: dict[dt.date, list[Decimal | None]] = defaultdict(list)
        for record in self.reviews:
            month = record.at.date().replace(day=1)
            groups[self.products[record.product or UNKNOWN][place], month].append(record)
            of_month[month].append(record.rating)
        rows = []
        for (value, month), records in groups.items():
            ratings = [r.rating for r in records if r.rating]
            middle = mean(of_month[month])
            shrunken = middle and (float(sum(ratings)) + PRIOR_WEIGHT * middle) / (len(ratings) + PRIOR_WEIGHT)
            rows.append(
                (
                    *names(value), month, len(records), len(ratings), mean(ratings), shrunken,
                    *(ratings.count(Decimal(stars)) for stars in STARS), sum(r.helpful or 0 for r in records),
                    sum(r.total or 0 for r in records), len(ratings) < LEAST_SAMPLED,
                )
            )  # fmt: skip
        return rows

    def fct_product_review_records(self) -> list[tuple]:
        """Files without rejected records and blank lines: records, then votes: current, replaced, set aside. None is
        retracted."""
        current = {record.place: record for record in self.reviews}
        rows = []
        for delivery in self.deliveries:
            for path in sorted((delivery.folder / "jet_reviews").glob("*")):
                file = (delivery.id, f"jet_reviews/{path.name}")
                usable = [r for r in self.records if r.place[:2] == file]
                shown = [r for r in usable if r.place in current]
                aside = [row for row in self.aside if row[-3:-1] == file]
                votes = [sum(r.total or 0 for r in records) for records in (usable, shown)]
                votes_aside = sum(row[4] or 0 for row in aside)
                landed = len(usable) + len(aside)
                rows.append(
                    (
                        delivery.id, delivery.at, file[1], landed, landed, 0, 0, len(shown), len(usable) - len(shown),
                        len(aside), 0, votes[0] + votes_aside, votes[1], votes[0] - votes[1], votes_aside,
                    )
                )  # fmt: skip
        return rows


def mean(values: Iterable[Decimal | None]) -> float | None:
    known = [value for value in values if value]
    return float(sum(known)) / len(known) if known else None


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


LEFT_OUT = {"_day_version", "product_version_id"}
"""Columns that say how rows are kept, and not what was delivered."""
TABLES = {name: "marts" for name in vars(World) if name.startswith(("fct_", "dim_", "agg_", "bridge_"))} | {
    "fct_product_review_records": "quality"
}


def rows_in(house: Warehouse, table: str) -> list[tuple]:
    [[columns]] = house.rows(
        "select string_agg('\"' || column_name || '\"', ', ' order by ordinal_position) "
        "from information_schema.columns "
        f"where table_schema = '{TABLES[table]}' and table_name = '{table}' "
        f"and column_name not in {tuple(sorted(LEFT_OUT))}"
    )
    return house.rows(f"select {columns} from {TABLES[table]}.{table}")


def differences(
    house: Warehouse, deliveries: Iterable[Delivery], erased: Collection[str] = (), tables: Iterable[str] = TABLES
) -> dict[str, Any]:
    """For each mart that is not what the files say: rows that only it has, and rows that only the files give. `erased`
    are reviewers who asked to be forgotten."""
    world = World(deliveries, erased)
    found = {}
    for table in tables:
        ours, theirs = (Counter(map(_comparable, rows)) for rows in (rows_in(house, table), getattr(world, table)()))
        if ours != theirs:
            found[table] = {"only in the mart": list(ours - theirs), "only in the files": list(theirs - ours)}
    return found


def _comparable(row: tuple) -> tuple:
    """The row with its fractions to nine places: sums of floats differ in the last bits."""
    return tuple(round(value, 9) if isinstance(value, float) else value for value in row)
