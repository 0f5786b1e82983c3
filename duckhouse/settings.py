"""Settings come from the environment; `.env.example` lists them with their defaults."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from duckhouse.cli import UserError

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class ClickHouseSettings:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    secure: bool
    prefix: str
    cluster: str


def landing_dir() -> Path:
    """The landing zone: DUCKHOUSE_LANDING, or ./landing."""
    return Path(os.environ.get("DUCKHOUSE_LANDING", "landing"))


def duckdb_path() -> Path:
    """The DuckDB file of target dev: DUCKHOUSE_DUCKDB, or ./duckhouse.duckdb."""
    return Path(os.environ.get("DUCKHOUSE_DUCKDB", "duckhouse.duckdb"))


def postgres_dir() -> Path:
    """The data of the embedded PostgreSQL: DUCKHOUSE_POSTGRES, or ./postgres-data."""
    return Path(os.environ.get("DUCKHOUSE_POSTGRES", "postgres-data"))


def clickhouse_dir() -> Path:
    """The data of the embedded ClickHouse: DUCKHOUSE_CLICKHOUSE, or ./clickhouse-data."""
    return Path(os.environ.get("DUCKHOUSE_CLICKHOUSE", "clickhouse-data"))


def clickhouse() -> ClickHouseSettings:
    """The ClickHouse of target prod: CLICKHOUSE_HOST, _PORT, _USER, _PASSWORD, _SECURE, _PREFIX, _CLUSTER."""
    port = os.environ.get("CLICKHOUSE_PORT", "8123")
    if not port.isdigit():
        raise UserError(f"CLICKHOUSE_PORT={port!r} is not a port number")
    return ClickHouseSettings(
        host=os.environ.get("CLICKHOUSE_HOST", "127.0.0.1"),
        port=int(port),
        user=os.environ.get("CLICKHOUSE_USER", "default"),
        password=os.environ.get("CLICKHOUSE_PASSWORD", ""),
        secure=os.environ.get("CLICKHOUSE_SECURE", "false").lower() in ("1", "true", "yes"),
        prefix=os.environ.get("CLICKHOUSE_PREFIX", "duckhouse"),
        cluster=os.environ.get("CLICKHOUSE_CLUSTER", ""),
    )
