"""Data of clean days, the same every time."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from duckhouse.duck import literal
from duckhouse.processes import module, run

PRODUCTS = 20_000


def events_of_days(folder: Path, days: int, events_per_day: int) -> Path:
    """Puts a drop into `folder`: one file of events per day, and dimensions."""
    counts = ["--days", str(days), "--events-per-day", str(events_per_day), "--seed", "7", "--clean"]
    run(module("tools.generate", "ad_serving", *counts, "--out", str(folder)))
    return folder


def corrections_of_days(drop: Path, folder: Path, days: int) -> Iterator[Path]:
    """For each of the last days of a drop a folder with a second version: two fifths of its events, of which the prices
    rose by a twentieth, and one in a hundred events that come late."""
    for path in sorted((drop / "events").glob("*.parquet"))[-days:]:
        events = folder / path.stem / "events"
        events.mkdir(parents=True)
        read, written = literal(path), literal(events / path.name)
        duckdb.sql(
            f"copy (select * replace (round(revenue_usd * 1.05, 6) as revenue_usd) from {read} "
            f"where hash(event_id) % 10 < 4 union all by name select * replace (md5(event_id) as event_id) from {read} "
            f"where hash(event_id) % 100 = 50) to {written} (format parquet)"
        )
        yield events.parent


def reviews_of_days(folder: Path, days: int, reviews_per_day: int) -> Path:
    """Puts a drop into `folder`: two files of reviews per day, and the products."""
    size = ["--days", str(days), "--reviews-per-day", str(reviews_per_day), "--products", str(PRODUCTS)]
    run(module("tools.generate", "reviews", *size, "--seed", "7", "--clean", "--out", str(folder)))
    return folder
