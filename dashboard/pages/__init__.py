"""The pages by their path: one a role."""

from types import ModuleType

from dashboard.pages import (
    consent,
    data_quality,
    deliveries,
    devices,
    overview,
    pacing,
    revenue,
    reviews,
    traffic,
)

PAGES: dict[str, ModuleType] = {
    "": overview,
    "revenue": revenue,
    "traffic": traffic,
    "consent": consent,
    "pacing": pacing,
    "reviews": reviews,
    "devices": devices,
    "data-quality": data_quality,
    "deliveries": deliveries,
}
"""Each has TITLE, ICON and show(asking)."""
