"""Data of clean days, the same every time."""

from pathlib import Path

from duckhouse.processes import module, run

PRODUCTS = 20_000


def events_of_days(folder: Path, days: int, events_per_day: int) -> Path:
    """Puts a drop into `folder`: one file of events per day, and dimensions."""
    counts = ["--days", str(days), "--events-per-day", str(events_per_day), "--seed", "7", "--clean"]
    run(module("tools.generate", "ad_serving", *counts, "--out", str(folder)))
    return folder


def reviews_of_days(folder: Path, days: int, reviews_per_day: int) -> Path:
    """Puts a drop into `folder`: two files of reviews per day, and the products."""
    size = ["--days", str(days), "--reviews-per-day", str(reviews_per_day), "--products", str(PRODUCTS)]
    run(module("tools.generate", "reviews", *size, "--seed", "7", "--clean", "--out", str(folder)))
    return folder
