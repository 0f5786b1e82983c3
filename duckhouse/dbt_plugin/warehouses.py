"""What a warehouse knows about its nodes: what each was last made from (builds.nodes), how long its runs took
(builds.runs), what tests have passed (builds.tested), the row counts of its relations, and the deliveries that it can
read.

It is asked through the adapter of a dbt command, or without dbt through a connection.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from duckhouse.dbt_plugin.graph import Done
from duckhouse.dbt_plugin.landed import OF_SOURCE, Deliveries, in_zones

Relation = tuple[str, str]
"""Schema and name."""

Query = Callable[[str], Sequence[Sequence[str]]]
"""Runs one statement and returns its rows."""

SCHEMA = "builds"
COLUMNS = "node_id, version, outcome, done_at, row_count"


class NodeRun(NamedTuple):
    """One run of a node that makes a relation, by the dbt command of that invocation id. `at` is when it was done, in
    UTC, as a text that sorts like the time; `outcome` is dbt's status."""

    node: str
    invocation: str
    at: str
    outcome: str
    seconds: float


class Passed(NamedTuple):
    """A test that passed what its model holds. `parts` is SQL of a relation with the days or deliveries of that, in the
    columns part and version, which are texts."""

    test: str
    parts: str


class Warehouse(Protocol):
    """The database of one target. `tested_table` is builds.tested, to select from."""

    query: Query
    tested_table: str

    def holds(self, table: str) -> bool:
        """Whether schema builds has the table."""

    def deliveries(self) -> Deliveries: ...

    def records(self) -> dict[str, Done]: ...

    def write(self, records: Mapping[str, Done]) -> None: ...

    def write_runs(self, runs: Iterable[NodeRun]) -> None: ...

    def forget_tested(self, tests: Set[str]) -> None: ...

    def write_tested(self, passed: Sequence[Passed], code: str) -> None: ...


class DuckDB:
    """Target dev."""

    tested_table = "builds.tested"

    def __init__(self, query: Query, landing: Path) -> None:
        self.query = query
        self.landing = landing

    def deliveries(self) -> Deliveries:
        return in_zones(self.landing)

    def records(self) -> dict[str, Done]:
        return _records(self.query(f"select {COLUMNS} from builds.nodes")) if self.holds("nodes") else {}

    def holds(self, table: str) -> bool:
        of_builds = "select table_name from duckdb_tables() where schema_name = 'builds'"
        return bool(self.query(f"{of_builds} and table_name = {_literal(table)}"))

    def write(self, records: Mapping[str, Done]) -> None:
        self.query(f"create schema if not exists {SCHEMA}")
        self.query(
            "create table if not exists builds.nodes "
            "(node_id varchar primary key, version varchar, outcome varchar, done_at varchar, row_count varchar)"
        )
        self.query(f"insert or replace into builds.nodes values {_values(records)}")

    def write_runs(self, runs: Iterable[NodeRun]) -> None:
        """Needs the schema, which write() makes."""
        self.query(
            "create table if not exists builds.runs "
            "(node_id varchar, invocation_id varchar, done_at varchar, outcome varchar, seconds double)"
        )
        self.query(f"insert into builds.runs values {_rows(runs)}")

    def forget_tested(self, tests: Set[str]) -> None:
        if tests:
            self.query(f"delete from builds.tested where node_id in ({_list(tests)})")

    def write_tested(self, passed: Sequence[Passed], code: str) -> None:
        """Needs the schema, which write() makes."""
        if passed:
            self.query(
                "create table if not exists builds.tested (node_id varchar, part varchar, version varchar, "
                "code varchar, primary key (node_id, part))"
            )
            self.query(f"insert or replace into builds.tested {_newly_passed(passed, self.tested_table, code)}")


class ClickHouse:
    """Target prod."""

    def __init__(self, query: Query, prefix: str) -> None:
        self.query = query
        self.prefix = prefix
        self.database = f"{prefix}_{SCHEMA}"
        self.tested_table = f"`{self.database}`.tested final"

    def deliveries(self) -> Deliveries:
        """A half-pushed delivery does not count yet: its row in _deliveries is written last."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        raw = "select database from system.tables where startsWith(database, 'raw_') and name = '_deliveries'"
        for (database,) in self.query(raw):
            pushed = self.query(f"select delivery_id from `{database}`._deliveries")
            found[database] = {OF_SOURCE: frozenset(identity for (identity,) in pushed)}
        parts: dict[tuple[str, str], set[str]] = defaultdict(set)
        held = (
            "select distinct database, table, partition from system.parts where active and startsWith(database, 'raw_')"
        )
        for database, table, partition in self.query(held):
            parts[database, table].add(partition)
        for (database, table), partitions in parts.items():
            if database in found:
                found[database][table] = found[database][OF_SOURCE] & partitions
        return {database.removeprefix("raw_"): tables for database, tables in found.items()}

    def records(self) -> dict[str, Done]:
        if not self.holds("nodes"):
            return {}
        return _records(self.query(f"select {COLUMNS} from `{self.database}`.nodes final"))

    def holds(self, table: str) -> bool:
        of_builds = f"select name from system.tables where database = {_literal(self.database)}"
        return bool(self.query(f"{of_builds} and name = {_literal(table)}"))

    def write(self, records: Mapping[str, Done]) -> None:
        self.query(f"create database if not exists `{self.database}`")
        self.query(
            f"create table if not exists `{self.database}`.nodes (node_id String, version String, outcome String, "
            "done_at String, row_count String, written_at Int64) "
            "engine = ReplacingMergeTree(written_at) order by node_id"
        )
        self.query(f"insert into `{self.database}`.nodes values {_values(records, str(time.time_ns()))}")

    def write_runs(self, runs: Iterable[NodeRun]) -> None:
        """Needs the database, which write() makes."""
        self.query(
            f"create table if not exists `{self.database}`.runs (node_id String, invocation_id String, done_at String, "
            "outcome String, seconds Float64) engine = MergeTree order by (node_id, done_at)"
        )
        self.query(f"insert into `{self.database}`.runs values {_rows(runs)}")

    def forget_tested(self, tests: Set[str]) -> None:
        if tests:
            delete = f"alter table `{self.database}`.tested delete where node_id in ({_list(tests)})"
            self.query(f"{delete} settings mutations_sync = 2")

    def write_tested(self, passed: Sequence[Passed], code: str) -> None:
        """Needs the database, which write() makes."""
        if passed:
            self.query(
                f"create table if not exists `{self.database}`.tested (node_id String, part String, version String, "
                "code String, written_at Int64) engine = ReplacingMergeTree(written_at) order by (node_id, part)"
            )
            new = _newly_passed(passed, self.tested_table, code, str(time.time_ns()))
            self.query(f"insert into `{self.database}`.tested {new}")


def through(adapter: Any) -> Query:
    """Runs queries on the connection of a dbt command."""

    def query(sql: str) -> Sequence[Sequence[str]]:
        _, table = adapter.execute(sql, fetch=sql.startswith("select"))
        return list(table.rows)

    return query


def row_counts(query: Query, relations: Iterable[Relation]) -> dict[Relation, str]:
    """For each existing relation the row count of a table, or "" for a view. Both engines count without reading."""
    found = {
        (schema, name): kind
        for schema, name, kind in query("select table_schema, table_name, table_type from information_schema.tables")
    }
    there = sorted(found.keys() & set(relations))
    counts = [
        f"select {_literal(schema)}, {_literal(name)}, cast(count(*) as varchar) from {_name(schema)}.{_name(name)}"
        for schema, name in there
        if found[schema, name] != "VIEW"
    ]
    counted = query(" union all ".join(counts)) if counts else []
    return dict.fromkeys(there, "") | {(schema, name): count for schema, name, count in counted}


def _records(rows: Iterable[Sequence[str]]) -> dict[str, Done]:
    return {row[0]: Done(*(value or "" for value in tuple(row)[1:])) for row in rows}


def _values(records: Mapping[str, Done], *more: str) -> str:
    return ", ".join(
        "(" + ", ".join([*map(_literal, (node, made.version, made.outcome, made.at, made.rows)), *more]) + ")"
        for node, made in records.items()
    )


def _newly_passed(passed: Iterable[Passed], table: str, code: str, *more: str) -> str:
    """Selects the rows of builds.tested that it does not have yet."""
    return " union all ".join(
        f"select {', '.join([_literal(test), 'parts.part', 'parts.version', _literal(code), *more])} "
        f"from {parts} as parts where (parts.part, parts.version) not in "
        f"(select part, version from {table} where node_id = {_literal(test)})"
        for test, parts in passed
    )


def _rows(runs: Iterable[NodeRun]) -> str:
    return ", ".join(f"({', '.join(map(_literal, run[:-1]))}, {run.seconds!r})" for run in runs)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(texts: Iterable[str]) -> str:
    return ", ".join(map(_literal, sorted(texts)))


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
