"""The commands that campaigns run: where each begins, and the functions by which it changes something outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FILES = tuple(f"os:{name}" for name in ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "open"))
POSTGRES = ("psycopg:Cursor.execute", "psycopg:Cursor.copy", "psycopg:Transaction.__exit__")
CLICKHOUSE = ("clickhouse_connect.driver._backend.http_sync:HttpSyncBackend.request",)
LAKE = ("pyiceberg.io.pyarrow:PyArrowFile.create", "pyiceberg.catalog.sql:SqlCatalog.commit_table")
SMALL_RANGES = {"duckhouse.extraction.ranges:RANGE_ROWS": 3, "duckhouse.extraction.ranges:MOST_ROWS": 4}


@dataclass(frozen=True)
class Command:
    """A module with a main(), and functions that `moments.watch` takes.

    `imports` is what it imports late, `before` a function that is called with its words before it is forked off, and
    `sizes` are numbers of modules that are small, so that few rows are many.
    """

    module: str
    changing: tuple[str, ...]
    imports: tuple[str, ...] = ()
    before: str | None = None
    sizes: Mapping[str, object] = field(default_factory=dict)


LANDING = ("tqdm", "duckhouse.landing.files", "duckhouse.landing.zone_tables", "duckhouse.landed_rows")
COMMANDS = {
    "land": Command("scripts.land", FILES, LANDING),
    "fetch": Command(
        "scripts.land",
        (*FILES, "botocore.client:BaseClient._make_api_call", "botocore.response:StreamingBody.read"),
        (*LANDING, "boto3"),
    ),
    "extract": Command("scripts.extract_postgres", (*FILES, *POSTGRES), LANDING, sizes=SMALL_RANGES),
    "land_stream": Command("scripts.land", FILES, (*LANDING, "duckhouse.streaming.lake.landable")),
    "migrate": Command(
        "scripts.migrate_telemetry",
        POSTGRES,
        ("tqdm", "duckhouse.streaming.history.migration"),
        sizes={"duckhouse.streaming.history.lake_day:PIECE": 12},
    ),
    "consume": Command(
        "tools.campaigns.consume.consumer",
        (
            *LAKE,
            *POSTGRES,
            "duckhouse.streaming.letters:Letters.send",
            "duckhouse.streaming.broker:Broker.commit",
        ),
    ),
    "push": Command("scripts.push", CLICKHOUSE, ("pyarrow.parquet", "clickhouse_connect", "tqdm")),
    "publish": Command("scripts.publish", CLICKHOUSE, ("tqdm",)),
    "build_dev": Command(
        "tools.campaigns.kills.dbt_build",
        ("dbt.adapters.duckdb.environments.local:DuckDBCursorWrapper.execute", "os:rename"),
        before="tools.campaigns.kills.dbt_build:warm_up",
    ),
    "build_prod": Command(
        "tools.campaigns.kills.dbt_build",
        CLICKHOUSE,
        before="tools.campaigns.kills.dbt_build:warm_up",
    ),
    "report": Command("scripts.report", FILES),
}
