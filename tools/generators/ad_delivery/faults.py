"""Faults of quality in the database, which the rules of ad delivery must find, and the truth about them.

| kind | what is planted | rule |
|---|---|---|
| clicks_above_impressions | a campaign and day with more clicks than impressions | clicks_above_impressions |
| after_end, before_start | impressions 5 days after the end of a campaign, 31 days before the start | out_of_flight |
| back_dated | impressions that are written now, of a day 20 days ago or more | back_dated |
| budget_passed | impressions of 50 cents of a campaign with a budget of 1 | over_budget |
| nan_bid | a campaign whose bid is NaN, and its impressions | unreadable_value, unpriced_impressions |
| deleted_campaign, deleted_advertiser | a row that others name, without its constraint | deleted_reference |
| null_time, infinite_time | an impression without a time, or at infinity | unreadable_time |
| future_time | an impression of the day after tomorrow | time_after_delivery |
| orphan_event | an impression of no campaign | unknown_campaign |

In addition there are the churn edits that rules see: silent_edit, and for impressions re_dated and campaign_lost.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, LiteralString

import numpy as np
import psycopg
from psycopg import sql

from duckhouse.cli import UserError
from tools.generators.ad_delivery.rows import copy_rows

SHOWN = 100  # impressions of a planted campaign
CLICKS_BEYOND = 10
FIRST_BACK_DATED_DAY = 20
LEAST_CAMPAIGNS, LEAST_ADVERTISERS = 2, 2
EVENT_KEYS = {"impressions": "impression-{}", "clicks": "click-{}"}
ROW_KEYS = {**EVENT_KEYS, "campaign": "campaigns/{}", "advertiser": "advertisers/{}"}


@dataclass
class FaultLog:
    """What was planted, by kind: a cell for each, with the words that a finding about it must have."""

    cells: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, **cell: Any) -> None:
        self.cells[kind].append(cell)

    def report(self) -> list[dict[str, Any]]:
        return [{"kind": kind, "count": len(cells), "cells": cells} for kind, cells in sorted(self.cells.items())]

    def edited(self, table: str, column: str, key: int, after: Any, *, is_silent: bool) -> None:
        """Records what rules see of a churn edit."""
        if is_silent:
            self.add("silent_edit", key=ROW_KEYS[table].format(key))
        if column == "campaign_id" and after is None:
            self.add("campaign_lost", event_id=EVENT_KEYS[table].format(key))
        if column == "created_at" and after is None:
            self.add("time_lost", event_id=EVENT_KEYS[table].format(key))
        elif column == "created_at":
            self.add("re_dated", day=str(after.date()))


def plant(connection: psycopg.Connection, rng: np.random.Generator, truth: FaultLog, each: int = 2) -> None:
    """Plants `each` of every kind, and one deleted campaign and advertiser.

    Raises UserError where there are too few rows to delete some and keep others.
    """
    campaigns = _ids(connection, "campaign", "where exists (select from impressions where campaign_id = campaign.id)")
    advertisers = _ids(
        connection, "advertiser", "where exists (select from campaign where advertiser_id = advertiser.id)"
    )
    if len(campaigns) < LEAST_CAMPAIGNS or len(advertisers) < LEAST_ADVERTISERS:
        raise UserError(
            "--faults: there are too few campaigns with impressions, or advertisers with campaigns: make some with "
            "python -m tools.generate ad_delivery batch"
        )
    (today,) = connection.execute("select current_date").fetchone()
    owner, gone = (advertisers[place] for place in rng.permutation(len(advertisers))[:2])
    kept = [key for key in campaigns if key != campaigns[-1]]
    for turn in range(each):
        _clicks_above_impressions(connection, truth, kept[turn % len(kept)], today - timedelta(days=2 + turn))
        _planted_campaigns(connection, truth, owner, today, turn)
        _planted_events(connection, truth, kept[int(rng.integers(len(kept)))], today)
    _delete_referenced(connection, "campaign", campaigns[-1])
    truth.add("deleted_campaign", campaign_id=campaigns[-1])
    _delete_referenced(connection, "advertiser", gone)
    truth.add("deleted_advertiser", advertiser_id=gone)


def _ids(connection: psycopg.Connection, table: LiteralString, where: LiteralString) -> list[int]:
    query = sql.SQL("select id from {} " + where + " order by id").format(sql.Identifier(table))
    return [key for (key,) in connection.execute(query)]


def _clicks_above_impressions(connection: psycopg.Connection, truth: FaultLog, campaign: int, day: date) -> None:
    """As many clicks as impressions of the day and the previous day, and some more."""
    query = "select count(*) from impressions where campaign_id = %s and created_at::date between %s - 1 and %s"
    (shown,) = connection.execute(query, [campaign, day, day]).fetchone()
    _write(connection, "clicks", campaign, day, shown + CLICKS_BEYOND)
    truth.add("clicks_above_impressions", campaign_id=campaign, day=str(day))


def _planted_campaigns(connection: psycopg.Connection, truth: FaultLog, owner: int, today: date, turn: int) -> None:
    """Separate campaigns with impressions of one day, so that each kind is seen alone."""
    ended = today - timedelta(days=10), today - timedelta(days=5)
    later, yesterday = today + timedelta(days=30), today - timedelta(days=1)
    long_ago = today - timedelta(days=FIRST_BACK_DATED_DAY + turn)
    start, end = today - timedelta(days=60), today + timedelta(days=60)
    for kind, bid, budget, first, last, day in (
        ("after_end", "1.00", "100.00", start, *ended),
        ("before_start", "1.00", "100.00", later, end, yesterday),
        ("back_dated", "1.00", "100.00", start, end, long_ago),
        ("budget_passed", "5.00", "0.01", start, end, yesterday),
        ("nan_bid", "NaN", "100.00", start, end, yesterday),
    ):
        query = """
            insert into campaign (name, bid, budget, start_date, end_date, advertiser_id, updated_at)
            values (%s, %s, %s, %s, %s, %s, localtimestamp) returning id
        """
        (key,) = connection.execute(query, [f"{kind} {turn}", bid, budget, first, last, owner]).fetchone()
        _write(connection, "impressions", key, day, SHOWN)
        truth.add(kind, campaign_id=key, day=str(day))


def _planted_events(connection: psycopg.Connection, truth: FaultLog, campaign: int, today: date) -> None:
    for kind, campaign_id, at in (
        ("null_time", campaign, None),
        ("infinite_time", campaign, "infinity"),
        ("future_time", campaign, today + timedelta(days=2)),
        ("orphan_event", None, today - timedelta(days=1)),
    ):
        query = "insert into impressions (campaign_id, created_at) values (%s, %s::timestamp) returning id"
        (key,) = connection.execute(query, [campaign_id, at]).fetchone()
        truth.add(kind, event_id=EVENT_KEYS["impressions"].format(key))


def _write(connection: psycopg.Connection, table: LiteralString, campaign: int, day: date, count: int) -> None:
    """Rows of a campaign, one second apart, from noon."""
    noon = np.datetime64(datetime.combine(day, time(12)), "us")
    copy_rows(connection, table, np.full(count, campaign), noon + np.arange(count).astype("timedelta64[s]"))


def _delete_referenced(connection: psycopg.Connection, table: LiteralString, key: int) -> None:
    """Deletes a row that others refer to, without the constraints, which are restored afterwards for new rows."""
    query = """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where contype = 'f' and confrelid = %s::regclass
    """
    constraints = connection.execute(query, [table]).fetchall()
    alter: Callable[..., sql.Composed] = sql.SQL("alter table {} {} constraint {} ").format
    for referring, name, _ in constraints:
        connection.execute(alter(sql.Identifier(referring), sql.SQL("drop"), sql.Identifier(name)))
    connection.execute(sql.SQL("delete from {} where id = %s").format(sql.Identifier(table)), [key])
    for referring, name, definition in constraints:
        again = alter(sql.Identifier(referring), sql.SQL("add"), sql.Identifier(name))
        connection.execute(again + sql.SQL(definition) + sql.SQL(" not valid"))
