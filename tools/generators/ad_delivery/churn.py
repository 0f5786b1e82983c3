"""Changes that are hard for an extraction: edits that leave no trace, deletes, ids that commit out of order.

The functions on a connection leave the commit to the caller.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from duckhouse.cli import UserError, progress
from duckhouse.extraction.database import Database
from tools.generators.ad_delivery.faults import FaultLog, plant
from tools.generators.ad_delivery.rows import (
    BACK_DATED_MINUTES,
    BID_CENTS,
    BUDGET_CENTS,
    add_campaigns,
    clicks_on,
    clock,
    copy_rows,
    draw_minutes,
)

Place = tuple[LiteralString, LiteralString]  # table and column

EDITS: tuple[Place, ...] = (
    ("campaign", "bid"),
    ("campaign", "budget"),
    ("campaign", "name"),
    ("advertiser", "name"),
)
SILENT_EDITS: tuple[Place, ...] = (*EDITS, ("impressions", "campaign_id"), ("impressions", "created_at"))
ONE_IN_NULL = 5  # an impression loses its campaign or its time
ONE_IN_CAMPAIGN = 5  # a delete takes a campaign without rows, where there is one
ONE_IN_ROLLBACK = 4  # a late transaction
ONE_IN_CLICK = 10  # a new row
# characters that text formats of rows must escape
NAMES = ("Zoë & Söhne", 'Said "now"', "O'Brien; --", "Tab\there", "Two\nlines", r"Back\slash \N", "{a,b}", "广告 📣")


class Edit(NamedTuple):
    table: str
    column: str
    key: int
    after: Any


@dataclass(frozen=True)
class LateTransaction:
    """Rows that are written but not committed. `ids` has the id of each, by table."""

    connection: psycopg.Connection
    ids: dict[str, int]

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()


def churn(
    database: Database,
    rng: np.random.Generator,
    *,
    edits: int,
    silent_edits: int,
    deletes: int,
    late_commits: int,
    new_rows: int,
    truth: FaultLog | None = None,
) -> dict[str, Any]:
    """Makes the given numbers of changes in random order, each in its own transaction, but all new rows in one.

    Some of the `late_commits` are rolled back. If there is a `truth`, quality faults are planted afterwards, and it
    records them and the edits. Returns what was done: fewer changes where there was nothing to delete. Raises UserError
    where there is no campaign.
    """
    done = {"edits": 0, "silent_edits": 0, "deletes": 0, "late_commits": 0, "rollbacks": 0, "new_rows": 0}
    rows = {"inserted": Counter(), "updated": Counter(), "deleted": Counter()}

    def one_edit(kind: str, places: tuple[Place, ...]) -> None:
        if edited := edit(connection, rng, places, is_silent=kind == "silent_edits"):
            done[kind] += 1
            rows["updated"][f"{edited.table}.{edited.column}"] += 1
            if truth:
                truth.edited(*edited, is_silent=kind == "silent_edits")

    def one_delete() -> None:
        if table := delete(connection, rng):
            done["deletes"] += 1
            rows["deleted"][table] += 1

    def one_late_commit() -> None:
        with late_transaction(database, rng) as late:
            rows["inserted"].update(add_rows(connection, rng, impressions=1, clicks=1))
            if rng.integers(ONE_IN_ROLLBACK):
                late.commit()
                done["late_commits"] += 1
                rows["inserted"].update(late.ids.keys())
            else:
                late.rollback()
                done["rollbacks"] += 1

    def all_new_rows() -> None:
        clicks = int(rng.binomial(new_rows, 1 / ONE_IN_CLICK))
        rows["inserted"].update(add_rows(connection, rng, impressions=new_rows - clicks, clicks=clicks))
        done["new_rows"] += new_rows

    steps: list[Callable[[], None]] = [
        *[lambda: one_edit("edits", EDITS)] * edits,
        *[lambda: one_edit("silent_edits", SILENT_EDITS)] * silent_edits,
        *[one_delete] * deletes,
        *[one_late_commit] * late_commits,
        *[all_new_rows] * bool(new_rows),
    ]
    with database.connect(autocommit=True) as connection:
        if any_id(connection, rng, "campaign") is None:
            raise UserError("there is no campaign: make some with python -m tools.generate ad_delivery batch")
        for place in progress(rng.permutation(len(steps)), label="churn", unit="step"):
            steps[place]()
        if truth:
            with connection.transaction():
                plant(connection, rng, truth)
    return done | {operation: dict(sorted(counts.items())) for operation, counts in rows.items()}


def edit(
    connection: psycopg.Connection, rng: np.random.Generator, places: tuple[Place, ...], *, is_silent: bool
) -> Edit | None:
    """Gives a row of one of the `places` another value; updated_at changes too unless `is_silent`.

    None where the tables are empty.
    """
    for place in rng.permutation(len(places)):
        table, column = places[place]
        key = any_id(connection, rng, table)
        if key is not None:
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            known = "case when isfinite({column}) then {column} end" if column == "created_at" else "{column}"
            query = sql.SQL("select " + known + " from {table} where id = %s").format(**names)
            (before,) = connection.execute(query, [key]).fetchone()
            touch = sql.SQL("" if is_silent else ", updated_at = localtimestamp")
            query = sql.SQL("update {table} set {column} = %s{touch} where id = %s").format(**names, touch=touch)
            after = _another(connection, rng, column, before)
            connection.execute(query, [after, key])
            return Edit(table, column, key, after)
    return None


def delete(connection: psycopg.Connection, rng: np.random.Generator) -> str | None:
    """Deletes an impression, a click or, less often, a campaign without rows.

    Returns its table, or None where there is nothing to delete.
    """
    tables = ["impressions", "clicks"]
    rng.shuffle(tables)
    tables.insert(0 if rng.integers(ONE_IN_CAMPAIGN) == 0 else len(tables), "campaign")
    for table in tables:
        deleted = _delete_empty_campaign(connection) if table == "campaign" else _delete_row(connection, rng, table)
        if deleted:
            return table
    return None


def add_rows(
    connection: psycopg.Connection, rng: np.random.Generator, *, impressions: int, clicks: int
) -> dict[str, int]:
    """Adds back-dated impressions and clicks of random campaigns; returns the number of rows by table."""
    campaigns = np.array([key for (key,) in connection.execute("select id from campaign order by id")])
    now = clock(connection)
    shown = now - draw_minutes(rng, impressions)
    clicked = clicks_on(rng, now - draw_minutes(rng, clicks))
    copy_rows(connection, "impressions", rng.choice(campaigns, impressions), shown)
    copy_rows(connection, "clicks", rng.choice(campaigns, clicks), clicked)
    return {"impressions": impressions, "clicks": clicks}


@contextmanager
def late_transaction(database: Database, rng: np.random.Generator | None = None) -> Iterator[LateTransaction]:
    """A transaction on its own connection that has written an impression, a click and sometimes a campaign.

    The campaign is that of the impression and click, or has no rows. Rows that others write and commit in the block
    have higher ids. Rolled back at the end of the block unless it was committed. Needs a campaign.
    """
    rng = rng or np.random.default_rng()
    with database.connect() as connection:
        ids = {}
        campaign = any_id(connection, rng, "campaign")
        advertiser = any_id(connection, rng, "advertiser")
        if advertiser is not None and rng.integers(2):
            (ids["campaign"],) = add_campaigns(connection, rng, [advertiser], 1)
            campaign = rng.choice([campaign, ids["campaign"]]).item()
        for table in ("impressions", "clicks"):
            query = sql.SQL(
                "insert into {} (campaign_id, created_at) values (%s, localtimestamp - make_interval(mins => %s)) "
                "returning id"
            ).format(sql.Identifier(table))
            minutes = int(rng.integers(BACK_DATED_MINUTES))
            (ids[table],) = connection.execute(query, [campaign, minutes]).fetchone()
        try:
            yield LateTransaction(connection, ids)
        finally:
            connection.rollback()


def any_id(connection: psycopg.Connection, rng: np.random.Generator, table: LiteralString) -> int | None:
    """The id of a random row; None where the table is empty."""
    name = sql.Identifier(table)
    low, high = connection.execute(sql.SQL("select min(id), max(id) from {}").format(name)).fetchone()
    if low is None:
        return None
    query = sql.SQL("select min(id) from {} where id >= %s").format(name)
    return connection.execute(query, [int(rng.integers(low, high + 1))]).fetchone()[0]


def _another(connection: psycopg.Connection, rng: np.random.Generator, column: str, before: Any) -> Any:
    """A value of the column other than `before`."""
    match column:
        case "bid":
            return _another_amount(rng, before, *BID_CENTS)
        case "budget":
            return _another_amount(rng, before, *BUDGET_CENTS)
        case "name":
            return f"{NAMES[rng.integers(len(NAMES))]} {rng.bytes(4).hex()}"
        case "campaign_id":
            query = "select id from campaign where id is distinct from %s order by id"
            others = [key for (key,) in connection.execute(query, [before])]
            to_null = before is not None and (not others or rng.integers(ONE_IN_NULL) == 0)
            return None if to_null else others[rng.integers(len(others))]
        case "created_at":
            if before is not None and rng.integers(ONE_IN_NULL) == 0:
                return None
            shown: datetime = before or connection.execute("select localtimestamp").fetchone()[0]
            return shown - timedelta(minutes=int(rng.integers(1, BACK_DATED_MINUTES)))
    raise ValueError(column)


def _another_amount(rng: np.random.Generator, before: Decimal, low: int, high: int) -> Decimal:
    steps = high - low + 1
    cents = (int(before.scaleb(2)) - low + int(rng.integers(1, steps))) % steps + low
    return Decimal(cents).scaleb(-2)


def _delete_row(connection: psycopg.Connection, rng: np.random.Generator, table: LiteralString) -> bool:
    query = sql.SQL("delete from {} where id = %s").format(sql.Identifier(table))
    return connection.execute(query, [any_id(connection, rng, table)]).rowcount > 0


def _delete_empty_campaign(connection: psycopg.Connection) -> bool:
    """Deletes one, never the last. Skips those that an open transaction refers to, because it would wait for them."""
    query = """
        delete from campaign where id = (
            select id from campaign
            where not exists (select from impressions where campaign_id = campaign.id)
                and not exists (select from clicks where campaign_id = campaign.id)
                and exists (select from campaign as other where other.id <> campaign.id)
            order by id limit 1 for update skip locked
        )
    """
    return connection.execute(query).rowcount > 0
