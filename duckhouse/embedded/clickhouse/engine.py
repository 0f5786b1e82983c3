"""The embedded engine: one process owns the data directory, and every session has its own handle.

A handle keeps USE, SET and temporary tables to itself, as a session of a server does. Settings in the URL hold for that
request only: a later request in the same session that does not repeat them gets the session's own values back.
"""

import json
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from duckhouse.cli import UserError
from duckhouse.embedded.clickhouse import statements
from duckhouse.embedded.clickhouse.access import configuration
from duckhouse.embedded.clickhouse.confinement import confinement
from duckhouse.embedded.clickhouse.errors import ClickHouseError, engine_fault, fault, syntax_fault
from duckhouse.embedded.clickhouse.native import header_block
from duckhouse.embedded.clickhouse.statements import Insert, Statement, quoted
from duckhouse.settings import environment

SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")

CHANGED_SETTINGS = "SELECT name, value FROM system.settings WHERE changed"
NORMAL_FORM = "SELECT formatQuerySingleLine({statement:String}) SETTINGS max_query_size = %d"
# The text of a query parameter: everything but printable ASCII is escaped, byte by byte.
ESCAPED = {byte: f"\\x{byte:02x}" for byte in range(256) if not 32 <= byte < 127 or byte == ord("\\")}

# A build repeats most statements of the build before; statements up to this size are parsed once.
STATEMENTS_KEPT, KEPT_BYTES = 4096, 16 * 1024

SPARE_HANDLES = 8

# Data of VALUES holds expressions. Beyond this size they are not searched for refused calls.
MAX_VALUES_BYTES = 16 * 1024 * 1024
TOO_MANY_VALUES = "VALUES above 16 MiB that hold file, sqlite, disk or python: insert them in another format, as CSV"

# Characters that would make the engine read the path of a temporary file as a pattern or an option.
PATTERN_CHARACTERS = set("*?{}[]&=")


@dataclass
class Handle:
    """One connection to the engine, and what requests have overridden on it.

    `changed` has the session's settings that are not defaults; None where a SET may have changed them since.
    """

    connection: Any
    tag: str
    reads_only: bool = False
    changed: dict[str, str] | None = None
    applied: dict[str, str] = field(default_factory=dict)
    own_values: dict[str, bytes] = field(default_factory=dict)
    own_database: str = ""
    applied_database: str | None = None


@dataclass
class Answer:
    """The result of a statement: its rows in `body`, or an empty body; `format` is None where it cannot have rows."""

    body: BinaryIO | bytes
    format: str | None
    summary: dict[str, str]


class Engine:
    """The engine on one data directory, which no other process may have open.

    It confines this program to the directory (`confined`: whether the kernel could), so the program must have opened
    everything else that it needs. Raises UserError when the directory cannot be opened.
    """

    def __init__(self, data: Path) -> None:
        self.path = data_directory(data)
        self._files = self.path / "gateway-files"
        self._files.mkdir(mode=0o700, exist_ok=True)
        # Loading the engine starts the threads that will run SQL, and makes a temporary folder.
        with confinement(self.path) as self.confined, environment({"TMPDIR": str(self._files)}):
            self._chdb = _import_chdb()
        self._tags = count(1)
        self._lock = threading.Lock()
        self._configuration = self.path / "access.xml"
        self._configuration.unlink(missing_ok=True)
        self._configuration.touch(0o600)
        self._configuration.write_text(configuration(str(self._configuration)))
        self._keeper = self._connect()  # the engine stops when its last handle closes
        self._spare: list[Handle] = []
        self._choosing = threading.Lock()
        self._parser = self._connect()
        self._parsing = threading.Lock()
        self._kept_normal_form = lru_cache(STATEMENTS_KEPT)(self._normal_form)
        self._keep_files_out_of_default()
        shutil.rmtree(self._files, ignore_errors=True)
        self._files.mkdir(mode=0o700)
        version, time_zone, host = self._rows("SELECT version(), timezone(), displayName()")[0]
        self.version, self.time_zone, self.host = str(version), str(time_zone), str(host)
        formats = self._rows("SELECT name, content_type FROM system.formats WHERE is_output")
        self._formats = {str(name).lower(): (str(name), str(content_type)) for name, content_type in formats}
        self._changed = dict(self._rows(CHANGED_SETTINGS))

    def format(self, name: str) -> tuple[str, str]:
        """The proper name of an output format and its content type; raises ClickHouseError for an unknown one."""
        if name.lower() not in self._formats:
            raise fault(73, "UNKNOWN_FORMAT", f"Unknown format {name}")
        return self._formats[name.lower()]

    def open(self, reads_only: bool = False) -> Handle:
        """A handle without settings and temporary tables of a session, in the database `default`. A spare one still has
        what its last request overrode, which override() undoes; one that only reads never writes again.
        """
        with self._choosing:
            for place, spare in enumerate(self._spare):
                if spare.reads_only == reads_only:
                    return self._spare.pop(place)
        connection = self._connect()
        tag = f"gateway-{next(self._tags)}"
        handle = Handle(connection, tag, changed={**self._changed, "log_comment": tag})
        self._query(handle, _set_statement({"log_comment": tag}))
        return handle

    def release(self, handle: Handle) -> None:
        """Takes back a handle that nothing else stays with: opening one takes as long as a small statement."""
        with self._choosing:
            self._spare.append(handle)
            oldest = self._spare.pop(0) if len(self._spare) > SPARE_HANDLES else None
        if oldest:
            oldest.connection.close()

    def close(self) -> None:
        for handle in self._spare:
            handle.connection.close()
        self._parser.close()
        self._keeper.close()
        shutil.rmtree(self._files, ignore_errors=True)

    def cancel(self, handle: Handle | None = None) -> None:
        """Asks the engine to stop the query that runs on `handle`, or all queries."""
        condition = f"Settings['log_comment'] = '{handle.tag}'" if handle else "1"
        with self._lock, suppress(Exception):  # the query may have ended by itself
            self._keeper.query(f"KILL QUERY WHERE {condition} ASYNC", "Null")

    def normal_form(self, sql: bytes, max_query_size: int) -> bytes:
        """The one statement in `sql` as the engine itself writes it: without comments, inline data or ambiguity.

        Raises ClickHouseError when the engine finds none or several, or the statement is larger than `max_query_size`.
        """
        parsed = self._kept_normal_form if len(sql) <= KEPT_BYTES else self._normal_form
        return parsed(sql, max_query_size)

    def _normal_form(self, sql: bytes, max_query_size: int) -> bytes:
        params = {"statement": sql.decode("latin-1").translate(ESCAPED)}
        try:
            with self._parsing:
                return bytes(self._parser.query(NORMAL_FORM % max_query_size, "TSVRaw", params=params).bytes()[:-1])
        except Exception as error:
            raise syntax_fault(error) from error

    def forbid_writing(self, handle: Handle) -> None:
        """Makes the engine refuse every change for the lifetime of the handle."""
        if not handle.reads_only:
            self._query(handle, b"SET readonly = 2")
            handle.reads_only = True

    @contextmanager
    def temporary_path(self) -> Iterator[Path]:
        """The path of a new empty file that only this process reads; it is removed at the end of the block."""
        descriptor, name = tempfile.mkstemp(dir=self._files)
        os.close(descriptor)
        path = Path(name)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def override(self, handle: Handle, settings: Mapping[str, str], database: str | None) -> None:
        """Applies `settings` and `database` to the handle, and undoes what earlier calls set and this one does not.

        The session's own values are kept, and restored.
        """
        for name in settings:
            if not SETTING_NAME.fullmatch(name):
                raise fault(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        self._restore(handle, [name for name in handle.applied if name not in settings])
        changed = {name: value for name, value in settings.items() if handle.applied.get(name) != value}
        if changed:
            self._remember(handle, [name for name in changed if name not in handle.applied])
            handle.applied.update(changed)
            try:
                self._query(handle, _set_statement(changed))
            except ClickHouseError:
                self._restore(handle, list(changed))
                raise
        self._use(handle, database)

    def execute(self, handle: Handle, statement: Statement, params: Mapping[str, str], default_format: str) -> Answer:
        """Runs a statement to its end. The rows of a query are in a file that is already unlinked."""
        statements.refuse_functions_by_name(statement, params)
        name = self.format(statement.format or default_format)[0]
        if statement.changes_session:
            handle.changed = None
        if not statement.is_query:
            result = self._query(handle, statement.body + statement.tail, params, name)
            body = result.bytes()
            if not body and name == "Native" and statement.has_result:
                body = header_block(self._columns_of_result(handle, statement, params))
            return Answer(body, name if statement.has_result else None, _summary(result))
        tail = statement.tail or b"FORMAT " + name.encode()
        with self.temporary_path() as path:
            into = b"INTO OUTFILE " + quoted(str(path)) + b" TRUNCATE COMPRESSION 'none'"
            result = self._query(handle, b"\n".join([statement.body, into, tail]), params)
            if name == "Native" and path.stat().st_size == 0:
                return Answer(header_block(self._columns(handle, statement, params)), name, _summary(result))
            return Answer(path.open("rb"), name, _summary(result))

    def insert(self, handle: Handle, insert: Insert, data: Path, params: Mapping[str, str], size: int) -> Answer:
        """Runs an INSERT whose inline data is in the file `data`; `size` is how large its header may be."""
        sql = self.normal_form(insert.from_file(data), size)
        name = statements.format_of_source(sql, data)
        if name is not None and name.lower() == "values":
            self._check_values(data)
        return Answer(b"", None, _summary(self._query(handle, sql, params)))

    def _check_values(self, data: Path) -> None:
        """Refuses calls of functions that read files in the expressions of VALUES."""
        values = data.read_bytes()
        if not statements.may_call(values):
            return
        if len(values) > MAX_VALUES_BYTES:
            raise fault(229, "QUERY_IS_TOO_LARGE", TOO_MANY_VALUES)
        select = b"SELECT " + values
        statements.refuse_functions(self.normal_form(select, 2 * len(select)))

    def _keep_files_out_of_default(self) -> None:
        """Makes `default` a database of tables only. By default the engine also looks for files in it, which needs the
        right to read files for each name that is not a table.
        """
        tables, definition = self.path / "metadata" / "default", self.path / "metadata" / "default.sql"
        definition.unlink(missing_ok=True)
        if tables.is_symlink():
            definition.write_text(f"ATTACH DATABASE _ UUID '{tables.readlink().name}'\nENGINE = Atomic\n")
        self._keeper.query("DETACH DATABASE default", "Null")
        verb = "ATTACH DATABASE default" if definition.exists() else "CREATE DATABASE default ENGINE = Atomic"
        self._keeper.query(verb, "Null")

    def _connect(self) -> Any:
        try:
            return self._chdb.connect(f"{self.path}?config-file={quote(str(self._configuration))}")
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(
                f"{self.path}: the engine cannot open this directory; stop the other process that has it open, "
                f"or choose another with --data ({reason})"
            ) from error

    def _query(self, handle: Handle, sql: bytes, params: Mapping[str, str] | None = None, fmt: str = "TSV") -> Any:
        try:
            return handle.connection.query(sql, fmt, params=dict(params or {}))
        except Exception as error:  # chdb has no public class for errors of a connection
            raise engine_fault(error) from error

    def _rows(self, sql: str) -> list[list[Any]]:
        rows: list[list[Any]] = json.loads(self._keeper.query(sql, "JSONCompact").bytes())["data"]
        return rows

    def _columns(self, handle: Handle, query: Statement, params: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        result = self._query(handle, b"DESCRIBE TABLE (" + query.body + b"\n)", params, "JSONCompact")
        return [(row[0], row[1]) for row in json.loads(result.bytes())["data"]]

    def _columns_of_result(
        self, handle: Handle, statement: Statement, params: Mapping[str, str]
    ) -> Iterable[tuple[str, str]]:
        result = self._query(handle, statement.body, params, "JSONCompact")
        meta = json.loads(result.bytes())["meta"] if len(result) else []
        return [(column["name"], column["type"]) for column in meta]

    def _remember(self, handle: Handle, names: list[str]) -> None:
        """Remembers the session's own values of these settings. Right after a SET, nothing is overridden yet."""
        if handle.changed is None:
            result = self._query(handle, CHANGED_SETTINGS.encode(), fmt="JSONCompact")
            handle.changed = dict(json.loads(result.bytes())["data"])
        for name in names:
            handle.own_values[name] = _literal(handle.changed[name]) if name in handle.changed else b"DEFAULT"

    def _restore(self, handle: Handle, names: list[str]) -> None:
        own = {name: handle.own_values.pop(name) for name in names}
        for name in names:
            del handle.applied[name]
        # One SET applies its DEFAULTs after its values, so each kind has its own statement.
        for is_default in (True, False):
            parts = [name.encode() + b" = " + own[name] for name in own if (own[name] == b"DEFAULT") is is_default]
            if parts:
                self._query(handle, b"SET " + b", ".join(parts))

    def _use(self, handle: Handle, database: str | None) -> None:
        if database == handle.applied_database:
            return
        if handle.applied_database is None:
            handle.own_database = self._query(handle, b"SELECT currentDatabase() FORMAT TSVRaw").bytes()[:-1].decode()
        self._query(handle, b"USE " + _identifier(database or handle.own_database))
        handle.applied_database = database


class Sessions:
    """The named sessions of clients; each ends when it has not been used for its timeout.

    Of two concurrent requests in one session the second is refused with code 373, as on a server. Queueing it would
    hide an error that then shows up only on a real server.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    @contextmanager
    def use(self, name: str, timeout_seconds: float, *, must_exist: bool = False) -> Iterator[Handle]:
        """The handle of a session, created where it does not exist; the timeout starts at the end of the block."""
        session = self._acquire(name, must_exist)
        try:
            yield session.handle
        finally:
            with self._lock:
                session.ends_at = self._clock() + timeout_seconds
                session.busy = False

    def end(self, name: str) -> None:
        """Ends a session that no request uses."""
        self._end_where(lambda key, _: key == name)

    def expire(self) -> None:
        """Ends the sessions whose timeout is over."""
        now = self._clock()
        self._end_where(lambda _, session: session.ends_at <= now)

    def close(self) -> None:
        self._end_where(lambda *_: True)

    def _acquire(self, name: str, must_exist: bool) -> "_Session":
        self.expire()
        with self._lock:
            session = self._sessions.get(name)
            if session is None:
                if must_exist:
                    raise fault(372, "SESSION_NOT_FOUND", f"Session {name} not found")
                session = self._sessions[name] = _Session(self._engine.open())
            if session.busy:
                raise fault(373, "SESSION_IS_LOCKED", f"Session {name} is locked by a concurrent client")
            session.busy = True
            return session

    def _end_where(self, condition: Callable[[str, "_Session"], bool]) -> None:
        with self._lock:
            ended = [key for key, session in self._sessions.items() if not session.busy and condition(key, session)]
            for key in ended:
                self._sessions.pop(key).handle.connection.close()


@dataclass
class _Session:
    handle: Handle
    ends_at: float = float("inf")
    busy: bool = False


def data_directory(data: Path) -> Path:
    """The directory, created where it is missing. Raises UserError where the engine could not work in it."""
    path = data.expanduser().resolve()
    if PATTERN_CHARACTERS & set(str(path)):
        raise UserError(f"{path}: the path of the data directory must not hold any of * ? {{ }} [ ] & =")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be the data directory ({error.strerror}); choose another with --data"
        ) from error
    return path


def _import_chdb() -> Any:
    try:
        import chdb
    except ModuleNotFoundError as error:
        raise UserError("the embedded ClickHouse engine is not installed: pip install -e '.[clickhouse]'") from error
    except ImportError as error:
        raise UserError(f"the embedded ClickHouse engine cannot be loaded: {error}") from error
    return chdb


def _set_statement(settings: Mapping[str, str]) -> bytes:
    return b"SET " + b", ".join(name.encode() + b" = " + quoted(value) for name, value in settings.items())


def _literal(value: str) -> bytes:
    # system.settings shows a value such as 'auto(2)' with its quotes.
    is_quoted = len(value) > 1 and value.startswith("'") and value.endswith("'")
    return value.encode() if is_quoted else quoted(value)


def _identifier(name: str) -> bytes:
    return b"`" + name.encode("utf-8", "surrogateescape").replace(b"\\", b"\\\\").replace(b"`", b"\\`") + b"`"


def _summary(result: Any) -> dict[str, str]:
    written = result.rows_written()
    return {
        "read_rows": str(result.storage_rows_read() or written),
        "read_bytes": str(result.storage_bytes_read() or result.bytes_written()),
        "written_rows": str(written),
        "written_bytes": str(result.bytes_written()),
        "total_rows_to_read": "0",
        "result_rows": str(written or result.rows_read()),
        "result_bytes": str(result.bytes_written() or result.bytes_read()),
        "elapsed_ns": str(int(result.elapsed() * 1_000_000_000)),
    }
