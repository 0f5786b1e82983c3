"""The DuckDB that landing works with, and the quoting of names and texts in its SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import duckdb

from duckhouse.scratch import scratch_folder

# Level 1 is as small as the default on these texts; large dictionaries cost a fifth of the write and save nothing.
TO_PARQUET = "(format parquet, compression zstd, compression_level 1, dictionary_size_limit 5000)"


@contextmanager
def connection(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory. Rows may come out in another order than they go in; times are UTC."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        # A filter pushed below a projection repeats the projection's work: it parses once per use.
        "disabled_optimizers": "filter_pushdown",
    }
    with duckdb.connect(config=config) as connected:
        connected.execute("set TimeZone = 'UTC'")
        yield connected


@contextmanager
def on_disk(memory: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A DuckDB whose database `disk` is in a temporary folder, and the folder; both are removed afterwards. `memory` is
    its limit, such as "128MB".
    """
    with scratch_folder() as folder, connection(threads=1) as connected:
        connected.execute("set memory_limit = ?", [memory])
        connected.execute("set temp_directory = ?", [str(folder)])
        connected.execute(f"attach {literal(f'{folder}/rows.db')} as disk")
        yield connected, folder


def load_iceberg(connected: duckdb.DuckDBPyConnection) -> None:
    """Lets a connection read Iceberg tables, using the extensions that are installed as Python packages."""
    for package in ("duckdb_extension_avro", "duckdb_extension_iceberg"):  # iceberg needs avro
        [file] = Path(import_module(package).__path__[0]).rglob("*.duckdb_extension")
        connected.load_extension(str(file))


def refused(error: BaseException) -> BaseException:
    """The error to report: an OSError where the system has no space or no memory left."""
    is_systems = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException)
    return OSError(str(error).splitlines()[0]) if is_systems else error


def literal(text: object) -> str:
    """An SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def name(text: str) -> str:
    """An SQL identifier."""
    return '"' + text.replace('"', '""') + '"'
