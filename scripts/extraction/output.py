"""What a run writes into the folder of its delivery: a Parquet file for each table that has something to tell."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.common.contract import Entity
from scripts.common.landing import SourceFile, landed_schema
from scripts.loader.output import Origin

FORMAT = "postgresql"


@dataclass
class Output:
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
        schema = landed_schema(self.entity)
        if not self._writer:
            self._path.parent.mkdir(parents=True)
            texts = [field.name for field in schema if pa.types.is_string(field.type)]
            self._writer = pq.ParquetWriter(
                self._path,
                schema,
                compression="zstd",
                use_dictionary=texts,
                column_encoding=dict.fromkeys(set(schema.names) - set(texts), "DELTA_BINARY_PACKED"),
            )
        places = pa.array(np.arange(self.rows + 1, self.rows + count + 1))
        origin = dict(zip(("_delivery_id", "_delivered_at", "_source_file"), self.origin.columns(count), strict=True))
        given = {**columns, **origin, "_source_row": places}
        arrays = [given.get(field.name, pa.nulls(count, field.type)) for field in schema]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        self.rows += count

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    def file(self, shown: str) -> SourceFile:
        """The entry of the manifest. `shown` says what was read; its hash stands for the bytes that a table has not."""
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
def output(entity: Entity, folder: Path, delivery_id: str, delivered_at: datetime) -> Iterator[Output]:
    made = Output(entity, folder, Origin(delivery_id, delivered_at, entity.name))
    try:
        yield made
    finally:
        made.close()


def repeated(value: str | datetime, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.timestamp("us") if isinstance(value, datetime) else pa.string()), count)
