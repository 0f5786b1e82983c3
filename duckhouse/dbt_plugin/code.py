"""The fingerprint of everything that decides what dbt makes of the same deliveries."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

FOLDERS = ("models", "macros", "seeds", "snapshots", "tests")
FILES = ("dbt_project.yml", "packages.yml", "profiles.yml")
SUFFIXES = (".sql", ".yml", ".yaml", ".csv")
LIBRARIES = ("dbt-core", "dbt-duckdb", "dbt-clickhouse", "duckdb")
SETTING = re.compile(rb"env_var\('(\w+)'")
OF_METRICS = "models/metrics/"  # metrics are computed when they are asked for
OF_CONNECTIONS = "profiles.yml"  # the warehouse's address does not change its content
OF_FRESHNESS = {"DUCKHOUSE_STALE_WARN_HOURS", "DUCKHOUSE_STALE_ERROR_HOURS"}  # nor do limits of dbt source freshness


def fingerprint(project: Path, variables: Mapping[str, object] | None = None) -> str:
    """The fingerprint of the SQL, YAML and seeds of the project and its dbt packages, the settings that they read, the
    versions of dbt, and `variables`, which are those of the command line."""
    digest = hashlib.sha256(repr(sorted((variables or {}).items())).encode())
    settings: set[str] = set()
    for name, path in sorted(_files(project)):
        text = path.read_bytes()
        digest.update(f"{name} {len(text)}\n".encode() + text)
        if name != OF_CONNECTIONS:
            settings |= {setting.decode() for setting in SETTING.findall(text)}
    for name in sorted(settings - OF_FRESHNESS):
        digest.update(f"{name}={os.environ.get(name, '')}\n".encode())
    for library in LIBRARIES:
        digest.update(f"{library}=={version(library)}\n".encode())
    return digest.hexdigest()


def _files(project: Path) -> Iterator[tuple[str, Path]]:
    """Names within the project, and the paths of the files: packages may be outside of it."""
    packages = project / (os.environ.get("DBT_PACKAGES_FOLDER") or "dbt_packages")
    for place, folder in [*((name, project / name) for name in FOLDERS), ("packages", packages)]:
        for parent, folders, names in os.walk(folder, followlinks=True):
            folders[:] = [name for name in folders if name not in ("python", "integration_tests")]
            for name in names:
                path = Path(parent, name)
                stated = f"{place}/{path.relative_to(folder)}"
                if name.endswith(SUFFIXES) and not stated.startswith(OF_METRICS):
                    yield stated, path
    yield from ((name, project / name) for name in FILES if (project / name).exists())
