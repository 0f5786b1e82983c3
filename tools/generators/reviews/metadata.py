"""Product metadata: how they are spelled, what is planted in them, and what the redelivery changes."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tools.generators.columns import take
from tools.generators.draw import mix
from tools.generators.reviews.catalogue import NONE, Catalogue, Products, paths_used
from tools.generators.reviews.draw import stream
from tools.generators.reviews.truth import Log
from tools.generators.reviews.words import ALIKE, BRANDS, DESCRIPTIONS, LEAVES_OF_ONE, PATHS, TITLES
from tools.generators.write import Records, open_text

COLUMNS = (
    *("metadataid", "asin", "salesrank", "imurl", "categories", "title", "description", "price", "related", "brand"),
)
PRODUCTS_OF_A_PART = 100_000
BRANDS_SPELLED = 3
UNREADABLE_PRICES = ("call for price", "n/a", "see shop")
RELATIONS = ("also_bought", "also_viewed", "bought_together", "buy_after_viewing")
REISSUED_PERCENT = 25
UNKNOWN = "unknown"  # brand or category
JUMPED, RAISED = 6, 6

RULES = {
    "brand_spelled_several_ways": "a brand in capitals, padded or with a hyphen; it is one brand",
    "category_of_one_product": "a category in which one product stands alone",
    "unreadable_literal": "categories, salesrank or related is no Python literal: cut off, unbalanced or a call",
    "unreadable_price": "price is no number",
    "duplicate_product": "the product stands twice in its file",
    "price_jump": "the redelivery has ten times the price, or a tenth of it",
    "product_described_later": "a review of a product that only the redelivery describes",
    "price_raised": "the redelivery has a fifth more; that is no jump",
    "brands_alike": "names of two brands that differ in a letter",
    "product_changed": "the redelivery has another price, brand, rank or other categories",
    "product_added": "the product is in the redelivery only",
}


@dataclass
class Issue:
    """Metadata of a delivery: `listed` are its products in order; those in `twice` are repeated at the end. `planted`
    says by product what was planted in its record, `alone` names the additional category of a product."""

    products: Products
    listed: np.ndarray
    twice: list[int] = field(default_factory=list)
    planted: dict[int, str] = field(default_factory=dict)
    alone: dict[int, list[str]] = field(default_factory=dict)

    def paths(self, product: int) -> list[list[str]]:
        own = (self.products.path[product], self.products.second_path[product])
        return [PATHS[number] for number in own if number != NONE] + (
            [self.alone[product]] if product in self.alone else []
        )

    def main_category(self, product: int) -> str:
        paths = self.paths(product)
        return paths[0][0] if paths and product not in self.products.text.get("categories", {}) else UNKNOWN

    def brand_id(self, product: int) -> str:
        brand = self.products.brand[product]
        return UNKNOWN if brand == NONE else brand_id(BRANDS[brand])


def brand_id(brand: str) -> str:
    return "".join(letter for letter in brand.lower() if letter.isalnum())


def first_issue(catalogue: Catalogue, seed: int, faults: Log, lookalikes: Log, *, clean: bool) -> Issue:
    described = np.flatnonzero(~catalogue.is_withheld[: catalogue.size])
    issue = Issue(take(catalogue.products, np.arange(len(catalogue.products))), described)
    for pair in ALIKE:
        lookalikes.cell("brands_alike", RULES["brands_alike"], brands=[brand_id(brand) for brand in pair])
    if not clean:
        _plant(issue, catalogue, stream(seed, "metadata"), faults)
    return issue


def _plant(issue: Issue, catalogue: Catalogue, rng: np.random.Generator, faults: Log) -> None:
    """Plants each kind in separate products, as far as there are enough."""
    products, some = issue.products, max(2, catalogue.size // 2_000)
    free = iter(rng.permutation(issue.listed[issue.listed >= catalogue.anchored]).tolist())
    for product, _ in zip(free, range(some), strict=False):
        issue.twice.append(product)
        issue.planted[product] = "duplicate_product"
    for product, turn in zip(free, range(3 * some), strict=False):
        column = ("categories", "salesrank", "related")[turn % 3]
        products.write(
            column, product, _unreadable(column, literals(issue, catalogue, product)[column], turn + turn // 3)
        )
        issue.planted[product] = "unreadable_literal"
    for product, turn in zip(free, range(some), strict=False):
        products.write("price", product, UNREADABLE_PRICES[turn % len(UNREADABLE_PRICES)])
        products.cents[product] = NONE
        issue.planted[product] = "unreadable_price"
    for product, leaf in zip(free, LEAVES_OF_ONE, strict=False):
        if not paths_used(catalogue.size):
            break
        path = PATHS[int(rng.integers(0, paths_used(catalogue.size)))]
        products.path[product] = int(rng.integers(0, paths_used(catalogue.size)))
        issue.alone[product] = [*path[:2], leaf]
        issue.planted[product] = "category_of_one_product"
        asin = catalogue.ids[product]
        faults.cell(
            "category_of_one_product",
            RULES["category_of_one_product"],
            path=" > ".join(issue.alone[product]),
            asin=asin,
        )
    for brand in rng.permutation(len(BRANDS))[:BRANDS_SPELLED].tolist():
        name = BRANDS[brand]
        members = [product for product, _ in zip(free, range(4), strict=False)]
        if len(members) < 4:
            break
        products.brand[members] = brand
        spellings = (name, name.upper(), f"{name} ", f"{name[:2]}-{name[2:]}".lower())
        for product, spelling in zip(members, spellings, strict=True):
            products.write("brand", product, spelling)
            issue.planted[product] = "brand_spelled_several_ways"
        faults.cell("brand_spelled_several_ways", RULES["brand_spelled_several_ways"], brand_id=brand_id(name))


def _unreadable(column: str, text: str, turn: int) -> str:
    """No longer a literal: cut off in a text, not closed, or with a call."""
    text = text or ("[['Books']]" if column == "categories" else "{'Books': 1}" if column == "salesrank" else "{}")
    cut = text[: text.rindex("'") - 1] if "'" in text else "{'also_bought': ['B0"
    return (cut, text[:-1], f"dict({text})")[turn % 3]


def second_issue(
    issue: Issue, catalogue: Catalogue, seed: int, faults: Log, changes: Log, lookalikes: Log, *, clean: bool
) -> Issue:
    """Part of the metadata again, some of it changed, with the new products. Leaves out records with planted faults."""
    rng = stream(seed, "reissue")
    products = take(issue.products, np.arange(len(issue.products)))
    known = [product for product in rng.permutation(issue.listed).tolist() if product not in issue.planted]
    again = known[: -(-len(known) * REISSUED_PERCENT // 100)]
    later = Issue(
        products, np.sort(np.r_[again, catalogue.withheld, catalogue.new].astype(np.int64)), alone=issue.alone
    )
    priced = iter([product for product in again if products.cents[product] >= 100])
    if not clean:
        for product, turn in zip(priced, range(JUMPED), strict=False):
            before = int(products.cents[product])
            products.cents[product] = before * 10 if turn % 2 == 0 else max(1, before // 10)
            faults.cell("price_jump", RULES["price_jump"], **_price(catalogue, product, before, products))
            later.planted[product] = "price_jump"
    for product, _ in zip(priced, range(RAISED), strict=False):
        before = int(products.cents[product])
        products.cents[product] = before * 6 // 5
        lookalikes.cell("price_raised", RULES["price_raised"], **_price(catalogue, product, before, products))
        later.planted[product] = "price_raised"
    for turn, product in enumerate(product for product in again if product not in later.planted):
        _change(products, catalogue, product, turn % 6, rng)
    for product in again:
        before, after = _told(issue, product), _told(later, product)
        if before != after:
            changes.cell(
                "product_changed",
                RULES["product_changed"],
                product_id=catalogue.ids[product],
                before=before,
                after=after,
            )
    for product in [*catalogue.withheld.tolist(), *catalogue.new]:
        changes.cell("product_added", RULES["product_added"], product_id=catalogue.ids[product])
    return later


def _price(catalogue: Catalogue, product: int, before: int, products: Products) -> dict[str, str]:
    return {
        "product_id": catalogue.ids[product],
        "before": money(before),
        "after": money(int(products.cents[product])),
    }


def _change(products: Products, catalogue: Catalogue, product: int, turn: int, rng: np.random.Generator) -> None:
    """Changes a product in one of six ways; two of them leave it unchanged."""
    if turn == 0 and products.cents[product] != NONE:
        products.cents[product] = products.cents[product] * rng.integers(85, 116) // 100
    elif turn == 1:
        products.brand[product] = (products.brand[product] + 1) % len(BRANDS)
    elif turn == 2:
        products.rank[product] = rng.integers(1, 2_000_000)
    elif turn == 3 and product >= catalogue.anchored and paths_used(catalogue.size):
        products.path[product] = (products.path[product] + 1) % paths_used(catalogue.size)
        products.second_path[product] = NONE


def _told(issue: Issue, product: int) -> list[str]:
    products = issue.products
    return [
        issue.brand_id(product),
        money(int(products.cents[product])),
        str(products.rank[product]),
        repr(issue.paths(product)),
    ]


def money(cents: int) -> str:
    return "" if cents == NONE else f"{cents // 100}.{cents % 100:02}"


def literals(issue: Issue, catalogue: Catalogue, product: int) -> dict[str, str]:
    """The Python literals of a product; empty where a value is missing."""
    products, paths = issue.products, issue.paths(product)
    rank, related = int(products.rank[product]), int(products.related[product])
    main = paths[0][0] if paths else "Everything"
    return {
        "salesrank": repr({main: rank}) if rank != NONE else "",
        "categories": repr(paths) if paths else "",
        "related": repr(_related(related, catalogue)) if related != NONE else "",
    }


def _related(drawn: int, catalogue: Catalogue) -> dict[str, list[str]]:
    numbers = (mix(np.arange(16), drawn) % np.uint64(catalogue.size)).tolist()
    lists = {name: numbers[4 * place : 4 * place + 1 + (drawn >> place) % 4] for place, name in enumerate(RELATIONS)}
    return {name: [catalogue.ids[number] for number in of_name] for name, of_name in lists.items() if of_name[0] % 3}


def write(issue: Issue, out: Path, prefix: str, catalogue: Catalogue, faults: Log | None) -> dict[str, Records]:
    """Writes the metadata, in parts if there are many; returns the records of each file."""
    written = {}
    parts = range(0, len(issue.listed), PRODUCTS_OF_A_PART)
    for number, first in enumerate(parts, start=1):
        products = issue.listed[first : first + PRODUCTS_OF_A_PART].tolist()
        within = set(products)
        products += [product for product in issue.twice if product in within]
        name = f"{prefix}jet_metadata/metadata{'' if len(parts) == 1 else f'_{number:03}'}.csv"
        lines = _write_file(out / name, issue, catalogue, products)
        written[name] = Records(len(products))
        if faults is not None:
            _log(faults, issue, catalogue, name, zip(products, lines, strict=True))
    return written


def _write_file(path: Path, issue: Issue, catalogue: Catalogue, products: list[int]) -> list[int]:
    """Returns the lines on which the records start."""
    starts, line = [], 2
    with open_text(path) as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for product in products:
            row = io.StringIO()
            csv.writer(row, lineterminator="\n").writerow(_values(issue, catalogue, product))
            file.write(row.getvalue().encode())
            starts.append(line)
            line += row.getvalue().count("\n")
    return starts


def _values(issue: Issue, catalogue: Catalogue, product: int) -> list[str]:
    products, asin = issue.products, catalogue.ids[product]
    title, description, brand = (
        int(column[product]) for column in (products.title, products.description, products.brand)
    )
    values = {
        "metadataid": str(4_000_000 + product),
        "asin": asin,
        "imurl": f"http://ecx.images.example/images/I/{asin}._SX300_.jpg",
        "title": "" if title == NONE else TITLES[title],
        "description": "" if description == NONE else DESCRIPTIONS[description],
        "price": money(int(products.cents[product])),
        "brand": "" if brand == NONE else BRANDS[brand],
        **literals(issue, catalogue, product),
    }
    for column, cells in products.text.items():
        if product in cells:
            values[column] = cells[product] or ""
    return [values[column] for column in COLUMNS]


def _log(faults: Log, issue: Issue, catalogue: Catalogue, name: str, placed: Iterable[tuple[int, int]]) -> None:
    seen: set[int] = set()
    for product, line in placed:
        kind, asin = issue.planted.get(product), catalogue.ids[product]
        if kind == "duplicate_product" and product in seen:
            faults.add(kind, RULES[kind], "products", name, line, asin=asin)
            faults.name(kind, product_id=asin)
        elif kind == "unreadable_literal":
            [column] = [
                column
                for column in ("categories", "salesrank", "related")
                if product in issue.products.text.get(column, {})
            ]
            faults.add(kind, RULES[kind], "products", name, line, asin=asin, column=column)
            faults.name(kind, product_id=asin, column=column)
        elif kind == "unreadable_price":
            value = issue.products.text["price"][product]
            faults.add(kind, RULES[kind], "products", name, line, asin=asin, value=value)
            faults.name(kind, product_id=asin, value=value)
        seen.add(product)
