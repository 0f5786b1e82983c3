"""How reviews are spelled: the columns of the shop's export as CSV text."""

import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.generators.draw import mix
from tools.generators.reviews.catalogue import Catalogue, base36
from tools.generators.reviews.rows import BLANK, LONG, NOT_UTF8, SHORT, UNCLOSED, Reviews
from tools.generators.reviews.words import NAMES, SENTENCES, SHORT_TEXTS, SUMMARIES
from tools.generators.texts import fixed
from tools.generators.write import open_text, write_lines

COLUMNS = (
    *("", "reviewerID", "asin", "reviewerName", "helpful", "reviewText", "overall", "summary"),
    *("unixReviewTime", "reviewTime"),
)
DAY_SECONDS = 86_400

_BETWEEN = (" ", " ", " ", "\n", " ", "\n\n", " ", " ")
_BITS = 6 * len(SENTENCES)  # bits of the number of a long text: six choose each sentence
_LAST = 2**_BITS - 1
_NOT_UTF8_SUMMARY = ("Très bien — déjà vu, caf", b"\xe9", " chaud")
_FIELDS_OF_SHORT = 4


def cell(text: str | None) -> str:
    """A field of a CSV record."""
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow([text, ""])
    return row.getvalue()[:-1]


_NAMES, _SHORT_TEXTS = [cell(name) for name in ["", *NAMES]], [cell(text) for text in SHORT_TEXTS]
_SUMMARIES = [cell(text) for of_rating in SUMMARIES for text in of_rating]
_SENTENCES = [pa.array([text.replace('"', '""') for text in of_place]) for of_place in SENTENCES]


def reviewer_ids(reviewers: np.ndarray) -> pa.Array:
    text = np.full((len(reviewers), 14), ord("A"), dtype=np.uint8)
    text[:, 1:] = base36(mix(reviewers, 1), 13)
    return fixed(text)


def review_id(reviewer_id: str, product_id: str, unix_seconds: int) -> str:
    """The key of a review. The text that is hashed is that of stg_reviews__reviews."""
    return md5(f"{reviewer_key(reviewer_id)}|{product_id.strip().upper()}|{unix_seconds * 1_000_000}")


def reviewer_key(reviewer_id: str) -> str:
    return hashlib.sha256(reviewer_id.strip().encode()).hexdigest()


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def long_texts(numbers: np.ndarray) -> pa.Array:
    """A sentence of each kind a text, quotes doubled: no two numbers below 2 ^ 36 have the same text."""
    mixed = (numbers * 0x5DEECE66D + 0xB) & _LAST
    mixed ^= mixed >> (_BITS // 2)
    pieces: list[pa.Array | str] = []
    gaps = pa.array(_BETWEEN)
    for place, sentences in enumerate(_SENTENCES):
        if place:
            pieces.append(gaps.take(pa.array(mix(numbers, place) % np.uint64(len(_BETWEEN)))))
        pieces.append(sentences.take(pa.array((mixed >> (6 * place)) & 63)))
    return join(*pieces)


def long_text(number: int) -> str:
    return long_texts(np.array([number]))[0].as_py().replace('""', '"')


def columns(reviews: Reviews, catalogue: Catalogue) -> list[pa.Array]:
    """The fields of each column, quoted where CSV requires it."""
    is_long = reviews.words >= 0
    short = pa.array(_SHORT_TEXTS).take(pa.array(np.where(is_long, 0, -1 - reviews.words)))
    long = join('"', long_texts(reviews.words[is_long]), '"')
    names = mix(reviews.reviewer, 2) % np.uint64(len(_NAMES))
    values = {
        "": text(reviews.number),
        "reviewerID": reviewer_ids(reviews.reviewer),
        "asin": pa.array(catalogue.ids).take(pa.array(reviews.product)),
        "reviewerName": pa.array(_NAMES).take(pa.array(names)),
        "helpful": join('"[', text(reviews.helpful), ", ", text(reviews.total), ']"'),
        "reviewText": pc.replace_with_mask(short, pa.array(is_long), long),
        "overall": join(text(reviews.rating), ".0"),
        "summary": pa.array(_SUMMARIES).take(
            pa.array(np.maximum(reviews.rating - 1, 0) * len(SUMMARIES[0]) + reviews.summary)
        ),
        "unixReviewTime": text(reviews.day * DAY_SECONDS),
        "reviewTime": _days(reviews.said, reviews.padded),
    }
    for name, cells in reviews.text.items():
        values[name] = _overwritten(values[name], {row: cell(value) for row, value in cells.items()})
    return [values[name] for name in COLUMNS]


def _days(days: np.ndarray, padded: np.ndarray) -> pa.Array:
    """02 12, 2011 and, where not padded, 02 4, 2011."""
    unique, inverse = np.unique(days * 2 + padded, return_inverse=True)
    spelled = []
    for day, zero in zip((unique // 2).tolist(), (unique % 2).tolist(), strict=True):
        year, month, of_month = str(np.datetime64(day, "D")).split("-")
        spelled.append(f'"{month} {of_month if zero else int(of_month)}, {year}"')
    return pa.array(spelled, pa.string()).take(pa.array(inverse.ravel()))


class LoadFile:
    """A load file that is written one chunk at a time. It leaves the column `lost` empty and adds the column `more`."""

    def __init__(self, file: BinaryIO, catalogue: Catalogue, *, lost: str | None, more: str | None) -> None:
        self._file = file
        self._catalogue = catalogue
        self._lost = lost
        self._more = more
        self._line = 2
        header = [*COLUMNS, *([more] if more else [])]
        file.write((",".join(header) + "\n").encode())

    def write(self, reviews: Reviews) -> np.ndarray:
        """Writes rows in order; returns for each the line on which its record starts (the header is line 1)."""
        if not len(reviews):
            return np.zeros(0, dtype=np.int64)
        values = columns(reviews, self._catalogue)
        if self._lost:
            values[COLUMNS.index(self._lost)] = pa.array([""] * len(reviews))
        if self._more:
            values.append(pa.array(["true", "false"]).take(pa.array(reviews.number % 2)))
        ended = [piece for value in values for piece in (value, ",")][:-1]
        lines = join(*ended, "\n").cast(pa.binary())
        damaged = np.flatnonzero(reviews.damage).tolist()
        lines = _overwritten(
            lines,
            {row: _damaged([value[row].as_py() for value in values], int(reviews.damage[row])) for row in damaged},
        )
        write_lines(self._file, lines)
        ends = self._line + pc.count_substring(lines, "\n").to_numpy().astype(np.int64).cumsum()
        starts = np.r_[self._line, ends[:-1]]
        self._line = int(ends[-1])
        return starts


def _damaged(fields: list[str], damage: int) -> bytes:
    """The line of a record that cannot be read."""
    summary = COLUMNS.index("summary")
    if damage == BLANK:
        return b"\n"
    if damage == SHORT:
        fields = fields[:_FIELDS_OF_SHORT]
    elif damage == LONG:
        fields = [*fields, "", "export v2"]
    elif damage == UNCLOSED:
        fields = [*fields[: len(COLUMNS) - 1], fields[len(COLUMNS) - 1][:-1]]
        fields[COLUMNS.index("reviewText")] = "Not as described."
    elif damage == NOT_UTF8:
        before, wrong, after = _NOT_UTF8_SUMMARY
        first, last = ",".join(fields[:summary]), ",".join(fields[summary + 1 :])
        return f'{first},"{before}'.encode() + wrong + f'{after}",{last}\n'.encode()
    return (",".join(fields) + "\n").encode()


@contextmanager
def load_file(
    path: Path, catalogue: Catalogue, *, lost: str | None = None, more: str | None = None
) -> Iterator[LoadFile]:
    with open_text(path) as file:
        yield LoadFile(file, catalogue, lost=lost, more=more)


def text(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def join(*pieces: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*pieces, "")


def _overwritten(values: pa.Array, cells: dict[int, Any]) -> pa.Array:
    """The values, replaced by row with what a fault writes."""
    if not cells:
        return values
    mask = np.zeros(len(values), dtype=bool)
    rows = sorted(cells)
    mask[rows] = True
    return pc.replace_with_mask(values, pa.array(mask), pa.array([cells[row] for row in rows], values.type))
