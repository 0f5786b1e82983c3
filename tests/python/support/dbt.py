"""Runs dbt on the project for a test, with folders and databases of the test's own."""

import gc
import os
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from dbt.cli.main import dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from duckhouse import builds
from duckhouse.builds import BuildError
from duckhouse.processes import DBT
from duckhouse.settings import PROJECT, environment

__all__ = ["BuildError", "environment", "invoke_dbt", "run_dbt"]

ON_BOTH = ("DBT_PACKAGES_FOLDER", "DUCKHOUSE_ELEMENTARY")
# what a manifest depends on: names of databases and schemas, and the files of the landing zone that DuckDB reads
SETTINGS = {
    "dev": ("DUCKHOUSE_DUCKDB", "DUCKHOUSE_LANDING", *ON_BOTH),
    "prod": ("CLICKHOUSE_CLUSTER", "CLICKHOUSE_PREFIX", *ON_BOTH),
}
_parsed: dict[tuple, Manifest] = {}


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
        place = (project, "" if project == PROJECT else _state(project))
        settings = (*place, target, *variables, *((name, os.environ.get(name)) for name in SETTINGS[target]))
        if settings not in _parsed:
            _parsed[settings] = builds.parse(*variables, target=target, project=project)
            gc.freeze()  # the manifest stays: collections need not walk through it
        without_files = builds.WITHOUT_FILES if arguments[0] == "build" else ()
        return builds.invoke(*without_files, *arguments, target=target, manifest=_parsed[settings], project=project)


def _state(project: Path) -> str:
    """Another text once a file of the project is another."""
    files = (
        path for name in ("models", "macros", "snapshots", "tests", "seeds") for path in (project / name).rglob("*")
    )
    known = sorted(f"{path}:{path.stat().st_mtime_ns}" for path in [project / "dbt_project.yml", *files])
    return sha256("\n".join(known).encode()).hexdigest()
