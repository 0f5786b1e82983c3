"""Ad serving data of clean days, the same every time."""

from pathlib import Path

from duckhouse.processes import module, run


def events_of_days(folder: Path, days: int, events_per_day: int) -> Path:
    """The drop in `folder`: events in a file a day, and dimensions."""
    counts = ["--days", str(days), "--events-per-day", str(events_per_day), "--seed", "7", "--clean"]
    run(module("tools.generate", "ad_serving", *counts, "--out", str(folder)))
    return folder
