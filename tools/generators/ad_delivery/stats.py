"""What the ad delivery database holds, and how it is emptied."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

TABLES = ("advertiser", "campaign", "impressions", "clicks")  # each may refer to the previous ones

_CAMPAIGNS = """
    with
        shown as (select campaign_id, count(*) as impressions from impressions group by campaign_id),
        clicked as (select campaign_id, count(*) as clicks from clicks group by campaign_id)

    select
        campaign.id,
        campaign.name,
        advertiser.name as advertiser,
        coalesce(shown.impressions, 0) as impressions,
        coalesce(clicked.clicks, 0) as clicks
    from campaign
    left join advertiser on campaign.advertiser_id = advertiser.id
    left join shown on campaign.id = shown.campaign_id
    left join clicked on campaign.id = clicked.campaign_id
    order by campaign.id
"""


def stats(connection: psycopg.Connection) -> dict[str, Any]:
    """Rows of each table, the overall CTR and each campaign's; a CTR is None without impressions.

    Begins the transaction: all counts are of one moment.
    """
    connection.execute("set transaction isolation level repeatable read")
    rows = {table: _count(connection, table) for table in TABLES}
    with connection.cursor(row_factory=dict_row) as cursor:
        campaigns = cursor.execute(_CAMPAIGNS).fetchall()
    return {
        "advertisers": rows["advertiser"],
        "campaigns": rows["campaign"],
        "impressions": rows["impressions"],
        "clicks": rows["clicks"],
        "ctr": _ctr(rows["clicks"], rows["impressions"]),
        "by_campaign": [row | {"ctr": _ctr(row["clicks"], row["impressions"])} for row in campaigns],
    }


def reset(connection: psycopg.Connection) -> dict[str, int]:
    """Deletes all rows, those that refer to others first; returns the number per table. Ids continue."""
    return {
        table: connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table))).rowcount
        for table in reversed(TABLES)
    }


def _count(connection: psycopg.Connection, table: str) -> int:
    return connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()[0]


def _ctr(clicks: int, impressions: int) -> float | None:
    return round(clicks / impressions, 6) if impressions else None
