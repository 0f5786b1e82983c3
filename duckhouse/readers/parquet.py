"""Parquet: columns by name, every value as the text that it would have in JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.sqltypes import DuckDBPyType

from duckhouse.duck import TO_PARQUET, connection, literal, name, refused
from duckhouse.landed_rows import Landed, Origin, Rejects
from duckhouse.readers import exactparquet
from duckhouse.readers.exactjson import quoted
from duckhouse.readers.lines import MAX_RECORD
from duckhouse.readers.names import ColumnPlan, describe, plan_columns
from duckhouse.readers.parquetpages import unpacked_sizes
from duckhouse.readers.stored import FileFault
from duckhouse.scratch import scratch_folder
from duckhouse.sources import Entity

_NUMBERS = {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint",
            "uhugeint", "decimal"}  # fmt: skip
_LISTS = {"list", "array"}
_ROW_NUMBER = "file_row_number"
_DIGITS = 38
_NESTED = 4
_COLUMNS = 1_000  # with more, planning takes DuckDB longer than reading: its time grows with the square
_VERIFIED_ROWS = 1 << 16
_EXACT_ROWS = 10_000
_BATCH = 64 << 20  # bytes
_MEASURED = 256 << 20  # bytes; the limit of a batch that is only measured
_TEXTS = {"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}
_PAGE = 128 << 20  # bytes; writers cut pages at about 1 MiB, but a value may be longer
_UNPACKED, _TIMES_ITS_SIZE = 1 << 30, 1_000  # a file may unpack to so many bytes, or to so many times its size


def land(
    path: Path, entity: Entity, origin: Origin, target: Path, rejects: Rejects, threads: int
) -> tuple[int, list[str], list[str]]:
    """Lands a Parquet file; returns the row count of its footer, the names of undeclared columns, and the names of
    declared columns that are not in it.

    DuckDB reads the file where it is exact. What DuckDB does not read exactly, or not at all, Arrow reads value by
    value. Raises FileFault where the file is not a complete Parquet file, or has no declared column.
    """
    with _opened(path) as file:
        unpacked = _refuse_bombs(file, path)
        long = set(_verify(file, unpacked))
        names: list[str] = file.schema_arrow.names
        plan = plan_columns(entity, names)
        if plan.is_foreign:
            raise FileFault(f"it has no column of {entity.name} (expected some of: {describe(entity)})")
        records: int = file.metadata.num_rows
        if not long and file.metadata.num_columns <= _COLUMNS and _is_exact(file.schema_arrow):
            with suppress(_NotRead):
                return records, _copied(path, entity, origin, target, threads), plan.missing(entity)
        with Landed(target, entity, origin) as landed:
            exactparquet.land(_numbered(file, unpacked), entity, landed, rejects, long)
        return records, sorted(names[i] for i in plan.unmapped), plan.missing(entity)


def verified_rows(path: Path) -> int:
    """The row count of the footer, after every page was decoded and its checksum, where it has one, was compared."""
    with _opened(path) as file:
        for _ in _verify(file, _refuse_bombs(file, path)):
            continue
        return int(file.metadata.num_rows)


class _NotRead(Exception):
    """DuckDB does not read the file."""


def _opened(path: Path) -> pq.ParquetFile:
    with _faults():
        return pq.ParquetFile(path, page_checksum_verification=True)


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise FileFault("the name of a column is not valid UTF-8: export it again") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        if "encrypt" in reason:
            raise FileFault(f"it is encrypted ({reason}): export it without encryption") from None
        if "nested" in reason:
            raise FileFault(f"its columns are nested too deep ({reason}): export it flatter") from None
        raise FileFault(f"not a whole Parquet file ({reason}): export it again") from None


def _verify(file: pq.ParquetFile, unpacked: int) -> Iterator[int]:
    """Decodes every page; returns the rows that are longer than a record may be."""
    row = 1
    for batch in _batches(file, unpacked, _VERIFIED_ROWS):
        yield from (row + place for place in _long_rows(batch))
        row += len(batch)


def _refuse_bombs(file: pq.ParquetFile, path: Path) -> int:
    """The size of the unpacked file in bytes. Raises FileFault where a page or the complete file would unpack to more
    than the limits allow.
    """
    groups = [file.metadata.row_group(place) for place in range(file.metadata.num_row_groups)]
    total = _bounded(sum(group.total_byte_size for group in groups), path)
    pages: Counter[str] = Counter()
    values: Counter[str] = Counter()
    with _faults():
        for column, page in unpacked_sizes(path, file.metadata):
            if page > _PAGE:
                raise FileFault(
                    f"a page of {column} unpacks to {page:,} bytes, {_PAGE:,} is the limit: shorten its texts"
                )
            pages[column] = max(page, pages[column])
        for chunk in (group.column(place) for group in groups for place in range(group.num_columns)):
            values[chunk.path_in_schema] += chunk.num_values if chunk.physical_type in _TEXTS else 0
        for column, page in pages.items():  # no value is longer than a page, but many rows may share one value
            if values[column] * page > _UNPACKED:
                for batch in file.iter_batches(max(1, _MEASURED // page), columns=[column], use_threads=False):
                    total = _bounded(total + sum(map(_size, batch.columns)), path)
    return total


def _bounded(unpacked: int, path: Path) -> int:
    size = path.stat().st_size
    if unpacked > max(_UNPACKED, _TIMES_ITS_SIZE * size):
        raise FileFault(f"its {size:,} bytes unpack to {unpacked:,} or more: export it in several files")
    return unpacked


def _batches(file: pq.ParquetFile, unpacked: int, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows in batches of that many, or fewer where rows are long."""
    a_row = unpacked // max(1, file.metadata.num_rows) + 1
    with _faults():
        yield from file.iter_batches(max(1, min(rows, _BATCH // a_row)), use_threads=False)


def _long_rows(batch: pa.RecordBatch, start: int = 0) -> Iterator[int]:
    """Splits batches in halves, so that a batch of short rows is measured only once."""
    if len(batch) == 1 and sum(map(_size, batch.columns)) > MAX_RECORD:
        yield start
    elif len(batch) > 1 and batch.nbytes > MAX_RECORD:
        half = len(batch) // 2
        yield from _long_rows(batch.slice(0, half), start)
        yield from _long_rows(batch.slice(half), start + half)


def _size(column: pa.Array) -> int:
    """The bytes of the values; a dictionary's values count each time they are used."""
    if pa.types.is_dictionary(column.type):
        return int(column.dictionary_decode().nbytes)
    if pa.types.is_map(column.type):
        return _size(exactparquet.entries(column))
    if pa.types.is_nested(column.type):
        inner = column.flatten()
        return sum(map(_size, inner if pa.types.is_struct(column.type) else [inner]))
    return int(column.nbytes)


def _is_exact(schema: pa.Schema) -> bool:
    """Whether DuckDB reads every value of the columns exactly, in a time that grows linearly with their bytes."""
    return _ROW_NUMBER not in map(str.lower, schema.names) and all(map(_is_exact_type, schema.types))


def _is_exact_type(kind: pa.DataType, depth: int = 0) -> bool:
    """DuckDB turns decimals of more than 38 digits into doubles. It writes decimals without digits before the point as
    .5, which is not JSON. It cuts nanoseconds off a time. Each level of nested lists doubles its time.
    """
    if pa.types.is_decimal(kind):
        return bool(kind.scale < kind.precision <= _DIGITS)
    if pa.types.is_nested(kind):
        inner = [kind.field(place).type for place in range(kind.num_fields)]
        return depth < _NESTED and all(_is_exact_type(each, depth + 1) for each in inner)
    return bool(kind != pa.time64("ns"))


def _numbered(file: pq.ParquetFile, unpacked: int) -> Iterator[pa.RecordBatch]:
    row = 1
    for batch in _batches(file, unpacked, _EXACT_ROWS):
        rows = pa.array(range(row, row := row + len(batch)), pa.int64())
        yield pa.RecordBatch.from_arrays([rows, *batch.columns], ["row", *batch.schema.names])
    if (read := row - 1) < (count := file.metadata.num_rows):  # for example nested values whose first page is empty
        raise FileFault(f"Arrow reads {read:,} of its {count:,} rows: export it with pages of the usual size")


def _copied(path: Path, entity: Entity, origin: Origin, target: Path, threads: int) -> list[str]:
    with connection(threads) as connected, scratch_folder() as folder:
        link = folder / "input.parquet"  # a name without the wildcards that DuckDB would expand
        link.symlink_to(path.resolve())
        scan = f"read_parquet({literal(link)}, file_row_number = true, hive_partitioning = false)"
        try:
            relation = connected.sql(f"select * from {scan}")
            columns = list(zip(relation.columns, relation.types, strict=True))[:-1]
            plan = plan_columns(entity, [column for column, _ in columns])
            connected.execute(_copy(entity, origin, target, scan, columns, plan))
        except duckdb.Error as error:
            if str(target) in str(error):
                raise refused(error) from None
            raise _NotRead from None
    return sorted(columns[i][0] for i in plan.unmapped)


def _copy(
    entity: Entity,
    origin: Origin,
    target: Path,
    scan: str,
    columns: Sequence[tuple[str, DuckDBPyType]],
    plan: ColumnPlan,
) -> str:
    texts = ", ".join(f"{_text(name(column), kind)} as t{i}" for i, (column, kind) in enumerate(columns))
    jsons = ", ".join(f"{_json(name(column), kind)} as j{i}" for i, (column, kind) in enumerate(columns))
    values = ", ".join(
        f"{_first(carriers)} as {name(column.name)}"
        for column, carriers in zip(entity.columns, plan.carriers, strict=True)
    )
    return f"""
        copy (
            select
                {values},
                {literal(origin.delivery_id)} as _delivery_id,
                timestamp {literal(origin.naive_utc.isoformat(sep=" "))} as _delivered_at,
                {literal(origin.file)} as _source_file,
                file_row_number + 1 as _source_row,
                {_unmapped([column for column, _ in columns], plan)} as _unmapped
            from (select file_row_number, {texts}, {jsons} from {scan})
        ) to {literal(target)} {TO_PARQUET}
    """


def _first(carriers: Sequence[int]) -> str:
    return f"coalesce({', '.join(f't{i}' for i in carriers)})" if carriers else "null::varchar"


def _unmapped(names: Sequence[str], plan: ColumnPlan) -> str:
    members = [f"{literal(quoted(names[i]) + ':')} || coalesce(j{i}, 'null')" for i in plan.unmapped]
    for carriers in plan.carriers:
        members += [
            f"case when t{i} <> {_first(carriers)} then {literal(quoted(names[i]) + ':')} || j{i} end"
            for i in carriers[1:]
        ]
    if not members:
        return "null::varchar"
    return f"'{{' || nullif(concat_ws(',', {', '.join(members)}), '') || '}}'"


def _text(value: str, kind: DuckDBPyType) -> str:
    """SQL of the landed text of a value; times are ISO 8601 with T, those with a time zone in UTC with Z."""
    if kind.id in {"struct", "map", *_LISTS}:
        return _json(value, kind)
    if kind.id == "timestamp with time zone":
        return _finite(value, f"regexp_replace(replace({value}::varchar, ' ', 'T'), '\\+00$', 'Z')")
    if kind.id == "date" or kind.id.startswith("timestamp"):
        return _finite(value, f"replace({value}::varchar, ' ', 'T')")
    if kind.id == "blob":
        return f"coalesce(try(decode({value})), {value}::varchar)"
    return f"{value}::varchar"


def _finite(value: str, text: str) -> str:
    """DuckDB reads the last moment of a type as infinity: Arrow can tell which of the two it is."""
    return f"case when isfinite({value}) then {text} when {value} is not null then error('infinity') end"


def _json(value: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """SQL of the JSON text of a value. Numbers are written by their own type: JSON would turn them into doubles."""
    if kind.id in _NUMBERS or kind.id == "boolean":
        return f"{value}::varchar"
    if kind.id in {"float", "double"}:
        return f"case when isfinite({value}) then {value}::varchar else '\"' || {value}::varchar || '\"' end"
    item = f"x{depth}"
    if kind.id in _LISTS:
        return f"'[' || {_items(value, item, _json_or_null(item, _children(kind)[0][1], depth))} || ']'"
    if kind.id == "map":
        (_, key), (_, member) = _children(kind)
        pair = (
            f"to_json({_text(f'{item}.key', key)})::varchar || ':' || {_json_or_null(f'{item}.value', member, depth)}"
        )
        return f"'{{' || {_items(f'map_entries({value})', item, pair)} || '}}'"
    if kind.id == "struct":
        members = ", ',', ".join(
            f"{literal(quoted(key) + ':')}, {_json_or_null(f'{value}.{name(key)}', member, depth)}"
            for key, member in _children(kind)
        )
        return f"case when {value} is not null then concat('{{', {members}, '}}') end"
    return f"to_json({_text(value, kind)})::varchar"


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """The types within a nested type, by name; the size of an array is left out."""
    return [(label, child) for label, child in kind.children if isinstance(child, DuckDBPyType)]


def _json_or_null(value: str, kind: DuckDBPyType, depth: int) -> str:
    return f"coalesce({_json(value, kind, depth + 1)}, 'null')"


def _items(values: str, item: str, text: str) -> str:
    return f"array_to_string(list_transform({values}, lambda {item}: {text}), ',')"
