"""Runs dbt on the project for a test, with folders and databases of the test's own."""

import fcntl
import gc
import os
import pickle
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path

from dbt.cli.main import dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import PARTIAL_PARSE_FILE_NAME

from duckhouse import builds
from duckhouse.builds import BuildError
from duckhouse.processes import DBT
from duckhouse.settings import PROJECT, duckdb_path, environment, landing_dir

__all__ = ["BuildError", "environment", "invoke_dbt", "parsed", "parsed_anew", "run_dbt", "told_by_dbt", "where_parsed"]

SHARED = "DUCKHOUSE_TESTS_SHARED"
"""The setting that names the folder in which the processes of one test run keep what they share."""

ON_BOTH = (
    "DBT_PACKAGES_FOLDER",
    "DUCKHOUSE_ELEMENTARY",
    "DUCKHOUSE_STALE_ERROR_HOURS",
    "DUCKHOUSE_STALE_WARN_HOURS",
)
# what a manifest depends on; that of dev also on the name of the DuckDB file
SETTINGS = {"dev": ON_BOTH, "prod": ("CLICKHOUSE_CLUSTER", "CLICKHOUSE_PREFIX", *ON_BOTH)}
# the only variable that decides how nodes are parsed; others are read when a node is compiled
PARSED_VARIABLE = "rebuild_from_landing"
WITH_FILES = "--write-json"
# three more threads open connections and wait for each other; processes of their own, as in test_orchestration_flow.py,
# have those of the profile
ONE_THREAD = ("--threads", "1")
WITH_THREADS = ("build", "run", "test", "seed", "snapshot", "compile")
# vars of rules, which are read only then
OF_RULES = re.compile(rb"^  dq_\w+:.*\n", re.MULTILINE)
PARTS = ("analyses", "macros", "models", "seeds", "snapshots", "tests")
ENDINGS = {".sql", ".yml", ".md", ".csv"}
# the others are looked up in these; dbt's own pickle of a manifest forgets some of them
PARTS_OF_MANIFEST = [field.name for field in fields(Manifest) if not field.name.startswith("_")]
FROM_LANDING = re.compile(r"read_parquet\('.*/\{zone\}/")
_parsed: dict[Path, dict[tuple, tuple[str, Manifest]]] = {}


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
    """One dbt command in this process, at half the cost of one of its own: a test run parses the project once for the
    same settings, and a copy of the project again once its files have changed. --write-json has dbt write its results
    and the manifest, for as long as a small command takes otherwise."""
    with environment(env):
        variables = arguments[arguments.index("--vars") :][:2] if "--vars" in arguments else ()
        variables = variables if any(PARSED_VARIABLE in word for word in variables) else ()
        manifest = parsed(*variables, target=target, project=project)
        without_files = () if WITH_FILES in arguments else builds.WITHOUT_FILES
        threads = ONE_THREAD if arguments[0] in WITH_THREADS and "--threads" not in arguments else ()
        return builds.invoke(*without_files, *arguments, *threads, target=target, manifest=manifest, project=project)


def told_by_dbt(
    *arguments: str, target: str, env: Mapping[str, str], project: Path = PROJECT, succeeds: bool = True
) -> str:
    """What dbt says of one command in this process that fails; nothing of one that succeeds."""
    try:
        invoke_dbt(*arguments, target=target, env=env, project=project)
    except BuildError as error:
        assert not succeeds, error
        return str(error)
    assert succeeds
    return ""


def parsed(*variables: str, target: str, project: Path = PROJECT) -> Manifest:
    """The project as dbt reads it with the settings of now."""
    settings, state = _settings(variables, target), _state(project)
    known = _parsed.setdefault(project, {})
    if settings not in known or known[settings][0] != state:
        known[settings] = state, parsed_anew(*variables, target=target, project=project)
        if project == PROJECT:
            gc.freeze()  # the manifest stays: collections need not walk through it
    _read_from(landing_dir(), known[settings][1])
    return known[settings][1]


def parsed_anew(*variables: str, target: str, project: Path = PROJECT) -> Manifest:
    """The same, and no test has built with it. The first process of a test run that needs it has dbt parse the project;
    the others read what it wrote, for a fiftieth of the time. Without SHARED in the environment dbt always parses."""
    if SHARED not in os.environ:
        return builds.parse(*variables, target=target, project=project)
    settings = _settings(variables, target)
    folder = _folder_of(settings)
    folder.mkdir(exist_ok=True)
    kept = folder / _name_of((settings, _state(project)))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with environment(where_parsed(*variables, target=target, project=project)):
                manifest = builds.parse(*variables, target=target, project=project)
            parts = {part: getattr(manifest, part) for part in PARTS_OF_MANIFEST}
            kept.with_suffix(".new").write_bytes(pickle.dumps(parts))
            kept.with_suffix(".new").rename(kept)
    return Manifest(**pickle.loads(kept.read_bytes()))  # noqa: S301 - a process of this test run wrote it


def where_parsed(*variables: str, target: str, project: Path) -> dict[str, str]:
    """Settings with which dbt parses of a copy only what it has not yet read of this copy, or of the project. It parses
    all again where one of them differs, although no node does; so they name no database of a test."""
    folder = _folder_of(_settings(variables, target))
    place, of_project = folder / _name_of(project), folder / _name_of(PROJECT) / PARTIAL_PARSE_FILE_NAME
    if not place.exists() and of_project.exists():
        place.mkdir()
        shutil.copy(of_project, place)
    return {
        "CLICKHOUSE_PORT": "8123",
        "DBT_TARGET": target,
        "DBT_TARGET_PATH": str(place),
        "DUCKHOUSE_DUCKDB": duckdb_path().name,
        "DUCKHOUSE_LANDING": "landing",
    }


def _folder_of(settings: tuple) -> Path:
    return Path(os.environ[SHARED]) / _name_of(settings)


def _name_of(content: object) -> str:
    return sha256(repr(content).encode()).hexdigest()


def _settings(variables: tuple[str, ...], target: str) -> tuple:
    database = duckdb_path().stem if target == "dev" else ""
    return (target, database, *variables, *((name, os.environ.get(name) or None) for name in SETTINGS[target]))


def _read_from(landing: Path, manifest: Manifest) -> None:
    """Makes DuckDB read sources from this landing zone, whichever the manifest was parsed for."""
    for source in manifest.sources.values():
        for meta in (source.meta, source.config.meta):
            if "external_location" in meta:
                meta["external_location"] = FROM_LANDING.sub(
                    f"read_parquet('{landing}/{{zone}}/", meta["external_location"]
                )


def _state(project: Path) -> str:
    """Another text once a file of the project is another; the same for a copy without changes."""
    return _state_of_ours() if project == PROJECT else _digest(project)


@cache
def _state_of_ours() -> str:
    return _digest(PROJECT)


def _digest(project: Path) -> str:
    files = [path for part in PARTS for path in (project / part).rglob("*") if path.suffix in ENDINGS]
    digest = sha256(OF_RULES.sub(b"", (project / "dbt_project.yml").read_bytes()) + b"\0")
    for path in sorted([project / "profiles.yml", *files]):
        digest.update(f"{path.relative_to(project)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
