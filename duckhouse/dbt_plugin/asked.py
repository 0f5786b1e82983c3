"""While a node runs, its engine is asked once for the columns of a table or a query.

Without this, materializations, contracts and macros of the project each ask for them. An incremental model on
ClickHouse asks five times for the columns of its table and three times for those of its query. An answer is forgotten
once the node changes the table that it is about.

ClickHouse is asked to describe a query, as DuckDB is. dbt would select none of its rows, which the engine plans as if
to run it, for three times as long. It is not asked where the model says what its query makes (`meta.makes`: the type of
each column). A table with the columns of a query is created with those that are known: of the query, the engine would
find them once more.
"""

import re
import sys
import threading
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.sql.impl import SQLAdapter
from dbt.task.runnable import GraphRunnableTask
from dbt_common.exceptions import DbtDatabaseError

CLICKHOUSE = "dbt.adapters.clickhouse.impl"
ADAPTERS = {"dbt.adapters.duckdb.impl": "DuckDBAdapter", CLICKHOUSE: "ClickHouseAdapter"}
COMMENTS = r"(?:\s++|/\*.*?\*/|--[^\n]*+\n)*+"
KEEPS_COLUMNS = re.compile(
    COMMENTS + r"(?:(?:select|with|insert|delete|update|truncate|comment|describe|explain|show|begin|commit)\b"
    r"|alter\s+table\s+\S+\s+(?:(?:replace|drop|move|attach)\s+partition|modify\s+comment|comment\s+column)\b)",
    re.IGNORECASE | re.DOTALL,
)

# an empty table with the columns of a query, as dbt creates it on ClickHouse
EMPTY_AS = re.compile(
    COMMENTS + r"(?P<table>create table .*?)(?P<options>\bengine\s*=.*?)\bempty\s+as \((?P<query>.*)\)[^)]*",
    re.IGNORECASE | re.DOTALL,
)

MADE = "names and types of columns"
Columns = list[Any]

plain_call_runner: Any = GraphRunnableTask.call_runner
plain_execute: Any = BaseAdapter.execute
plain_columns: Any = SQLAdapter.get_columns_in_relation


class OfNode(threading.local):
    """Answers to the node of this thread: for each question, the table that it is about and the answer."""

    def __init__(self) -> None:
        self.node: Any = None
        self.table = ""
        self.answers: dict[Hashable, tuple[str, Columns]] | None = None


of_node = OfNode()


def install() -> None:
    task: Any = GraphRunnableTask
    base: Any = BaseAdapter
    sql: Any = SQLAdapter
    task.call_runner, base.execute, sql.get_columns_in_relation = call_runner, execute, columns_in_relation
    for module, name in ADAPTERS.items():
        if module in sys.modules:  # an adapter that the target does not use is not loaded
            keep_columns_of_queries(getattr(sys.modules[module], name))
    if CLICKHOUSE in sys.modules:
        describe_queries()


@cache
def keep_columns_of_queries(adapter: Any) -> None:
    plain = adapter.get_column_schema_from_query

    def columns_of_query(self: Any, sql: str, *others: Any, **words: Any) -> Columns:
        asked = sql, *map(repr, others), *(f"{name}={words[name]!r}" for name in sorted(words) if words[name])
        return told(asked, of_node.table, lambda: plain(self, sql, *others, **words))

    adapter.get_column_schema_from_query = columns_of_query


def describe_queries() -> None:
    from dbt.adapters.clickhouse.httpclient import ChHttpClient

    client: Any = ChHttpClient
    client.columns_in_query = columns_by_description


def columns_by_description(client: Any, sql: str, **words: Any) -> Columns:
    """The columns of a query on ClickHouse."""
    from dbt.adapters.clickhouse.column import ClickHouseColumn

    columns = said_by_model(sql) or names_and_types(client, f"(\n{sql}\n)", **words)
    if of_node.node and (words.get("settings") or {}) == (of_node.node.config.get("query_settings") or {}):
        told((MADE, sql.strip()), of_node.table, lambda: columns)
    return [ClickHouseColumn.create(name, kind) for name, kind in columns]


def names_and_types(client: Any, table: str, **words: Any) -> Columns:
    """The columns of a table or a query in brackets, as ClickHouse describes it."""
    return [(name, kind) for name, kind, *_ in client.query(f"describe table {table}", **words).result_rows]


def said_by_model(sql: str) -> Columns:
    """Names and types of the columns, where this is the query of the node, and its model says what it makes."""
    code = getattr(of_node.node, "compiled_code", None)
    return list(of_node.node.config.meta.get("makes", {}).items()) if code and sql.strip() == code.strip() else []


def call_runner(task: Any, runner: Any) -> Any:
    of_node.node, of_node.table, of_node.answers = runner.node, str(getattr(runner.node, "alias", "")), {}
    try:
        return plain_call_runner(task, runner)
    finally:
        of_node.node, of_node.answers = None, None


def columns_in_relation(adapter: Any, relation: Any) -> Columns:
    find = described if adapter.type() == "clickhouse" else plain_columns
    return told(str(relation), relation.identifier, lambda: find(adapter, relation))


def described(adapter: Any, relation: Any) -> Columns:
    """The columns of a table on ClickHouse; none where it is not there. dbt looks for them in a system table, which
    takes twice as long.
    """
    from dbt.adapters.clickhouse.column import ClickHouseColumn

    client = adapter.connections.get_thread_connection().handle
    table = relation.include(schema=False) if relation.is_temporary else relation
    try:
        return [ClickHouseColumn.create(name, kind) for name, kind in names_and_types(client, table)]
    except DbtDatabaseError:
        if client.query(f"exists {table}").result_rows[0][0]:
            raise
        return []


def told(asked: Hashable, about: str, ask: Callable[[], Columns]) -> Columns:
    answers = of_node.answers
    if answers is None:
        return ask()
    if asked not in answers:
        answers[asked] = about, ask()
    return list(answers[asked][1])


def execute(adapter: Any, sql: str, *others: Any, **words: Any) -> Any:
    try:
        return plain_execute(adapter, with_columns(sql), *others, **words)
    finally:
        forget(sql)


def with_columns(sql: str) -> str:
    """The statement that creates a table, with columns instead of a query whose columns are known."""
    answers = of_node.answers
    found = EMPTY_AS.fullmatch(sql) if answers is not None else None
    if answers is None or found is None:
        return sql
    _, columns = answers.get((MADE, found["query"].strip()), ("", said_by_model(found["query"])))
    named = ", ".join(f"`{name}` {kind}" for name, kind in columns)
    return f"{found['table']}({named}) {found['options']}" if columns else sql


def forget(sql: str) -> None:
    """Forgets the answers about tables whose columns the statement may have changed."""
    answers = of_node.answers
    if answers and not KEEPS_COLUMNS.match(sql):
        for asked, (about, _) in list(answers.items()):
            if re.search(rf"\b{re.escape(about)}\b", sql):
                del answers[asked]
