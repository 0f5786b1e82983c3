"""Killed at each step of a commit and of maintenance, the lake has rows and offsets of before or of after it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from duckhouse.settings import PROJECT

PATHS = [PROJECT / "tests" / "python", PROJECT]


@pytest.mark.parametrize(
    ("scene", "files"),
    [
        ("make", 1),  # the metadata
        ("write", 5),  # metadata with the new column; data, manifest, list of manifests, metadata
        ("repair", 5),  # data, manifest of what comes, of what goes, list, metadata
        ("maintain", 7),  # the same five, metadata without the old snapshots, the notes; and the stray file goes
    ],
)
def test_a_kill_at_each_step_leaves_the_lake_right(tmp_path: Path, scene: str, files: int) -> None:
    command = [sys.executable, "-m", "support.lake_kills", str(tmp_path), scene]
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS))}
    ran = subprocess.run(command, env=known, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 2 * files + 2  # before and after each file, and the transaction of the catalog
