"""The servers that commands of a campaign use: each runs while its block does, and gives the settings by which commands
find it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckhouse.embedded.postgres import ROLE, embedded, prepare
from duckhouse.processes import embedded_clickhouse

PREFIX = "duckhouse"
DATABASES = {"POSTGRES_DSN": "ad_delivery", "TELEMETRY_DSN": "telemetry"}
QUICK = ("fsync=off", "full_page_writes=off", "track_commit_timestamp=on")
"""Settings of PostgreSQL: the server itself is not killed."""


@contextmanager
def postgres(folder: Path) -> Iterator[dict[str, str]]:
    with embedded(folder, settings=QUICK) as server:
        for database in DATABASES.values():
            prepare(server, database)
        yield {name: server.conninfo(database, ROLE) for name, database in DATABASES.items()}


@contextmanager
def clickhouse(folder: Path) -> Iterator[dict[str, str]]:
    with embedded_clickhouse("--port", "0", "--data", str(folder)):
        of_server = {name: os.environ[name] for name in ("CLICKHOUSE_PORT", "CLICKHOUSE_PASSWORD")}
        yield {"CLICKHOUSE_HOST": "127.0.0.1", "CLICKHOUSE_PREFIX": PREFIX, **of_server}
