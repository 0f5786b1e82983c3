"""The statement that makes each published table and view on ClickHouse, kept as a file in docs/clickhouse_tables."""

import re
from pathlib import Path

from clickhouse_connect.driver.client import Client

from duckhouse.clickhouse_sql import literal
from duckhouse.settings import PROJECT
from duckhouse.warehouse.parity import PUBLISHED_SCHEMAS

FOLDER = PROJECT / "docs" / "clickhouse_tables"
PREFIX = "duckhouse"
"""Files name databases with the default CLICKHOUSE_PREFIX."""


def definitions(client: Client, prefix: str) -> dict[Path, str]:
    """The output of `show create table` for each published relation, by its file."""
    databases = ", ".join(literal(f"{prefix}_{schema}") for schema in PUBLISHED_SCHEMAS)
    found = client.query(
        "select database, name, formatQuery(create_table_query) from system.tables "
        f"where database in ({databases}) and position(name, '__dbt_') = 0"
    ).result_rows
    of_prefix = re.compile(rf"\b{re.escape(prefix)}_(?=\w+\.)")
    return {
        FOLDER / database.removeprefix(f"{prefix}_") / f"{name}.sql": of_prefix.sub(f"{PREFIX}_", statement) + "\n"
        for database, name, statement in found
    }


def kept() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.sql")}
