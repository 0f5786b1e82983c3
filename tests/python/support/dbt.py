"""Runs dbt on the project for a test, with folders and databases of the test's own."""

import gc
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbt.adapters.clickhouse import dbclient
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.results import RunStatus, TestStatus
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from duckhouse.processes import DBT
from duckhouse.settings import PROJECT

ON_BOTH = ("DBT_PACKAGES_FOLDER", "DUCKHOUSE_ELEMENTARY")
# what a manifest depends on: names of databases and schemas, and the files of the landing zone that DuckDB reads
SETTINGS = {
    "dev": ("DUCKHOUSE_DUCKDB", "DUCKHOUSE_LANDING", *ON_BOTH),
    "prod": ("CLICKHOUSE_CLUSTER", "CLICKHOUSE_PREFIX", *ON_BOTH),
}
_parsed: dict[tuple, Manifest] = {}


class BuildError(Exception):
    """What dbt says of a command that failed."""


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


def invoke_dbt(*arguments: str, target: str, env: Mapping[str, str]) -> dbtRunnerResult:
    """One dbt command in this process, at half the cost of one of its own: settings are parsed for once."""
    with environment(env):
        variables = arguments[arguments.index("--vars") :][:2] if "--vars" in arguments else ()
        settings = (target, *variables, *((name, os.environ.get(name)) for name in SETTINGS[target]))
        if settings not in _parsed:
            _parsed[settings] = _invoke("parse", *variables, target=target).result
            gc.freeze()  # the manifest stays: collections need not walk through it
        # a build that writes neither a manifest nor a log takes two thirds
        _forget_ctes(_parsed[settings])
        without_files = ("--no-write-json", "--log-level-file", "none") if arguments[0] == "build" else ()
        return _invoke(*without_files, *arguments, target=target, manifest=_parsed[settings])


def _forget_ctes(manifest: Manifest) -> None:
    """A command notes that a model has the CTEs of ephemeral models already, and the next would leave them out."""
    for node in manifest.nodes.values():
        if getattr(node, "extra_ctes_injected", False):
            node.extra_ctes_injected, node.extra_ctes = False, []


@contextmanager
def environment(env: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield


def _invoke(*arguments: str, target: str, manifest: Manifest | None = None) -> dbtRunnerResult:
    place = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT))
    outcome = dbtRunner(manifest=manifest).invoke(["--quiet", *arguments, "--target", target, *place])
    DuckDBConnectionManager.close_all_connections()
    dbclient._ensured_databases.clear()  # of this server, which the next command may not mean
    if outcome.exception is not None:
        raise BuildError(f"{target}: {outcome.exception}")
    if not outcome.success:
        failed = [run for run in outcome.result if run.status in (RunStatus.Error, TestStatus.Error, TestStatus.Fail)]
        raise BuildError("\n".join(f"{target}: {run.node.name}: {run.message}" for run in failed))
    return outcome
