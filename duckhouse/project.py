"""The dbt project as dbt reads it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from duckhouse import cli, settings


@cache
def manifest() -> Manifest:
    """All nodes. dbt takes seconds to parse them, so a process does it once."""
    parsed: Manifest = _dbt("parse")
    return parsed


def model_names(selection: Sequence[str], excluded: Sequence[str] = ()) -> set[str]:
    """The models that dbt selects with these values of --select and --exclude."""
    without = ("--exclude", *excluded) if excluded else ()
    command = ("ls", "--resource-type", "model", "--output", "name", "--select", *selection, *without)
    return set(_dbt(*command, parsed=manifest()))


def _dbt(*command: str, parsed: Manifest | None = None) -> Any:
    place = ("--project-dir", str(settings.PROJECT), "--profiles-dir", str(settings.PROJECT))
    outcome = dbtRunner(manifest=parsed).invoke(["--log-level", "none", *command, *place])
    if isinstance(outcome.exception, KeyboardInterrupt):  # Ctrl-C or SIGTERM, which dbt hands back like a fault
        raise outcome.exception
    if not outcome.success:
        raise cli.UserError("the dbt project does not parse: run dbt parse and fix what it names")
    return outcome.result
