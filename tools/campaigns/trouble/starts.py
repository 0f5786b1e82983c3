"""What is there before a command runs: files in the folder of the run, what servers hold, and a lock that another
process holds.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckhouse.clickhouse_sql import quote
from duckhouse.embedded.migrate import migrate
from duckhouse.extraction.database import database_of
from duckhouse.processes import DBT, dbt_build, module, script
from duckhouse.settings import PROJECT, audit_prefix, environment
from duckhouse.streaming.running import stream_source
from duckhouse.turns import turn
from duckhouse.warehouse.connection import asking, connect
from duckhouse.warehouse.publish import databases
from tools.brokers.mock import mock_cluster
from tools.campaigns import servers
from tools.campaigns.consume.campaign import PARTITIONS, produce
from tools.campaigns.draws import by_seed
from tools.campaigns.kills.arrivals import to_lake
from tools.campaigns.servers import PREFIX

OF_CONSENT = ("--select", "source:consent+", "countries", "--exclude", "tag:quality")
LANDING = "landing"
DATABASE = "duckhouse.duckdb"
COMMITS = 8
HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
AUDITED = (
    "create database {0}_audit_marts",
    "create table {0}_audit_marts.orders engine = MergeTree order by id as select number as id from numbers(5)",
    "create table {0}_audit_marts.lines engine = MergeTree order by id as select number as id from numbers(7)",
    "create view {0}_audit_marts.totals as select count() as orders from {0}_audit_marts.orders",
    "create database {0}_marts",
    "create table {0}_marts.orders engine = MergeTree order by id as select number as id from numbers(2)",
    "create table {0}_marts.of_old_times engine = MergeTree order by id as select number as id from numbers(2)",
)
"""A build that passed, next to what was published before."""


def settings_of(work: Path) -> dict[str, str]:
    """Everything that a command reads or writes, except on servers, is in the folder of the run."""
    return {
        "DUCKHOUSE_LANDING": str(work / LANDING),
        "DUCKHOUSE_DUCKDB": str(work / DATABASE),
        "DUCKHOUSE_PUBLISH": "true",
        "DUCKHOUSE_LAKE": str(work / "lake"),
        "DUCKHOUSE_LAKE_CATALOG": "",
        "DUCKHOUSE_FAILURES": str(work / "failures.jsonl"),
        "DBT_PACKAGES_FOLDER": str(work / "packages"),
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
        "TMPDIR": str(work / "tmp"),
    }


# ---------------------------------------------------------------- files


def nothing(_: Path) -> None:
    return


def first_delivery(work: Path) -> None:
    _generate(work, "ad_serving", "--days", "1", "--events-per-day", "60")
    _run(script("land", "ad_serving", f"{work}/drop", "--no-redelivery"))


def landed_consent(work: Path) -> None:
    _generate(work, "consent", "--companies", "3", "--active", "2", "--events-per-company", "50")
    _run(script("land", "consent", f"{work}/drop"))


def parsed_consent(work: Path) -> None:
    landed_consent(work)
    _run(script("deps", "--offline"))
    _run([DBT, "--quiet", "parse"])


def parsed_consent_for_prod(work: Path) -> None:
    landed_consent(work)
    _run(script("deps", "--offline"))
    with environment({"CLICKHOUSE_PREFIX": audit_prefix()}):  # dbt parses again if it changes
        _run([DBT, "--quiet", "parse", "--target", "prod"])


def built_consent(work: Path) -> None:
    parsed_consent(work)
    _run([*dbt_build("dev"), *OF_CONSENT])


def lake(_: Path) -> None:
    """Messages of days that are over, in more files and snapshots than are kept."""
    draw = by_seed("lake")
    for _ in range(COMMITS):
        to_lake(draw)


def _generate(work: Path, source: str, *words: str) -> None:
    _run(module("tools.generate", source, "--clean", "--seed", "3", *words, "--out", f"{work}/drop"))


def _run(command: list[str]) -> None:
    """Keeps its output out of the campaign's output."""
    subprocess.run(command, cwd=PROJECT, stdout=sys.stderr, check=True)


# ---------------------------------------------------------------- servers


@contextmanager
def _kafka(_: Path) -> Iterator[dict[str, str]]:
    """A broker with messages in the topic of the only stream."""
    topic = str(stream_source(None)[1].topic)
    with mock_cluster() as cluster:
        cluster.make_topic(topic, PARTITIONS)
        produce(cluster.bootstrap, topic, by_seed("messages"))
        yield {"KAFKA_BOOTSTRAP": cluster.bootstrap}


SERVERS = {"postgres": servers.postgres, "clickhouse": servers.clickhouse, "kafka": _kafka}


def filled_database(_: Path) -> None:
    """Rows of advertisements; those of an earlier run are removed."""
    _run(module("tools.generate", "ad_delivery", "reset", "--yes"))
    _run(module("tools.generate", "ad_delivery", "batch", "--seed", "3", "--impressions", "20"))


def empty_store() -> None:
    source, _ = stream_source(None)
    with database_of(source) as database, database.connect(autocommit=True) as connection:
        connection.execute("drop owned by current_user")
        migrate(connection, source.name)


def empty_warehouse() -> None:
    client = connect()
    for name in databases(client):
        if name.startswith((f"{PREFIX}_", "raw_")) or name == PREFIX:
            client.command(f"drop database {quote(name)} sync")


def audited_warehouse() -> None:
    empty_warehouse()
    client = connect()
    for statement in AUDITED:
        client.command(statement.format(PREFIX))


# ---------------------------------------------------------------- locks


@contextmanager
def zone_held(work: Path) -> Iterator[None]:
    zone = work / LANDING / "ad_serving"
    zone.mkdir(parents=True, exist_ok=True)
    with (zone / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def database_held(work: Path) -> Iterator[None]:
    command = [sys.executable, "-c", HOLDER, str(work / DATABASE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        if holder.stdout and holder.stdin:
            holder.stdout.readline()
            try:
                yield
            finally:
                holder.stdin.close()


@contextmanager
def turn_held(_: Path) -> Iterator[None]:
    with turn(PREFIX, asking):
        yield
