"""Data files of the lake: each holds rows that arrived on one day (UTC)."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.fileformat import FileFormatFactory
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table
from pyiceberg.typedef import Record

from duckhouse.streaming.lake.table_of_entity import ARRIVAL, ARRIVAL_DAY, stored_schema

EPOCH = date(1970, 1, 1)


def files_of(table: Table, rows: pa.Table) -> Iterator[DataFile]:
    """Writes rows of any days, one file per day. The files are in the lake only after a commit has added them."""
    arrived = pc.floor_temporal(rows[ARRIVAL], unit="day")
    for day in pc.unique(arrived).to_pylist():
        of_day = rows if len(pc.unique(arrived)) == 1 else rows.filter(pc.equal(arrived, day))
        yield file_of(table, [of_day], (day.date() - EPOCH).days)


def file_of(table: Table, pieces: Iterable[pa.Table], day: int, *, order: int | None = None) -> DataFile:
    """Writes pieces of rows that arrived on a day, counted from 1970-01-01, as one file.

    `order` is the id of the sort order of the rows; None where they are not sorted.
    """
    schema = stored_schema(table)
    name = f"{ARRIVAL_DAY}={EPOCH + timedelta(days=day)}/{uuid4()}.parquet"
    output = table.io.new_output(table.location_provider().new_data_location(name))
    parquet = FileFormatFactory.get(FileFormat.PARQUET)
    with parquet.create_writer(output, table.schema(), table.metadata.properties) as writer:
        for piece in pieces:
            writer.write(_as_stored(piece, schema))
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=output.location,
        file_format=FileFormat.PARQUET,
        partition=Record(day),
        file_size_in_bytes=len(output),
        sort_order_id=order,
        spec_id=table.metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **writer.result().to_serialized_dict(),
    )


def discard(table: Table, files: Iterable[DataFile]) -> None:
    """Removes files that no commit added. Where that fails, maintenance removes them later."""
    for file in files:
        with suppress(OSError):
            table.io.delete(file.file_path)


def _as_stored(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with all columns of the table in its order; columns that they lack are NULL."""
    nulls = {field.name: pa.nulls(len(rows), field.type) for field in schema if field.name not in rows.column_names}
    columns = [nulls[field.name] if field.name in nulls else rows[field.name].cast(field.type) for field in schema]
    return pa.table(columns, schema=schema)
