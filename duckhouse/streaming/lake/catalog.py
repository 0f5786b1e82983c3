"""The catalog of the lake, which says which metadata of a table is current; and the messages for a lake's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from duckhouse.cli import UserError
from duckhouse.settings import lake_address, lake_catalog, lake_storage

NAME = "duckhouse"
SECONDS_FOR_A_LOCK = 60
BUCKET = "s3://"
SQLITE_FILE = "catalog.db"
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


@contextmanager
def catalog(*, make: bool = True) -> Iterator[SqlCatalog]:
    """The catalog named by the settings, created where it is missing. Raises UserError where it is not available, and
    where it is missing and must not be created.
    """
    where = location()
    address = _address(where)
    _prepare(where, address, make)
    with faults(f"the catalog {address.render_as_string()}"):
        opened = SqlCatalog(NAME, uri=address.render_as_string(hide_password=False), warehouse=where, **_properties())
    try:
        yield opened
    finally:
        opened.close()


def location() -> str:
    """Where the lake is: s3://BUCKET/PREFIX, or an absolute path."""
    said = lake_address()
    return said.rstrip("/") if said.startswith(BUCKET) else str(Path(said).resolve())


@contextmanager
def faults(place: str) -> Iterator[None]:
    """Reports in one line what stops the lake (no disk, no bucket, no catalog). Uncommitted rows are not in it."""
    try:
        yield
    except (SQLAlchemyError, OSError, pa.ArrowException, duckdb.Error) as error:
        cause = getattr(error, "orig", None) or error
        raise UserError(f"{place}: {' '.join(str(cause).split()) or type(cause).__name__}") from None
    except CommitFailedException:
        raise UserError(f"{place}: other writers keep changing it: stop some of them, and run again") from None


def _prepare(where: str, address: URL, make: bool) -> None:
    file = address.database if address.drivername == "sqlite" else None
    if not make and file and not Path(file).exists():
        raise UserError(f"there is no lake in {where} yet: python -m scripts.consume_kafka makes and fills it")
    if not where.startswith(BUCKET):
        with faults(f"the lake {where}"):
            Path(where).mkdir(mode=0o700, parents=True, exist_ok=True)


def _properties() -> dict[str, str]:
    return {"py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO", "pool_pre_ping": "true", **lake_storage()}


def _address(where: str) -> URL:
    said = lake_catalog()
    if not said and where.startswith(BUCKET):
        raise UserError(
            f"DUCKHOUSE_LAKE is {where}: a bucket cannot hold the catalog, so set DUCKHOUSE_LAKE_CATALOG, as "
            "postgresql://user@host/database"
        )
    try:
        address = make_url(said) if said else URL.create("sqlite", database=str(Path(where) / SQLITE_FILE))
        kind = address.drivername.partition("+")[0]
        if kind not in DRIVERS:
            raise ArgumentError
    except (ArgumentError, NoSuchModuleError):
        raise UserError(
            "DUCKHOUSE_LAKE_CATALOG is not the address of a catalog: write "
            "postgresql://user@host/database or sqlite:///FILE"
        ) from None
    address = address.set(drivername=DRIVERS[kind])
    return address.update_query_dict({"timeout": str(SECONDS_FOR_A_LOCK)}) if kind == "sqlite" else address
