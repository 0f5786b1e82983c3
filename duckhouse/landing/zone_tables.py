"""The tables that the landing zone adds itself: the empty ones, which give each entity its columns, and _files."""

from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.dbt_plugin.landed import RETRACTION
from duckhouse.landed_schemas import FILES_SCHEMA, schemas
from duckhouse.landing.manifest import Delivery, Retraction
from duckhouse.sources import Source


def stale_tables(source: Source, folder: Path) -> dict[Path, pa.Schema]:
    """The empty tables of `folder` that are missing or have other columns than declared, and the right columns."""
    wanted = {folder / name / "empty.parquet": schema for name, schema in schemas(source).items()}
    return {path: schema for path, schema in wanted.items() if _schema_of(path) != schema}


def write_table(path: Path, schema: pa.Schema) -> None:
    """Writes a table without rows."""
    pq.ParquetWriter(path, schema, compression="zstd").close()


def write_files_table(folder: Path, delivery: Delivery) -> None:
    """Writes a row for each file of a delivery, or the one row of a retraction."""
    at = delivery.delivered_at.astimezone(UTC).replace(tzinfo=None)
    of_delivery = {"_delivery_id": delivery.id, "_delivered_at": at}
    rows = [{**of_delivery, "_source_file": file.name, **asdict(file)} for file in delivery.files]
    if delivery.retracts:
        rows.append({**of_delivery, **_row_of_retraction(delivery.retracts)})
    (folder / "_files").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, FILES_SCHEMA), folder / "_files" / "files.parquet", compression="zstd")


def _row_of_retraction(retraction: Retraction) -> dict[str, Any]:
    """A row of _files that counts nothing, with the delivery that is retracted and why."""
    counts = [field.name for field in FILES_SCHEMA if field.type == pa.int64()]
    return {
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("format", "sha256"), ""),
        "_source_file": RETRACTION,
        "entity": RETRACTION,
        "retracts_delivery_id": retraction.delivery_id,
        "retraction_reason": retraction.reason,
    }


def _schema_of(path: Path) -> pa.Schema | None:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowInvalid):
        return None
