"""The pages by their path: one a role."""

from types import ModuleType

from dashboard.pages import overview

PAGES: dict[str, ModuleType] = {
    "": overview,
}
"""Each has TITLE, ICON and show(asking)."""
