"""The types in which columns land, and their equivalents in Parquet, ClickHouse and PostgreSQL."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class LandedType:
    """`arrow_name` is Arrow's name for it. `postgres` are the names of the PostgreSQL types that land as it; None where
    every type does, as text.
    """

    arrow_name: str
    clickhouse: str
    postgres: tuple[str, ...] | None = None

    @property
    def arrow(self) -> "pa.DataType":
        from duckhouse.arrow import pa  # not above: reading a declaration should not wait for it

        return pa.type_for_alias(self.arrow_name)


TEXT = LandedType("string", "Nullable(String)")
TIMESTAMP = LandedType("timestamp[us]", "Nullable(DateTime64(6, 'UTC'))", ("timestamp without time zone",))
# by the data_type of a column in the declaration of its source
LANDED_TYPES = {
    None: TEXT,
    "bigint": LandedType("int64", "Nullable(Int64)", ("integer", "bigint", "smallint")),
    "timestamp": TIMESTAMP,
}


def clickhouse_type(arrow: "pa.DataType") -> str:
    return next(landed.clickhouse for landed in LANDED_TYPES.values() if landed.arrow == arrow)
