"""What is measured for a table on ClickHouse: layouts to compare with, and questions to run on each."""

from collections.abc import Mapping
from dataclasses import dataclass

DAYS = "toYYYYMMDD(event_date)"
MONTHS = "toYYYYMM(event_date)"


@dataclass(frozen=True)
class Layout:
    """A copy to compare with. `increment` selects what a run writes: in place of partitions, or in addition to existing
    rows."""

    name: str
    order_by: str = "tuple()"
    partition_by: str = "tuple()"
    granularity: int = 8192
    engine: str = "MergeTree"
    codec: str = "ZSTD(1)"
    """of the columns that have none of their own; the server's where it is empty"""
    codecs: Mapping[str, str] | None = None
    """of columns; where it is None, those of the table"""
    without: str = ""
    """the wrapper that types lose"""
    own_column: str = ""
    reading: str = "{table}"
    increment: str = ""


@dataclass(frozen=True)
class TimedQuery:
    """`sql` reads {table}; `rollup` is a smaller mart that also answers it."""

    name: str
    sql: str
    rollup: str | None = None


@dataclass(frozen=True)
class MeasuredTable:
    """`rows` fill the copies. A copy named "as built" is measured instead of the table itself."""

    schema: str
    name: str
    layouts: tuple[Layout, ...]
    questions: tuple[TimedQuery, ...]
    rows: str = "select * from {table}"
    note: str = ""


@dataclass(frozen=True)
class Area:
    """`subjects` are what questions ask for: a query each, which may name subjects before it and databases."""

    subjects: Mapping[str, str]
    tables: tuple[MeasuredTable, ...]


def most(expression: str, table: str, condition: str = "1") -> str:
    return f"select toString({expression}) from {table} where {condition} group by 1 order by count() desc, 1 limit 1"


NAIVE = Layout("naive", codec="", codecs={}, without="LowCardinality")
AS_BUILT = "as built"
