"""The commands that meet trouble: the world in which each runs, and what it must have made of it in the end."""

import fcntl
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import duckdb
import pyarrow.parquet as pq

from duckhouse.embedded.postgres import embedded, prepare
from duckhouse.processes import DBT, dbt_build, module, run, script
from duckhouse.settings import PROJECT, environment, published_beside

OF_CONSENT = ("--select", "source:consent+", "countries", "--exclude", "tag:quality")
OF_ONE_RUN = frozenset({"_delivery_id", "_delivered_at", "delivery_id", "delivered_at"})
TABLES = ("advertiser", "campaign", "impressions", "clicks")
HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
LANDING = "landing"
DATABASE = "duckhouse.duckdb"


@dataclass(frozen=True)
class TroubledCommand:
    """`main` is named as package.module:function, and `words` follow on the command line, with {work} for the folder of
    the run. `make` fills a new folder, of which each run gets a copy, and `state` reads what must be in it after a run.
    `held` holds what one process alone may have, where the command needs such a thing. It says at most `most_lines` on
    standard error.
    """

    main: str
    words: tuple[str, ...]
    make: Callable[[Path], None]
    state: Callable[[Path], Any]
    held: Callable[[Path], AbstractContextManager[object]] | None = None
    serves: Callable[[Path], AbstractContextManager[object]] = nullcontext
    most_lines: int = 3

    def run(self, work: Path) -> int | None:
        sys.argv = [self.main, *(word.format(work=work) for word in self.words)]
        main: Callable[[], int | None] = resolve_name(self.main)
        return main()


def settings_of(work: Path) -> dict[str, str]:
    """Everything that a command reads or writes is in the folder of the run."""
    return {
        "DUCKHOUSE_LANDING": str(work / LANDING),
        "DUCKHOUSE_DUCKDB": str(work / DATABASE),
        "DUCKHOUSE_PUBLISH": "true",
        "DUCKHOUSE_FAILURES": str(work / "failures.jsonl"),
        "DBT_PACKAGES_FOLDER": str(work / "packages"),
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
        "TMPDIR": str(work / "tmp"),
    }


def build() -> None:
    run([*dbt_build("dev"), *OF_CONSENT])


def _nothing(_: Path) -> None:
    return


def _first_delivery(folder: Path) -> None:
    _generate(folder, "ad_serving", "--days", "1", "--events-per-day", "60")
    _run(folder, script("land", "ad_serving", f"{folder}/drop", "--no-redelivery"))


def _landed_consent(folder: Path) -> None:
    _generate(folder, "consent", "--companies", "3", "--active", "2", "--events-per-company", "50")
    _run(folder, script("land", "consent", f"{folder}/drop"))
    _run(folder, script("deps", "--offline"))
    _run(folder, [DBT, "--quiet", "parse"])


def _built_consent(folder: Path) -> None:
    _landed_consent(folder)
    _run(folder, [*dbt_build("dev"), *OF_CONSENT])


def _generate(folder: Path, source: str, *words: str) -> None:
    _run(folder, module("tools.generate", source, "--clean", "--seed", "3", *words, "--out", f"{folder}/drop"))


def _run(folder: Path, command: list[str]) -> None:
    """What it says is no part of what the campaign says."""
    env = {**os.environ, **settings_of(folder), "TMPDIR": str(folder)}
    subprocess.run(command, cwd=PROJECT, env=env, stdout=sys.stderr, check=True)


def _landed(work: Path) -> Any:
    """The rows of each file of each delivery, in the order in which deliveries count."""
    return [
        {str(path.relative_to(delivery)): _rows(path) for path in sorted(delivery.rglob("*.parquet"))}
        for delivery in sorted((work / LANDING).glob("*/delivery=*"))
    ]


def _extracted(work: Path) -> Any:
    """The rows of each table of the database. A run that finds nothing new is a delivery too, of a ledger alone."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in (work / LANDING / "ad_delivery").glob("delivery=*/*/*.parquet"):
        if path.parent.name in TABLES:
            found[path.parent.name] += _rows(path, {*OF_ONE_RUN, "_source_row"})[1]
    return {table: sorted(rows) for table, rows in found.items()}


def _rows(path: Path, of_one_run: Set[str] = OF_ONE_RUN) -> tuple[list[str], list[str]]:
    table = pq.read_table(path, use_threads=False)
    kept = [name for name in table.column_names if name not in of_one_run]
    return table.column_names, sorted(map(repr, table.select(kept).to_pylist()))


def files(folder: str) -> Callable[[Path], Any]:
    """Reads the files below a folder of the run: their names, and the sha256 of each."""

    def found(work: Path) -> Any:
        paths = [path for path in sorted((work / folder).rglob("*")) if path.is_file()]
        return {str(path.relative_to(work)): sha256(path.read_bytes()).hexdigest() for path in paths}

    return found


def _marts(work: Path) -> Any:
    """What is built, and what is published of it."""
    return [_tables(path) for path in (work / DATABASE, published_beside(work / DATABASE))]


def _tables(path: Path) -> dict[str, Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'staging') order by all"
        ).fetchall()
        return {
            name: connection.execute(f'select count(*), bit_xor(hash(t)) from "{schema}"."{name}" as t').fetchall()
            for schema, name in tables
        }


@contextmanager
def _zone_held(work: Path) -> Iterator[None]:
    zone = work / LANDING / "ad_serving"
    zone.mkdir(parents=True, exist_ok=True)
    with (zone / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _database_held(work: Path) -> Iterator[None]:
    command = [sys.executable, "-c", HOLDER, str(work / DATABASE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        if holder.stdout and holder.stdin:
            holder.stdout.readline()
            try:
                yield
            finally:
                holder.stdin.close()


@contextmanager
def _database_served(folder: Path) -> Iterator[None]:
    with embedded(folder) as server, environment({"POSTGRES_DSN": server.conninfo("ad_delivery")}):
        prepare(server, "ad_delivery")
        words = ("batch", "--seed", "3", "--impressions", "20")
        subprocess.run(module("tools.generate", "ad_delivery", *words), cwd=PROJECT, stdout=sys.stderr, check=True)
        yield


COMMANDS: Mapping[str, TroubledCommand] = {
    "land": TroubledCommand(
        "scripts.land:main", ("ad_serving", "{work}/drop/redelivery"), _first_delivery, _landed, _zone_held
    ),
    "prepare": TroubledCommand("scripts.land:main", ("--prepare",), _nothing, _landed, _zone_held),
    "deps": TroubledCommand("scripts.deps:main", ("--offline",), _nothing, files("packages")),
    "extract": TroubledCommand(
        "scripts.extract_postgres:main", ("ad_delivery",), _nothing, _extracted, serves=_database_served
    ),
    "report": TroubledCommand(
        "scripts.report:main", ("--out", "{work}/report/index.html"), _built_consent, files("report")
    ),
    "build": TroubledCommand(
        "tools.campaigns.trouble.commands:build", (), _landed_consent, _marts, _database_held, most_lines=12
    ),
}
