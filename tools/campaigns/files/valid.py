"""Small valid files of every entity of every source of files, in each format that its declaration names."""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landing.drop import recognise
from duckhouse.sources import FILES, Source, load_source, sources
from tools.generators import generators
from tools.generators.arguments import Parser

RECORDS = 12
SIZES = {
    "ad_serving": "--days 1 --events-per-day 40",
    "consent": "--companies 15 --active 2 --events-per-company 60",
    "reviews": "--days 1 --reviews-per-day 30 --products 15",
}
"""Words of the generators; a source without an entry has the drop that its generator makes by default."""


@dataclass(frozen=True)
class Valid:
    """A file that lands completely: `pattern` is its path in a drop, `form` its format, `data` its bytes before
    gzip."""

    source: str
    entity: str
    pattern: str
    form: str
    columns: tuple[str, ...]
    data: bytes

    @property
    def is_packed(self) -> bool:
        return self.pattern.endswith(".gz")


def valid_files(folder: Path) -> list[Valid]:
    """Files for each pattern with a * in the declarations. `folder` keeps the drops from which their records are
    taken."""
    return [made for name in sources(FILES) for made in _of_source(load_source(name), folder / name)]


def packed(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def _of_source(source: Source, drop: Path) -> Iterator[Valid]:
    if not drop.exists():
        _generate(source.name, drop)
    records = _records(source, drop)
    for entity in source.entities:
        for pattern in entity.files:
            found = recognise(source, pattern.split("/"), is_whole=True)
            if "*" in pattern and isinstance(found, tuple):
                columns = tuple(column.name for column in entity.delivered.columns)
                data = written(records[entity.name], found[2])
                yield Valid(source.name, entity.name, pattern, found[2], columns, data)


def _generate(source: str, drop: Path) -> None:
    parser, generator = Parser(), generators()[source]
    generator.add_arguments(parser)
    words = [*SIZES.get(source, "").split(), "--clean", "--out", str(drop)]
    with redirect_stdout(io.StringIO()):
        generator.run(parser.parse_args(words))


def _records(source: Source, drop: Path) -> dict[str, list[dict[str, Any]]]:
    """The first records of each entity's files; from Parquet if there is any, because it has the most types."""
    found: dict[str, list[dict[str, Any]]] = {}
    files = [path for path in drop.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: (path.suffix != ".parquet", path)):
        parts = path.relative_to(drop).parts
        told = recognise(source, parts[1:] if parts[0] == "redelivery" else parts, is_whole=True)
        if isinstance(told, tuple):
            entity, _, form = told
            found[entity.name] = [*found.get(entity.name, []), *_read(path, form)][:RECORDS]
    return found


def _read(path: Path, form: str) -> list[dict[str, Any]]:
    if form == "parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).slice(0, RECORDS).to_pylist()
        return rows
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # as a partner exports it
        text = data.decode("cp1252")
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(
        csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t|", key=text.partition("\n")[0].count))
    )


def written(records: Sequence[dict[str, Any]], form: str) -> bytes:
    """The records in a format, before gzip."""
    if form == "parquet":
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(records)), buffer)
        return buffer.getvalue()
    if form == "jsonl":
        return "".join(json.dumps(record, default=str, ensure_ascii=False) + "\n" for record in records).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()
