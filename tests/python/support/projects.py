"""Copies of the project, to change something in.

dbt parses only what differs from the project if a copy has all that dbt reads, OF_DBT.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from duckhouse.settings import PROJECT

OF_DBT = (
    "analyses", "macros", "models", "seeds", "snapshots",
    *(f"tests/{path.name}" for path in sorted((PROJECT / "tests").iterdir()) if path.name != "python"),
    "dbt_project.yml", "packages.yml", "profiles.yml",
)  # fmt: skip


def copied(parts: Iterable[str], folder: Path) -> Path:
    """A project in `folder` of these files and folders of ours, and our dbt packages."""
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (PROJECT / part).is_dir() else shutil.copy)(PROJECT / part, folder / part)
    (folder / "dbt_packages").symlink_to(PROJECT / "dbt_packages")
    return folder
