"""Killed at each step of a commit and of maintenance, the lake has rows and offsets of before or of after it."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from duckhouse.settings import PROJECT

PATHS = [PROJECT / "tests" / "python", PROJECT]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """How many steps each scene has; one process plays all, as it takes seconds to start."""
    command = [sys.executable, "-m", "support.lake_kills", str(tmp_path_factory.mktemp("lakes"))]
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS))}
    ran = subprocess.run(command, env=known, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return dict(line.split(" ", 1) for line in ran.stdout.splitlines())


@pytest.mark.parametrize(
    ("scene", "files"),
    [
        ("make", 1),  # the metadata
        ("write", 5),  # metadata with the new column; data, manifest, list of manifests, metadata
        ("repair", 5),  # data, manifest of what comes, of what goes, list, metadata
        ("maintain", 7),  # the same five, metadata without the old snapshots, the notes; and the stray file goes
    ],
)
def test_a_kill_at_each_step_leaves_the_lake_right(steps: Mapping[str, str], scene: str, files: int) -> None:
    assert int(steps[scene]) >= 2 * files + 2  # before and after each file, and the transaction of the catalog
