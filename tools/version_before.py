"""Writes the archive of a database that another version built, on which the test of upgrades builds.

Run it before a release, with a checkout of the last one; tests/python/version_before/built.tar.xz is replaced:

git worktree add ../before v0.1.0
python -m tools.version_before ../before
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.processes import DBT, embedded_clickhouse
from duckhouse.settings import PROJECT, environment
from duckhouse.warehouse.connection import connect
from tools.upgrades import dump
from tools.upgrades.world import ARCHIVE, MODELS, SOURCES, drop

DROPS = (1, 2)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.version_before", description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="folder of the other version")
    checkout = parser.parse_args(words).checkout.resolve()
    if not (checkout / "dbt_project.yml").is_file():
        raise cli.UserError(f"{checkout}: not a version of the project: dbt_project.yml is not there")
    with tempfile.TemporaryDirectory() as scratch:
        write(checkout, Path(scratch))
    print(f"{ARCHIVE.relative_to(PROJECT)}: {ARCHIVE.stat().st_size:,} bytes")
    return 0


def write(checkout: Path, folder: Path) -> None:
    settings = {
        "DUCKHOUSE_LANDING": str(folder / dump.LANDING),
        "DUCKHOUSE_DUCKDB": str(folder / "duckhouse.duckdb"),
        "DUCKHOUSE_CLICKHOUSE": str(folder / "clickhouse-data"),
        "DUCKHOUSE_PUBLISH": "false",
        "DBT_PACKAGES_FOLDER": str(PROJECT / "dbt_packages"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PREFIX": "duckhouse",
        "PYTHONPATH": os.pathsep.join([str(checkout / "plugins"), str(checkout)]),
    }
    with environment(settings), embedded_clickhouse("--port", "0"):
        for number in DROPS:
            place, moment = drop(number)
            for source in SOURCES:
                run(checkout, "-m", "scripts.land", source, str(place / source), "--delivered-at", moment)
        run(checkout, "-m", "scripts.push", *SOURCES)
        selected = ("--select", *(f"+{model}" for model in MODELS), "--exclude-resource-type", "test", "unit_test")
        for target in ("dev", "prod"):
            run(checkout, DBT, "--quiet", "build", *selected, "--target", target)
        dump.dump_duckdb(folder / "duckhouse.duckdb", folder / dump.OF_DUCKDB)
        with connect() as client:
            dump.dump_clickhouse(client, folder / dump.OF_CLICKHOUSE)
    dump.pack(folder, ARCHIVE)


def run(checkout: Path, *command: str) -> None:
    """Runs a command of the other version."""
    if subprocess.run([sys.executable, *command], cwd=checkout, stdout=subprocess.DEVNULL).returncode:
        raise cli.UserError(f"{checkout}: {' '.join(command[:4])} failed; what it said is above")


if __name__ == "__main__":
    cli.run(main)
