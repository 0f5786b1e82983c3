"""The first records of a file as landing would read them: names of columns, and their texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landed_rows import Origin, Rejects
from duckhouse.readers import delimited, jsonl, parquet
from duckhouse.readers.exactjson import Rejected, decode
from duckhouse.readers.stored import opened
from duckhouse.scratch import scratch_folder
from duckhouse.sources import Column, Entity

BYTES = 1 << 20
ROWS = 500
_NO_ORIGIN = Origin("sample", datetime(2000, 1, 1, tzinfo=UTC), "sample")


@dataclass(frozen=True)
class Sample:
    """`values` are the texts of a column that are not missing; `rows` counts the records that were read."""

    names: tuple[str, ...]
    values: dict[str, list[str]]
    rows: int


def sample(path: Path, kind: str) -> Sample:
    """Reads the start of a file of a format that landing reads. Raises FileFault where it cannot be read."""
    with scratch_folder() as folder:
        head = folder / path.name.removesuffix(".gz")
        if kind == "parquet":
            _head_of_parquet(path, head)
        else:
            _head_of_text(path, head)
        names = _names(head, kind)
        if not names:
            return Sample((), {}, 0)
        return _landed(head, kind, names, folder / "landed.parquet")


def _head_of_text(path: Path, head: Path) -> None:
    with opened(path, lambda _: None) as stream:
        start = stream.read(BYTES)
    whole = start.rfind(b"\n") + 1 if len(start) == BYTES else len(start)
    head.write_bytes(start[: whole or len(start)])


def _head_of_parquet(path: Path, head: Path) -> None:
    parquet.verified_rows(path)
    with pq.ParquetFile(path) as file:
        batches = list(file.iter_batches(ROWS))[:1]
        pq.write_table(pa.Table.from_batches(batches, file.schema_arrow), head)


def _names(head: Path, kind: str) -> Sequence[str]:
    if kind == "parquet":
        return list(pq.read_schema(head).names)
    if kind == "csv":
        return delimited.header(head)
    names: dict[str, None] = {}
    for line in head.read_text(encoding="utf-8", errors="replace").splitlines()[:ROWS]:
        try:
            names |= dict.fromkeys(name.strip() for name, _ in decode(line))
        except Rejected:
            continue
    return list(names)


def _landed(head: Path, kind: str, names: Sequence[str], target: Path) -> Sample:
    entity = Entity("sample", (), tuple(Column(name) for name in names))
    rejects = Rejects(target.with_name("rejected.parquet"), entity, _NO_ORIGIN)
    try:
        if kind == "csv":
            delimited.land(head, entity, _NO_ORIGIN, target, rejects, lambda _: None)
        elif kind == "jsonl":
            jsonl.land(head, entity, _NO_ORIGIN, target, rejects, lambda _: None, 1)
        else:
            parquet.land(head, entity, _NO_ORIGIN, target, rejects, 1)
    finally:
        rejects.close()
    if not target.exists():
        return Sample(tuple(names), {name: [] for name in names}, 0)
    rows = pq.read_table(target).slice(0, ROWS)
    values = {name: [text for text in rows.column(name).to_pylist() if text and text.strip()] for name in names}
    return Sample(tuple(names), values, rows.num_rows)
