"""Rows of the ad delivery database as its application writes them. The callers hold the transaction."""

from collections.abc import Sequence
from decimal import Decimal
from typing import LiteralString

import numpy as np
import psycopg
from psycopg import sql

from duckhouse.cli import UserError, progress

CHUNK = 250_000  # rows of one COPY
BACK_DATED_MINUTES = 8 * 24 * 60
BID_CENTS, BUDGET_CENTS = (50, 500), (50_00, 500_00)
FLIGHT_DAYS = (7, 30)
SECONDS_TO_CLICK = (1, 120)

# COPY in binary: https://www.postgresql.org/docs/current/sql-copy.html
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_EPOCH = np.datetime64("2000-01-01", "us")
_ROW = np.dtype(
    [("fields", ">i2"), ("id_bytes", ">i4"), ("campaign_id", ">i4"), ("at_bytes", ">i4"), ("created_at", ">i8")]
)


def advertiser_name(number: int) -> str:
    """Advertiser A for 1, Z for 26, AA for 27."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"Advertiser {letters}"


def require(connection: psycopg.Connection, table: LiteralString, key: int) -> None:
    """Raises UserError where the table has no such row."""
    query = sql.SQL("select 1 from {} where id = %s").format(sql.Identifier(table))
    if not connection.execute(query, [key]).fetchone():
        raise UserError(f"there is no {table} {key}: python -m tools.generate ad_delivery stats lists what there is")


def add_advertisers(connection: psycopg.Connection, count: int) -> list[int]:
    """The ids of `count` new advertisers, whose names start with A on each call."""
    names = [advertiser_name(number) for number in range(1, count + 1)]
    query = """
        insert into advertiser (name, updated_at)
        select name, localtimestamp from unnest(%s::text[]) with ordinality as names (name, number) order by number
        returning id
    """
    return [key for (key,) in connection.execute(query, [names])]


def add_campaigns(
    connection: psycopg.Connection, rng: np.random.Generator, advertisers: Sequence[int], each: int
) -> list[int]:
    """The ids of `each` new campaigns of each advertiser. Flights start today, UTC."""
    owners = [advertiser for advertiser in advertisers for _ in range(each)]
    columns = (
        owners,
        [f"Campaign_{advertiser}_{number}" for advertiser in advertisers for number in range(1, each + 1)],
        *(_between(rng, bounds, len(owners)).tolist() for bounds in (BID_CENTS, BUDGET_CENTS, FLIGHT_DAYS)),
    )
    query = """
        insert into campaign (name, bid, budget, start_date, end_date, advertiser_id, updated_at)
        select
            name, bid_cents / 100.0, budget_cents / 100.0, current_date, current_date + days, advertiser_id,
            localtimestamp
        from unnest(%s::int[], %s::text[], %s::int[], %s::int[], %s::int[]) with ordinality
            as drawn (advertiser_id, name, bid_cents, budget_cents, days, number)
        order by number
        returning id
    """
    return [key for (key,) in connection.execute(query, columns)]


def add_impressions(
    connection: psycopg.Connection, rng: np.random.Generator, campaigns: Sequence[int], each: int, clicks_each: int = 0
) -> None:
    """Adds `each` impressions to each campaign, back-dated by up to 8 days, and a click on `clicks_each` of them.

    The clicked impressions are the first of their campaign: times are drawn one by one, so any of them are a fair
    sample.
    """
    now = clock(connection)
    keys = np.array(campaigns, dtype=np.int64)
    total = len(keys) * each
    with progress(total=total, label="impressions", unit="row") as bar:
        for start in range(0, total, CHUNK):
            campaign, place = np.divmod(np.arange(start, min(start + CHUNK, total)), each)
            shown = now - draw_minutes(rng, len(place))
            is_clicked = place < clicks_each
            copy_rows(connection, "impressions", keys[campaign], shown)
            copy_rows(connection, "clicks", keys[campaign[is_clicked]], clicks_on(rng, shown[is_clicked]))
            bar.update(len(place))


def add_clicks(connection: psycopg.Connection, rng: np.random.Generator, campaign: int, ratio: Decimal) -> int:
    """Adds clicks on int(impressions x `ratio`) impressions, drawn from all of the campaign; returns their number.

    An impression without a time counts as shown now. Begins the transaction: counting and reading see the same rows.
    """
    connection.execute("set transaction isolation level repeatable read")
    require(connection, "campaign", campaign)
    left = connection.execute("select count(*) from impressions where campaign_id = %s", [campaign]).fetchone()[0]
    wanted = clicks = int(left * ratio)
    query = """
        select (extract(epoch from shown_at) * 1000000)::bigint
        from impressions, lateral (
            select case when isfinite(created_at) then created_at else localtimestamp end as shown_at
        ) as shown
        where campaign_id = %s
        order by id
    """
    with connection.cursor("shown", binary=True) as cursor, progress(total=left, label="read", unit="row") as bar:
        cursor.execute(query, [campaign])
        while wanted:
            rows = cursor.fetchmany(CHUNK)
            shown = np.fromiter((at for (at,) in rows), np.int64, len(rows)).view("datetime64[us]")
            here = int(rng.hypergeometric(wanted, left - wanted, len(rows)))
            drawn = rng.choice(shown, here, replace=False)
            copy_rows(connection, "clicks", np.full(here, campaign), clicks_on(rng, drawn))
            wanted -= here
            left -= len(rows)
            bar.update(len(rows))
    return clicks


def copy_rows(
    connection: psycopg.Connection, table: LiteralString, campaigns: np.ndarray, created_at: np.ndarray
) -> None:
    """Copies rows of impressions or clicks; times are datetime64[us], UTC."""
    rows = np.empty(len(campaigns), dtype=_ROW)
    rows["fields"], rows["id_bytes"], rows["at_bytes"] = 2, 4, 8
    rows["campaign_id"] = campaigns
    rows["created_at"] = (created_at - _EPOCH).astype(np.int64)
    query = sql.SQL("copy {} (campaign_id, created_at) from stdin (format binary)").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.write(_HEADER + rows.tobytes() + _TRAILER)


def clock(connection: psycopg.Connection) -> np.datetime64:
    """The database's time of the transaction, UTC."""
    return np.datetime64(connection.execute("select localtimestamp").fetchone()[0], "us")


def draw_minutes(rng: np.random.Generator, size: int) -> np.ndarray:
    """By how much impressions are back-dated: 0 to 7 days, 0 to 23 hours and 0 to 59 minutes."""
    return rng.integers(0, BACK_DATED_MINUTES, size).astype("timedelta64[m]")


def clicks_on(rng: np.random.Generator, shown: np.ndarray) -> np.ndarray:
    """When impressions of these times are clicked."""
    return shown + _between(rng, SECONDS_TO_CLICK, len(shown)).astype("timedelta64[s]")


def _between(rng: np.random.Generator, bounds: tuple[int, int], size: int) -> np.ndarray:
    return rng.integers(bounds[0], bounds[1] + 1, size)
