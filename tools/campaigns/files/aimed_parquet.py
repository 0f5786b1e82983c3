"""Parquet files of every type, compression and layout that Arrow writes, with the names of an entity's columns."""

import io
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tools.campaigns.files import odd

ROWS = 8
NAMES = [
    "x", "a'b", 'a"b', "a\nb", "50%", "%s", "日本", "", " ", "\u202e", "a.b", "file_row_number", "filename", "delivery",
    "_unmapped", "_source_row", "select", "EVENT_ID", "event_id ", "l" * 300, "a\x00b", "row", "v0", "t0", "j0",
]  # fmt: skip
UNITS = ["s", "ms", "us", "ns"]
ZONES = [None, "UTC", "+05:30", "America/New_York"]
COMPRESSIONS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]
FLOATS = [0.0, -0.0, 1.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 0.1, 1e16, 123456.789]
LIST_DEPTHS = [1, 2, 4, 6, 12]

Column = tuple[pa.DataType, list[Any]]


def drawn(lot: random.Random, columns: Sequence[str]) -> tuple[bytes, list[str]]:
    """The bytes of a file, and what is in it."""
    while True:
        try:
            return _drawn(lot, columns)
        except (pa.ArrowException, OSError, ValueError):  # of what Arrow does not write
            continue


def _drawn(lot: random.Random, columns: Sequence[str]) -> tuple[bytes, list[str]]:
    rows = lot.choice([0, 1, ROWS, ROWS, ROWS])
    names = lot.sample(columns, lot.randint(1, min(4, len(columns)))) + lot.sample(NAMES, lot.randint(0, 3))
    made = [lot.choice(MAKERS)(lot, rows) for _ in names]
    if lot.random() < 0.04:
        names += [f"more {i}" for i in range(1_000)]
        made += [(pa.int8(), [1] * rows)] * 1_000
    arrays = [pa.array(_with_gaps(lot, values), kind) for kind, values in made]
    if lot.random() < 0.2:
        place = lot.randrange(len(arrays))
        arrays[place] = arrays[place].dictionary_encode()
    table = pa.Table.from_arrays(arrays, names)
    if lot.random() < 0.1:
        table = table.replace_schema_metadata({"note": "x" * 50_000})
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, table.schema, **_options(lot)) as writer:
        for _ in range(lot.choice([0, 0, 0, 2])):
            writer.write_table(table.slice(0, 0))
        for start in range(0, max(1, rows), size := lot.choice([1, 3, ROWS, ROWS])):
            writer.write_table(table.slice(start, size))
    return buffer.getvalue(), ["parquet", *sorted({str(kind)[:40] for kind, _ in made})]


def _options(lot: random.Random) -> dict[str, Any]:
    return {
        "compression": lot.choice(COMPRESSIONS),
        "use_dictionary": lot.random() < 0.5,
        "data_page_version": lot.choice(["1.0", "2.0"]),
        "version": lot.choice(["1.0", "2.4", "2.6"]),
        "store_schema": lot.random() < 0.7,
        "write_page_checksum": lot.random() < 0.3,
        "write_page_index": lot.random() < 0.3,
        "use_deprecated_int96_timestamps": lot.random() < 0.1,
        "use_byte_stream_split": lot.random() < 0.05,
        "data_page_size": lot.choice([1, 1 << 20]),
        "write_statistics": lot.random() < 0.8,
    }


def _with_gaps(lot: random.Random, values: list[Any]) -> list[Any]:
    return [None if lot.random() < 0.2 else value for value in values]


def _integers(lot: random.Random, rows: int) -> Column:
    bits, is_signed = lot.choice([8, 16, 32, 64]), lot.random() < 0.7
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    values = [lot.choice([least, most, 0, 1, lot.randint(least, most)]) for _ in range(rows)]
    return getattr(pa, f"{'' if is_signed else 'u'}int{bits}")(), values


def _floats(lot: random.Random, rows: int) -> Column:
    return lot.choice([pa.float32(), pa.float64(), pa.float64()]), [lot.choice(FLOATS) for _ in range(rows)]


def _decimals(lot: random.Random, rows: int) -> Column:
    precision = lot.randint(1, 76)
    scale = lot.randint(0, precision)
    most = 10**precision - 1
    unscaled = [lot.choice([0, 1, -1, most, -most, lot.randint(-most, most)]) for _ in range(rows)]
    kind = (pa.decimal128 if precision <= 38 and lot.random() < 0.7 else pa.decimal256)(precision, scale)
    return kind, [Decimal(f"{number}e-{scale}") for number in unscaled]


def _texts(lot: random.Random, rows: int) -> Column:
    kind = lot.choice([pa.string(), pa.large_string()])
    return kind, [odd.text(lot)[1] for _ in range(rows)]


def _bytes(lot: random.Random, rows: int) -> Column:
    kind = lot.choice([pa.binary(), pa.large_binary(), pa.binary(16)])
    size = 16 if kind == pa.binary(16) else lot.choice([0, 1, 5, 300])
    return kind, [lot.choice([lot.randbytes(size), b"a" * size]) for _ in range(rows)]


def _times(lot: random.Random, rows: int) -> Column:
    unit = lot.choice(UNITS)
    kind = pa.timestamp(unit, lot.choice(ZONES))
    near = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] * 1_774_418_400
    far = [-(2**63) + 1, 2**63 - 1, 2**53, -(2**53), 0]
    values = [lot.choice([near, near + 1, -near, 0, lot.choice(far)]) for _ in range(rows)]
    return kind, values


def _days(lot: random.Random, rows: int) -> Column:
    kind = lot.choice([pa.date32(), pa.date32(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")])
    values = [lot.choice([0, 1, 20_000, 86_399]) for _ in range(rows)]
    if kind == pa.date32():
        values = [lot.choice([0, 20_000, -1, -719_529, 2_932_896, 2_932_897, 2**31 - 1, -(2**31)]) for _ in range(rows)]
    return kind, values


def _others(lot: random.Random, rows: int) -> Column:
    kinds: list[Column] = [
        (pa.bool_(), [lot.random() < 0.5 for _ in range(rows)]),
        (pa.null(), [None] * rows),
        (pa.duration("us"), [timedelta(seconds=3)] * rows),
        (pa.float16(), [1.5] * rows),
    ]
    return lot.choice(kinds)


def _nested(lot: random.Random, rows: int) -> Column:
    kind, values = lot.choice([_integers, _floats, _decimals, _texts, _days, _times])(lot, rows)
    for _ in range(lot.choice(LIST_DEPTHS)):
        way = lot.choice(["list", "list", "large", "struct", "map", "fixed"])
        if way == "struct":
            kind, values = pa.struct([("a'b", kind), ("b", pa.int8())]), [{"a'b": value, "b": 1} for value in values]
        elif way == "map":
            kind, values = pa.map_(pa.string(), kind), [[("k", value), ('"', value)] for value in values]
        elif way == "fixed":
            kind, values = pa.list_(kind, 2), [[value, value] for value in values]
        else:
            kind = (pa.list_ if way == "list" else pa.large_list)(kind)
            values = [lot.choice([[value], [value, None], []]) for value in values]
    return kind, values


Maker = Callable[[random.Random, int], Column]
MAKERS: list[Maker] = [_integers, _floats, _decimals, _decimals, _texts, _texts, _bytes, _times, _times, _days, _others,
                       _nested]  # fmt: skip
