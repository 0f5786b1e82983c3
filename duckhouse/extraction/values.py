"""How to select a column of each landed type, and how to convert its values from a query and from the log.

A value that does not fit its type is NULL, and is kept as text in _unmapped.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import psycopg
import pyarrow as pa

from duckhouse.extraction.arrays import FIRST_TIME, LAST_TIME, integers, texts, times
from duckhouse.extraction.ranges import FIRST_KEY, LAST_KEY

# a value as the log spells it: a cast to text would write true where the log writes t
SPELLED = "case when {0} is distinct from null then concat({0}) end"
# a collation may treat two spellings as equal
SPELLED_EXACTLY = f'({SPELLED}) collate "C"'

Outside = np.ndarray | None
"""A mask of the values that do not fit their type (NULLs may be among them); None where all fit."""


@dataclass(frozen=True)
class Conversion:
    """`asked` is the SQL that reads a column as an array. `unfit` is the SQL that tells whether a value does not fit
    the type, where there can be such values.
    """

    asked: str
    from_query: Callable[[psycopg.Cursor, int], tuple[pa.Array, Outside]]
    from_log: Callable[[Sequence[str | None]], tuple[pa.Array, Outside]]
    unfit: str | None = None


def _logged_integers(values: Sequence[str | None]) -> tuple[pa.Array, Outside]:
    """Values that are not such numbers, from before the column had its type, become None too."""
    try:
        return pa.array([None if value is None else int(value) for value in values], pa.int64()), None
    except (ValueError, OverflowError):
        numbers = [integer(value) for value in values]
        return pa.array(numbers, pa.int64()), np.array([number is None for number in numbers], bool)


def integer(text: str | None) -> int | None:
    """The number, if it is a bigint."""
    try:
        number = int(text) if text else None
    except ValueError:
        return None
    return number if number is not None and FIRST_KEY <= number <= LAST_KEY else None


def _logged_times(values: Sequence[str | None]) -> tuple[pa.Array, Outside]:
    moments = [_moment(value) for value in values]
    return pa.array(moments, pa.timestamp("us")), np.array([moment is None for moment in moments], bool)


def _moment(text: str | None) -> datetime | None:
    """What no engine can hold becomes None: infinity, and years BC or too far in the future. So does what was logged
    before the column had its type.
    """
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment and not moment.tzinfo and FIRST_TIME <= moment <= LAST_TIME else None


# by the data_type of a column, as in LANDED_TYPES
CONVERSIONS = {
    None: Conversion(
        SPELLED,
        lambda cursor, column: (texts(cursor, column), None),
        lambda values: (pa.array(values, pa.string()), None),
    ),
    "bigint": Conversion(
        "{}::bigint",
        lambda cursor, column: (integers(cursor, column), None),
        _logged_integers,
    ),
    "timestamp": Conversion(
        "coalesce({}, timestamp '-infinity')",
        times,
        _logged_times,
        unfit=f"{{}} not between '{FIRST_TIME}' and '{LAST_TIME}'",
    ),
}


def unmapped_text(fields: Mapping[str, str | None]) -> str | None:
    """What does not fit in the declared columns, spelled like PostgreSQL's jsonb; NULL where everything fits."""
    known = {name: value for name, value in fields.items() if value is not None}
    ordered = dict(sorted(known.items(), key=lambda item: (len(item[0].encode()), item[0].encode())))
    return json.dumps(ordered, ensure_ascii=False) if ordered else None
