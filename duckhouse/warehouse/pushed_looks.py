"""Brings to ClickHouse when sources were last looked at: the one row of raw_<source>._looks."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from duckhouse.clickhouse_sql import full_name, literal
from duckhouse.warehouse.connection import refusals_told

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LOOKS = "_looks"
# a look that is pushed again must not be treated as a duplicate of an earlier one
SETTINGS = {"insert_deduplicate": 0}


def push_looks(client: "Client", looks: Mapping[str, datetime]) -> None:
    """Replaces the looks of sources that were pushed before. `looks` must be read before the deliveries: what lands in
    between is not pushed yet.
    """
    there = f"select database from system.tables where startsWith(database, 'raw_') and name = {literal(LOOKS)}"
    with refusals_told():
        pushed = {database for (database,) in client.query(there).result_rows}
        for source, looked_at in looks.items():
            if (database := f"raw_{source}") in pushed:
                at = literal(f"{looked_at:%Y-%m-%d %H:%M:%S.%f}")
                client.command(f"insert into {full_name(database, LOOKS)} values ({at})", settings=SETTINGS)
