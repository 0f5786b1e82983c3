"""The commands of python -m tools.generate ad_delivery: what they do, and what they report."""

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from duckhouse.cli import UserError, print_json
from duckhouse.extraction.database import Database, database_of, first_line, postgres_source
from tools.generators.ad_delivery import churn as changes
from tools.generators.ad_delivery import rows, stats
from tools.generators.ad_delivery.faults import FaultLog
from tools.generators.write import claimed, write_truth

Outcome = tuple[dict[str, Any], str]  # the summary for programs, and in words

SOURCE = "ad_delivery"
CANCELLED = {"cancelled": True}


def run(command: str, options: dict[str, Any], *, as_json: bool) -> None:
    """Runs one of COMMANDS with its options and prints its outcome. Raises UserError where PostgreSQL refuses."""
    with database_of(postgres_source(SOURCE)) as database:
        try:
            summary, text = COMMANDS[command](database, **options)
        except psycopg.errors.UndefinedTable as error:
            raise UserError(
                f"PostgreSQL at {database.address}: {first_line(error)}: make its tables with python -m "
                "scripts.postgres --migrate, or unset POSTGRES_DSN and POSTGRES_HOST for the embedded server"
            ) from None
        except psycopg.Error as error:
            raise UserError(f"PostgreSQL at {database.address}: {first_line(error)}") from None
    if as_json:
        print_json(summary)
    else:
        print(f"ad_delivery: {text}")


def batch(
    database: Database, *, advertisers: int, campaigns: int, impressions: int, ctr: Decimal, seed: int | None
) -> Outcome:
    rng = np.random.default_rng(seed)
    with database.connect() as connection:
        advertiser_ids = rows.add_advertisers(connection, advertisers)
        campaign_ids = rows.add_campaigns(connection, rng, advertiser_ids, campaigns)
        clicks_each = int(impressions * ctr)
        rows.add_impressions(connection, rng, campaign_ids, impressions, clicks_each)
    made = {
        "advertisers": advertisers,
        "campaigns": len(campaign_ids),
        "impressions": len(campaign_ids) * impressions,
        "clicks": len(campaign_ids) * clicks_each,
    }
    text = (
        f"{_count(made, 'advertisers')}{_ids(advertiser_ids)}, {_count(made, 'campaigns')}{_ids(campaign_ids)}, "
        f"{_count(made, 'impressions')} and {_count(made, 'clicks')} made"
    )
    return made | {"advertiser_ids": advertiser_ids, "campaign_ids": campaign_ids}, text


def advertisers(database: Database, *, count: int) -> Outcome:
    with database.connect() as connection:
        ids = rows.add_advertisers(connection, count)
    made = {"advertisers": count}
    return made | {"advertiser_ids": ids}, f"{_count(made, 'advertisers')}{_ids(ids)} made"


def campaigns(database: Database, *, advertiser_id: int, count: int, seed: int | None) -> Outcome:
    with database.connect() as connection:
        rows.require(connection, "advertiser", advertiser_id)
        ids = rows.add_campaigns(connection, np.random.default_rng(seed), [advertiser_id], count)
    made = {"advertiser_id": advertiser_id, "campaigns": count}
    text = f"{_count(made, 'campaigns')}{_ids(ids)} of advertiser {advertiser_id} made"
    return made | {"campaign_ids": ids}, text


def impressions(database: Database, *, campaign_id: int, count: int, seed: int | None) -> Outcome:
    with database.connect() as connection:
        rows.require(connection, "campaign", campaign_id)
        rows.add_impressions(connection, np.random.default_rng(seed), [campaign_id], count)
    made = {"campaign_id": campaign_id, "impressions": count}
    return made, f"{_count(made, 'impressions')} of campaign {campaign_id} made"


def clicks(database: Database, *, campaign_id: int, ratio: Decimal, seed: int | None) -> Outcome:
    with database.connect() as connection:
        count = rows.add_clicks(connection, np.random.default_rng(seed), campaign_id, ratio)
    made = {"campaign_id": campaign_id, "clicks": count}
    return made, f"{_count(made, 'clicks')} of campaign {campaign_id} made"


def show_stats(database: Database) -> Outcome:
    with database.connect() as connection:
        found = stats.stats(connection)
    lines = [f"{_counts(found, 'advertisers', 'campaigns', 'impressions', 'clicks')}, CTR {_percent(found['ctr'])}"]
    if found["by_campaign"]:
        lines += _table(
            ("campaign", "name", "advertiser", "impressions", "clicks", "CTR"),
            [
                (
                    str(row["id"]),
                    _one_line(row["name"]),
                    _one_line(row["advertiser"] or "-"),
                    f"{row['impressions']:,}",
                    f"{row['clicks']:,}",
                    _percent(row["ctr"]),
                )
                for row in found["by_campaign"]
            ],
        )
    return found, "\n".join(lines)


def reset(database: Database, *, yes: bool) -> Outcome:
    if not yes and not _agrees(f"This deletes all rows of the ad delivery database at {database.address}."):
        return CANCELLED, "cancelled, nothing is deleted"
    with database.connect() as connection:
        deleted = stats.reset(connection)
    summary = {
        "advertisers": deleted["advertiser"],
        "campaigns": deleted["campaign"],
        "impressions": deleted["impressions"],
        "clicks": deleted["clicks"],
    }
    return summary, f"{_counts(summary, *summary)} deleted"


def churn(database: Database, *, seed: int | None, faults: Path | None, **counts: int) -> Outcome:
    truth = FaultLog() if faults else None
    with claimed(faults) if faults else nullcontext():
        done = changes.churn(database, np.random.default_rng(seed), **counts, truth=truth)
        words = ["edits", "silent_edits", "deletes", "late_commits", "rollbacks", "new_rows"]
        if faults and truth:
            planted = truth.report()
            about = {"source": SOURCE, "seed": seed, "parameters": counts, "clean": False}
            write_truth(faults, {**about, "faults": planted})
            done["faults"] = sum(fault["count"] for fault in planted)
            words.append("faults")
    return done, _counts(done, *words)


COMMANDS: dict[str, Callable[..., Outcome]] = {
    "batch": batch,
    "advertisers": advertisers,
    "campaigns": campaigns,
    "impressions": impressions,
    "clicks": clicks,
    "stats": show_stats,
    "reset": reset,
    "churn": churn,
}


def _agrees(warning: str) -> bool:
    """Asks on stderr, so that stdout has only the outcome."""
    print(f"{warning} Type yes to go on: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == "yes"


def _counts(counts: dict[str, int], *names: str) -> str:
    return ", ".join(_count(counts, name) for name in names)


def _count(counts: dict[str, int], name: str) -> str:
    words = name.replace("_", " ")
    return f"{counts[name]:,} {words.removesuffix('s') if counts[name] == 1 else words}"


def _ids(ids: list[int]) -> str:
    if not ids:
        return ""
    return f" (id {ids[0]})" if len(ids) == 1 else f" (ids {ids[0]} to {ids[-1]})"


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2%}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _table(header: tuple[str, ...], lines: list[tuple[str, ...]]) -> Iterator[str]:
    """Lines of equally wide columns; names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    for line in (header, *lines):
        cells = zip(line, widths, header, strict=True)
        yield "  ".join(
            cell.ljust(width) if name in ("name", "advertiser") else cell.rjust(width) for cell, width, name in cells
        )
