"""The copy of DuckDB that people read: one file, the old one or the new one, while a build replaces it or dies."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.dbt_plugin.graph import ALL, Done, version_of_all
from duckhouse.dbt_plugin.landed import in_zones
from duckhouse.dbt_plugin.published import publish, records_of
from duckhouse.dbt_plugin.warehouses import DuckDB
from duckhouse.opening import open_published
from duckhouse.settings import PROJECT, published_path
from duckhouse.warehouse.dumps import compare_copy
from duckhouse.warehouse.news import is_new
from support.dbt import environment
from support.warehouse import Warehouse

MADE = """
    create schema marts; create schema quality; create schema reporting; create schema builds; create schema staging;
    create table staging.records as select 'secret' as payload;
    create table marts.daily (day date, amount decimal(38, 6), "odd "" name" varchar);
    insert into marts.daily values ('2026-01-01', 0.1, 'it''s'), ('2026-01-02', null, null);
    create view marts.totals as select sum(amount) as amount, 'shop.' as place from "shop"."marts"."daily";
    create view marts.of_a_view as select amount from shop.marts.totals;
    create view marts.of_staging as select payload from shop.staging.records, shop.marts.daily;
    create view reporting."odd ""rpt"" days" as select amount from shop.marts.totals;
    create table builds.nodes (node_id text, version text, outcome text, done_at text, row_count text);
    insert into builds.nodes values ('a', 'v', 'success', '10:00', '');
    comment on table marts.daily is 'One row per day; the shop''s own';
    comment on column marts.daily."odd "" name" is 'A name';
    comment on view marts.totals is 'One row';
    comment on column marts.totals.amount is 'A sum';
"""
VIEW = ("marts", "totals")
TABLES = {
    ("marts", "daily"), ("marts", "of_a_view"), ("marts", "of_staging"), ("reporting", 'odd "rpt" days'),
    ("builds", "nodes"),
}  # fmt: skip
RELATIONS = {VIEW, *TABLES}
AMOUNT = "select amount from marts.totals"
KILLED = """
import duckdb, os, signal, sys
from pathlib import Path
from duckhouse.dbt_plugin.published import publish
from tools.campaigns.moments import watch
moment, database, copy = sys.argv[1:]
def die(at):
    if at.startswith(moment):
        os.kill(os.getpid(), signal.SIGKILL)
def query(sql):
    die(sql)
    return connection.execute(sql).fetchall()
watch(["os:rename"], lambda _, at: die(at))
connection = duckdb.connect(database)
publish(query, {("marts", "daily"), ("marts", "totals")}, Path(copy))
"""
READER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as copy:
    for _ in range(2):
        print(copy.execute("select amount from marts.totals").fetchone()[0], flush=True)
        sys.stdin.readline()
"""
WRITER = """
import duckdb, os, sys
os.chmod(sys.argv[1], 0o600)
copy = duckdb.connect(sys.argv[1])
copy.execute("create table marts.own as select 1 as x")
print(flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(MADE)
    return path


@pytest.fixture
def copy(database: Path) -> Path:
    """Published once."""
    path = database.parent / "published" / "shop.duckdb"
    publish_again(database, path)
    return path


def publish_again(database: Path, copy: Path, change: str = "select 1") -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute(change)
        publish(lambda sql: connection.execute(sql).fetchall(), RELATIONS, copy)


def read(copy: Path, query: str = AMOUNT) -> list[tuple]:
    with duckdb.connect(str(copy), read_only=True) as connection:
        return connection.execute(query).fetchall()


def ran(script: str, *words: str | Path) -> int:
    return subprocess.run([sys.executable, "-c", script, *words], cwd=PROJECT, capture_output=True).returncode


@pytest.fixture
def started(copy: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen]:
    """Another process that has the copy open."""
    command = [sys.executable, "-c", request.param, str(copy)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.communicate()


def test_views_of_what_is_copied_stay_and_others_become_tables(copy: Path) -> None:
    kinds = read(copy, "select table_schema, table_name, table_type from information_schema.tables")
    assert {(schema, table) for schema, table, kind in kinds if kind == "BASE TABLE"} == TABLES
    assert {(schema, table) for schema, table, kind in kinds if kind == "VIEW"} == {VIEW}


def test_the_copy_can_be_read_under_any_name(database: Path, copy: Path) -> None:
    """Also beside another database that has tables of the same names."""
    elsewhere = copy.rename(database.parent / "renamed.duckdb")
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create table marts.daily as select 7 as amount")
        connection.execute(f"attach '{elsewhere}' as shelf (read_only)")
        for relation in ('shelf.reporting."odd ""rpt"" days"', "shelf.marts.totals", "shelf.marts.of_a_view"):
            assert connection.execute(f"select cast(amount as varchar) from {relation}").fetchall() == [("0.100000",)]
        assert connection.execute("select distinct place from shelf.marts.totals").fetchall() == [("shop.",)]
    database.unlink()
    assert read(elsewhere, "from marts.daily order by day")[0][2] == "it's"


def test_the_copy_describes_its_tables_and_columns(copy: Path) -> None:
    tables = read(copy, "select table_name, comment from duckdb_tables() where comment is not null")
    views = read(copy, "select view_name, comment from duckdb_views() where comment is not null")
    assert [*tables, *views] == [("daily", "One row per day; the shop's own"), ("totals", "One row")]
    columns = read(copy, "select column_name, comment from duckdb_columns() where comment is not null order by 1")
    assert columns == [("amount", "A sum"), ('odd " name', "A name")]


def test_the_copy_is_for_its_owner_and_nobody_writes_it(copy: Path) -> None:
    assert stat.S_IMODE(copy.stat().st_mode) == 0o400


@pytest.mark.parametrize(
    "sql",
    [
        "select content from read_text('{file}')",
        "attach '{file}.other'",
        "copy marts.totals to '{file}'",
        "load '{file}'",
        "set enable_external_access = true",
        "drop table marts.totals",
    ],
)
def test_sql_of_readers_reaches_the_copy_and_no_other_file(copy: Path, sql: str) -> None:
    file = copy.with_name("secret.txt")
    file.write_text("secret")
    with open_published(copy) as connection:
        assert connection.execute(AMOUNT).fetchall()
        with pytest.raises(duckdb.Error, match=r"disabled|locked|read-only"):
            connection.execute(sql.format(file=file))
    assert file.read_text() == "secret"


def test_the_copy_says_what_it_was_made_from(copy: Path) -> None:
    assert records_of(copy)["a"].at == "10:00"
    copy.chmod(0o600)
    copy.write_text("a text, and long enough to have a header")
    assert records_of(copy) == {}
    copy.unlink()
    assert records_of(copy) == {}


@pytest.mark.parametrize("moment", ["begin", "checkpoint", "detach", "before os.rename", "after os.rename"])
def test_a_copy_is_the_old_or_the_new_one_whenever_publishing_is_killed(
    database: Path, copy: Path, moment: str
) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.daily set amount = 7")
    assert ran(KILLED, moment, database, copy) == -signal.SIGKILL

    assert str(read(copy)[0][0]) == ("14.000000" if moment == "after os.rename" else "0.100000")
    publish_again(database, copy)
    assert [path.name for path in copy.parent.iterdir()] == ["shop.duckdb"]
    assert list(compare_copy(database, copy)) == []


def test_a_publishing_that_fails_leaves_the_old_copy_and_nothing_beside(database: Path, copy: Path) -> None:
    with pytest.raises(duckdb.ConversionException):
        publish_again(database, copy, "create or replace view marts.totals as select cast('x' as integer) as amount")
    assert str(read(copy)[0][0]) == "0.100000"
    assert [path.name for path in copy.parent.iterdir()] == ["shop.duckdb"]


@pytest.mark.parametrize("started", [READER], indirect=True)
def test_a_reader_keeps_the_copy_that_it_has_open(database: Path, copy: Path, started: subprocess.Popen) -> None:
    assert started.stdout.readline() == "0.100000\n"
    publish_again(database, copy, "update marts.daily set amount = 7")
    started.stdin.write("\n")
    started.stdin.flush()
    assert started.stdout.readline() == "0.100000\n"
    assert str(read(copy)[0][0]) == "14.000000"


@pytest.mark.parametrize("started", [WRITER], indirect=True)
def test_whoever_writes_into_a_copy_does_not_spoil_the_next_one(
    database: Path, copy: Path, started: subprocess.Popen
) -> None:
    """What it wrote is in a log beside the copy, which would be read as one of the new copy."""
    started.stdout.readline()
    assert records_of(copy) == {}
    publish_again(database, copy, "update marts.daily set amount = 7")
    assert str(read(copy)[0][0]) == "14.000000"
    assert ("marts", "own") not in read(copy, "select schema_name, table_name from duckdb_tables()")


def test_a_difference_between_copy_and_database_is_told(database: Path, copy: Path) -> None:
    assert list(compare_copy(database, copy)) == []
    with duckdb.connect(str(database)) as connection:
        connection.execute("insert into marts.daily from marts.daily limit 1")
        connection.execute("create table quality.new as select 1 as x")
    assert list(compare_copy(database, copy)) == [
        "quality.new: only built",
        "marts.daily: of 2 published rows 0 are not built, and 1 are missing",
        "marts.of_a_view: of 1 published rows 1 are not built, and 1 are missing",
        "marts.of_staging: of 2 published rows 0 are not built, and 1 are missing",
        "marts.totals: of 1 published rows 1 are not built, and 1 are missing",
        'reporting.odd "rpt" days: of 1 published rows 1 are not built, and 1 are missing',
    ]


def test_what_is_not_built_is_not_published_by_hand(tmp_path: Path) -> None:
    house = Warehouse(tmp_path, 1)
    told = house.run("publish", "--target", "dev", code=1).stderr
    assert told == f"error: {house.duckdb}: no such file; run dbt build --target dev first\n"
    duckdb.connect(str(house.duckdb)).close()
    told = house.run("publish", "--target", "dev", code=1).stderr
    assert told == f"error: {house.duckdb}: no marts are built; run dbt build --target dev first\n"


def test_a_pipeline_finds_something_to_do_where_the_copy_is_missing(tmp_path: Path) -> None:
    database, landing = tmp_path / "shop.duckdb", tmp_path / "landing"
    env = {"DUCKHOUSE_DUCKDB": str(database), "DUCKHOUSE_LANDING": str(landing), "DUCKHOUSE_PUBLISH": "true"}
    with environment(env):
        version = version_of_all(fingerprint(PROJECT), in_zones(landing))
        with duckdb.connect(str(database)) as connection:
            builds = DuckDB(lambda sql: connection.execute(sql).fetchall(), landing)
            builds.write({ALL: Done(version, "success", "10:00")})
        assert is_new("dev")
        with environment({"DUCKHOUSE_PUBLISH": "false"}):
            assert not is_new("dev")
        with duckdb.connect(str(database)) as connection:
            publish(lambda sql: connection.execute(sql).fetchall(), {("builds", "nodes")}, published_path())
        assert not is_new("dev")
