"""Settings come from the environment; `.env.example` lists them with their defaults."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf, nan
from pathlib import Path

from duckhouse.cli import UserError

PROJECT = Path(__file__).resolve().parents[1]
MOST_DAYS = 365_000
TARGETS = ("dev", "prod")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PAGE_PASSWORD = "DUCKHOUSE_PAGE_PASSWORD"  # noqa: S105 - the name of the setting
DASHBOARD_TARGET = "DUCKHOUSE_DASHBOARD_TARGET"  # the target that the dashboard shows
AUDIT = "_audit"


@dataclass(frozen=True)
class ClickHouseSettings:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    secure: bool
    prefix: str
    cluster: str


@dataclass(frozen=True)
class KafkaSettings:
    """`ca` is the file of the authority that signed the broker's certificate; empty: the system's authorities."""

    bootstrap: str
    protocol: str
    mechanism: str
    username: str
    password: str = field(repr=False)
    ca: str
    group: str


def _setting(name: str, default: str) -> str:
    """An empty variable counts as not set."""
    return os.environ.get(name) or default


def _is_true(name: str, default: str) -> bool:
    return _setting(name, default).lower() in ("1", "true", "yes")


def _number(name: str, default: str) -> float:
    text = _setting(name, default)
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not 0 <= number < inf:
        raise UserError(f"{name}={text!r} is not a number, 0 or more")
    return number


@contextmanager
def environment(changed: Mapping[str, str]) -> Iterator[None]:
    """Uses other settings while the block runs."""
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def landing_dir() -> Path:
    """The landing zone: DUCKHOUSE_LANDING, or ./landing."""
    return Path(_setting("DUCKHOUSE_LANDING", "landing"))


def failures_path() -> Path:
    """The log of failures: DUCKHOUSE_FAILURES, or failures.jsonl in the landing zone."""
    return Path(_setting("DUCKHOUSE_FAILURES", str(landing_dir() / "failures.jsonl")))


def pipeline_path() -> Path:
    """What the pipeline brings: DUCKHOUSE_PIPELINE, or ./pipeline.yml."""
    return Path(_setting("DUCKHOUSE_PIPELINE", "pipeline.yml"))


def stale_hours() -> float:
    """Hours after which a source that was not looked at is stale: DUCKHOUSE_STALE_WARN_HOURS."""
    return _number("DUCKHOUSE_STALE_WARN_HOURS", "24")


def memory_gb() -> float:
    """Gigabytes that a build may hold in memory, which profiles.yml gives to the engines: DUCKHOUSE_MEMORY_GB."""
    if not (gigabytes := _number("DUCKHOUSE_MEMORY_GB", "3")):
        raise UserError("DUCKHOUSE_MEMORY_GB='0' leaves no memory to build with: give it gigabytes, such as 3")
    return gigabytes


def alert_percent() -> float:
    """The percentage by which a delivery must change a published figure to be announced: DUCKHOUSE_ALERT_PERCENT."""
    return _number("DUCKHOUSE_ALERT_PERCENT", "1")


def alert_webhook() -> str:
    """Where alerts are sent: DUCKHOUSE_ALERT_WEBHOOK, whose path is a secret; empty where they are only printed."""
    return _setting("DUCKHOUSE_ALERT_WEBHOOK", "")


def given_page_password() -> str:
    """The password of the dashboard and of Dagster's page; empty where one is drawn and kept."""
    return _setting(PAGE_PASSWORD, "")


def page_names() -> tuple[str, ...]:
    """Names by which a proxy serves the dashboard and Dagster's page, in lower case: DUCKHOUSE_PAGE_NAMES."""
    return tuple(_setting("DUCKHOUSE_PAGE_NAMES", "").lower().replace(",", " ").split())


def duckdb_path() -> Path:
    """The DuckDB file of target dev: DUCKHOUSE_DUCKDB, or ./duckhouse.duckdb."""
    return Path(_setting("DUCKHOUSE_DUCKDB", "duckhouse.duckdb"))


def published_path() -> Path:
    """The copy of target dev that people read."""
    return published_beside(duckdb_path())


def published_beside(database: Path) -> Path:
    """The published copy of a DuckDB file: same name, in the folder `published` beside it."""
    return database.parent / "published" / database.name


def is_publishing() -> bool:
    """Whether a build on DuckDB that passes is published: DUCKHOUSE_PUBLISH, true where it is not set."""
    return _is_true("DUCKHOUSE_PUBLISH", "true")


def is_elementary_on() -> bool:
    """Whether dbt runs with Elementary on: DUCKHOUSE_ELEMENTARY, which python -m scripts.edr sets."""
    return _is_true("DUCKHOUSE_ELEMENTARY", "false")


def postgres_dir() -> Path:
    """The data of the embedded PostgreSQL: DUCKHOUSE_POSTGRES, or ./postgres-data."""
    return Path(_setting("DUCKHOUSE_POSTGRES", "postgres-data"))


def report_path() -> Path:
    """The report: DUCKHOUSE_REPORT, or report/index.html."""
    return Path(_setting("DUCKHOUSE_REPORT", "report/index.html"))


def keep_days(prefix: str) -> int | None:
    """Days for which a store keeps readings: <prefix>_KEEP_DAYS; None keeps all."""
    days = _setting(f"{prefix}_KEEP_DAYS", "")
    if days and not (days.isdecimal() and 0 < int(days[:9]) <= MOST_DAYS):
        raise UserError(f"{prefix}_KEEP_DAYS={days!r} is not a number of days, from 1 to {MOST_DAYS:,}")
    return int(days) if days else None


def clickhouse_dir() -> Path:
    """The data of the embedded ClickHouse: DUCKHOUSE_CLICKHOUSE, or ./clickhouse-data."""
    return Path(_setting("DUCKHOUSE_CLICKHOUSE", "clickhouse-data"))


def clickhouse_password_file(data: Path) -> Path:
    """Where the embedded ClickHouse keeps the password that it generated."""
    return data / "password"


def lake_address() -> str:
    """The lake of streams: DUCKHOUSE_LAKE, a folder or s3://BUCKET/PREFIX, or ./lake."""
    return _setting("DUCKHOUSE_LAKE", "lake")


def lake_catalog() -> str:
    """The catalog of the lake: DUCKHOUSE_LAKE_CATALOG, an SQLAlchemy address, which may contain a password; empty for a
    file in the lake's folder.
    """
    return _setting("DUCKHOUSE_LAKE_CATALOG", "")


def lake_storage() -> dict[str, str]:
    """Endpoint and region of the lake's bucket, under pyiceberg's names: AWS_ENDPOINT_URL and AWS_REGION. AWS's own
    library finds the keys: AWS_ACCESS_KEY_ID, AWS_PROFILE and others.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = _setting("AWS_REGION", _setting("AWS_DEFAULT_REGION", "us-east-1" if endpoint else ""))
    said = {"s3.endpoint": endpoint, "s3.region": region}
    return {name: value for name, value in said.items() if value}


def orchestration_dir() -> Path:
    """What Dagster keeps, as an absolute path: DUCKHOUSE_ORCHESTRATION, or .dagster, in the project."""
    return PROJECT / _setting("DUCKHOUSE_ORCHESTRATION", ".dagster")


def orchestrated_targets() -> tuple[str, ...]:
    """The targets that Dagster builds: DUCKHOUSE_TARGETS, dev where it is not set; a comma separates several."""
    named = tuple(name.strip() for name in _setting("DUCKHOUSE_TARGETS", "dev").split(","))
    if len(set(named)) < len(named) or not set(named) <= set(TARGETS):
        raise UserError(f"DUCKHOUSE_TARGETS={','.join(named)!r}: write dev, prod, or dev,prod")
    return named


def dbt_target_dir() -> Path:
    """Where dbt writes what it compiled and ran: DBT_TARGET_PATH, or target, in the project."""
    return PROJECT / _setting("DBT_TARGET_PATH", "target")


def clickhouse() -> ClickHouseSettings:
    """The ClickHouse of target prod: CLICKHOUSE_HOST, _PORT, _USER, _PASSWORD, _SECURE, _PREFIX, _CLUSTER. Where no
    password is set and the host is this machine, the password of the embedded engine is used.
    """
    port = _setting("CLICKHOUSE_PORT", "8123")
    if not port.isdigit():
        raise UserError(f"CLICKHOUSE_PORT={port!r} is not a port number")
    host = _setting("CLICKHOUSE_HOST", "127.0.0.1")
    return ClickHouseSettings(
        host=host,
        port=int(port),
        user=_setting("CLICKHOUSE_USER", "default"),
        password=os.environ.get("CLICKHOUSE_PASSWORD") or embedded_password(host),
        secure=_is_true("CLICKHOUSE_SECURE", "false"),
        prefix=_setting("CLICKHOUSE_PREFIX", "duckhouse"),
        cluster=_setting("CLICKHOUSE_CLUSTER", ""),
    )


def audit_prefix() -> str:
    """The CLICKHOUSE_PREFIX of the databases that are built and tested before they are published."""
    return f"{clickhouse().prefix}{AUDIT}"


def embedded_password(host: str) -> str:
    """The password that the embedded ClickHouse of this machine keeps; empty where there is none."""
    file = clickhouse_password_file(clickhouse_dir())
    return file.read_text() if host in LOOPBACK and file.exists() else ""


@contextmanager
def password_handed_on() -> Iterator[None]:
    """Puts the password into the environment while the block runs: dbt reads only the environment."""
    with environment({"CLICKHOUSE_PASSWORD": clickhouse().password}):
        yield


def kafka() -> KafkaSettings:
    """The brokers of streams: KAFKA_BOOTSTRAP, _SECURITY_PROTOCOL, _SASL_MECHANISM, _SASL_USERNAME, _SASL_PASSWORD and
    _CA, and the group that shares their messages, KAFKA_GROUP.
    """
    return KafkaSettings(
        bootstrap=_setting("KAFKA_BOOTSTRAP", "127.0.0.1:9092"),
        protocol=_setting("KAFKA_SECURITY_PROTOCOL", "plaintext"),
        mechanism=_setting("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        username=_setting("KAFKA_SASL_USERNAME", ""),
        password=_setting("KAFKA_SASL_PASSWORD", ""),
        ca=_setting("KAFKA_CA", ""),
        group=_setting("KAFKA_GROUP", "duckhouse"),
    )
