"""The pages by their path: one a role."""

from types import ModuleType

from dashboard.pages import data_quality, deliveries, overview, revenue

PAGES: dict[str, ModuleType] = {
    "": overview,
    "revenue": revenue,
    "data-quality": data_quality,
    "deliveries": deliveries,
}
"""Each has TITLE, ICON and show(asking)."""
