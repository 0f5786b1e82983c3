"""dbt in this process: a command takes half the time that it takes in its own process, and many share one parse."""

from pathlib import Path
from typing import Any

from dbt.adapters.clickhouse import dbclient
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.results import RunStatus, TestStatus
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import CompiledNode

from duckhouse.cli import UserError, one_line
from duckhouse.settings import PROJECT

# a build without a manifest and a log takes two thirds of the time
WITHOUT_FILES = ("--no-write-json", "--log-level-file", "none")
FAILED = (RunStatus.Error, TestStatus.Error, TestStatus.Fail)


class BuildError(UserError):
    """What dbt says about a command that failed; it may have several lines."""

    def __str__(self) -> str:
        return "\n".join(map(one_line, str(self.args[0]).split("\n")))


def parse(*arguments: str, target: str, project: Path = PROJECT) -> Manifest:
    """The project as dbt reads it with the current settings."""
    parsed: Any = invoke("parse", *arguments, target=target, project=project).result
    manifest: Manifest = parsed
    return manifest


def invoke(*arguments: str, target: str, manifest: Manifest | None = None, project: Path = PROJECT) -> dbtRunnerResult:
    """Runs one dbt command on `target`. Raises BuildError where the command or one of its nodes fails."""
    if manifest:
        _forget_ctes(manifest)
    place = ("--project-dir", str(project), "--profiles-dir", str(project))
    outcome = dbtRunner(manifest=manifest).invoke(["--quiet", *arguments, "--target", target, *place])
    connections: Any = DuckDBConnectionManager
    connections.close_all_connections()  # an open one keeps the file locked
    dbclient._ensured_databases.clear()  # the next command may use another server
    if outcome.exception is not None:
        raise BuildError(f"{target}: {' '.join(str(outcome.exception).split())}")
    if not outcome.success:
        runs: Any = outcome.result
        raise BuildError("\n".join(f"{target}: {run.node.name}: {run.message}" for run in runs if run.status in FAILED))
    return outcome


def _forget_ctes(manifest: Manifest) -> None:
    """A command marks models that have the CTEs of ephemeral models already; the next command would then omit them."""
    for node in manifest.nodes.values():
        if isinstance(node, CompiledNode) and node.extra_ctes_injected:
            node.extra_ctes_injected, node.extra_ctes = False, []
