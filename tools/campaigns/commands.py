"""The commands that campaigns run: their entry points, and the functions with which they change something outside."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pkgutil import resolve_name

FILES = tuple(f"os:{name}" for name in ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "open"))
POSTGRES = ("psycopg:Cursor.execute", "psycopg:Cursor.copy", "psycopg:Transaction.__exit__")
CLICKHOUSE = ("clickhouse_connect.driver._backend.http_sync:HttpSyncBackend.request",)
LAKE = ("pyiceberg.io.pyarrow:PyArrowFile.create", "pyiceberg.catalog.sql:SqlCatalog.commit_table")
SMALL_RANGES = {"duckhouse.extraction.ranges:RANGE_ROWS": 3, "duckhouse.extraction.ranges:MOST_ROWS": 4}
SHORT_HISTORY = {f"duckhouse.streaming.lake.expiry:{name}": 1 for name in ("LATEST", "HOURS", "DAYS")}
FEW_MODELS = {
    "duckhouse.warehouse.prod:AUDITED": (
        *("--select", "stg_consent__events", "stg_consent__companies"),
        *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    ),
    "duckhouse.warehouse.prod:FIGURES": ("--select", "countries", "--exclude-resource-type", "test"),
}


@dataclass(frozen=True)
class Command:
    """A module with a main(), and functions for `moments.watch`, at which the command is killed.

    `imports` is what it imports late, `before` a function that is called with its arguments before the fork, and
    `sizes` are settings of modules that lower limits, so that a few rows count as many and a few models as all.
    """

    module: str
    changing: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    before: str | None = None
    sizes: Mapping[str, object] = field(default_factory=dict)

    def warm_up(self, words: Sequence[str]) -> None:
        """Imports once what every fork would otherwise import itself."""
        for name in (self.module, *self.imports):
            import_module(name)
        for name in self.changing:
            import_module(name.partition(":")[0])
        if self.before:
            resolve_name(self.before)(words)

    def ready(self, words: Sequence[str]) -> Callable[[], int | None]:
        """Runs its main() with these arguments, in a process that does nothing else."""
        for name, value in self.sizes.items():
            module, _, attribute = name.partition(":")
            setattr(import_module(module), attribute, value)
        sys.argv = [self.module, *words]
        main: Callable[[], int | None] = resolve_name(f"{self.module}:main")
        return main


LANDING = ("tqdm", "duckhouse.landing.files", "duckhouse.landing.zone_tables", "duckhouse.landed_rows")
WAREHOUSE = ("pyarrow.parquet", "clickhouse_connect", "tqdm")
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
        "scripts.consume_kafka",
        (
            *LAKE,
            *POSTGRES,
            "duckhouse.streaming.letters:Letters.send",
            "duckhouse.streaming.broker:Broker.commit",
        ),
    ),
    "lake": Command("scripts.lake", sizes={**SHORT_HISTORY, "duckhouse.streaming.lake.leftovers:AGE": timedelta(0)}),
    "push": Command("scripts.push", CLICKHOUSE, WAREHOUSE),
    "publish": Command("scripts.publish", CLICKHOUSE, ("tqdm",)),
    "pipeline": Command(
        "scripts.pipeline",
        imports=("duckhouse.warehouse.prod", "duckhouse.pipeline.steps", *WAREHOUSE),
        sizes={**FEW_MODELS, "duckhouse.pipeline.cycle:FOLLOWING": ()},  # few models make no report
    ),
    "build": Command("tools.campaigns.trouble.build"),
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
    "deps": Command("scripts.deps"),
}
