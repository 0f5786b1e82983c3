"""The pages by their path: one a role. Streamlit would run a folder named pages by itself, without app.py."""

from types import ModuleType

from dashboard.roles import (
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
