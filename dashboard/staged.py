"""Records that are not published, such as rejected texts: the query that shows them, and the database to run it on."""

from dataclasses import replace

import streamlit as st

from dashboard.asking import Asking
from dashboard.parts import plain
from duckhouse.settings import clickhouse, duckdb_path
from duckhouse.warehouse.questions import Value

SCHEMA = "staging"


def in_staging(asking: Asking, table: str, **values: Value) -> None:
    """Shows the query for the records of a staging table that have these values of columns."""
    where, sql = staged(asking, table, **values)
    st.caption(plain(f"What is rejected or set aside is not published. This query shows it, on {where}:"))
    st.code(sql, language="sql")


def staged(asking: Asking, table: str, **values: Value) -> tuple[str, str]:
    """The database, and the query."""
    dialect = asking.house.dialect
    if asking.target == "dev":
        place = str(duckdb_path())
        dialect = replace(dialect, relation=lambda schema, name: f"{schema}.{dialect.quoted(name)}")
    else:
        server = clickhouse()
        place = f"ClickHouse at {server.host}:{server.port}"
    conditions = " and ".join(f"{column} = {dialect.value(value)}" for column, value in values.items())
    return place, f"select * from {dialect.relation(SCHEMA, table)} where {conditions}"
