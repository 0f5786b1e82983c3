"""The types in which columns land, and what each of them is in Parquet, in ClickHouse and in PostgreSQL."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class LandedType:
    """`postgres` are the names of the types there that land so; None where every type does, as text."""

    arrow: pa.DataType
    clickhouse: str
    postgres: tuple[str, ...] | None = None


TEXT = LandedType(pa.string(), "Nullable(String)")
TIMESTAMP = LandedType(pa.timestamp("us"), "Nullable(DateTime64(6, 'UTC'))", ("timestamp without time zone",))
# by the data_type of a column in the declaration of its source
LANDED_TYPES = {
    None: TEXT,
    "bigint": LandedType(pa.int64(), "Nullable(Int64)", ("integer", "bigint", "smallint")),
    "timestamp": TIMESTAMP,
}


def clickhouse_type(arrow: pa.DataType) -> str:
    return next(landed.clickhouse for landed in LANDED_TYPES.values() if landed.arrow == arrow)
