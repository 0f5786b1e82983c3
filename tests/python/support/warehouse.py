"""A landing zone, a DuckDB file and a ClickHouse of a test's own, worked with the project's commands."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from duckhouse import cli
from duckhouse.settings import PROJECT, published_beside
from duckhouse.warehouse.parity import Model, compare_all, published_models
from scripts import land, parity, publish, push, report
from support.dbt import environment, invoke_dbt
from support.places import place
from tools import generate
from tools.campaigns.orders.shelf import published_rows

Main = Callable[[Sequence[str]], int | None]

IN_PROCESS: dict[str, Main] = {
    "land": land.main,
    "parity": parity.main,
    "publish": publish.main,
    "push": push.main,
    "report": report.main,
    "tools.generate": generate.main,
}
# Rules and findings need all sources and cost seconds: only a warehouse of all sources builds them.
WITHOUT_QUALITY = ("--exclude", "tag:quality")
# Views of schema reporting are built where a test reads them.
WITHOUT_VIEWS = (*WITHOUT_QUALITY, "path:models/reporting")
ALL = "all"  # sources


@dataclass(frozen=True)
class Warehouse:
    folder: Path
    clickhouse_port: int
    prefix: str = "duckhouse"
    name: str = "first"
    project: Path = PROJECT
    source: str = "ad_serving"
    only: tuple[str, ...] = ()
    """models: builds make these and what they are made from, not all of the source"""
    views: bool = False
    """builds of a source make its views of schema reporting too"""
    env: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        env = {
            "DUCKHOUSE_LANDING": str(self.folder / "landing"),
            "DUCKHOUSE_DUCKDB": str(self.duckdb),
            "CLICKHOUSE_HOST": "127.0.0.1",
            "CLICKHOUSE_PORT": str(self.clickhouse_port),
            "CLICKHOUSE_PREFIX": self.prefix,
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_TARGET_PATH": str(self.folder / "target"),
        }
        object.__setattr__(self, "env", env)

    @property
    def duckdb(self) -> Path:
        return self.folder / f"{self.name}.duckdb"

    @property
    def published_copy(self) -> Path:
        return published_beside(self.duckdb)

    @property
    def models(self) -> tuple[str, ...]:
        """dbt's arguments for what is built: by default the source and all that is made from it."""
        if self.only:
            return ("--select", *(f"+{name}" for name in self.only))
        if self.source == ALL:
            return ("--select", "*")
        its_seeds = f"resource_type:seed,+path:models/marts/{self.source}"
        return ("--select", f"source:{self.source}+", its_seeds, *(WITHOUT_QUALITY if self.views else WITHOUT_VIEWS))

    def run(self, script: str, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs a script or a tool: those that are called most in this process, the others as the command. Builds in
        tests publish nothing, so what is built is published before a report of dev."""
        if script == "report" and "prod" not in arguments and self.duckdb.exists():
            self.run("publish", "--target", "dev")
        name = script if "." in script else f"scripts.{script}"
        command = [sys.executable, "-m", name, *map(str, arguments)]
        if script in IN_PROCESS:
            with environment(self.env):
                done = called(lambda: IN_PROCESS[script](command[3:]))
        else:
            env = {**os.environ, **self.env}
            done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def new_drop(self) -> Path:
        """A folder for the files of one more delivery."""
        return self.folder / f"drop-{sum(1 for _ in self.folder.glob('drop-*'))}"

    def land(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        return self.run("land", self.source, *arguments, code=code)

    def dbt(self, target: str, *arguments: str) -> None:
        if arguments[0] == "build" and "--select" not in arguments:
            arguments = (*arguments, *self.models)
        env = {**self.env, "DBT_TARGET_PATH": str(self.folder / f"target-{target}-{self.name}")}
        invoke_dbt(*arguments, target=target, env=env, project=self.project)

    def build(self, *arguments: str) -> None:
        """Pushes what is landed and builds both targets, tests included. What is selected may read other sources."""
        self.run("push", *(() if self.source == ALL or "--select" in arguments else (self.source,)))
        for target in ("dev", "prod"):
            self.dbt(target, "build", *arguments)

    def parity(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        if "--select" not in arguments:
            arguments = (*self.models, *arguments)
        return json.loads(self.run("parity", "--json", *arguments, code=code).stdout)

    def differences(self) -> list[dict[str, Any]]:
        """The published tables that are not the same on both engines."""
        with environment(self.env):
            results = compare_all(_published_models(self.models))
        return [result for result in results if not result["equal"]]

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.duckdb), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def published(self) -> dict[str, list[tuple]]:
        """All rows of every published table and view on dev, in an order of their own."""
        return published_rows(self.duckdb)


def called(main: Callable[[], int | None]) -> subprocess.CompletedProcess[str]:
    """What the command of which this is the main would have said, and its exit code."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        cli.run(main)
    return subprocess.CompletedProcess([], ended.value.code, out.getvalue(), err.getvalue())


def findings_of(source: str) -> tuple[str, ...]:
    """dbt's arguments for the findings of one source, and what they are made from. Rules of others are left out."""
    return ("--select", f"+path:models/quality/{source}", "dim_dq_rules", "fct_dq_findings")


@cache
def _published_models(arguments: tuple[str, ...]) -> list[Model]:
    chosen = parity.parser().parse_args(arguments)
    return published_models(chosen.select, chosen.exclude)


@contextmanager
def warehouse(source: str = "ad_serving", only: tuple[str, ...] = (), views: bool = False) -> Iterator[Warehouse]:
    """A warehouse without data. What is in it at the end is gone."""
    with place() as (folder, port):
        yield Warehouse(folder, port, source=source, only=only, views=views)


@contextmanager
def landed_again(house: Warehouse) -> Iterator[Warehouse]:
    """Another warehouse, where all has landed that is in the landing zone of the first, and nothing is built."""
    with warehouse(house.source, house.only) as other:
        shutil.copytree(house.folder / "landing", other.folder / "landing")
        yield other
