"""What things are called in Dagster: keys, groups, jobs, pools and tags."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from dagster import AssetKey

from duckhouse.sources import sources

INFLOW = "inflows"
LANDING = "landing"
SHARED = "shared"
LAYERS = {"seed": "seeds", "snapshot": "snapshots"}
"""The layers of what has no folder of models."""

OF_DELIVERIES = "duckhouse/deliveries"
OF_INFLOW = "duckhouse/inflow"
OF_TARGET = "duckhouse/target"
MOST_TAGGED = 10

_DAY = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


def landing_key(source: str, table: str) -> AssetKey:
    return AssetKey([LANDING, source, table])


def inflow_key(name: str) -> AssetKey:
    return AssetKey([INFLOW, identifier(name)])


def node_key(target: str, node: Mapping[str, Any]) -> AssetKey:
    """dev/marts/fct_ad_events: the target, the layer and the name of what dbt makes."""
    return AssetKey([target, layer_of(node), node["name"]])


def layer_of(node: Mapping[str, Any]) -> str:
    return LAYERS.get(node["resource_type"]) or str(node["fqn"][1])


def group_of(node: Mapping[str, Any], target: str) -> str:
    """The system of a node, on prod with the target after it."""
    system = node.get("group") or next((name for name in sources() if name in node["name"]), SHARED)
    return system if target == "dev" else f"{system}_{target}"


def bring_job(inflow: str) -> str:
    return f"bring_{identifier(inflow)}"


def build_job(target: str) -> str:
    return f"build_{target}"


def engine_pool(target: str) -> str:
    """One run at a time works on an engine."""
    return f"engine_{target}"


def landing_pool(source: str) -> str:
    """One run at a time lands data of a source."""
    return f"landing_{source}"


def identifier(name: str) -> str:
    """A name for Dagster, which takes letters, digits and _."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def file_partition(name: str) -> str:
    """The day in the name of a file, else the name: the key of its partition."""
    if found := _DAY.search(name):
        try:
            return date(*map(int, found.groups())).isoformat()
        except ValueError:
            pass
    return "".join(sign if sign.isprintable() else "?" for sign in name).replace("...", "…")


def listed(deliveries: list[str]) -> str:
    """The deliveries as the value of a tag."""
    more = len(deliveries) - MOST_TAGGED
    return ", ".join(deliveries[:MOST_TAGGED]) + (f" and {more} more" if more > 0 else "")
