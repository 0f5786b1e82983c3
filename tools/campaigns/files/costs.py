"""Whether the cost of landing a file is proportional to its bytes, whatever its content."""

import io
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.processes import script
from duckhouse.settings import PROJECT

SMALL, TIMES = 4_000, 8
SLACK = 1.0
"""Processor seconds that starting a worker and a loaded machine may cost."""


def _parquet(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _csv(line: str) -> Callable[[int], bytes]:
    return lambda size: ("publisher_id,publisher_name,country\n" + line * size).encode()


def _jsonl(start: str, part: str, end: str) -> Callable[[int], bytes]:
    """A line of this many parts."""
    return lambda size: (start + ",".join(part.replace("#", str(i)) for i in range(size)) + end + "\n").encode()


def _columns(size: int) -> bytes:
    return ("publisher_id," + ",".join(f"c{i}" for i in range(size)) + "\n").encode()


def _parquet_columns(size: int) -> bytes:
    return _parquet(pa.table({f"event_id{i or ''}": ["a"] for i in range(size)}))


def _row_groups(size: int) -> bytes:
    return _parquet(pa.table({"event_id": ["a"] * size}), row_group_size=1)


def _pages(size: int) -> bytes:
    options = {"data_page_size": 1, "use_dictionary": False, "write_batch_size": 1}
    return _parquet(pa.table({"event_id": [str(i) for i in range(size)]}), **options)


SHAPES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "keys of an object": ("events/a.jsonl", _jsonl('{"event_id": "a", ', '"k#": #', "}")),
    "the same key": ("events/a.jsonl", _jsonl('{"event_id": "a", ', '"k": 1', "}")),
    "elements of a list": ("events/a.jsonl", _jsonl('{"event_id": [', "[#]", "]}")),
    "open lists": ("events/a.jsonl", lambda size: b'{"event_id": ' + b"[" * size + b"\n"),
    "escapes": ("events/a.jsonl", lambda size: b'{"event_id": "' + b"\\u00e9\\\\" * size + b'"}\n'),
    "keys that change": ("events/a.jsonl", lambda size: b"".join(b'{"k%d": 1}\n' % i for i in range(size))),
    "lines that are no JSON": ("events/a.jsonl", lambda size: b'{"event_id": \n' * size),
    "columns of CSV": ("publishers/a.csv", _columns),
    "stray quotes": ("publishers/a.csv", _csv('a",b,"c\n')),
    "open quotes": ("publishers/a.csv", _csv('"a,b,c\n')),
    "quotes in quotes": ("publishers/a.csv", _csv('"a""b""","""","c"\n')),
    "quotes alone": ("publishers/a.csv", _csv('"\n')),
    "carriage returns": ("publishers/a.csv", _csv("a,b,c\r")),
    "blank lines": ("publishers/a.csv", _csv("\n")),
    "columns of Parquet": ("events/a.parquet", _parquet_columns),
    "row groups": ("events/a.parquet", _row_groups),
    "pages": ("events/a.parquet", _pages),
}


def costs(work: Path) -> Iterator[str]:
    """A line for each shape where eight times the bytes take much more than eight times as long."""
    for name, (place, make) in SHAPES.items():
        small, large = (_seconds(work, place, make(size)) for size in (SMALL, SMALL * TIMES))
        if large > small * TIMES * 2 + SLACK:
            yield f"cost of {name}: {SMALL:,} take {small:.1f} s, {SMALL * TIMES:,} take {large:.1f} s"


def _seconds(work: Path, place: str, data: bytes) -> float:
    """Processor seconds of a command and the workers that it starts."""
    shutil.rmtree(work / "landing", ignore_errors=True)
    shutil.rmtree(work / "drop", ignore_errors=True)
    path = work / "drop" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    before = _used()
    subprocess.run(script("land", "ad_serving", str(work / "drop")), cwd=PROJECT, capture_output=True)
    return _used() - before


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
