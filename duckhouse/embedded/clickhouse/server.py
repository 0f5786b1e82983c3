"""ClickHouse's HTTP interface: what curl, clickhouse-connect and dbt-clickhouse speak.

A query runs to its end before the first byte of its answer is sent (a server does so with wait_end_of_query=1). So an
error always has its own HTTP status, and a slow or vanished reader never holds a session. Rows wait in a temporary file
beside the data, so disk and not memory limits the size of a result; the same holds for the data of an INSERT. A
statement without inline data is held in memory, up to MAX_STATEMENT_BYTES.

Not served: KILL QUERY by the client's own query_id, external tables, `compress` and `decompress` (ClickHouse's own
block framing), progress headers, and client_protocol_version: FORMAT Native names the type DateTime('Europe/Berlin')
just DateTime, as a server does without it (DateTime64 keeps its time zone).
"""

import io
import json
import re
import select
import shutil
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from duckhouse.callers import basic_credentials, is_same, is_served
from duckhouse.cli import UserError
from duckhouse.embedded.clickhouse import bodies, statements
from duckhouse.embedded.clickhouse.engine import Answer, Engine, Handle, Sessions
from duckhouse.embedded.clickhouse.errors import UNKNOWN_EXCEPTION, ClickHouseError, fault
from duckhouse.embedded.clickhouse.statements import Statement

# An INSERT's header must end within this; the server's max_query_size has the same default.
HEADER_BYTES = 256 * 1024
MAX_STATEMENT_BYTES = 64 * 1024 * 1024
# How much of an unwanted body is read before the connection is closed, so that the client can read the error.
DRAIN_BYTES = 16 * 1024 * 1024

SESSION_SECONDS = 60
MAX_SESSION_SECONDS = 3600
IDLE_SECONDS = 300

# URL parameters that control the request; every other one is a setting of the query.
TRANSPORT_PARAMETERS = {
    "query",
    "database",
    "default_format",
    "user",
    "password",
    "quota_key",
    "role",
    "query_id",
    "session_id",
    "session_timeout",
    "session_check",
    "close_session",
    "stacktrace",
    "buffer_size",
    "wait_end_of_query",
    "compress",
    "decompress",
    "client_protocol_version",
    "readonly",
}


@dataclass(frozen=True)
class Request:
    """The parameters of one request, without its statement."""

    params: Mapping[str, str]
    reads_only: bool
    query_id: str

    @property
    def settings(self) -> dict[str, str]:
        return {
            name: value
            for name, value in self.params.items()
            if name not in TRANSPORT_PARAMETERS and not name.startswith("param_")
        }

    @property
    def query_parameters(self) -> dict[str, str]:
        prefix = "param_"
        return {name.removeprefix(prefix): value for name, value in self.params.items() if name.startswith(prefix)}

    @property
    def max_query_size(self) -> int:
        """How large a statement may be, apart from inline data; the server's default where the request says nothing."""
        size = self.settings.get("max_query_size", "")
        return min(int(size), MAX_STATEMENT_BYTES) if re.fullmatch("[1-9][0-9]{0,17}", size) else HEADER_BYTES

    def is_on(self, name: str) -> bool:
        return self.params.get(name, "0").lower() in ("1", "true")


class Running:
    """The requests that are being answered now, and the queries that end when their client goes away."""

    def __init__(self) -> None:
        self.requests: set[int] = set()
        self._watched: dict[socket.socket, Handle] = {}

    @contextmanager
    def request(self) -> Iterator[None]:
        self.requests.add(threading.get_ident())
        try:
            yield
        finally:
            self.requests.discard(threading.get_ident())

    @contextmanager
    def watched(self, client: socket.socket, handle: Handle) -> Iterator[None]:
        self._watched[client] = handle
        try:
            yield
        finally:
            del self._watched[client]

    def abandoned(self) -> list[Handle]:
        """The handles of watched queries whose client is gone."""
        return [handle for client, handle in list(self._watched.items()) if _is_closed(client)]


class Gateway(ThreadingHTTPServer):
    """The HTTP server over one engine. Raises UserError when the address is taken or belongs to another machine."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, password: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except OSError as error:
            reason = f"cannot serve {host}:{port} ({error.strerror})"
            raise UserError(f"{reason}; stop what uses the port, or choose another with --port") from error
        self.names = {"localhost", host}
        self.password = password
        self.stopping = False
        self.running = Running()
        self.engine: Engine
        self.sessions: Sessions

    def attach(self, engine: Engine) -> None:
        """Gives the server its engine, before it serves."""
        self.engine = engine
        self.sessions = Sessions(engine)

    def service_actions(self) -> None:
        self.sessions.expire()
        for handle in self.running.abandoned():
            self.engine.cancel(handle)

    def stop(self, grace_seconds: float) -> bool:
        """Accepts no more requests, waits for running queries, then cancels them; False when one still runs."""
        self.stopping = True
        self.shutdown()
        self.server_close()
        if not self._wait(grace_seconds):
            self.engine.cancel()
            if not self._wait(grace_seconds):
                return False  # the engine cannot be closed under a running query
        self.sessions.close()
        self.engine.close()
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            print(f"unforeseen fault: {_place_of_fault()}", file=sys.stderr, flush=True)

    def _wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.running.requests


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Gateway
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        with self.server.running.request():
            self._answer()
            self.wfile.flush()

    do_HEAD = do_GET
    do_POST = do_GET

    def handle_expect_100(self) -> bool:
        return True  # sent when the body is first read: a request that is refused need not send it

    def log_message(self, format: str, *args: object) -> None:
        """No access log: URLs hold queries and may hold a password."""

    def version_string(self) -> str:
        return "duckhouse-clickhouse"

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        if not re.fullmatch(r"[0-9]{1,18}", length):
            return self._send_bad_request("Content-Length is not a number")
        try:
            url = urlsplit(self.path)
        except ValueError:
            return self._send_bad_request("The address of the request is malformed")
        body = bodies.RequestBody(self.rfile, None if chunked else int(length), self._continue)
        try:
            self._route(url.path, dict(parse_qsl(url.query, keep_blank_values=True, errors="surrogateescape")), body)
        except ClickHouseError as error:
            self._finish_body(body)
            self._send_error(error)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            print(f"unforeseen fault: {_place_of_fault()}", file=sys.stderr, flush=True)
            self.close_connection = True
            self._send_error(fault(UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", "The gateway failed; see its output"))

    def _route(self, path: str, params: dict[str, str], body: bodies.RequestBody) -> None:
        self._refuse_web_pages()
        if path in ("/ping", "/replicas_status") or (path == "/" and self.command != "POST" and not params):
            self._finish_body(body)
            return self._send(200, {"Content-Type": "text/html; charset=UTF-8"}, b"Ok.\n")
        if self.server.stopping:
            self.close_connection = True
            raise fault(210, "NETWORK_ERROR", "The server is shutting down", 503)
        self._authenticate(params)
        if path not in ("/", "/query"):
            raise fault(36, "BAD_ARGUMENTS", f"There is no handle {path}", 404)
        self._query(params, body)

    def _query(self, params: dict[str, str], body: bodies.RequestBody) -> None:
        query = params.get("query", "").encode("utf-8", "surrogateescape")
        chunks: Iterator[bytes] = iter(())
        if self.command == "POST":
            chunks = bodies.decoded(body, self.headers.get("Content-Encoding", "").strip().lower())
            content_type = self.headers.get("Content-Type", "")
            if content_type.lower().startswith("multipart/form-data"):
                params.update(bodies.form_fields(_limited(chunks, 0, MAX_STATEMENT_BYTES), content_type))
                query, chunks = params.get("query", "").encode("utf-8", "surrogateescape"), iter(())
        request = Request(
            params,
            self.command != "POST" or params.get("readonly", "0") != "0",
            params.get("query_id") or str(uuid.uuid4()),
        )
        _refuse_block_framing(request)
        answer = self._run(request, query + b"\n" if query else b"", chunks)
        self._finish_body(body)
        self._send_answer(request, answer)

    def _run(self, request: Request, query: bytes, chunks: Iterator[bytes]) -> Answer:
        """Runs the statement in `query` and the body. An INSERT's data goes to a file before a session is taken."""
        head = bytearray(query)
        for chunk in chunks:
            head += chunk
            if len(head) >= HEADER_BYTES:
                break
        insert = statements.split_insert(bytes(head[:HEADER_BYTES]))
        engine = self.server.engine
        if insert is None:
            for chunk in _limited(chunks, len(head), request.max_query_size):
                head += chunk
            statement = statements.parse(engine.normal_form(bytes(head), request.max_query_size))
            if request.reads_only and statement.keyword == b"KILL":
                raise _only_reads()
            default_format = self._header("X-ClickHouse-Format") or request.params.get("default_format")
            with self._handle(request, statement) as handle:
                return engine.execute(handle, statement, request.query_parameters, default_format or "TabSeparated")
        if request.reads_only:
            raise _only_reads()
        with engine.temporary_path() as path:
            _write(path, memoryview(head)[insert.data_start :], chunks)
            with self._handle(request) as handle:
                return engine.insert(handle, insert, path, request.query_parameters, request.max_query_size)

    @contextmanager
    def _handle(self, request: Request, statement: Statement | None = None) -> Iterator[Handle]:
        """The handle of the request's session, or one of its own, with the settings and the database it asks for."""
        engine, settings = self.server.engine, request.settings
        database = self._header("X-ClickHouse-Database") or request.params.get("database") or None
        cancels = settings.get("cancel_http_readonly_queries_on_client_close") == "1"
        reusable = statement is None or statement.keeps_session
        with self._session(request, reusable) as handle, ExitStack() as stack:
            if cancels and statement and statement.has_result:
                stack.enter_context(self.server.running.watched(self.connection, handle))
            if statement and statement.changes_session:
                # SET and USE change the session, not what this request overrides.
                engine.override(handle, {}, None)
            else:
                engine.override(handle, settings, database)
            if request.reads_only:
                engine.forbid_writing(handle)
            yield handle

    @contextmanager
    def _session(self, request: Request, reusable: bool) -> Iterator[Handle]:
        """`reusable`: the request leaves its handle as it was, so that a later one may get it."""
        name = request.params.get("session_id")
        if not name:
            handle, is_clean = self.server.engine.open(request.reads_only), False
            try:
                yield handle
                # a query whose client is gone may still be cancelled, by its handle
                is_clean = reusable and not _is_closed(self.connection)
            finally:
                if is_clean:
                    self.server.engine.release(handle)
                else:
                    handle.connection.close()
            return
        if request.reads_only:
            raise fault(48, "NOT_IMPLEMENTED", "A session is served to POST without readonly only")
        timeout = _session_timeout(request.params.get("session_timeout"))
        with self.server.sessions.use(name, timeout, must_exist=request.is_on("session_check")) as handle:
            yield handle
        if request.is_on("close_session"):
            self.server.sessions.end(name)

    def _refuse_web_pages(self) -> None:
        """Refuses requests from web pages: the browser marks them, or the Host header has a name we do not serve."""
        if "Origin" in self.headers or self.headers.get("Sec-Fetch-Site", "none") != "none":
            raise fault(516, "AUTHENTICATION_FAILED", "Requests of web pages are not served")
        host = self._header("Host")
        if not is_served(host, self.server.names):
            reason = "names neither an address, nor localhost, nor the --host that is served"
            raise fault(516, "AUTHENTICATION_FAILED", f"The header Host ({host}) {reason}")

    def _header(self, name: str, default: str = "") -> str:
        """A header in UTF-8, as clients send it; http.server reads Latin-1."""
        return self.headers.get(name, default).encode("latin-1").decode("utf-8", "surrogateescape")

    def _authenticate(self, params: Mapping[str, str]) -> None:
        user, given = self._credentials(params)
        if not is_same(given, self.server.password) or user != "default":
            reason = "Authentication failed: password is incorrect, or there is no user with such name"
            raise fault(516, "AUTHENTICATION_FAILED", f"{user}: {reason}")

    def _credentials(self, params: Mapping[str, str]) -> tuple[str, str]:
        if "X-ClickHouse-User" in self.headers or "X-ClickHouse-Key" in self.headers:
            return self._header("X-ClickHouse-User") or "default", self._header("X-ClickHouse-Key")
        if basic := basic_credentials(self.headers.get("Authorization", "")):
            user, password = basic
            return user or "default", password
        return params.get("user") or "default", params.get("password", "")

    def _continue(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()

    def _finish_body(self, body: bodies.RequestBody) -> None:
        """Reads the rest of the body, so that the next request on this connection is read from its first byte."""
        waits_for_continue = self.headers.get("Expect", "").lower() == "100-continue" and not body.started
        if waits_for_continue or not body.drain(DRAIN_BYTES):
            self.close_connection = True

    def _send_answer(self, request: Request, answer: Answer) -> None:
        headers = {
            "X-ClickHouse-Server-Display-Name": self.server.engine.host,
            "X-ClickHouse-Query-Id": request.query_id,
            "X-ClickHouse-Timezone": self.server.engine.time_zone,
            "X-ClickHouse-Summary": json.dumps(answer.summary, separators=(",", ":")),
        }
        if answer.format is None:
            return self._send(200, {"Content-Type": "text/plain; charset=UTF-8", **headers}, b"")
        headers["X-ClickHouse-Format"], content_type = self.server.engine.format(answer.format)
        accepts = self.headers.get("Accept-Encoding", "") if request.is_on("enable_http_compression") else ""
        self._send(200, {"Content-Type": content_type, **headers}, answer.body, bodies.accepted_encoding(accepts))

    def _send_bad_request(self, reason: str) -> None:
        self.close_connection = True
        self._send_error(fault(36, "BAD_ARGUMENTS", reason, 400))

    def _send_error(self, error: ClickHouseError) -> None:
        text = error.text if "(version " in error.text else f"{error.text} (version {self.server.engine.version})"
        headers = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-Exception-Code": str(error.code)}
        try:
            self._send(error.status, headers, text.encode("utf-8", "replace") + b"\n")
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _send(
        self, status: int, headers: Mapping[str, str], body: BinaryIO | bytes, encoding: str | None = None
    ) -> None:
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        self.send_response(status)
        for name, value in headers.items():
            text = re.sub(r"[\r\n]", " ", value).encode("utf-8", "surrogateescape")
            self.send_header(name, text.decode("latin-1"))  # as http.server writes it
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        compressed = encoding is not None and self.request_version != "HTTP/1.0"
        if compressed:
            self.send_header("Content-Encoding", str(encoding))
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(stream.seek(0, io.SEEK_END)))
            stream.seek(0)
        self.end_headers()
        with stream:
            if self.command == "HEAD":
                return
            if not compressed:
                shutil.copyfileobj(stream, self.wfile, bodies.CHUNK_BYTES)
                return
            for piece in bodies.encoded(stream, str(encoding)):
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")


def _refuse_block_framing(request: Request) -> None:
    for name in ("compress", "decompress"):
        if request.is_on(name):
            raise fault(48, "NOT_IMPLEMENTED", f"{name}=1 is not served here: use Accept-Encoding or Content-Encoding")


def _only_reads() -> ClickHouseError:
    reason = "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
    return fault(164, "READONLY", reason + "You should use method POST for modifying queries")


def _session_timeout(text: str | None) -> int:
    if text is None:
        return SESSION_SECONDS
    if not re.fullmatch(r"\d{1,9}", text) or int(text) > MAX_SESSION_SECONDS:
        reason = f"Invalid session timeout: '{text}', valid is an integer up to {MAX_SESSION_SECONDS}"
        raise fault(374, "INVALID_SESSION_TIMEOUT", reason)
    return int(text)


def _limited(chunks: Iterator[bytes], size: int, limit: int) -> Iterator[bytes]:
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise fault(62, "SYNTAX_ERROR", f"Max query size exceeded: {limit} bytes (raise it by max_query_size)")
        yield chunk


def _write(path: Path, start: memoryview, chunks: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.write(start)
        for chunk in chunks:
            file.write(chunk)


def _place_of_fault() -> str:
    # The text of the error may contain a query or a password; its type and its place do not.
    kind, _, trace = sys.exc_info()
    return f"{kind}\n{''.join(traceback.format_tb(trace))}"


def _is_closed(client: socket.socket) -> bool:
    poll = select.poll()
    try:
        poll.register(client, select.POLLRDHUP)
    except (OSError, ValueError):
        return True
    return bool(poll.poll(0))
