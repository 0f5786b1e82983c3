"""What the earlier version landed and built: two drops, each of ad serving and consent."""

from pathlib import Path

from duckhouse.settings import PROJECT

FOLDER = PROJECT / "tests" / "python" / "version_before"
ARCHIVE = FOLDER / "built.tar.xz"
SOURCES = ("ad_serving", "consent")
MODELS = (
    *("dim_publishers_history", "fct_ad_events_daily", "fct_ad_events_set_aside", "fct_revenue_restatements"),
    *("dim_companies", "fct_consent_events_set_aside", "fct_consent_restatements"),
)
"""Kept by delivery, by day, as snapshots and as ledgers; views are made from these."""


def drop(number: int) -> tuple[Path, str]:
    """The folder of a drop, with a folder for each source, and when it arrived."""
    return FOLDER / "drops" / str(number), f"2026-01-1{number}T06:00:00Z"
