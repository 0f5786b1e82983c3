"""Where a warehouse does not open, or landing is not there, one sentence says why and what to do."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import duckdb
import pytest
from dbt.adapters.clickhouse.connections import ClickHouseConnectionManager
from dbt.adapters.clickhouse.credentials import ClickHouseCredentials
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.exceptions.connection import FailedToConnectError
from dbt.task.build import BuildTask
from dbt.task.docs.serve import ServeTask
from dbt_common.exceptions import DbtRuntimeError

from duckhouse.cli import UserError
from duckhouse.dbt_plugin import credentials, refusals, tasks, variables
from duckhouse.opening import duckdb_refuses, open_duckdb, open_published
from support.dbt import run_dbt, told_by_dbt

HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A DuckDB file that another process has open, and the number of the process."""
    path = tmp_path / "duckhouse.duckdb"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        yield path, holder.pid
        holder.stdin.close()


def test_a_database_that_another_process_holds_is_told_with_the_process(held: tuple[Path, int], tmp_path: Path) -> None:
    path, holder = held
    env = {"DUCKHOUSE_DUCKDB": str(path), "DUCKHOUSE_LANDING": str(tmp_path / "landing")}
    told = f"{path} is open in another process (PID {holder}, "

    with pytest.raises(UserError) as refused:
        open_duckdb(path)
    assert str(refused.value).startswith(told)
    assert "wait for it or end it, then run again" in str(refused.value)
    assert told in told_by_dbt("build", "--select", "stg_consent__files", target="dev", env=env, succeeds=False)
    with pytest.raises(UserError, match=rf"open to be written in another process \(PID {holder}\): end it"):
        open_published(path)


def test_landing_that_is_not_there_is_told_before_anything_is_built(tmp_path: Path) -> None:
    path = tmp_path / "duckhouse.duckdb"
    env = {"DUCKHOUSE_DUCKDB": str(path), "DUCKHOUSE_LANDING": str(tmp_path / "landing")}
    told = told_by_dbt("build", "--select", "stg_consent__files", "countries", target="dev", env=env, succeeds=False)

    assert f"{tmp_path}/landing/consent: no such folder, and a model reads it: python -m scripts.land --prepare" in told
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_a_target_that_is_not_there_is_told_by_dbt_debug_too(tmp_path: Path) -> None:
    told = run_dbt("debug", "--target", "produ", env={"DBT_LOG_PATH": str(tmp_path)}, succeeds=False)

    assert "The profile 'duckhouse' does not have a target named 'produ'" in told


def test_documentation_is_served_until_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(refusals, "plain_serve", interrupted)
    refusals.install()
    assert ServeTask.run(SimpleNamespace()) is None


def test_a_port_that_is_taken_and_documentation_that_is_not_written_are_told(tmp_path: Path) -> None:
    config = SimpleNamespace(project_target_path=str(tmp_path))
    with chdir(tmp_path), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        args = SimpleNamespace(host="127.0.0.1", port=port, browser=False)
        with pytest.raises(DbtRuntimeError, match=f"port {port} of 127.0.0.1, .*: Address already in use; choose "):
            refusals.serve(SimpleNamespace(args=args, config=config))
        config.project_target_path = str(tmp_path / "target")
        with pytest.raises(DbtRuntimeError, match=r"/target: No such file or directory; .* run dbt docs generate"):
            refusals.serve(SimpleNamespace(args=args, config=config))


def test_a_file_that_is_none_of_duckdb_is_told(tmp_path: Path) -> None:
    path = tmp_path / "duckhouse.duckdb"
    path.write_text("a text, and long enough to have a header")

    with pytest.raises(UserError, match=r"not a valid DuckDB database file.*; name another file in DUCKHOUSE_DUCKDB"):
        open_duckdb(path)


def test_a_file_that_this_user_may_not_write_is_told() -> None:
    error = duckdb.IOException('IO Error: Cannot open file "/x/a.duckdb": Permission denied')

    assert duckdb_refuses(Path("a.duckdb"), error) == (
        "a.duckdb: Permission denied; let this user write it, or name another file in DUCKHOUSE_DUCKDB"
    )


def test_a_database_named_as_a_schema_is_refused() -> None:
    refusals.refuse_name("x/duckhouse.duckdb", "duckhouse", {"marts", "staging"})
    with pytest.raises(DbtRuntimeError, match=r"x/marts\.duckdb: marts is the name of a schema too"):
        refusals.refuse_name("x/marts.duckdb", "marts", {"marts", "staging"})


@pytest.mark.parametrize(
    ("declared", "given", "told"),
    [
        (5, 4, None),
        (0.1, 1, None),
        ("0.005", 0.01, None),
        ("1990-01-01", date(2000, 1, 1), None),
        ("1990-01-01", "2000-01-01", None),
        (False, True, None),
        ("bot|crawl", "curl", None),
        (5, "many", "--vars: limit is a number, such as 5, and 'many' is not"),
        (5, True, "--vars: limit is a number, such as 5, and True is not"),
        (5, [4], "--vars: limit is a number, such as 5, and [4] is not"),
        ("1990-01-01", 5, "--vars: limit is a day, such as 1990-01-01, and 5 is not"),
        (False, "yes", "--vars: limit is true or false, such as False, and 'yes' is not"),
        ("bot|crawl", None, "--vars: limit is a text, such as bot|crawl, and None is not"),
    ],
)
def test_a_variable_of_another_kind_is_refused(declared: object, given: object, told: str | None) -> None:
    assert next(variables.faults({"limit": given}, {"limit": declared}), None) == told


def test_a_variable_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    env = {"DUCKHOUSE_DUCKDB": str(tmp_path / "duckhouse.duckdb"), "DUCKHOUSE_LANDING": str(tmp_path)}
    command = ("build", "--select", "countries", "--vars", "dq_deviation: 4")
    told = told_by_dbt(*command, target="dev", env=env, succeeds=False)
    assert "--vars: dq_deviation is not a variable of this project: dbt_project.yml lists them" in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("3GB", "DUCKHOUSE_MEMORY_GB='3GB' is not a number, 0 or more"),
        ("0", "DUCKHOUSE_MEMORY_GB='0' leaves no memory to build with: give it gigabytes, such as 3"),
    ],
)
def test_memory_that_is_no_number_of_gigabytes_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str, told: str
) -> None:
    monkeypatch.setenv("DUCKHOUSE_MEMORY_GB", given)
    refusals.install()
    with pytest.raises(FailedToConnectError, match=told):
        ClickHouseConnectionManager.open(SimpleNamespace(credentials=None))


MART = "model.duckhouse.dim_dates"


def retry_of(relation: str | None, *gone: str) -> Any:
    """A dbt retry of a run that made this relation, and others that the project does not have any more."""
    results = [SimpleNamespace(unique_id=MART, relation_name=relation)]
    results += [SimpleNamespace(unique_id=name, relation_name=None) for name in gone]
    return SimpleNamespace(
        manifest=SimpleNamespace(
            nodes={MART: SimpleNamespace(relation_name="`duckhouse_marts`.`dim_dates`")}, unit_tests={}
        ),
        previous_results=SimpleNamespace(results=results),
        task_class=BuildTask,
        interpret_results=lambda _: True,
    )


def test_what_was_built_in_one_database_is_not_retried_in_another() -> None:
    told = "dbt's last run made `duckhouse_audit_marts`.`dim_dates`, and here it would be `duckhouse_marts`.`dim_dates`"
    with pytest.raises(DbtRuntimeError, match=f"{told}: run dbt build"):
        tasks.retried(retry_of("`duckhouse_audit_marts`.`dim_dates`"))


@pytest.fixture
def notes_fired(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a retry says, which repeats nothing here: it only has the results."""
    fired: list[str] = []
    monkeypatch.setattr(tasks, "plain_retry", lambda task: task.previous_results)
    monkeypatch.setattr(tasks, "notes_of", lambda _: None)
    monkeypatch.setattr(tasks, "fire_event", lambda event: fired.append(event.msg))
    return fired


def test_what_is_gone_from_the_project_is_not_retried(notes_fired: list[str]) -> None:
    ended = tasks.retried(retry_of("`duckhouse_marts`.`dim_dates`", "test.duckhouse.gone.1a2b"))
    assert [result.unique_id for result in ended.results] == [MART]
    assert notes_fired == []


def test_the_last_run_may_have_had_another_target(notes_fired: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its adapter is loaded after the plugin was: without the password of the embedded ClickHouse it would fail."""
    monkeypatch.setattr(ClickHouseConnectionManager, "get_credentials", staticmethod(lambda given: given))
    tasks.retried(retry_of(None))
    assert ClickHouseConnectionManager.get_credentials is credentials.known


@pytest.mark.parametrize(
    ("undone", "told"),
    [
        ([MART], "dim_dates is not up to date: run dbt build"),
        ([MART, MART], "dim_dates and 1 other node are not up to date: run dbt build"),
    ],
)
def test_a_retry_says_what_else_is_not_done(
    notes_fired: list[str], monkeypatch: pytest.MonkeyPatch, undone: list[str], told: str
) -> None:
    """A run that was killed left no results, so dbt retry repeats the one before it."""
    monkeypatch.setattr(tasks, "notes_of", lambda _: SimpleNamespace(not_done=lambda: undone))
    tasks.retried(retry_of(None))
    failed = retry_of(None)
    failed.interpret_results = lambda _: False  # which says enough
    tasks.retried(failed)
    assert notes_fired == [told]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Error … [Errno 111] Connection refused) executing", "no ClickHouse answers at house:8123: start one with "),
        ("x\nCode: 516. Authentication failed", "refuses: Code: 516. Authentication failed; check CLICKHOUSE_USER and"),
    ],
)
def test_a_clickhouse_that_does_not_take_us_is_told(monkeypatch: pytest.MonkeyPatch, said: str, told: str) -> None:
    def fails(_: object, __: object) -> None:
        raise FailedToConnectError(said)

    monkeypatch.setattr(ClickHouseConnectionManager, "open", classmethod(fails))
    refusals.install()
    refusals.install()  # a second command in this process
    connection = SimpleNamespace(credentials=SimpleNamespace(host="house", port=8123))
    with pytest.raises(FailedToConnectError, match=told):
        ClickHouseConnectionManager.open(connection)


def test_dbt_finds_that_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refusals.install()
    place = ClickHouseCredentials(
        host="127.0.0.1", port=port, schema="x", user="default", password="", driver="http", retries=0
    )
    with pytest.raises(FailedToConnectError, match=f"no ClickHouse answers at 127.0.0.1:{port}: start one with"):
        ClickHouseConnectionManager.open(Connection("clickhouse", "test", place))
