"""What will be known about a table after a run: what was known, updated with the spans that were read or changed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.extraction import ranges
from duckhouse.extraction.known import NO_ROWS, KeysAndHashes, KnownRange, KnownTable
from duckhouse.extraction.ranges import FIRST_KEY, Digest, KeySpan
from duckhouse.landing.zone import sync

_SCHEMA = pa.schema([("key", pa.int64()), ("hash", pa.int64())])


class Revision:
    """The ranges that will be known, in the order of keys. Ranges that are not replaced stay in their files. Replaced
    rows are written in ranges of RANGE_ROWS; the last of these before a range that stays may have up to MOST_ROWS.
    """

    def __init__(self, known: KnownTable, name: str, delivery_id: str) -> None:
        self.ranges: list[KnownRange] = []
        self._known = known
        self._next = 0  # the first known range that is neither kept nor replaced
        self._low = FIRST_KEY
        self._waiting: KeysAndHashes = NO_ROWS
        self._path: Path = known.folder / f"{name}-{delivery_id}.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._written = 0

    def __enter__(self) -> "Revision":
        return self

    def __exit__(self, *failure: object) -> None:
        self._known.close()
        self._close()

    def _close(self) -> None:
        if self._writer:
            self._writer.close()
            sync(self._path)
            self._writer = None

    @property
    def rows(self) -> int:
        return sum(known.digest.rows for known in self.ranges)

    def replace(self, span: KeySpan, keys: np.ndarray, hashes: np.ndarray) -> None:
        """Makes `keys` (sorted) the known ones of a span. Spans must come in the order of keys; spans that each replace
        part of a known range must together replace all of it.
        """
        known = self._known
        while self._next < len(known.ranges) and (high := known.span(self._next).high) is not None and high <= span.low:
            self._keep()
        while self._next < len(known.ranges) and (span.high is None or known.lows[self._next] < span.high):
            self._next += 1
        self._wait(span.low, keys, hashes)

    def finish(self) -> None:
        """Keeps all remaining ranges."""
        while self._next < len(self._known.ranges):
            self._keep()
        self._flush()
        self._close()
        if self.ranges:
            self.ranges[0] = KnownRange(FIRST_KEY, self.ranges[0].digest, self.ranges[0].place)

    def known_after(self) -> KnownTable:
        """What this revision knows, as the start of another one."""
        self.finish()
        return KnownTable(self._known.folder, self._known.source, self.ranges)

    def _keep(self) -> None:
        kept = self._known.ranges[self._next]
        if 0 < len(self._waiting[0]) <= ranges.MOST_ROWS - kept.digest.rows:
            self._wait(kept.low, *self._known.read(self._next))
        else:
            self._flush()
            self.ranges.append(kept)
        self._next += 1

    def _wait(self, low: int, keys: np.ndarray, hashes: np.ndarray) -> None:
        if not len(self._waiting[0]):
            self._low, self._waiting = low, (keys, hashes)
        else:
            self._waiting = np.concatenate([self._waiting[0], keys]), np.concatenate([self._waiting[1], hashes])
        while len(self._waiting[0]) > ranges.MOST_ROWS:
            (keys, hashes), size = self._waiting, ranges.RANGE_ROWS
            self._write(keys[:size], hashes[:size])
            self._low, self._waiting = int(keys[size]), (keys[size:], hashes[size:])

    def _flush(self) -> None:
        if len(self._waiting[0]):
            self._write(*self._waiting)
        self._waiting = NO_ROWS

    def _write(self, keys: np.ndarray, hashes: np.ndarray) -> None:
        if not self._writer:
            self._writer = pq.ParquetWriter(
                self._path,
                _SCHEMA,
                compression="none",
                use_dictionary=False,
                column_encoding={"key": "DELTA_BINARY_PACKED"},
            )
        self._writer.write_table(pa.table([keys, hashes], schema=_SCHEMA), row_group_size=len(keys))
        digest = Digest(len(keys), int(np.bitwise_xor.reduce(hashes)))
        self.ranges.append(KnownRange(self._low, digest, (self._path.name, self._written)))
        self._written += 1
