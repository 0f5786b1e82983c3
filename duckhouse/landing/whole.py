"""Whether deliveries are still what landed: as many rows as their manifests say, in columns of the declared types."""

from collections.abc import Iterator, Mapping, Sequence

from duckhouse.arrow import pa
from duckhouse.landed_schemas import schemas
from duckhouse.landing.manifest import Delivery, expected_rows
from duckhouse.sources import Source

Faults = Mapping[str, Sequence[str]]
"""For each table the lines about its files; only tables with faults."""


def rows_apart(deliveries: Sequence[Delivery]) -> Faults:
    """Tables that have more or fewer rows than the manifest of the delivery says, or a file that does not open."""
    from pyarrow import parquet

    def found(delivery: Delivery, table: str) -> int:
        return sum(parquet.read_metadata(path).num_rows for path in (delivery.path / table).glob("*.parquet"))

    def faults() -> Iterator[tuple[str, str]]:
        for delivery in deliveries:
            for table, rows in expected_rows(delivery).items():
                try:
                    held = found(delivery, table)
                except (OSError, pa.ArrowException) as error:
                    yield table, f"{delivery.id}: a file does not open ({type(error).__name__})"
                    continue
                if held != rows:
                    yield table, f"{delivery.id}: {held:,} rows, its manifest says {rows:,}"

    return _by_table(faults())


def types_apart(source: Source, deliveries: Sequence[Delivery]) -> Faults:
    """Tables in whose files a declared column has another type than declared."""
    from pyarrow import parquet

    wanted = schemas(source)

    def faults() -> Iterator[tuple[str, str]]:
        for delivery in deliveries:
            for table, schema in wanted.items():
                for path in sorted((delivery.path / table).glob("*.parquet")):
                    try:
                        held = parquet.read_schema(path)
                    except (OSError, pa.ArrowException):
                        continue  # rows_apart() says so
                    for name in set(held.names) & set(schema.names):
                        if (there := held.field(name).type) != (declared := schema.field(name).type):
                            yield table, f"{delivery.id}: {name} is {there}, declared is {declared}"

    return _by_table(faults())


def undeclared(deliveries: Sequence[Delivery]) -> Faults:
    """Tables whose files came with columns that the declaration does not have. Their values are kept in _unmapped."""
    return _by_table(
        (file.entity, f"{delivery.id}, {file.name}: {', '.join(file.unmapped_columns)}")
        for delivery in deliveries
        for file in delivery.files
        if file.unmapped_columns
    )


def _by_table(faults: Iterator[tuple[str, str]]) -> Faults:
    found: dict[str, list[str]] = {}
    for table, fault in faults:
        found.setdefault(table, []).append(fault)
    return found
