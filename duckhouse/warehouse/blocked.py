"""Why builds of a target are blocked: read in a moment, without dbt, also while a build runs."""

from duckhouse.dbt_plugin.block_lines import Blocked as Blocked
from duckhouse.dbt_plugin.block_lines import blocked_by
from duckhouse.dbt_plugin.block_lines import by_rule as by_rule
from duckhouse.dbt_plugin.block_lines import headline as headline
from duckhouse.dbt_plugin.block_lines import lines as lines
from duckhouse.dbt_plugin.block_lines import untold as untold
from duckhouse.dbt_plugin.block_lines import ways_on as ways_on
from duckhouse.dbt_plugin.blocks import BesideCopy, InTable
from duckhouse.settings import PROJECT, audit_prefix, clickhouse, published_path
from duckhouse.warehouse.connection import connect


def blocked(target: str) -> Blocked | None:
    """None where the last build of dev or prod passed. Raises UserError where ClickHouse does not answer."""
    if target == "dev":
        return blocked_by(BesideCopy(PROJECT / published_path()).read())
    with connect() as client:
        for prefix in (audit_prefix(), clickhouse().prefix):
            table = InTable(lambda sql: client.query(sql).result_rows, prefix)
            if found := table.read():
                return blocked_by(found, table.is_in_place)
    return None
