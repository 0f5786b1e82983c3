"""What a run writes into the folder of its delivery: a Parquet file for each table with something to record."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landed_rows import Origin
from duckhouse.landed_schemas import landed_schema
from duckhouse.landing.manifest import SourceFile
from duckhouse.sources import Entity

FORMAT = "postgresql"
NUMBERED = pa.dictionary(pa.int32(), pa.string())
FEW_VALUES = {"operation", "_delivery_id", "_source_file"}


@dataclass
class ChangesFile:
    """The landed rows of one table, in the order of their changes."""

    entity: Entity
    folder: Path
    origin: Origin
    rows: int = 0
    _writer: pq.ParquetWriter | None = None

    @property
    def _path(self) -> Path:
        return self.folder / self.entity.name / f"{self.entity.name}.parquet"

    def write(self, columns: Mapping[str, pa.Array], count: int) -> None:
        """Adds rows; a column that is not given is NULL."""
        if not count:
            return
        schema = _written_schema(self.entity)
        if not self._writer:
            self._path.parent.mkdir(parents=True)
            self._writer = _writer(self._path, schema)
        given = {
            **columns,
            "_delivery_id": repeated(self.origin.delivery_id, count),
            "_delivered_at": repeated(self.origin.naive_utc, count),
            "_source_file": repeated(self.origin.file, count),
            "_source_row": pa.array(np.arange(self.rows + 1, self.rows + count + 1)),
        }
        arrays = [_as_written(given.get(field.name, pa.nulls(count, field.type)), field) for field in schema]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        self.rows += count

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    def file(self, shown: str) -> SourceFile:
        """The entry of the manifest. `shown` says what was read; it is hashed because a table has no bytes to hash."""
        return SourceFile(
            entity=self.entity.name,
            name=self.origin.file,
            format=FORMAT,
            encoding=None,
            delimiter=None,
            size_bytes=self._path.stat().st_size if self.rows else 0,
            sha256=sha256(f"{shown}/{self.entity.name}".encode()).hexdigest(),
            records_read=self.rows,
            records_landed=self.rows,
            records_rejected=0,
            records_blank=0,
            landed_as=f"{self.entity.name}/{self.entity.name}.parquet",
            unmapped_columns=(),
        )


@contextmanager
def changes_file(entity: Entity, folder: Path, delivery_id: str, delivered_at: datetime) -> Iterator[ChangesFile]:
    made = ChangesFile(entity, folder, Origin(delivery_id, delivered_at, entity.name))
    try:
        yield made
    finally:
        made.close()


def repeated(value: str | datetime, count: int) -> pa.Array:
    if isinstance(value, datetime):
        return pa.repeat(pa.scalar(value, pa.timestamp("us")), count)
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([value]))


def _written_schema(entity: Entity) -> pa.Schema:
    """The columns of a landed row. Columns with few values are dictionary-encoded, which is half the work of texts."""
    schema = landed_schema(entity)
    for name in FEW_VALUES & set(schema.names):
        schema = schema.set(schema.get_field_index(name), pa.field(name, NUMBERED))
    return schema


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    texts = [field.name for field in schema if field.type in (pa.string(), NUMBERED)]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=texts,
        column_encoding=dict.fromkeys(set(schema.names) - set(texts), "DELTA_BINARY_PACKED"),
        store_schema=False,  # readers of the file see texts
    )


def _as_written(values: pa.Array, field: pa.Field) -> pa.Array:
    return values.dictionary_encode() if field.type == NUMBERED and values.type != NUMBERED else values
