"""Runs dbt on the project for a test, with folders and databases of the test's own."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.common.processes import DBT
from scripts.common.settings import PROJECT


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
