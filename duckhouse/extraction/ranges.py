"""Spans of keys, and how they are cut so that each holds about as many rows, wherever the keys lie.

What costs is the number of rows: keys may follow each other or be spread over all 64 bits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

RANGE_ROWS = 1 << 16
MOST_ROWS = RANGE_ROWS * 3 // 2
FIRST_KEY, LAST_KEY = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class KeySpan:
    """The keys from `low` to below `high`; to the last one where that is None."""

    low: int = FIRST_KEY
    high: int | None = None


@dataclass(frozen=True)
class Digest:
    """How many rows, and the exclusive or of their hashes."""

    rows: int = 0
    hashes: int = 0


class Cutter:
    """Cuts spans of a table into chunks of at most MOST_ROWS rows. `key_at` gives the key of a span that has so many
    others below it, None where the span ends before.

    To find a boundary the database walks over an index entry a row. Where keys follow each other that is spared:
    RANGE_ROWS successive numbers cannot be the keys of more rows.
    """

    def __init__(self, key_at: Callable[[KeySpan, int], int | None]) -> None:
        self._key_at = key_at
        self._is_dense = False

    def chunks(self, span: KeySpan) -> Iterator[KeySpan]:
        """Chunks that together are the span, found one by one as they are taken."""
        low = span.low
        while (high := self._boundary(KeySpan(low, span.high))) is not None:
            yield KeySpan(low, high)
            low = high
        yield KeySpan(low, span.high)

    def _boundary(self, rest: KeySpan) -> int | None:
        """Where to cut; None where what is left is one chunk."""
        if rest.high is not None and rest.high - rest.low <= MOST_ROWS:
            return None
        if self._is_dense:
            low = rest.low + RANGE_ROWS
            return None if low > LAST_KEY else self._key_at(KeySpan(low, rest.high), 0)
        found = self._key_at(rest, MOST_ROWS)
        self._is_dense = found is not None and found - rest.low <= 2 * MOST_ROWS
        return found

    def saw(self, rows: int) -> None:
        """Tells how many rows a chunk had."""
        if rows < RANGE_ROWS // 2:
            self._is_dense = False


def grouped(spans: Sequence[tuple[KeySpan, int]]) -> Iterator[tuple[KeySpan, int]]:
    """Spans in the order of keys, with their rows; those that touch and are small together are one."""
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
