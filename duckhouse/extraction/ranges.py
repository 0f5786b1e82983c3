"""Spans of keys, cut so that each holds about the same number of rows, however the keys are distributed.

The number of rows decides the cost: keys may be consecutive or spread over all 64 bits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

RANGE_ROWS = 1 << 16
CHUNK_BYTES = 1 << 26
MOST_ROWS = RANGE_ROWS * 3 // 2
FIRST_KEY, LAST_KEY = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class KeySpan:
    """The keys from `low` to below `high`; up to the last one where `high` is None."""

    low: int = FIRST_KEY
    high: int | None = None


@dataclass(frozen=True)
class Digest:
    """The number of rows, and the exclusive or of their hashes."""

    rows: int = 0
    hashes: int = 0


class Cutter:
    """Cuts spans of a table into chunks of at most MOST_ROWS rows, fewer where rows are long. `key_at` returns the key
    of a span that has a given number of keys below it, None where the span ends before.

    To find a boundary, the database walks over one index entry per row. Consecutive keys need no such walk: RANGE_ROWS
    successive numbers cannot be the keys of more rows.
    """

    def __init__(self, key_at: Callable[[KeySpan, int], int | None]) -> None:
        self._key_at = key_at
        self._is_dense = False
        self._rows = RANGE_ROWS

    def chunks(self, span: KeySpan) -> Iterator[KeySpan]:
        """Chunks that together make up the span, found one by one as they are consumed."""
        low = span.low
        while (high := self._boundary(KeySpan(low, span.high))) is not None:
            yield KeySpan(low, high)
            low = high
        yield KeySpan(low, span.high)

    def _boundary(self, rest: KeySpan) -> int | None:
        """Where to cut; None where the rest is one chunk."""
        most = self._rows * 3 // 2
        if rest.high is not None and rest.high - rest.low <= most:
            return None
        if self._is_dense:
            low = rest.low + self._rows
            return None if low > LAST_KEY else self._key_at(KeySpan(low, rest.high), 0)
        found = self._key_at(rest, most)
        self._is_dense = found is not None and found - rest.low <= 2 * most
        return found

    def saw(self, rows: int, size: int) -> None:
        """Takes note of how many rows and bytes a chunk had."""
        if rows < self._rows // 2:
            self._is_dense = False
        self._rows = min(RANGE_ROWS, max(1, rows * CHUNK_BYTES // max(1, size))) if rows else self._rows


def grouped(spans: Sequence[tuple[KeySpan, int]]) -> Iterator[tuple[KeySpan, int]]:
    """Spans in the order of keys, with their row counts; adjacent spans that are small together become one."""
    span, rows = None, 0
    for next_span, next_rows in spans:
        if span and span.high == next_span.low and rows + next_rows <= RANGE_ROWS:
            span, rows = KeySpan(span.low, next_span.high), rows + next_rows
            continue
        if span:
            yield span, rows
        span, rows = next_span, next_rows
    if span:
        yield span, rows
