"""Writes load files of reviews, metadata of products, and their redelivery, one chunk at a time, so that memory does
not grow."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from duckhouse.cli import progress
from tools.generators.columns import concat, take
from tools.generators.reviews import catalogue as shop
from tools.generators.reviews import faults, metadata, plan
from tools.generators.reviews.catalogue import Catalogue
from tools.generators.reviews.faults import FAULTS, NUMBERS, REPEATED, Planted
from tools.generators.reviews.formats import (
    DAY_SECONDS,
    LoadFile,
    load_file,
    long_text,
    md5,
    review_id,
    reviewer_ids,
    reviewer_key,
)
from tools.generators.reviews.metadata import Issue
from tools.generators.reviews.plan import Planned
from tools.generators.reviews.redelivery import CHANGES, DAYS, TAGS, add_new_products, draw_again
from tools.generators.reviews.rows import BLANK, LOADS, Chunk, Reviews, chunks, draw_chunk
from tools.generators.reviews.truth import RULES, Log, Totals
from tools.generators.write import Records, claimed, write_truth

GZIPPED_EVERY = 3  # the later load, every third day
LEAST_REVIEWS_OF_A_LOAD = 25  # minimum for losing a column
EXTRA_COLUMN = "verifiedPurchase"
_CELLS = {
    "column_lost": "one file leaves a column empty that the others fill",
    "undeclared_column": "one file has a column that no other has",
    "shared_text": "the same long text under several reviewers",
    "reviewer_burst": "many reviews of one reviewer on one day",
    "equal_ratings_burst": "many reviews of a product on one day, all with the same rating",
    "same_reviewer_twice": "the same long text twice, by one reviewer",
    "prolific_reviewer": "many reviews of one reviewer, one a day",
    "popular_product_day": "many reviews of a product on one day, with ratings of all kinds",
}
_LOOKALIKES = {"same_reviewer_twice", "prolific_reviewer", "popular_product_day"}
_KINDS = {number: kind for kind, number in (*NUMBERS.items(), *TAGS.items())}
_LISTED = {**FAULTS, **REPEATED}


@dataclass
class Run:
    """One run: its parameters and what it collects while writing."""

    out: Path
    seed: int
    clean: bool
    catalogue: Catalogue
    plan: Planned
    first: Totals
    records: dict[str, Records] = field(default_factory=dict)
    faults: Log = field(default_factory=Log)
    changes: Log = field(default_factory=Log)
    lookalikes: Log = field(default_factory=Log)

    @cached_property
    def due(self) -> dict[int, set[str]]:
        """The kinds that must be planted at least once, by day of the run."""
        by_day = defaultdict(set)
        for number, kind in enumerate(_LISTED):
            by_day[number % self.catalogue.days].add(kind)
        return by_day

    @cached_property
    def broken_files(self) -> dict[str, tuple[str, str]]:
        """What is planted in a file and in which column, by file name."""
        days = self.catalogue.days
        if self.clean or days < 3 or self.catalogue.reviews_per_day < 2 * LEAST_REVIEWS_OF_A_LOAD:
            return {}
        return {
            self.name(days // 2, 0): ("column_lost", "summary"),
            self.name(days // 3, 1): ("undeclared_column", EXTRA_COLUMN),
        }

    @property
    def redelivered_days(self) -> range:
        return range(max(0, self.catalogue.days - DAYS), self.catalogue.days)

    def name(self, day: int, load: int) -> str:
        date = self.catalogue.start + timedelta(days=day)
        suffix = ".csv.gz" if load and day % GZIPPED_EVERY == 0 else ".csv"
        return f"jet_reviews/{date}_{LOADS[load]}{suffix}"

    def chunks(self, day: int) -> list[list[Chunk]]:
        """Those of each load."""
        return chunks(self.catalogue.reviews_per_day, day)


def generate(
    out: Path, *, days: int, reviews_per_day: int, products: int, seed: int, start: date, clean: bool
) -> dict[str, Any]:
    """Writes the drop into the folder `out`, which must be new or empty, and returns truth.json's content.

    Raises UserError when the folder holds something or cannot be written.
    """
    with claimed(out):
        catalogue = shop.build(start, days, reviews_per_day, products, seed, clean=clean)
        run = Run(out, seed, clean, catalogue, plan.build(catalogue, seed, clean=clean), Totals(catalogue.missing + 1))
        again = len(run.redelivered_days) + 1
        with progress(total=(days + again) * reviews_per_day, label="reviews", unit="review") as bar:
            _write_first_delivery(run, bar.update)
            final = run.first.copy()
            _write_redelivery(run, final, bar.update)
        _log_cells(run)
        issue = metadata.first_issue(catalogue, seed, run.faults, run.lookalikes, clean=clean)
        run.records |= metadata.write(issue, out, "", catalogue, None if clean else run.faults)
        later = metadata.second_issue(issue, catalogue, seed, run.faults, run.changes, run.lookalikes, clean=clean)
        run.records |= metadata.write(later, out, "redelivery/", catalogue, None)
        truth = {
            "source": "reviews",
            "seed": seed,
            "parameters": {"days": days, "reviews_per_day": reviews_per_day, "products": products, "start": str(start)},
            "clean": clean,
            "rules": RULES,
            "totals": {
                "records": {name: asdict(records) for name, records in sorted(run.records.items())},
                "after_first_delivery": run.first.report(*_attributes(catalogue, issue, issue.listed)),
                "after_redelivery": final.report(*_attributes(catalogue, later, np.r_[issue.listed, later.listed])),
            },
            "faults": run.faults.report(),
            "changes": run.changes.report(),
            "lookalikes": run.lookalikes.report(),
        }
        write_truth(out, truth)
    return truth


def _attributes(catalogue: Catalogue, issue: Issue, described: np.ndarray) -> tuple[list[str], list[str]]:
    """The brand and the main category of each product by number, unknown for those that are not described."""
    brands, categories = ([metadata.UNKNOWN] * (catalogue.missing + 1) for _ in range(2))
    for product in described.tolist():
        brands[product], categories[product] = issue.brand_id(product), issue.main_category(product)
    return brands, categories


def _write_first_delivery(run: Run, advance: Callable[[int], Any]) -> None:
    for day in range(run.catalogue.days):
        held: list[Reviews] = []
        for load, of_load in enumerate(run.chunks(day)):
            name, again = run.name(day, load), []
            kind, column = run.broken_files.get(name, ("", ""))
            lost, more = (column if kind == broken else None for broken in ("column_lost", "undeclared_column"))
            with load_file(run.out / name, run.catalogue, lost=lost, more=more) as file:
                for chunk in of_load:
                    planted = _planted(run, chunk)
                    rows = concat([planted.here, *held])
                    held = []
                    _write_chunk(run, file, name, rows, chunk.stream(run.seed, "files"))
                    run.first.add(rows)
                    again.append(planted.again)
                    advance(chunk.count)
            held = again if load == 0 else []
            if kind:
                run.faults.cell(kind, _CELLS[kind], file=name, column=column)


def _write_redelivery(run: Run, final: Totals, advance: Callable[[int], Any]) -> None:
    """Writes records of the last days again, and those of one more day; updates `final` to the totals after them."""
    catalogue = run.catalogue
    # above the numbers of all days and of the plan
    first_number = 2 * (catalogue.days + 1) * catalogue.reviews_per_day + 2**20
    for day in run.redelivered_days:
        name = f"redelivery/{run.name(day, 0)}"
        with load_file(run.out / name, catalogue) as file:
            for chunk in (chunk for of_load in run.chunks(day) for chunk in of_load):
                here = _planted(run, chunk).here
                drawn = draw_again(
                    catalogue, run.seed, chunk, here, run.plan.is_levelled(here), first_number + chunk.first
                )
                run.plan.level(drawn.rows)
                _write_chunk(run, file, name, drawn.rows, chunk.stream(run.seed, "files_again"))
                final.add(drawn.before, sign=-1)
                final.add(drawn.rows)
                advance(chunk.count)
    day = catalogue.days
    for load, of_load in enumerate(run.chunks(day)):
        name = f"redelivery/{run.name(day, load)}"
        with load_file(run.out / name, catalogue) as file:
            for chunk in of_load:
                reviews = draw_chunk(catalogue, run.seed, chunk, with_old=False)
                add_new_products(catalogue, run.seed, chunk, reviews)
                run.plan.level(reviews)
                _write_chunk(run, file, name, reviews, chunk.stream(run.seed, "files"))
                final.add(reviews)
                advance(chunk.count)


def _planted(run: Run, chunk: Chunk) -> Planted:
    """A chunk as first delivered: the same on each call."""
    reviews = draw_chunk(run.catalogue, run.seed, chunk)
    run.plan.level(reviews)
    levelled = run.plan.is_levelled(reviews)
    if run.clean:
        planted = faults.nothing(reviews)
    else:
        reviews.tag[run.catalogue.is_withheld[reviews.product]] = NUMBERS["product_described_later"]
        due = frozenset(run.due[chunk.day] if chunk.number == chunk.load == 0 else ())
        rng = chunk.stream(run.seed, "faults")
        planted = faults.plant(reviews, ~levelled, run.catalogue, rng, due, is_repeated=chunk.load == 0)
    if chunk.number == 0 and (more := run.plan.records.get((chunk.day, chunk.load))):
        planted.here = concat([planted.here, *more])
        run.plan.level(planted.here)
    return planted


def _write_chunk(run: Run, file: LoadFile, name: str, rows: Reviews, rng: np.random.Generator) -> None:
    """Writes rows in random order and records what is planted in them."""
    rows = take(rows, rng.permutation(len(rows)))
    lines = file.write(rows)
    records = run.records.setdefault(name, Records())
    records.read += len(rows)
    records.blank += int((rows.damage == BLANK).sum())
    records.malformed += int(((rows.damage != 0) & (rows.damage != BLANK)).sum())
    tagged = np.flatnonzero(rows.tag)
    reviewers = reviewer_ids(rows.reviewer[tagged]).to_pylist()
    for row, reviewer in zip(tagged.tolist(), reviewers, strict=True):
        if (kind := _KINDS.get(int(rows.tag[row]))) and kind not in _CELLS:
            product = run.catalogue.ids[int(rows.product[row])]
            _note(run, kind, name, int(lines[row]), rows, row, (reviewer, product))


def _note(run: Run, kind: str, name: str, line: int, rows: Reviews, row: int, key: tuple[str, str]) -> None:
    entity = _LISTED[kind].entity if kind in _LISTED else "reviews"
    log = run.changes if kind in CHANGES else run.lookalikes if entity == "lookalikes" else run.faults
    rule = _LISTED[kind].rule if kind in _LISTED else CHANGES.get(kind) or metadata.RULES[kind]
    has_key = rows.damage[row] == 0 and kind not in ("missing_reviewer", "unreadable_time")
    of_key = {"review_id": review_id(*key, int(rows.day[row]) * DAY_SECONDS)} if has_key else {}
    log.add(kind, rule, "reviews", name, line, **of_key)
    if kind in ("product_described_later", "unknown_product"):
        log.name(kind, product_id=key[1])


def _log_cells(run: Run) -> None:
    """Records what is planted as separate records."""
    for kind, rows in run.plan.cells:
        log = run.lookalikes if kind in _LOOKALIKES else run.faults
        log.cell(kind, _CELLS[kind], **_cell(run, kind, rows))


def _cell(run: Run, kind: str, rows: Reviews) -> dict[str, Any]:
    """What a rule would name: texts and reviewers as hashes, like their keys."""
    day = str(np.datetime64(int(rows.day[0]), "D"))
    if kind in ("shared_text", "same_reviewer_twice"):
        return {"text_key": md5(long_text(int(rows.words[0]))), "reviews": len(rows)}
    if kind in ("reviewer_burst", "prolific_reviewer"):
        [reviewer] = reviewer_ids(rows.reviewer[:1]).to_pylist()
        return {"reviewer_key": reviewer_key(reviewer), "reviewer_id": reviewer, "day": day, "reviews": len(rows)}
    return {"product_id": run.catalogue.ids[int(rows.product[0])], "day": day, "reviews": len(rows)}
