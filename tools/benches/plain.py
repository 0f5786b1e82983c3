"""The SQL of a build without dbt."""

import json
from pathlib import Path

from duckhouse import settings


def plain_sql(target_path: Path) -> str:
    """What a full dbt build ran, as one SQL script: the seed, the models and snapshots in order, and the tests."""
    manifest = json.loads((target_path / "manifest.json").read_text())
    executed = json.loads((target_path / "run_results.json").read_text())["results"]
    statements = ["set TimeZone = 'UTC'"]
    for result in executed:
        node = manifest["nodes"].get(result["unique_id"], {"resource_type": "other"})
        compiled = result.get("compiled_code") or ""
        if node["resource_type"] == "seed":
            path = settings.PROJECT / node["original_file_path"]
            compiled = f"from read_csv('{path}', header = true)"
        if node["resource_type"] == "snapshot":
            compiled = f"select *, cast(null as timestamp) as dbt_valid_to from ({compiled})"
        if node["resource_type"] in ("model", "seed", "snapshot"):
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            relation = f'"{node["schema"]}"."{node["name"]}"'
            statements += [f'create schema if not exists "{node["schema"]}"', f"create {kind} {relation} as {compiled}"]
        if node["resource_type"] == "test":
            statements.append(f"select count(*) from ({compiled})")
    script = ";\n".join(statements) + ";\n"
    for database in {node["database"] for node in manifest["nodes"].values() if node["database"]}:
        script = script.replace(f'"{database}".', "")
    return script
