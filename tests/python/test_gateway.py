"""`python -m scripts.clickhouse` behaves as a ClickHouse server does for the clients that the project uses."""

import base64
import datetime as dt
import gzip
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode

import clickhouse_connect
import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from duckhouse.cli import UserError
from duckhouse.embedded.clickhouse import statements
from duckhouse.embedded.clickhouse.confinement import FIRST_VERSION, FIRST_VERSION_WITH_TCP, landlock_version
from duckhouse.embedded.clickhouse.engine import Sessions
from duckhouse.embedded.clickhouse.errors import ClickHouseError, engine_fault
from duckhouse.embedded.clickhouse.native import header_block
from duckhouse.embedded.clickhouse.server import Gateway
from duckhouse.processes import DBT, embedded_clickhouse
from duckhouse.settings import PROJECT, clickhouse
from duckhouse.warehouse.connection import connect
from support.dbt import invoke_dbt
from support.gateway import PASSWORD, start_gateway, stop
from support.waiting import wait_for

UTC = dt.UTC
HEAD = f"Host: localhost\r\nX-ClickHouse-Key: {PASSWORD}\r\n"
CURL = ("curl", "-sS", "-H", f"X-ClickHouse-Key: {PASSWORD}")
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway") / "data"


@pytest.fixture(scope="module")
def port(data: Path) -> Iterator[int]:
    process, number = start_gateway(data)
    yield number
    assert stop(process) == 0


Start = Callable[..., tuple[subprocess.Popen, int]]


@pytest.fixture
def start() -> Iterator[Start]:
    """start_gateway, whose gateways end with the test, passed or failed."""
    processes = []

    def started(*args: object, **options: object) -> tuple[subprocess.Popen, int]:
        process, number = start_gateway(*args, **options)  # type: ignore[arg-type]
        processes.append(process)
        return process, number

    yield started
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def database(port: int) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    post(port, f"create database {name}")
    yield name
    post(port, f"drop database {name}")


@pytest.fixture
def client(port: int, database: str) -> Iterator[Client]:
    with clickhouse_connect.get_client(host="127.0.0.1", port=port, database=database, tz_mode="aware") as connection:
        yield connection


def send(
    port: int,
    method: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
    path: str = "/",
    key: str | None = PASSWORD,
    **params: str,
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        given = {"X-ClickHouse-Key": key.encode(), **(headers or {})} if key else headers or {}
        connection.request(method, f"{path}?{urlencode(params)}" if params else path, body, given)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def post(port: int, sql: str | bytes, headers: dict[str, str] | None = None, **params: str | None) -> bytes:
    status, _, body = send(port, "POST", sql.encode() if isinstance(sql, str) else sql, headers, **params)
    assert status == 200, body
    return body


def error_of(answer: Answer) -> tuple[int, int]:
    status, headers, body = answer
    code = int(headers["X-ClickHouse-Exception-Code"])
    assert re.match(rb"Code: %d\. DB::(Errno)?Exception: " % code, body), body
    return status, code


# ---------------------------------------------------------------- types and results

ROUND_TRIPS = [
    ("Int8", [-128, 127]),
    ("UInt64", [0, 2**64 - 1]),
    ("Int128", [-(2**127), 2**127 - 1]),
    ("Int256", [-(2**255), 2**255 - 1]),
    ("Float64", [0.1, -1e300]),
    ("Decimal(38, 6)", [Decimal("-12345678901234567890123456789012.123456"), Decimal("0.000001")]),
    ("String", ["", "a\nb\n\nc\t'\\", "größer 日本"]),
    ("FixedString(3)", [b"\x00\n\xff"]),
    ("Date32", [dt.date(1900, 1, 1), dt.date(2299, 12, 31)]),
    ("DateTime64(6, 'UTC')", [dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC)]),
    ("DateTime64(3, 'Europe/Berlin')", [dt.datetime(2024, 7, 1, 12, 30, tzinfo=UTC)]),
    ("DateTime('UTC')", [dt.datetime(2024, 7, 1, 12, 30, tzinfo=UTC)]),
    ("UUID", [uuid.UUID("12345678-90ab-cdef-1234-567890abcdef")]),
    ("Bool", [True, False]),
    ("Nullable(String)", [None, "", "x"]),
    ("LowCardinality(String)", ["a", "b", "a"]),
    ("LowCardinality(Nullable(String))", ["a", None]),
    ("Array(Nullable(Int32))", [[], [1, None]]),
    ("Map(String, UInt16)", [{}, {"a": 1, "b": 2}]),
    ("Tuple(a Int32, b String)", [{"a": 1, "b": "x"}]),
    ("Enum8('red' = 1, 'green' = 2)", ["red", "green"]),
    ("JSON", [{"a": 1, "b": {"c": "x"}}]),
]


@pytest.mark.parametrize(("column_type", "values"), ROUND_TRIPS, ids=[name for name, _ in ROUND_TRIPS])
def test_types_round_trip(client: Client, column_type: str, values: list) -> None:
    client.command(f"create table t (n UInt32, v {column_type}) engine = MergeTree order by n")
    client.insert("t", list(enumerate(values)), column_names=["n", "v"])
    assert [row[0] for row in client.query("select v from t order by n").result_rows] == values


def test_binary_strings_round_trip_in_native(client: Client) -> None:
    value = bytes(range(256)) + b"\n\n;select 1\n\n"
    client.command("create table t (v String) engine = MergeTree order by v")
    client.insert("t", [[value]], column_names=["v"])
    answer = client.query("select v from t", query_formats={"String": "bytes"})
    assert answer.result_rows == [(value,)]


def test_an_empty_result_keeps_its_columns(client: Client) -> None:
    answer = client.query(
        "select toInt32(number) as a, toNullable('x') as b, 1 as a2 from numbers(5) where number > {least:UInt64}",
        parameters={"least": 9},
    )
    assert answer.result_rows == []
    assert answer.column_names == ("a", "b", "a2")
    assert [kind.name for kind in answer.column_types] == ["Int32", "Nullable(String)", "UInt8"]


def test_an_empty_list_of_tables_keeps_its_column(client: Client) -> None:
    assert client.query("show tables like 'none'").column_names == ("name",)


def test_header_block_is_the_servers() -> None:
    # The engine writes 02 01 | 01 a 05 UInt8 | 01 | 02 bb 06 String | 01 x for one row: columns, rows, then by column
    # its name, type and values. Without rows the count is 0 and the values are gone.
    assert header_block([("a", "UInt8"), ("bb", "String")]) == b"\x02\x00\x01a\x05UInt8\x02bb\x06String"
    assert header_block([("n" * 200, "Int8")]).startswith(b"\x01\x00\xc8\x01nnn")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select 1 format TSV -- the end", b"1\n"),
        ("select 1 as format", b"1\n"),
        ("select 1;\n", b"1\n"),
        ("(select 1) union all (select 1) format CSV;", b"1\n1\n"),
        ("with 3 as x select x settings max_threads = 1 format TSV", b"3\n"),
        ("select 'format JSON'", b"format JSON\n"),
        ("select 1 format Null", b""),
        ("exists table system.one", b"1\n"),
        ("select number % 2 as k, count() from numbers(4) group by k with totals order by k", b"0\t2\n1\t2\n\n0\t4\n"),
    ],
)
def test_results_in_their_format(port: int, sql: str, rows: bytes) -> None:
    assert post(port, sql) == rows


def test_the_headers_of_an_answer(port: int) -> None:
    status, headers, body = send(port, "POST", b"select 1 as x", default_format="JSONCompact", query_id="mine-1")
    assert (status, json.loads(body)["data"]) == (200, [[1]])
    assert headers["X-ClickHouse-Query-Id"] == "mine-1"
    assert headers["X-ClickHouse-Format"] == "JSONCompact"
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(headers["X-ClickHouse-Summary"])["read_rows"] == "1"


def test_an_id_of_any_letters_comes_back(port: int) -> None:
    _, headers, body = send(port, "POST", b"select 1", query_id="\u2713 one\r\ntwo")
    assert (body, headers["X-ClickHouse-Query-Id"].encode("latin-1").decode()) == (b"1\n", "\u2713 one  two")


def test_the_summary_counts_what_an_insert_wrote(client: Client) -> None:
    client.command("create table t (v UInt8) engine = MergeTree order by v")
    assert client.insert("t", [[1], [2], [3]]).written_rows == 3


def test_get_reads_and_never_writes(port: int, database: str) -> None:
    assert send(port, "GET", query="select 2")[2] == b"2\n"
    status, headers, body = send(port, "HEAD", query="select 2")
    assert (status, headers["Content-Length"], body) == (200, "2", b"")
    create = f"create table {database}.t (a Int8) engine = Memory"
    assert error_of(send(port, "GET", query=create))[1] == 164
    assert error_of(send(port, "GET", query=f"insert into {database}.t values (1)"))[1] == 164
    assert post(port, f"exists table {database}.t") == b"0\n"


def test_ping_and_unknown_paths(port: int) -> None:
    assert send(port, "GET", path="/ping")[::2] == (200, b"Ok.\n")
    assert send(port, "GET")[::2] == (200, b"Ok.\n")
    assert error_of(send(port, "GET", path="/nothing")) == (404, 36)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(port: int, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{port}/"
    answer = subprocess.run([*CURL, url, "--data-binary", "select 1"], capture_output=True, check=True)
    assert answer.stdout == b"1\n"
    large = tmp_path / "large.sql"  # curl sends Expect: 100-continue before a body of this size
    large.write_text("select length('" + "x" * 1_200_000 + "') settings max_query_size = 10000000")
    command = [*CURL, f"{url}?max_query_size=10000000", "--data-binary", f"@{large}"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"1200000\n"


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("select * from no_such_table", 404, 60),
        ("selec 1", 400, 62),
        ("one_word", 400, 62),
        ("", 400, 62),
        ("-- nothing", 400, 62),
        ("select 1; select 2", 400, 62),
        ("select 1 into outfile 'x.tsv'", 500, 358),
        ("insert into t from infile 'x.tsv' format TSV", 404, 78),
        ("select throwIf(number = 900000) from numbers(1000000)", 500, 395),
        ("select 1 format NoSuchFormat", 404, 73),
    ],
)
def test_errors_have_the_servers_code(port: int, sql: str, status: int, code: int) -> None:
    assert error_of(send(port, "POST", sql.encode())) == (status, code)


def test_errors_reach_clickhouse_connect(client: Client) -> None:
    with pytest.raises(DatabaseError, match=r"Code: 60\. DB::Exception: .*\(UNKNOWN_TABLE\) \(version 26\."):
        client.query("select * from no_such_table")
    with pytest.raises(DatabaseError, match=r"Code: 62\..*SYNTAX_ERROR"):
        client.command("create tabel t")
    assert client.command("select 1") == 1


def test_errors_and_results_may_hold_any_bytes(port: int) -> None:
    assert post(port, b"select '\xff\xfe'") == b"\xff\xfe\n"
    assert error_of(send(port, "POST", b"select no_such_column\xff")) == (400, 62)


def test_an_error_without_a_code_is_unknown() -> None:
    assert engine_fault(RuntimeError("Streaming query failed: Code: 60. DB::Exception: x.")).code == 60
    assert engine_fault(RuntimeError("out of luck")).code == 1002


def test_a_form_with_a_file_is_refused(port: int) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n1\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert error_of(send(port, "POST", body, headers, query="select 1")) == (501, 48)


# ---------------------------------------------------------------- settings and sessions


def test_settings_of_the_url_apply(client: Client) -> None:
    sql = "select b.y from (select 1 as x) a left join (select 2 as x, 3 as y) b using (x)"
    assert client.query(sql).result_rows == [(0,)]
    assert client.query(sql, settings={"join_use_nulls": 1}).result_rows == [(None,)]
    assert client.query(sql).result_rows == [(0,)]


def test_unknown_settings_and_databases_are_errors(port: int) -> None:
    assert error_of(send(port, "POST", b"select 1", no_such_setting="1")) == (404, 115)
    assert error_of(send(port, "POST", b"select 1", **{"a = 1, max_threads": "1"})) == (404, 115)
    assert error_of(send(port, "POST", b"select 1", database="no_such_database")) == (404, 81)


def test_nothing_leaks_between_requests_without_a_session(port: int) -> None:
    default = post(port, "select getSetting('max_block_size'), currentDatabase()")
    changed = post(port, "select getSetting('max_block_size')", max_block_size="7", database="system")
    assert changed == b"7\n"
    state = "select getSetting('max_block_size'), currentDatabase()"
    assert post(port, state) == default
    for stays in ("set max_block_size = 9", "use system", "create temporary table leak (a Int8)"):
        post(port, stays)
        assert post(port, state) == default
        assert error_of(send(port, "POST", b"select * from leak"))[1] == 60
    post(port, "select {a:Int8}", param_a="1")
    assert error_of(send(port, "POST", b"select {a:Int8}"))[1] == 456


def test_requests_without_a_session_share_a_handle_that_is_as_it_was(port: int) -> None:
    handle = "select getSetting('log_comment')"
    first = post(port, handle)
    assert post(port, handle, max_block_size="7", database="system") == first
    assert post(port, handle) == first
    for leaves_something in ("set max_block_size = 9", "use system", "create temporary table t (a Int8)"):
        before = post(port, handle)
        post(port, leaves_something)
        assert post(port, handle) != before
    before = post(port, handle)
    assert error_of(send(port, "POST", b"select no_such_column"))[1] == 47
    after = post(port, handle)
    assert after != before
    assert send(port, "GET", query="select 1")[0] == 200
    assert post(port, handle) == after


def test_a_handle_that_only_reads_is_for_requests_that_only_read(port: int) -> None:
    assert error_of(send(port, "POST", b"create database written", readonly="2"))[1] == 164
    state = "select getSetting('log_comment'), getSetting('join_use_nulls'), currentDatabase()"
    handle, *_ = post(port, state, readonly="2", join_use_nulls="1", database="system").split()
    assert post(port, state, readonly="2") == handle + b"\tfalse\tdefault\n"
    assert send(port, "GET", query=state)[2] == handle + b"\tfalse\tdefault\n"
    for number in range(12):
        post(port, f"create database written_{number}")
        post(port, f"drop database written_{number}")
        assert not post(port, state).startswith(handle)


def test_a_session_keeps_its_state_to_itself(port: int) -> None:
    one, other = uuid.uuid4().hex, uuid.uuid4().hex
    post(port, "set max_block_size = 9", session_id=one)
    post(port, "use system", session_id=one)
    post(port, "create temporary table mine (a Int8)", session_id=one)
    post(port, "insert into mine values (5)", session_id=one)
    state = "select getSetting('max_block_size'), currentDatabase(), (select sum(a) from mine)"
    assert post(port, state, session_id=one) == b"9\tsystem\t5\n"
    assert error_of(send(port, "POST", b"select * from mine", session_id=other))[1] == 60
    assert post(port, "select currentDatabase()", session_id=other) == b"default\n"


def test_the_url_overrides_a_session_for_one_request(port: int) -> None:
    session = uuid.uuid4().hex
    state = "select getSetting('max_block_size'), getSetting('join_use_nulls'), currentDatabase()"
    untouched = post(port, state, session_id=session)
    post(port, "set max_block_size = 9", session_id=session)
    changed = post(port, state, session_id=session, max_block_size="7", join_use_nulls="1", database="system")
    assert changed == b"7\ttrue\tsystem\n"
    post(port, "set join_use_nulls = 1", session_id=session, join_use_nulls="0", database="system")
    assert post(port, state, session_id=session) == b"9\ttrue\tdefault\n"
    assert error_of(send(port, "POST", b"select 1", session_id=session, max_block_size="7", no_such="1"))[1] == 115
    assert post(port, state, session_id=session) == b"9\ttrue\tdefault\n"
    assert error_of(send(port, "POST", b"select 1", session_id=session, database="no_such_database"))[1] == 81
    post(port, "use system", session_id=session)
    post(port, "select 1", session_id=session, database="default")
    assert post(port, state, session_id=session) == b"9\ttrue\tsystem\n"
    assert post(port, state, session_id=uuid.uuid4().hex) == untouched


def test_session_parameters_are_checked(port: int) -> None:
    assert error_of(send(port, "POST", b"select 1", session_id="none", session_check="1")) == (500, 372)
    assert error_of(send(port, "POST", b"select 1", session_id="x", session_timeout="3601")) == (500, 374)
    post(port, "create temporary table gone (a Int8)", session_id="closing", close_session="1")
    assert error_of(send(port, "POST", b"select 1", session_id="closing", session_check="1"))[1] == 372


class FakeConnection:
    closed = False

    def close(self) -> None:
        self.closed = True


class FakeEngine:
    def open(self) -> object:
        return type("Handle", (), {"connection": FakeConnection()})()


def test_sessions_expire_and_admit_one_request_at_a_time() -> None:
    now = [100.0]
    sessions = Sessions(FakeEngine(), lambda: now[0])  # type: ignore[arg-type]
    with sessions.use("a", 60) as first:
        with pytest.raises(ClickHouseError) as locked, sessions.use("a", 60):
            pass
        assert locked.value.code == 373
        now[0] += 1000
        sessions.expire()
        assert not first.connection.closed
    now[0] += 59
    with sessions.use("a", 60) as again:
        assert again is first
    now[0] += 60
    sessions.expire()
    assert first.connection.closed
    with pytest.raises(ClickHouseError) as missing, sessions.use("a", 60, must_exist=True):
        pass
    assert missing.value.code == 372


# ---------------------------------------------------------------- inserts

LINES = ["first", "", "\n\n", "select 1;\n\nselect 2", "a;b"]


def _parquet(texts: list[str]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"n": range(len(texts)), "v": texts}), file, compression="none")
    return file.getvalue()


def _native(texts: list[str]) -> bytes:
    rows = b"".join(bytes([len(text)]) + text.encode() for text in texts)
    numbers = b"".join(number.to_bytes(8, "little") for number in range(len(texts)))
    return b"\x02" + bytes([len(texts)]) + b"\x01n\x05Int64" + numbers + b"\x01v\x06String" + rows


def _tsv(texts: list[str]) -> bytes:
    escaped = [text.replace("\n", "\\\n") for text in texts]
    return "".join(f"{number}\t{text}\n" for number, text in enumerate(escaped)).encode()


def _csv(texts: list[str]) -> bytes:
    return "".join(f'{number},"{text}"\r\n' for number, text in enumerate(texts)).encode()


def _values(texts: list[str]) -> bytes:
    return ",\n\n".join(f"({number}, '{text}')" for number, text in enumerate(texts)).encode() + b"\n\n;\n"


DATA: dict[str, Callable[[list[str]], bytes]] = {
    "Native": _native,
    "Parquet": _parquet,
    "TSV": _tsv,
    "CSV": _csv,
    "VALUES": _values,
}


@pytest.mark.parametrize("in_url", [True, False], ids=["header in the URL", "header in the body"])
@pytest.mark.parametrize("name", DATA)
def test_inline_data_with_empty_lines(port: int, database: str, name: str, in_url: bool) -> None:
    post(port, "create table t (n Int64, v String) engine = MergeTree order by n", database=database)
    header = "/* from; a test */ insert into t (n, v) " + ("values" if name == "VALUES" else f"format {name}")
    data = DATA[name](LINES)
    assert b"\n\n" in data
    if in_url:
        post(port, data, database=database, query=header)
    else:
        post(port, header.encode() + b"\n" + data, database=database)
    rows = json.loads(post(port, "select n, v from t order by n format JSONCompact", database=database))["data"]
    assert [(int(number), text) for number, text in rows] == list(enumerate(LINES))


def test_statements_in_inline_data_are_not_run(port: int, database: str) -> None:
    post(port, "create table t (v String) engine = MergeTree order by v", database=database)
    post(port, b"insert into t format TSV\nx\n\ndrop table t;\n\n", database=database)
    assert post(port, "select count() from t", database=database) == b"4\n"


def test_an_insert_keeps_its_settings_and_parameters(port: int, database: str) -> None:
    post(port, "create table t (a UInt8, b String) engine = MergeTree order by a", database=database)
    post(port, "insert into t settings max_threads = 1 values ({n:UInt8}, upper('x'))", database=database, param_n="7")
    post(
        port,
        "insert into t (a) settings input_format_csv_skip_first_lines = 1 format CSV\nhead\n8\n",
        database=database,
    )
    post(port, "insert into t select 9, 'from t format'", database=database)
    assert post(port, "select * from t order by a", database=database) == b"7\tX\n8\t\n9\tfrom t format\n"


def test_a_bad_row_inserts_nothing(port: int, database: str) -> None:
    post(port, "create table t (a UInt8) engine = MergeTree order by a", database=database)
    assert error_of(send(port, "POST", b"insert into t format CSV\n1\nx\n", database=database)) == (400, 117)
    assert post(port, "select count() from t", database=database) == b"0\n"


@pytest.mark.parametrize(
    ("sql", "target", "form", "data"),
    [
        ("INSERT INTO a.b VALUES (1)", "INSERT INTO a.b ", "Values", " (1)"),
        ("insert into `values` (`format`) format CSV\n1", "insert into `values` (`format`) ", "CSV", "1"),
        ("insert into a.format format CSV \r\n\n1", "insert into a.format ", "CSV", "\n1"),
        ("insert into table function f('x', 'format') values\n(1)", None, "Values", "(1)"),
        ("-- c\ninsert into t settings a = 'format' format TSV\tx", "-- c\ninsert into t ", "TSV", "x"),
    ],
)
def test_headers_are_split_from_data(sql: str, target: str | None, form: str, data: str) -> None:
    insert = statements.split_insert(sql.encode())
    assert insert is not None
    assert target is None or insert.target == target.encode()
    assert (insert.format, sql.encode()[insert.data_start :].lstrip(b" ")) == (form.encode(), data.lstrip(" ").encode())


@pytest.mark.parametrize(
    "sql",
    [
        "insert into t select 1 format CSV",
        "insert into t (a) with x as (select 1) select * from x",
        "insert into t (a) (select format from values)",
        "select 1 format CSV",
        "insert into t",
        "explain insert into t values (1)",
        "",
    ],
)
def test_other_statements_have_no_inline_data(sql: str) -> None:
    assert statements.split_insert(sql.encode()) is None


# ---------------------------------------------------------------- compression and framing


@pytest.mark.parametrize("method", ["lz4", "zstd", "gzip", False])
def test_compression_by_clickhouse_connect(port: int, database: str, method: str | bool) -> None:
    rows = [[number, f"row {number}\n\n" * 20] for number in range(20_000)]
    options = {"host": "127.0.0.1", "port": port, "database": database, "compress": method}
    with clickhouse_connect.get_client(**options) as client:
        client.command("create table t (n UInt32, v String) engine = MergeTree order by n")
        client.insert("t", rows, column_names=["n", "v"])
        assert client.query("select n, v from t order by n").result_rows == [tuple(row) for row in rows]


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
    "zstd": lambda data: zstd.compress(data[:9]) + zstd.compress(data[9:]),
    "lz4": lambda data: lz4.frame.compress(data[:9]) + lz4.frame.compress(data[9:]),
}
DECOMPRESS = {"gzip": gzip.decompress, "zstd": zstd.decompress, "lz4": lz4.frame.decompress}


@pytest.mark.parametrize("method", COMPRESS)
def test_compressed_bodies(port: int, method: str) -> None:
    body = COMPRESS[method](b"select sum(number) from numbers(10)")
    headers = {"Content-Encoding": method, "Accept-Encoding": f"br, {method}"}
    status, answered, data = send(port, "POST", body, headers, enable_http_compression="1")
    assert (status, answered["Content-Encoding"], DECOMPRESS[method](data)) == (200, method, b"45\n")
    status, answered, data = send(port, "POST", body, headers)
    assert (status, answered.get("Content-Encoding"), data) == (200, None, b"45\n")
    assert error_of(send(port, "POST", body[:-6], headers)) == (500, 271)
    assert error_of(send(port, "POST", b"select 1", headers)) == (500, 271)


def test_unknown_compression_is_refused(port: int) -> None:
    assert error_of(send(port, "POST", b"select 1", {"Content-Encoding": "br"})) == (500, 89)
    assert error_of(send(port, "POST", b"select 1", compress="1")) == (501, 48)


def test_chunked_bodies_and_keep_alive(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers = []
    for body in (iter([b"sel", b"ect", b" 1"]), b"selec", b"select 3"):
        connection.request("POST", "/", body, {"X-ClickHouse-Key": PASSWORD.encode()})
        response = connection.getresponse()
        answers.append((response.status, response.read()[:7]))
    connection.close()
    assert answers == [(200, b"1\n"), (400, b"Code: 6"), (200, b"3\n")]


def test_parameters(client: Client) -> None:
    sql = "select {n:Int64} + 1, {s:String}, {d:Date32}, {a:Array(String)}, {z:Nullable(String)}"
    values = {"n": 41, "s": "it's\n\n;a\t\\b", "d": dt.date(2024, 2, 29), "a": ["x", "y'"], "z": None}
    expected = (42, "it's\n\n;a\t\\b", dt.date(2024, 2, 29), ["x", "y'"], None)
    assert client.query(sql, parameters=values).result_rows == [expected]


def test_parameters_too_long_for_a_url(client: Client) -> None:
    text = "é\r\n--x" * 20_000
    assert client.query("select {s:String}", parameters={"s": text}).result_rows == [(text,)]


# ---------------------------------------------------------------- several clients


def _work(port: int, database: str, worker: int) -> int:
    """Inserts and reads in turn; gives how many rows it inserted."""
    with clickhouse_connect.get_client(host="127.0.0.1", port=port, database=database, password=PASSWORD) as client:
        for batch in range(5):
            client.insert("t", [[worker, batch * 100 + row] for row in range(100)], column_names=["w", "n"])
            seen = client.query("select count(), uniqExact(n) from t where w = %(w)s", parameters={"w": worker})
            assert seen.result_rows == [((batch + 1) * 100, (batch + 1) * 100)]
            client.query(f"select {worker}", settings={"max_block_size": worker + 1})
    return 500


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_parallel_clients(port: int, database: str, kind: str) -> None:
    post(port, "create table t (w UInt8, n UInt32) engine = MergeTree order by (w, n)", database=database)
    pools = {
        "threads": lambda: ThreadPoolExecutor(8),
        "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    }
    workers = 8 if kind == "threads" else 2
    with pools[kind]() as pool:
        done = [pool.submit(_work, port, database, worker) for worker in range(workers)]
        total = sum(future.result(timeout=60) for future in done)
    assert post(port, "select count() from t", database=database) == f"{total}\n".encode()


def test_a_big_result_and_a_big_insert(client: Client, port: int, database: str) -> None:
    client.command("create table t (n UInt64, v String) engine = MergeTree order by n")
    client.command("insert into t select number, repeat(toString(number), 5) from numbers(400000)")
    parquet = client.raw_query("select * from t order by n", fmt="Parquet")
    assert pq.read_table(io.BytesIO(parquet)).num_rows == 400_000
    client.command("create table copy as t")
    client.raw_insert("copy", insert_block=io.BytesIO(parquet), fmt="Parquet")
    same = "select count(), sum(cityHash64(n, v)) from "
    assert client.query(same + "copy").result_rows == client.query(same + "t").result_rows
    assert client.query_arrow("select * from copy").num_rows == 400_000


def test_a_client_that_goes_away_cancels_its_query(port: int) -> None:
    marker = f"gone_{uuid.uuid4().hex}"
    query = f"select count() as {marker} from numbers(1000000000000) where number % 7 = 3"
    url = "/?" + urlencode({"cancel_http_readonly_queries_on_client_close": "1"})
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"POST {url} HTTP/1.1\r\n{HEAD}Content-Length: {len(query)}\r\n\r\n{query}".encode())
        count = f"select count() from system.processes where query like '%{marker}%' and query not like '%processes%'"
        wait_for(lambda: post(port, count) == b"1\n", "the query runs")
    wait_for(lambda: post(port, count) == b"0\n", "the query is cancelled")


def test_a_client_that_goes_away_in_its_body_inserts_nothing(port: int, database: str) -> None:
    post(port, "create table t (a UInt8) engine = MergeTree order by a", database=database)
    start = f"POST /?database={database} HTTP/1.1\r\n{HEAD}Content-Length: 900\r\n\r\ninsert into t values (1)"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(start.encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(10) == b""
    assert post(port, "select count() from t", database=database) == b"0\n"


# ---------------------------------------------------------------- the process


def test_committed_rows_survive_a_kill(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    process, port = start(data)
    post(port, "create table t (a UInt32) engine = MergeTree order by a")
    post(port, b"insert into t format CSV\n" + b"".join(b"%d\n" % number for number in range(5000)))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 9000000\r\n\r\ninsert into t values ".encode()
        connection.sendall(head + b"(1)," * 1_000_000)
        wait_for(lambda: any(path.stat().st_size for path in (data / "gateway-files").iterdir()), "a part is written")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list((data / "gateway-files").iterdir())
    process, port = start(data)
    assert post(port, "select count(), sum(a) from t") == b"5000\t12497500\n"
    assert not list((data / "gateway-files").iterdir())
    assert stop(process) == 0


def test_the_password(start: Start, tmp_path: Path) -> None:
    secret = "pässword \u2018s3cret\u2019"
    process, port = start(tmp_path / "data", {"GATEWAY_TEST": secret}, ["--password-env", "GATEWAY_TEST"])
    assert send(port, "GET", path="/ping", key=None)[0] == 200
    for headers, params in [
        ({}, {}),
        ({"X-ClickHouse-User": "default", "X-ClickHouse-Key": "wrong"}, {}),
        ({"X-ClickHouse-User": "other", "X-ClickHouse-Key": secret.encode()}, {}),
        ({"Authorization": "Basic ???"}, {}),
        ({"Authorization": "Basic é"}, {}),
        ({}, {"user": "default", "password": "wrong"}),
    ]:
        assert error_of(send(port, "POST", b"select 1", headers, key=None, **params)) == (403, 516)
    assert post(port, "select 1", key=secret) == b"1\n"
    assert post(port, "select 1", key=None, user="default", password=secret) == b"1\n"
    with clickhouse_connect.get_client(host="127.0.0.1", port=port, password=secret) as client:
        assert client.command("select 1") == 1
    with pytest.raises(DatabaseError, match="516"):
        clickhouse_connect.get_client(host="127.0.0.1", port=port, password="wrong")
    assert stop(process) == 0


def test_a_password_is_drawn_and_kept_where_none_is_given(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKHOUSE_CLICKHOUSE", str(tmp_path / "data"))
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "")
    for again in (False, True):
        process, port = start(tmp_path / "data")
        monkeypatch.setenv("CLICKHOUSE_PORT", str(port))
        kept = tmp_path / "data" / "password"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert error_of(send(port, "GET", key=None, query="select 1")) == (403, 516)
        assert clickhouse().password == kept.read_text() != ""
        with connect() as client:
            assert client.command("select 1") == 1
        if again:
            files = {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")}
            [shown] = invoke_dbt("show", "--inline", "select 1 as found", target="prod", env=files).result.results
            assert [list(row) for row in shown.agate_table.rows] == [[1]]
        assert stop(process) == 0


def test_commands_that_start_the_engine_hand_its_password_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "")
    with embedded_clickhouse("--port", "0", "--data", str(tmp_path)) as greeting:
        port = int(re.search(r":(\d+) ", greeting)[1])
        assert post(port, "select 1", key=os.environ["CLICKHOUSE_PASSWORD"]) == b"1\n"
    assert os.environ["CLICKHOUSE_PASSWORD"] == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "rebound.example.com"},
        {"Host": "127.0.0.1.example.com:8123"},
        {"Host": "localhost@example.com"},
        {"Host": "[1.2.3]"},
        {"Host": ""},
    ],
)
@pytest.mark.parametrize("path", ["/", "/ping"])
def test_web_pages_are_refused(port: int, headers: dict[str, str], path: str) -> None:
    assert error_of(send(port, "GET", None, headers, path, query="select 1")) == (403, 516)


def test_an_address_that_is_none_is_told(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET http://[/ HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8123", "LOCALHOST"])
def test_this_machine_is_served_by_every_name_of_it(port: int, host: str) -> None:
    assert send(port, "GET", None, {"Host": host}, query="select 1")[::2] == (200, b"1\n")


def test_only_who_is_no_web_page_and_has_the_password_is_served(port: int) -> None:
    """Every combination of a method, headers and a password; each is right or wrong."""
    secret = base64.b64encode(f"default:{PASSWORD}".encode()).decode()
    tries: dict[str, dict[str | None, bool]] = {
        "method": {"GET": True, "POST": True, "HEAD": True, "OPTIONS": False},
        "Host": {f"127.0.0.1:{port}": True, "localhost": True, "rebound.example": False, "[1.2.3]": False}
        | {"2130706433": False, "a@127.0.0.1": False},
        "Origin": {None: True, "http://evil.example": False, "null": False, f"http://127.0.0.1:{port}": False},
        "Sec-Fetch-Site": {None: True, "none": True, "cross-site": False, "same-origin": False},
        "Authorization": {f"Basic {secret}": True, None: False, "Basic": False, f"Bearer {secret}": False},
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    tried, served = 0, []
    for method, *given in product(*tries.values()):
        headers = {name: text for name, text in zip([*tries][1:], given, strict=True) if text is not None}
        connection.request(method, "/?query=select+41%2B1", None, headers)
        answer = connection.getresponse()
        body, tried = answer.read(), tried + 1
        if answer.status == 200 or b"42" in body:
            served.append((method, *given))
    right = [[text for text, is_right in one.items() if is_right] for one in tries.values()]
    assert (tried, len(served)) == (1536, 12)
    assert served == list(product(*right))


def test_what_the_engine_keeps_is_for_its_owner(port: int, data: Path) -> None:
    post(port, "create table kept (a Int8) engine = MergeTree order by a")
    post(port, "insert into kept values (1)")
    post(port, "drop table kept")
    assert {
        path.name for path in [data, *data.rglob("*")] if path.lstat().st_mode & 0o077 and not path.is_symlink()
    } == set()


# ---------------------------------------------------------------- what SQL may do

ONE_STATEMENT = [
    "select 1 as a$x$; insert into {database}.t select 100; select 2 as b$x$",
    "select \u2018'\u2019; insert into {database}.t select 200; select \u2018'\u2019",
    "select 1 as a$x$; select 'x' into outfile '{file}' format RawBLOB; select 2 as b$x$",
    "insert into {database}.t format CSV 1 $x$ values\n\n; insert into {database}.t select 2; select $x$",
]


@pytest.fixture
def table(port: int, database: str) -> str:
    post(port, f"create table {database}.t (a Int32) engine = MergeTree order by a")
    return f"{database}.t"


@pytest.mark.parametrize("sql", ONE_STATEMENT)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_statement_is_what_the_engine_takes_for_one(
    port: int, database: str, table: str, tmp_path: Path, sql: str, method: str
) -> None:
    query = sql.format(database=database, file=tmp_path / "file")
    assert error_of(send(port, method, None if method == "GET" else b"", query=query))[1] in (62, 117, 164)
    assert post(port, f"select count() from {table}") == b"0\n"
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "insert into {table} select 1",
        "with 1 as x insert into {table} select x",
        "drop table {table}",
        "kill query where query_id = 'none'",
    ],
)
def test_reading_is_what_the_engine_takes_for_it(port: int, table: str, sql: str) -> None:
    query = sql.format(table=table)
    assert error_of(send(port, "GET", query=query))[1] == 164
    assert error_of(send(port, "POST", b"", query=query, readonly="1"))[1] == 164
    assert post(port, f"select count() from {table}") == b"0\n"


def test_a_session_is_never_left_unable_to_write(port: int) -> None:
    post(port, "create temporary table mine (a Int8)", session_id="writes")
    assert error_of(send(port, "GET", query="select 1", session_id="writes")) == (501, 48)
    assert post(port, "insert into mine values (1)", session_id="writes", close_session="1") == b""


OUTSIDE = [
    "select * from file('{file}', 'LineAsString')",
    "select file('{file}')",
    "select `fi\\x6ce`('{file}')",
    "select * apply file from (select '{file}' as x)",
    "select * apply(file) from (select '{file}' as x)",
    "select arrayMap(file, ['{file}'])",
    "select arrayMap(x -> file(x), ['{file}'])",
    "select arrayMap({{f:Identifier}}, ['{file}'])",
    "select * from `{file}`",
    "select 1 as x format Template settings format_template_row = '{file}'",
    "select 1 settings additional_result_filter = 'file(\\'{file}\\') != \\'\\''",
    "insert into function file('{new}', 'LineAsString', 'x String') select 'x'",
    "create table {database}.f (x String) engine = File(LineAsString, '{file}')",
    "create table {database}.f (x String default file('{file}')) engine = Memory",
    "create database {database}_files engine = Filesystem('/')",
    "create dictionary {database}.d (k UInt64, v String) primary key k "
    "source(executable(command 'touch {new}' format 'TSV')) layout(hashed()) lifetime(0)",
    "create function f as x -> file(x)",
    "create table {database}.f (a Int8) engine = MergeTree order by a "
    "settings disk = disk(type = local, path = '{new}/')",
    "backup database system to File('{new}')",
    "insert into {database}.t values (length(file('{file}')))",
    "insert into {database}.t values (length(`fi\\x6ce`('{file}')))",
    "insert into {database}.t from infile '{file}' format CSV",
    "insert into {database}.t from infile '{file}' settings max_threads = 1 format CSV\n1",
    "select 1 into outfile '{new}'",
    "explain select 1 into outfile '{new}'",
    "select * from url('http://127.0.0.1:1/x', 'LineAsString')",
    "select * from s3('http://127.0.0.1:1/x', 'CSV')",
    "select * from postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from remote('127.0.0.1:1', 'system.one')",
    "select * from sqlite('{new}', 't')",
    "create database {database}_sqlite engine = SQLite('{new}')",
    "create table {database}.f (x String) engine = EmbeddedRocksDB(0, '{new}') primary key x",
    "create table {database}.f (x String) engine = IcebergLocal('{new}', 'Parquet')",
    "create table {database}.f (x String) engine = FileLog('{new}', 'CSV')",
    "select * from executable('id', 'TSV', 'x String')",
    "select * from Python(params)",
    "set dialect = 'kusto'",
]


@pytest.mark.parametrize("sql", OUTSIDE)
def test_sql_reaches_tables_and_nothing_else(port: int, database: str, table: str, tmp_path: Path, sql: str) -> None:
    file, new = tmp_path / "secret", tmp_path / "new"
    file.write_text("12")
    answer = send(port, "POST", sql.format(file=file, new=new, database=database).encode(), param_f="file")
    assert error_of(answer)[1] in (1, 36, 56, 60, 62, 78, 115, 164, 358, 452, 497, 514), answer
    assert list(tmp_path.iterdir()) == [file]
    assert post(port, f"select count() from {table}") == b"0\n"


confined = pytest.mark.skipif(landlock_version() < FIRST_VERSION, reason="this kernel cannot confine the engine")

# SQL that the engine finds in a string while it runs.
IN_STRINGS = [
    "select * from format(Values, 'x String', '(file(''{file}''))')",
    "select * from format(Values, 'x String', '(fi' || 'le(''{file}''))')",
    "select * from format(Values, 'x String', {{data:String}})",
    "select * from format(Values, 'x UInt64', '((select count() from sqlite(''{new}'', ''t'')))')",
    "select * from format(Values, 'x String', '((select * from file(''{file}'', ''LineAsString'')))')",
    "select x from format(JSONEachRow, 'a Int8, x String default file(''{file}'')', '{{\"a\":1}}')",
    "select x from format(JSONEachRow, 'a Int8, x String materialized file(''{file}'')', '{{\"a\":1}}')",
    "select x from values('a Int8, x String alias file(''{file}'')', 1)",
    "select x from generateRandom('a Int8, x String alias file(''{file}'')') limit 1",
    "select x from generateRandom('a Int8, x String alias fi' || 'le(''{file}'')') limit 1",
    "create view {database}.v as select * from format(Values, 'x String', '(file(''{file}''))')",
    "create table {database}.c engine = Memory as select * from format(Values, 'x String', '(file(''{file}''))')",
    "insert into {database}.t select * from format(Values, 'a Int32', '(toInt32(file(''{file}'')))')",
    "insert into {database}.t format `Values` (length(file('{file}')))",
    "insert into {database}.t format \"values\" (length(file('{file}')))",
    "insert into {database}.t format `V\\x61lues` (length(file('{file}')))",
    "insert into {database}.t values ((select count() from sqlite('{new}', 't')))",
]


@confined
@pytest.mark.parametrize("sql", IN_STRINGS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sql_in_strings_reaches_no_file(
    port: int, database: str, table: str, tmp_path: Path, sql: str, method: str
) -> None:
    file, new = tmp_path / "secret", tmp_path / "new"
    file.write_text("12")
    query = sql.format(file=file, new=new, database=database)
    answer = send(port, method, None if method == "GET" else b"", query=query, param_data=f"(file('{file}'))")
    assert error_of(answer)[1] in (76, 164, 386, 481, 497), answer
    assert list(tmp_path.iterdir()) == [file]
    assert post(port, f"select count() from {table}") == b"0\n"


@confined
@pytest.mark.parametrize("file", ["/etc/passwd", "/proc/self/environ", "pyproject.toml"])
def test_sql_reads_no_file_of_the_machine(port: int, file: str) -> None:
    sql = f"select * from format(Values, 'x String', '(file(''{PROJECT / file}''))')"
    assert error_of(send(port, "POST", sql.encode()))[1] == 76


CONFINED = """
import os, socket, subprocess, sys
from pathlib import Path
from duckhouse.embedded.clickhouse.confinement import confinement

data, address = Path(sys.argv[1]), ("127.0.0.1", int(sys.argv[2]))
with confinement(data) as done:
    assert done
    for about in ("maps", "auxv"):  # without the latter the engine crashes, one start in some hundred
        assert Path(f"/proc/self/{about}").read_bytes()
(data / "from").mkdir()
(data / "from" / "file").write_text("x")
(data / "from" / "file").rename(data / "file")
assert (data / "file").read_text() == "x"
for reach in (
    lambda: Path("/etc/passwd").read_text(),
    lambda: Path(f"/proc/{os.getpid()}/environ").read_text(),
    lambda: (data.parent / "new").touch(),
    lambda: os.listdir(data.parent),
    lambda: subprocess.run(["/bin/sh", "-c", ":"]),
    lambda: socket.create_connection(address),
):
    try:
        reach()
    except PermissionError:
        continue
    sys.exit("not confined")
"""


@pytest.mark.skipif(landlock_version() < FIRST_VERSION_WITH_TCP, reason="this kernel cannot confine connections")
def test_what_is_confined_keeps_its_data_and_nothing_else(port: int, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-c", CONFINED, str(tmp_path / "data"), str(port)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


WITHOUT_LANDLOCK = (
    "from duckhouse.embedded.clickhouse import confinement; confinement.landlock_version = lambda: 0; "
    "from duckhouse.cli import run; from scripts.clickhouse import main; run(main)"
)


def test_a_machine_that_cannot_confine_is_named_and_refuses_by_name(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    process, port = start(tmp_path / "data", program=("-c", WITHOUT_LANDLOCK))
    warning = "warning: this machine cannot confine the engine to its data (Linux 5.19 and later can, by Landlock)"
    assert capfd.readouterr().err.startswith(warning)
    post(port, "create table t (x String) engine = Memory")
    (tmp_path / "secret").write_text("12")
    for name in ("values", "format `Values`", 'format "values"', "format `V\\x61lues`"):
        sql = f"insert into t {name} (file('{tmp_path}/secret'))"
        assert error_of(send(port, "POST", sql.encode())) == (403, 497)
    sql = f"insert into t values ((select toString(count()) from sqlite('{tmp_path}/new', 't')))"
    assert error_of(send(port, "POST", sql.encode())) == (403, 497)
    assert not (tmp_path / "new").exists()
    assert stop(process) == 0


def test_columns_may_have_the_names_of_refused_functions(port: int, database: str) -> None:
    post(port, "create table file (file String, url Int32) engine = MergeTree order by file", database=database)
    post(port, f"create table {database}.disk (disk String) engine = MergeTree order by disk")
    values = "('file(''x'')', 1), (upper('a \\\\ file'), 2)"
    post(port, f"insert into file (file, url) values {values}", database=database)
    rows = post(port, f"select file, {{n:String}} from {database}.file where file != '' order by url", param_n="file")
    assert rows == b"file(\\'x\\')\tfile\nA \\\\ FILE\tfile\n"


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 in (" + "1," * 2_000_000 + "1)",
        "select " + "".join(f"$a{number:06d}" for number in range(500_000)),
        "insert into t " + "".join(f"$a{number:06d}" for number in range(30_000)),
        "insert into t " + "'" * 250_000,
    ],
)
def test_a_statement_costs_no_more_than_the_engine_reads_of_it(port: int, sql: str) -> None:
    assert error_of(send(port, "POST", sql.encode())) == (400, 62)


def command(*options: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "scripts.clickhouse", *options],
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "192.0.2.1"], "--password-env"),
        (["--password-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (["--port", "0", "--data", "{tmp}/a*b"], "must not hold"),
        (["--port", "0", "--data", "{tmp}/file"], "cannot be the data directory"),
    ],
)
def test_faults_of_the_user_are_one_line(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "file").touch()
    answer = command(*[option.format(tmp=tmp_path) for option in options], env={"CLICKHOUSE_PASSWORD": ""})
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("error: ") and answer.stderr.count("\n") == 1 and words in answer.stderr


def test_a_second_gateway_on_the_same_data_is_refused(start: Start, tmp_path: Path) -> None:
    process, _ = start(tmp_path / "data")
    answer = command("--port", "0", "--data", str(tmp_path / "data"))
    assert stop(process) == 0
    assert answer.returncode == 1
    assert "--data" in answer.stderr.splitlines()[-1]


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match="--port"):
        Gateway("127.0.0.1", taken.getsockname()[1], "")


# ---------------------------------------------------------------- dbt

DBT_PROJECT = {
    "dbt_project.yml": """
name: tiny
version: "1.0"
profile: tiny
""",
    "seeds/days.csv": "day,n\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n",
    "models/as_table.sql": "{{ config(materialized='table') }} select toDate(day) as day, n from {{ ref('days') }}",
    "models/as_view.sql": """
{{ config(materialized='view', query_settings={'join_use_nulls': 1}) }}
select a.day as day, b.n as missing from {{ ref('as_table') }} a
left join (select * from {{ ref('as_table') }} where n = 2) b on a.day = b.day
""",
    "models/by_day.sql": """
{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partition_by='day',
          order_by='n', engine='MergeTree()') }}
select day, n * {{ 1 if not is_incremental() else 10 }} as n from {{ ref('as_table') }}
{% if is_incremental() %} where day > '2024-01-01' {% endif %}
""",
    "models/by_key.sql": """
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='n', order_by='n') }}
select n, day from {{ ref('as_table') }}
""",
    "models/schema.yml": """
models:
  - name: as_table
    columns:
      - name: day
        data_tests: [unique, not_null]
""",
    "snapshots/kept.sql": """
{% snapshot kept %}
{{ config(unique_key='day', strategy='check', check_cols=['n']) }}
select * from {{ ref('as_table') }}
{% endsnapshot %}
""",
}


def test_dbt_builds_a_project_twice(port: int, tmp_path: Path) -> None:
    schema = f"tiny_{uuid.uuid4().hex[:8]}"
    target = {
        "type": "clickhouse",
        "host": "127.0.0.1",
        "port": port,
        "user": "default",
        "password": PASSWORD,
        "schema": schema,
        "threads": 4,
    }
    files = {**DBT_PROJECT, "profiles.yml": json.dumps({"tiny": {"target": "x", "outputs": {"x": target}}})}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    dbt = [DBT, "--no-use-colors", "build", "--no-partial-parse"]
    env = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": str(tmp_path)}
    for _ in range(2):
        build = subprocess.run(dbt, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        assert build.returncode == 0, build.stdout
    assert post(port, f"select day, n from {schema}.by_day order by day") == (
        b"2024-01-01\t1\n2024-01-02\t20\n2024-01-03\t30\n"
    )
    assert post(port, f"select count(), sum(n) from {schema}.by_key") == b"3\t6\n"
    assert post(port, f"select missing from {schema}.as_view order by day") == b"\\N\n2\n\\N\n"
    assert post(port, f"select count(), countIf(dbt_valid_to is null) from {schema}.kept") == b"3\t3\n"
    post(port, f"drop database {schema}")
