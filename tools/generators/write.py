"""Writers of a drop's files. The same rows give the same bytes."""

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.cli import UserError
from duckhouse.signals import undisturbed

GZIP_LEVEL = 3


@dataclass
class Records:
    """The records of a file: `read` = landed + malformed + blank."""

    read: int = 0
    malformed: int = 0
    blank: int = 0


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """A folder for what the block writes; it is emptied if the block fails or is interrupted.

    Raises UserError when it holds something or cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}; name a folder that can be written") from None
    if taken:
        raise UserError(f"--out {out} is not empty; name another folder or remove it")
    try:
        yield
    except BaseException:
        with undisturbed():
            for path in out.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def write_truth(out: Path, truth: dict[str, Any]) -> None:
    text = json.dumps(truth, indent=1, ensure_ascii=False) + "\n"
    (out / "truth.json").write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def open_text(path: Path) -> Iterator[BinaryIO]:
    """A file to write bytes to; compressed when its name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        file = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            file = stack.enter_context(
                gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=GZIP_LEVEL, mtime=0)
            )
        yield file


def write_lines(file: BinaryIO, lines: pa.StringArray) -> None:
    """Writes strings that include their newlines: the bytes between the first and the last offset of the array."""
    _, offsets, characters = lines.buffers()
    ends = memoryview(offsets).cast("i")
    file.write(memoryview(characters)[ends[lines.offset] : ends[lines.offset + len(lines)]])


@contextmanager
def open_parquet(path: Path, schema: pa.Schema, dictionary: list[str]) -> Iterator[pq.ParquetWriter]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=dictionary) as writer:
        yield writer


def write_csv(
    path: Path,
    header: list[str],
    rows: Iterable[list[Any]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    quoting: int = csv.QUOTE_MINIMAL,
) -> int:
    """Writes a CSV file with \\n line ends; returns the number of rows."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=quoting)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode(encoding))
    return count
