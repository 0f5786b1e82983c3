"""What changed in a table since the last delivery, found by comparing its rows with the known ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from duckhouse.extraction import ranges
from duckhouse.extraction.known import KeysAndHashes, KnownTable
from duckhouse.extraction.ranges import KeySpan, grouped
from duckhouse.extraction.reader import Rows, SnapshotReader
from duckhouse.extraction.revision import Revision
from duckhouse.extraction.tables import SourceTable


@dataclass(frozen=True)
class Difference:
    """What to land after a read: new and changed rows in the order of keys, and the keys that are gone."""

    rows: Rows
    land: np.ndarray
    new: int
    deleted: np.ndarray

    def landed(self) -> dict[str, pa.Array]:
        """The columns of the rows to land."""
        if len(self.land) == len(self.rows.keys):
            return self.rows.columns
        places = pa.array(self.land)
        return {name: values.take(places) for name, values in self.rows.columns.items()}


def compare(
    reader: SnapshotReader, table: SourceTable, known: KnownTable, revision: Revision, *, every_row: bool
) -> Iterator[Difference]:
    """Differences in the order of keys; they are added to `revision`. Rows are read where a digest from PostgreSQL
    shows a change, always at the end of the table, and everywhere with `every_row`.
    """
    spans = list(_spans(reader, table, known, every_row=every_row))
    for span, rows in reader.read(table, spans):
        difference = _difference(known.between(span), rows)
        if difference or not _is_range(known, span):
            revision.replace(span, rows.keys, rows.hashes)
        if difference:
            yield difference


def _is_range(known: KnownTable, span: KeySpan) -> bool:
    """Whether a span is exactly one row group, which can then stay as it is."""
    place = known.place_of(span.low)
    return bool(known.ranges) and known.span(place) == span and known.ranges[place].place is not None


def _spans(reader: SnapshotReader, table: SourceTable, known: KnownTable, *, every_row: bool) -> Iterator[KeySpan]:
    """The spans to read: known ranges, with small neighbours combined."""
    if not known.ranges:
        yield KeySpan()
        return
    end = 0 if every_row else _end(known)
    changed = [*_changed(reader, table, known, end), *range(end, len(known.ranges))]
    for span, _ in grouped([(known.span(place), known.ranges[place].digest.rows) for place in changed]):
        yield span


def _end(known: KnownTable) -> int:
    """The range where the end of the table begins: at least its last RANGE_ROWS rows, which each run reads again. Most
    transactions that commit late write there.
    """
    rows = 0
    for place in reversed(range(len(known.ranges))):
        rows += known.ranges[place].digest.rows
        if rows >= ranges.RANGE_ROWS:
            return place
    return 0


def _changed(reader: SnapshotReader, table: SourceTable, known: KnownTable, end: int) -> list[int]:
    """Of the ranges before the end, those whose rows have changed."""
    if not end or reader.digest(table, known.lows[end]) == known.digest(end):
        return []
    theirs = reader.digests(table, known.lows[1:end], known.lows[end])
    return [place for place, digest in enumerate(theirs) if digest != known.ranges[place].digest]


def _difference(known: KeysAndHashes, rows: Rows) -> Difference | None:
    keys, hashes = known
    place = np.searchsorted(keys, rows.keys)
    place[place == len(keys)] = 0
    is_known = (keys[place] == rows.keys) if len(keys) else np.zeros(len(rows.keys), bool)
    is_same = is_known.copy()
    is_same[is_known] = hashes[place[is_known]] == rows.hashes[is_known]
    deleted = np.setdiff1d(keys, rows.keys, assume_unique=True)
    if is_same.all() and not len(deleted):
        return None
    return Difference(rows, np.flatnonzero(~is_same), int((~is_known).sum()), deleted)
