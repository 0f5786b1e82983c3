"""Copies of the project, to change something in."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from duckhouse.settings import PROJECT


def copied(parts: Iterable[str], folder: Path) -> Path:
    """A project in `folder` of these files and folders of ours, and our dbt packages."""
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (PROJECT / part).is_dir() else shutil.copy)(PROJECT / part, folder / part)
    (folder / "dbt_packages").symlink_to(PROJECT / "dbt_packages")
    return folder
