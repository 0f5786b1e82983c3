"""The deliveries that a target can read."""

import os
from collections.abc import Mapping
from pathlib import Path

Deliveries = Mapping[str, Mapping[str, frozenset[str]]]
"""For each source and table, the ids of the deliveries with rows of the table."""

RETRACTION = "retraction"  # how the ids of retractions end: readers of ids know them by that
OF_SOURCE = ""  # the table name under which all deliveries of a source are listed


def in_zones(landing: Path) -> Deliveries:
    """The deliveries of a landing zone that have a manifest."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for zone in sorted(landing.iterdir()) if landing.is_dir() else ():
        tables: dict[str, set[str]] = {OF_SOURCE: set()}
        for folder in zone.glob("delivery=*"):
            names = {entry.name for entry in os.scandir(folder)}
            if "manifest.json" in names:
                for name in names | {OF_SOURCE}:
                    tables.setdefault(name, set()).add(folder.name.removeprefix("delivery="))
        found[zone.name] = {name: frozenset(ids) for name, ids in tables.items()}
    return found
