"""The dbt project as Dagster reads it: its manifest, parsed anew once the code has changed."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.processes import DBT, run
from duckhouse.settings import PROJECT, dbt_target_dir

Manifest = Mapping[str, Any]


def manifest() -> Manifest:
    """The manifest of the current code. Parsing takes dbt ten seconds, so it is kept for the processes that follow."""
    folder = dbt_target_dir() / "orchestration"
    kept = folder / f"manifest_{fingerprint(PROJECT)[:16]}.json"
    if not kept.exists():
        for stale in folder.glob("manifest_*.json"):
            stale.unlink(missing_ok=True)
        run([DBT, "--quiet", "parse", "--target", "dev", "--target-path", str(folder)])
        (folder / "manifest.json").rename(kept)
    return attached(json.loads(kept.read_bytes()))


def folder_of(target: str) -> Path:
    """Where dbt keeps what it has parsed for a target."""
    return dbt_target_dir() / "orchestration" / target


def attached(parsed: dict[str, Any]) -> Manifest:
    """The manifest with each test of several models attached to the last of them, as an asset check has one asset."""
    parents: Mapping[str, list[str]] = parsed["parent_map"]

    @cache
    def depth(node: str) -> int:
        return 1 + max(map(depth, parents.get(node, ())), default=0)

    nodes: dict[str, Any] = parsed["nodes"]
    for node in nodes.values():
        tested = {name for name in node["depends_on"]["nodes"] if name in nodes} if is_test(node) else set()
        if len(tested) > 1 and not node.get("attached_node"):
            last = nodes[max(tested, key=lambda name: (depth(name), name))]
            node["config"].setdefault("meta", {})["dagster"] = {
                "ref": {"name": last["name"], "package": last["package_name"], "version": last.get("version")}
            }
    return parsed


def is_test(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "test")
