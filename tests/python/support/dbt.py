"""Runs dbt on the project for a test, with folders and databases of the test's own."""

import gc
import os
import re
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from dbt.cli.main import dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from duckhouse import builds
from duckhouse.builds import BuildError
from duckhouse.processes import DBT
from duckhouse.settings import PROJECT, duckdb_path, environment, landing_dir

__all__ = ["BuildError", "environment", "invoke_dbt", "parsed", "run_dbt", "told_by_dbt"]

ON_BOTH = ("DBT_PACKAGES_FOLDER", "DUCKHOUSE_ELEMENTARY")
# what a manifest depends on; that of dev also on the name of the DuckDB file
SETTINGS = {"dev": ON_BOTH, "prod": ("CLICKHOUSE_CLUSTER", "CLICKHOUSE_PREFIX", *ON_BOTH)}
FROM_LANDING = re.compile(r"read_parquet\('.*/\{zone\}/")
_parsed: dict[Path, dict[tuple, tuple[str, Manifest]]] = {}


def run_dbt(*arguments: str, env: Mapping[str, str], project: Path = PROJECT, succeeds: bool = True) -> str:
    """The output of one dbt command. `env` is added to this process's environment."""
    done = subprocess.run(
        [DBT, "--no-use-colors", *arguments, "--project-dir", str(project), "--profiles-dir", str(project)],
        cwd=project,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return done.stdout


def invoke_dbt(*arguments: str, target: str, env: Mapping[str, str], project: Path = PROJECT) -> dbtRunnerResult:
    """One dbt command in this process, at half the cost of one of its own: settings are parsed for once. A copy of the
    project is parsed again once its files have changed."""
    with environment(env):
        variables = arguments[arguments.index("--vars") :][:2] if "--vars" in arguments else ()
        manifest = parsed(*variables, target=target, project=project)
        without_files = builds.WITHOUT_FILES if arguments[0] == "build" else ()
        return builds.invoke(*without_files, *arguments, target=target, manifest=manifest, project=project)


def told_by_dbt(
    *arguments: str, target: str, env: Mapping[str, str], project: Path = PROJECT, succeeds: bool = True
) -> str:
    """What dbt says of one command in this process that fails; nothing of one that succeeds."""
    try:
        invoke_dbt(*arguments, target=target, env=env, project=project)
    except BuildError as error:
        assert not succeeds, error
        return str(error)
    assert succeeds
    return ""


def parsed(*variables: str, target: str, project: Path = PROJECT) -> Manifest:
    """The project as dbt reads it with the settings of now."""
    database = duckdb_path().stem if target == "dev" else ""
    settings = (target, database, *variables, *((name, os.environ.get(name)) for name in SETTINGS[target]))
    state = "" if project == PROJECT else _state(project)
    known = _parsed.setdefault(project, {})
    if settings not in known or known[settings][0] != state:
        known[settings] = state, builds.parse(*variables, target=target, project=project)
        if project == PROJECT:
            gc.freeze()  # the manifest stays: collections need not walk through it
    _read_from(landing_dir(), known[settings][1])
    return known[settings][1]


def _read_from(landing: Path, manifest: Manifest) -> None:
    """Makes DuckDB read sources from this landing zone, whichever the manifest was parsed for."""
    for source in manifest.sources.values():
        for meta in (source.meta, source.config.meta):
            if "external_location" in meta:
                meta["external_location"] = FROM_LANDING.sub(
                    f"read_parquet('{landing}/{{zone}}/", meta["external_location"]
                )


def _state(project: Path) -> str:
    """Another text once a file of the project is another."""
    files = (
        path for name in ("models", "macros", "snapshots", "tests", "seeds") for path in (project / name).rglob("*")
    )
    known = sorted(f"{path}:{path.stat().st_mtime_ns}" for path in [project / "dbt_project.yml", *files])
    return sha256("\n".join(known).encode()).hexdigest()
