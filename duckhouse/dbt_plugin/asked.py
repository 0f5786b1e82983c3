"""While a node runs, its engine is asked once for the columns of a table or a query.

Without this, materializations, contracts and macros of the project each ask for them. An incremental model on
ClickHouse asks five times for the columns of its table and three times for those of its query. An answer is forgotten
once the node changes the table that it is about.

ClickHouse is asked to describe a query, as DuckDB is. dbt would select none of its rows, which the engine plans as if
to run it, for three times as long.
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

CLICKHOUSE = "dbt.adapters.clickhouse.impl"
ADAPTERS = {"dbt.adapters.duckdb.impl": "DuckDBAdapter", CLICKHOUSE: "ClickHouseAdapter"}
COMMENTS = r"(?:\s++|/\*.*?\*/|--[^\n]*+\n)*+"
KEEPS_COLUMNS = re.compile(
    COMMENTS + r"(?:(?:select|with|insert|delete|update|truncate|comment|describe|explain|show|begin|commit)\b"
    r"|alter\s+table\s+\S+\s+(?:(?:replace|drop|move|attach)\s+partition|modify\s+comment|comment\s+column)\b)",
    re.IGNORECASE | re.DOTALL,
)

Columns = list[Any]

plain_call_runner: Any = GraphRunnableTask.call_runner
plain_execute: Any = BaseAdapter.execute
plain_columns: Any = SQLAdapter.get_columns_in_relation


class OfNode(threading.local):
    """Answers to the node of this thread: for each question, the table that it is about and the answer."""

    def __init__(self) -> None:
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

    rows = client.query(f"describe table (\n{sql}\n)", **words).result_rows
    return [ClickHouseColumn.create(name, kind) for name, kind, *_ in rows]


def call_runner(task: Any, runner: Any) -> Any:
    of_node.table, of_node.answers = str(getattr(runner.node, "alias", "")), {}
    try:
        return plain_call_runner(task, runner)
    finally:
        of_node.answers = None


def columns_in_relation(adapter: Any, relation: Any) -> Columns:
    return told(str(relation), relation.identifier, lambda: plain_columns(adapter, relation))


def told(asked: Hashable, about: str, ask: Callable[[], Columns]) -> Columns:
    answers = of_node.answers
    if answers is None:
        return ask()
    if asked not in answers:
        answers[asked] = about, ask()
    return list(answers[asked][1])


def execute(adapter: Any, sql: str, *others: Any, **words: Any) -> Any:
    try:
        return plain_execute(adapter, sql, *others, **words)
    finally:
        forget(sql)


def forget(sql: str) -> None:
    """Forgets the answers about tables whose columns the statement may have changed."""
    answers = of_node.answers
    if answers and not KEEPS_COLUMNS.match(sql):
        for asked, (about, _) in list(answers.items()):
            if re.search(rf"\b{re.escape(about)}\b", sql):
                del answers[asked]
