"""The pages by their path: one a role."""

from types import ModuleType

from dashboard.pages import consent, delivery, devices, overview, reviews, traffic

PAGES: dict[str, ModuleType] = {
    "": overview,
    "traffic": traffic,
    "consent": consent,
    "delivery": delivery,
    "reviews": reviews,
    "devices": devices,
}
"""Each has TITLE, ICON and show(asking)."""
