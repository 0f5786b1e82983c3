"""Compaction: the many files of frequent commits become a few sorted ones. Rows and offsets do not change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain, islice

from pyiceberg.exceptions import ValidationException
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table

from duckhouse.streaming.lake.commits import commit
from duckhouse.streaming.lake.data_files import EPOCH, discard, file_of
from duckhouse.streaming.lake.scans import EVERY_ROW, content, files_with, in_order
from duckhouse.streaming.lake.table_of_entity import sort_keys, stored_schema

ROWS_OF_A_PIECE = 65_536
ROWS_OF_A_FILE = 16 * ROWS_OF_A_PIECE
ROWS_OF_A_GROUP = 4 * ROWS_OF_A_FILE
"""How much is sorted and committed together: less than a minute of work."""
SMALL_FILES = 16
ROWS_OF_A_SMALL_FILE = ROWS_OF_A_FILE // 4
"""How many small files a day may have while rows still arrive, and how many rows make a file large. With more, rows
would be rewritten again and again; with less, there would be more files."""
LATEST_COMMIT = timedelta(hours=1)
"""A day is closed once it has been over for this long."""

Group = Sequence[FileScanTask]


def compact(table: Table, now: datetime, most: int | None = None) -> int:
    """Rewrites files where needed, at most `most` groups of them; returns how many files were replaced.

    Files of a closed day are sorted once. For the current day, small files are merged when there are many.
    """
    return sum(_rewrite(table, day, group, order) for day, group, order in islice(_groups(table.refresh(), now), most))


def _groups(table: Table, now: datetime) -> Iterator[tuple[int, Group, int | None]]:
    """The day, the files to write together, and the id of the sort order that they then have."""
    order = table.metadata.default_sort_order_id
    last_closed = ((now - LATEST_COMMIT).date() - EPOCH).days - 1
    days: dict[int, list[FileScanTask]] = defaultdict(list)
    for file in files_with(table, EVERY_ROW):
        days[file.file.partition[0]].append(file)
    for day, files in sorted(days.items()):
        if day <= last_closed:
            for group in _by_size(file for file in files if file.file.sort_order_id != order):
                yield day, group, order
        else:
            small = [file for file in files if file.file.record_count < ROWS_OF_A_SMALL_FILE]
            for group in _by_size(small) if len(small) >= SMALL_FILES else ():
                yield day, group, None


def _by_size(files: Iterable[FileScanTask]) -> Iterator[Group]:
    group: list[FileScanTask] = []
    for file in files:
        if group and sum(each.file.record_count for each in [*group, file]) > ROWS_OF_A_GROUP:
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def _rewrite(table: Table, day: int, group: Group, order: int | None) -> int:
    added = list(_sorted_files(table, day, group, order))
    try:
        commit(table, added, [file.file for file in group])
    except ValidationException:  # another writer removed one of these files: a repair, or another compaction
        discard(table, added)
        return 0
    return len(group)


def _sorted_files(table: Table, day: int, group: Group, order: int | None) -> Iterator[DataFile]:
    schema = stored_schema(table)
    rows = chain.from_iterable(content(table, file, schema.names) for file in group)
    with closing(in_order(rows, schema, sort_keys(table), ROWS_OF_A_PIECE)) as pieces:
        for first in pieces:
            rest = islice(pieces, ROWS_OF_A_FILE // ROWS_OF_A_PIECE - 1)
            yield file_of(table, chain([first], rest), day, order=order)
