"""The databases of sources: the embedded server, who starts and stops it, the settings, the migration."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import conninfo

from duckhouse.cli import UserError
from duckhouse.embedded.migrate import migrate, migrations
from duckhouse.embedded.postgres import Embedded, _free_port, embedded
from duckhouse.extraction.database import database_of
from duckhouse.extraction.run import extract
from duckhouse.processes import script
from duckhouse.settings import PROJECT, environment
from duckhouse.sources import load_source
from support.postgres import SOURCE, new_database, postgres_server
from support.waiting import wait_for

WITH_DATABASE = ("ad_delivery", "telemetry")
"""The sources that have one: rows are extracted from the first, and messages written to the second."""
DAC_READ_SEARCH = 2  # the number of the capability
VARIABLES = ("DSN", "HOST", "PORT", "DB", "USER", "PASSWORD")
USER_OF_IT = """
    import sys
    sys.path.insert(0, {project!r})
    from duckhouse.extraction.database import database_of, postgres_source
    with database_of(postgres_source({source!r})) as database, database.connect() as connection:
        print(connection.info.port, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix in ("POSTGRES", "TELEMETRY"):
        for name in VARIABLES:
            monkeypatch.delenv(f"{prefix}_{name}", raising=False)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data of an embedded server, which the test starts."""
    monkeypatch.setenv("DUCKHOUSE_POSTGRES", str(tmp_path / "data"))
    yield tmp_path / "data"
    if server := postmaster(tmp_path / "data"):
        server.send_signal(signal.SIGINT)
        server.wait(30)


def postmaster(folder: Path) -> psutil.Process | None:
    """The running server of a folder."""
    try:
        server = psutil.Process(int((folder / "cluster" / "postmaster.pid").read_text().split()[0]))
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return server if runs(server) else None


def runs(server: psutil.Process) -> bool:
    """A process that ended and that nobody has waited for is gone too."""
    return server.is_running() and server.status() != psutil.STATUS_ZOMBIE


def wait_for_end(server: psutil.Process) -> None:
    """A stopped server removes the file for which pg_ctl waits, and ends a moment later."""
    wait_for(lambda: not runs(server), "the server ends")


@contextmanager
def command_that_uses_it() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command in the middle of its work with the database, and the port of that."""
    code = USER_OF_IT.format(project=str(PROJECT), source=SOURCE).replace("\n    ", "\n")
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True) as running:
        try:
            yield running, int(running.stdout.readline())
        finally:
            running.stdin.close()
            running.wait(60)


# ---------------------------------------------------------------- the embedded server


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_the_first_command_starts_the_server_and_the_last_stops_it(folder: Path, first_to_leave: int) -> None:
    with ExitStack() as first, ExitStack() as second:
        stacks = [first, second]
        _, port = first.enter_context(command_that_uses_it())
        server = postmaster(folder)
        _, port_again = second.enter_context(command_that_uses_it())
        assert (port_again, postmaster(folder)) == (port, server)
        stacks[first_to_leave].close()
        assert runs(server)
        with database_of(load_source(SOURCE)) as database, database.connect() as connection:
            assert connection.execute("select count(*) from impressions").fetchone() == (0,)
        assert runs(server)
    wait_for_end(server)
    assert postmaster(folder) is None


def test_two_commands_that_start_at_once_share_one_server(folder: Path) -> None:
    code = USER_OF_IT.format(project=str(PROJECT), source=SOURCE).replace("\n    ", "\n")
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    ports = {each.stdout.readline() for each in running}
    server = postmaster(folder)
    assert [each.communicate("")[0] for each in running] == ["", ""]
    assert len(ports) == 1
    assert [each.returncode for each in running] == [0, 0]
    wait_for_end(server)


def test_a_killed_command_leaves_a_server_that_the_next_uses_and_stops(folder: Path) -> None:
    with command_that_uses_it() as (running, port):
        running.kill()
        running.wait(60)
        server = postmaster(folder)
        assert runs(server)
        with database_of(load_source(SOURCE)) as database:
            assert f":{port}/" in database.address
            assert postmaster(folder) == server
        wait_for_end(server)


def test_data_stay_and_a_server_that_was_killed_comes_back(folder: Path) -> None:
    with database_of(load_source(SOURCE)) as database, database.connect(autocommit=True) as connection:
        connection.execute("insert into clicks (campaign_id) values (null)")
        server = postmaster(folder)
        server.kill()
        wait_for_end(server)
        with pytest.raises(UserError, match=r"PostgreSQL at 127.0.0.1:\d+/ad_delivery: .*; check POSTGRES_DSN"):
            database.connect()
    with database_of(load_source(SOURCE)) as database, database.connect() as connection:
        assert connection.execute("select count(*) from clicks").fetchone() == (1,)


def test_a_start_that_was_killed_half_way_is_begun_anew(folder: Path) -> None:
    (folder / "cluster.new").mkdir(parents=True)
    (folder / "cluster.new" / "PG_VERSION").write_text("18")
    (folder / "password").write_text("old")
    with database_of(load_source(SOURCE)) as database, database.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    files = ["cluster", "log", "password", "start.lock", "superuser", "users.lock"]
    assert sorted(path.name for path in folder.iterdir()) == files


def test_a_cluster_of_the_version_before_gets_the_role_and_keeps_its_data(folder: Path) -> None:
    with database_of(load_source(SOURCE)) as database, database.connect(autocommit=True) as connection:
        connection.execute("insert into clicks (campaign_id) values (null)")
    with embedded(folder) as server:
        with psycopg.connect(**server.parameters(SOURCE), autocommit=True) as connection:
            connection.execute("reassign owned by extraction to postgres")
            connection.execute("drop role extraction")
            connection.execute("create role other superuser login password 'x'")
        other = {**server.parameters(SOURCE), "user": "other", "password": "x"}
        with psycopg.connect(**other, autocommit=True) as connection:
            connection.execute("alter role postgres rename to ad_delivery")
    (folder / "superuser").rename(folder / "password")
    for _ in range(2):
        with database_of(load_source(SOURCE)) as database, database.connect() as connection:
            assert connection.execute("select count(*) from clicks").fetchone() == (1,)
            assert connection.execute("select current_user").fetchone() == ("extraction",)
            connection.execute("alter table clicks add column if not exists note text")


def test_commands_are_no_superuser(folder: Path) -> None:
    """They read no file, run no program, and change no setting; they own what they work on."""
    with database_of(load_source(SOURCE)) as database:
        with database.connect(autocommit=True) as connection:
            rights = (
                "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls from pg_roles where rolname = current_user"
            )
            assert connection.execute(rights).fetchone() == (False, False, False, False)
            connection.execute("create temporary table o (x text)")
            for outside in (
                "copy o from '/etc/passwd'",
                "copy o from program 'id'",
                f"copy o to '{folder / 'x'}'",
                "select pg_read_file('/etc/passwd')",
                "select pg_ls_dir('/')",
                "alter system set archive_command = 'id'",
                "select lo_import('/etc/passwd')",
                "set role postgres",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(outside)
        with environment({"DUCKHOUSE_LANDING": str(folder.parent / "landing")}):
            for mode in ("compare", "full", "cdc", "cdc"):
                assert extract(load_source(SOURCE), database, mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user runs it as itself")
def test_started_by_root_it_may_write_nothing_but_its_own(folder: Path) -> None:
    with embedded(folder):
        status = Path(f"/proc/{postmaster(folder).pid}/status").read_text()
    capabilities = int(re.search(r"CapEff:\s+(\w+)", status)[1], 16)
    assert capabilities in (0, 1 << DAC_READ_SEARCH)


def test_the_password_is_for_the_owner_and_the_server_for_this_machine(folder: Path) -> None:
    with embedded(folder) as server:
        for name, mode in (("password", 0o600), ("superuser", 0o600), ("cluster", 0o700)):
            assert stat.S_IMODE((folder / name).stat().st_mode) == mode
        assert (folder / "password").read_text() != (folder / "superuser").read_text()
        password = (folder / "password").read_text()
        assert len(password) >= 32
        assert password not in repr(server)
        listening = [c.laddr.ip for c in postmaster(folder).net_connections() if c.status == psutil.CONN_LISTEN]
        assert listening == ["127.0.0.1"]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(**{**server.parameters("postgres"), "password": "wrong"})
        assert password not in " ".join(postmaster(folder).cmdline())


# ---------------------------------------------------------------- the command


def postgres_command(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        script("postgres", *arguments),
        cwd=PROJECT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_end(folder: Path, end: signal.Signals) -> None:
    port = _free_port()
    command = script("postgres", "--port", str(port))
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        greeting = [running.stdout.readline() for _ in WITH_DATABASE]
        password = (folder / "password").read_text()
        assert greeting == [
            f"PostgreSQL at postgresql://extraction@127.0.0.1:{port}/{name} (password in {folder / 'password'})\n"
            for name in WITH_DATABASE
        ]
        with database_of(load_source(SOURCE)) as database:
            assert database.address == f"127.0.0.1:{port}/ad_delivery"
        server = postmaster(folder)
        assert runs(server)
        other = postgres_command("--port", str(_free_port()))
        assert (other.returncode, other.stdout) == (1, "")
        assert other.stderr.endswith(f"runs already, on port {port}: use that\n")
        running.send_signal(end)
        said, complaint = running.communicate(timeout=60)
    assert (running.returncode, said, complaint) == (0, "", "")
    wait_for_end(server)
    assert password not in "".join(greeting) + other.stderr


def test_a_port_in_use_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = postgres_command("--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: the embedded PostgreSQL does not start on port {port}: ")
    assert done.stderr.endswith("free the port, or set POSTGRES_DSN to another server\n")
    assert done.stderr.count("\n") == 1
    assert postmaster(folder) is None
    with database_of(load_source(SOURCE)) as database, database.connect():
        pass


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(folder: Path, port: str) -> None:
    done = postgres_command(f"--port={port}")
    assert (done.returncode, done.stderr) == (1, f"error: --port {port} is not a port number\n")
    assert not folder.exists()


def test_the_schema_is_brought_to_the_database_that_the_environment_names(postgres: Embedded) -> None:
    with psycopg.connect(**postgres.parameters("postgres"), autocommit=True) as connection:
        connection.execute("create database bare")
    dsn = conninfo.make_conninfo(**postgres.parameters("bare"))
    for said in (", ".join(path.name for path in migrations(SOURCE)), "the schema is there"):
        done = postgres_command("--migrate", POSTGRES_DSN=dsn)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"127.0.0.1:{postgres.port}/bare: {said}\n"
        assert postgres.password not in done.stdout


def test_the_schema_of_a_stream_is_brought_too_and_its_columns(postgres: Embedded) -> None:
    with psycopg.connect(**postgres.parameters("postgres"), autocommit=True) as connection:
        for name in ("bare_shop", "bare_stream"):
            connection.execute(f"create database {name}")
    shop, stream = (conninfo.make_conninfo(**postgres.parameters(name)) for name in ("bare_shop", "bare_stream"))
    made = f"127.0.0.1:{postgres.port}/bare_stream: 0001_telemetry.sql, 0002_telemetry_history.sql\n"
    there = f"127.0.0.1:{postgres.port}/bare_stream: the schema is there\n"
    for arguments, said in (((), made), (("telemetry",), there)):
        done = postgres_command("--migrate", *arguments, TELEMETRY_DSN=stream)
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    with psycopg.connect(stream) as connection:
        found = connection.execute("select temperature, pressure from readings").fetchall()
        assert found == []
    done = postgres_command("--migrate", POSTGRES_DSN=shop, TELEMETRY_DSN=stream)
    assert [line.split(": ")[0].split("/")[1] for line in done.stdout.splitlines()] == ["bare_shop", "bare_stream"]
    done = postgres_command("--migrate", "consent")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: source consent is of kind files, which has no database: ad_delivery, telemetry are those with one\n"
    )


# ---------------------------------------------------------------- migration

TIMESTAMP, TEXT = "timestamp without time zone", "character varying(255)"
CREATED = [("id", "integer"), ("campaign_id", "integer"), ("created_at", TIMESTAMP)]
SCHEMA = {
    "advertiser": [("id", "integer"), ("name", TEXT), ("updated_at", TIMESTAMP), ("created_at", TIMESTAMP)],
    "campaign": [
        ("id", "integer"),
        ("name", TEXT),
        ("bid", "numeric(10,2)"),
        ("budget", "numeric(10,2)"),
        ("start_date", "date"),
        ("end_date", "date"),
        ("advertiser_id", "integer"),
        ("updated_at", TIMESTAMP),
        ("created_at", TIMESTAMP),
    ],
    "impressions": CREATED,
    "clicks": CREATED,
}
COLUMNS_OF = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 order by attnum
"""


def test_the_migration_makes_the_schema_once(postgres: Embedded) -> None:
    database = new_database(postgres)
    with database.connect() as connection:
        assert migrate(connection, SOURCE) == []
        for table, columns in SCHEMA.items():
            assert connection.execute(COLUMNS_OF, [table]).fetchall() == columns
        connection.execute("insert into advertiser (name) values ('a')")
        connection.execute("insert into campaign (name, bid, budget, advertiser_id) values ('a', 1, 1, 1)")
        found = connection.execute("select id, created_at is not null, updated_at from campaign").fetchone()
        assert found == (1, True, None)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("insert into clicks (campaign_id) values (2)")


def test_the_migration_leaves_tables_that_are_there(postgres: Embedded) -> None:
    database = new_database(postgres)
    with database.connect(autocommit=True) as connection:
        connection.execute("drop schema duckhouse cascade")
        connection.execute("insert into clicks (campaign_id) values (null)")
        connection.execute("drop table impressions")
        assert migrate(connection, SOURCE) == [path.name for path in migrations(SOURCE)]
        assert connection.execute("select count(*) from clicks").fetchone() == (1,)
        assert connection.execute(COLUMNS_OF, ["impressions"]).fetchall() == SCHEMA["impressions"]
        assert migrate(connection, SOURCE) == []


# ---------------------------------------------------------------- settings


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"POSTGRES_{name}", value)


def test_a_dsn_names_the_database(postgres: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    own = f"postgresql://postgres:{postgres.password}@127.0.0.1:{postgres.port}/ad_delivery"
    settings(monkeypatch, DSN=own, HOST="not.there", PORT="1", DB="nothing", USER="nobody")
    with database_of(load_source(SOURCE)) as database, database.connect() as connection:
        assert database.address == f"127.0.0.1:{postgres.port}/ad_delivery"
        shown = [connection.execute(f"show {name}").fetchone()[0] for name in ("timezone", "datestyle")]
        assert shown == ["UTC", "ISO, YMD"]
        assert postgres.password not in repr(database) + str(database)


@pytest.mark.parametrize("variable", ["POSTGRES_PASSWORD", "PGPASSWORD"])
def test_the_parts_name_it_too(postgres: Embedded, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    settings(monkeypatch, HOST="127.0.0.1", PORT=str(postgres.port), DB="ad_delivery", USER="postgres")
    monkeypatch.setenv(variable, postgres.password)
    with database_of(load_source(SOURCE)) as database, database.connect() as connection:
        assert connection.execute("select current_database()").fetchone() == ("ad_delivery",)


def test_parts_that_are_not_set_have_the_usual_values(monkeypatch: pytest.MonkeyPatch) -> None:
    settings(monkeypatch, DB="shop")
    with database_of(load_source(SOURCE)) as database:
        assert database.address == "localhost:5432/shop"
        assert "user=postgres" in database.conninfo


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"DSN": "postgresql://a:hidden@127.0.0.1:1/b"}, "PostgreSQL at 127.0.0.1:1/b: .*; check POSTGRES_DSN"),
        ({"DSN": "hidden nonsense"}, "POSTGRES_DSN is not a connection string: write it as postgresql://"),
        ({"DSN": "postgresql://a:hidden@127.0.0.1:port/b"}, "PostgreSQL at .*; check POSTGRES_DSN"),
        ({"HOST": "127.0.0.1", "PORT": "1"}, r"PostgreSQL at 127.0.0.1:1/postgres: .*; check POSTGRES_DSN \(or"),
        ({"PORT": "hidden"}, "PostgreSQL at .*; check POSTGRES_DSN"),
    ],
)
def test_settings_that_lead_nowhere_are_one_line_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    settings(monkeypatch, **values)
    with pytest.raises(UserError, match=message) as said, database_of(load_source(SOURCE)) as database:
        database.connect()
    assert "\n" not in str(said.value)
    assert "a:hidden" not in str(said.value)


def test_a_wrong_password_is_one_line(postgres: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(monkeypatch, DSN=f"postgresql://postgres:hidden@127.0.0.1:{postgres.port}/ad_delivery")
    with (
        pytest.raises(UserError, match="password authentication failed") as said,
        database_of(load_source(SOURCE)) as database,
    ):
        database.connect()
    assert "\n" not in str(said.value)
    assert "hidden" not in str(said.value)
