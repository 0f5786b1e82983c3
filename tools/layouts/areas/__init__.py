"""The tables and questions that are measured, a module a source."""

from importlib import import_module
from pkgutil import iter_modules

from tools.layouts.tables import Area


def areas() -> dict[str, Area]:
    """By source."""
    return {found.name: import_module(f"{__name__}.{found.name}").AREA for found in iter_modules(__path__)}
