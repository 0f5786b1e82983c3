"""The Iceberg table of an entity: created where it is missing, and extended with columns new in the declaration."""

from contextlib import suppress

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    ResolveError,
    TableAlreadyExistsError,
)
from pyiceberg.io import load_file_io
from pyiceberg.io.pyarrow import pyarrow_to_schema, schema_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema, promote
from pyiceberg.table import Table
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import DayTransform, IdentityTransform
from pyiceberg.types import IcebergType

from duckhouse.cli import UserError
from duckhouse.sources import Entity, Source
from duckhouse.streaming.lake.leftovers import has_data
from duckhouse.streaming.rows import schema

ARRIVAL = "_consumed_at"
ARRIVAL_DAY = "_consumed_at_day"
PROPERTIES = {
    # A second writer must fail, read the offsets again and decide again: a retry would append the same rows twice.
    "commit.retry.num-retries": "0",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "100",
    "write.parquet.row-group-limit": "131072",
}
FIELD_ID = "PARQUET:field_id"
SMALL = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
TRIES = 20


def table_of(catalog: SqlCatalog, source: Source, entity: Entity) -> Table:
    """The table <source>.<entity> with every column of the entity.

    Raises UserError for a column with another type in the lake, unless Iceberg can widen it.
    """
    try:
        table = catalog.load_table((source.name, entity.name))
    except NoSuchTableError:
        table = _made(catalog, source, entity)
    refuse_moved(catalog, table, source, entity)
    for _ in range(TRIES):
        try:
            return _with_columns(table, entity)
        except CommitFailedException:
            table.refresh()
    raise CommitFailedException


def refuse_moved(catalog: SqlCatalog, table: Table, source: Source, entity: Entity) -> None:
    """Raises UserError where the table is outside the lake: a copied catalog would maintain another lake's files."""
    if table.location() != _location(catalog, source, entity):
        raise UserError(
            f"DUCKHOUSE_LAKE is {catalog.properties['warehouse']}, but its catalog has {source.name}.{entity.name} in "
            f"{table.location()}: Iceberg files name each other by their place, so a lake cannot be moved or copied"
        )


def _made(catalog: SqlCatalog, source: Source, entity: Entity) -> Table:
    _refuse_other_catalog(catalog, source, entity)
    with suppress(NamespaceAlreadyExistsError):
        catalog.create_namespace(source.name)
    made = _schema(entity)
    try:
        return catalog.create_table(
            (source.name, entity.name),
            made,
            location=_location(catalog, source, entity),
            partition_spec=PartitionSpec(
                PartitionField(made.find_field(ARRIVAL).field_id, 1000, DayTransform(), ARRIVAL_DAY)
            ),
            sort_order=SortOrder(*(_sorted_by(made.find_field(key).field_id) for key in entity.keys)),
            properties=PROPERTIES,
        )
    except TableAlreadyExistsError:
        return catalog.load_table((source.name, entity.name))


def _location(catalog: SqlCatalog, source: Source, entity: Entity) -> str:
    return f"{catalog.properties['warehouse']}/{source.name}/{entity.name}"


def _refuse_other_catalog(catalog: SqlCatalog, source: Source, entity: Entity) -> None:
    """Raises UserError for an unknown table with files: two catalogs would treat each other's files as leftovers."""
    location = _location(catalog, source, entity)
    if has_data(location, load_file_io(catalog.properties, location)):
        raise UserError(
            f"{location} has data files, but the catalog does not know {source.name}.{entity.name}: point "
            "DUCKHOUSE_LAKE_CATALOG to the catalog that does, or DUCKHOUSE_LAKE to another place"
        )


def stored_schema(table: Table) -> pa.Schema:
    """All columns of the table, with their ids, as Arrow has them in a data file."""
    fields = schema_to_pyarrow(table.schema())
    return pa.schema([field.with_type(SMALL.get(field.type, field.type)) for field in fields])


def sort_keys(table: Table) -> list[str]:
    """The sort columns of the files of closed days."""
    return [table.schema().find_field(field.source_id).name for field in table.sort_order().fields]


def _sorted_by(column: int) -> SortField:
    return SortField(column, IdentityTransform(), SortDirection.ASC, NullOrder.NULLS_FIRST)


def _schema(entity: Entity) -> Schema:
    numbered = enumerate(schema(entity), start=1)
    return pyarrow_to_schema(pa.schema([field.with_metadata({FIELD_ID: str(number)}) for number, field in numbered]))


def _with_columns(table: Table, entity: Entity) -> Table:
    there = {field.name: field.field_type for field in table.schema().fields}
    declared = {field.name: field.field_type for field in _schema(entity).fields}
    changed = {name: kind for name, kind in declared.items() if there.get(name) != kind}
    for name, kind in changed.items():
        _refuse_narrower(table, name, there.get(name, kind), kind)
    if not changed:
        return table
    with table.update_schema() as update:
        for name, kind in changed.items():
            if name in there:
                update.update_column(name, kind)
            else:
                update.add_column(name, kind)
    return table.refresh()


def _refuse_narrower(table: Table, name: str, there: IcebergType, declared: IcebergType) -> None:
    try:
        promote(there, declared)
    except ResolveError:
        raise UserError(
            f"lake {'.'.join(table.name())}: column {name} is {there} in the lake and {declared} in the declaration, "
            "and Iceberg cannot widen that: declare the old type, or a new column under another name"
        ) from None
