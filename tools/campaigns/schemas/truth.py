"""Compares the content of a drawn table, as PostgreSQL prints it, with what the deliveries add up to."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from duckhouse.extraction.results import Result
from tools.campaigns.schemas.shapes import SOURCE, Shape

FIRST_YEAR, LAST_YEAR = 1900, 2299  # the years that landed times may have

Told = dict[int, tuple[Any, ...]]
"""By key, the other declared columns and the content of _unmapped."""


def differences(connection: psycopg.Connection, shape: Shape, landing: Path, result: Result) -> Iterator[str]:
    truth, stands = held(connection, shape), landed(shape, landing)
    for key in sorted(truth.keys() | stands.keys()):
        if truth.get(key) != stands.get(key):
            yield f"row {key} is {truth.get(key)}, landed {stands.get(key)}"
    [of_table] = result.tables
    if (of_table.source_rows, of_table.known_rows) != (len(truth), len(truth)):
        yield f"{len(truth)} rows, the run says {of_table.source_rows}, and that it knows {of_table.known_rows}"


def held(connection: psycopg.Connection, shape: Shape) -> Told:
    def spelled(names: list[str]) -> sql.Composable:
        text = sql.SQL("case when {0} is distinct from null then concat({0}) end")
        return sql.SQL(", ").join(text.format(sql.Identifier(name)) for name in names)

    query = sql.SQL("select {}, array[{}]::text[] from {}").format(
        spelled(shape.declared), spelled(shape.names), sql.Identifier(shape.name)
    )
    truth: Told = {}
    for key, text, number, time, others in connection.execute(query):
        unmapped = {name: value for name, value in zip(shape.names, others, strict=True) if value is not None}
        moment = _moment(time)
        if time is not None and moment is None:
            unmapped[shape.declared[3]] = time
        truth[int(key)] = (text, None if number is None else int(number), moment, unmapped)
    return truth


def _moment(text: str | None) -> datetime | None:
    with suppress(ValueError):
        found = datetime.fromisoformat(text or "")
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
    return None


def landed(shape: Shape, landing: Path) -> Told:
    """What the deliveries add up to: the last record of each key, unless it is a tombstone."""
    key, *declared = shape.declared
    rows = {row[key]: row for row in records(landing)}
    return {
        number: (*(row[name] for name in declared), json.loads(row["_unmapped"] or "{}"))
        for number, row in rows.items()
        if row["operation"] == "upsert"
    }


def records(landing: Path) -> list[dict[str, Any]]:
    """All of them, in the order of changes."""
    files = f"{landing}/{SOURCE}/delivery=*/rows/*.parquet"
    with duckdb.connect() as reader:
        found = reader.execute("from read_parquet(?) order by _delivery_id, _source_row", [files])
        columns = [column[0] for column in found.description or ()]
        rows: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return rows
