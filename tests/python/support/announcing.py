"""What is published, made of a few rows, for alerts; and an endpoint that keeps what it is sent."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
import yaml

from duckhouse import clickhouse_sql, duck
from duckhouse.settings import PROJECT, clickhouse, published_path
from duckhouse.warehouse.connection import connect

Rows = Mapping[str, list[dict[str, Any]]]
"""Rows by view; columns that a row leaves out are empty, or what is usual of their type."""
USUAL: dict[str, Any] = {
    "text": "", "integer": 0, "money": Decimal(0), "boolean": False, "date": date(2026, 3, 1),
    "timestamp": datetime(2026, 3, 1),
}  # fmt: skip
PATH = "/services/T0SECRET/B1"


@cache
def columns(view: str) -> dict[str, str]:
    """The columns of a view by its contract, with their kinds."""
    for path in sorted((PROJECT / "models" / "reporting").glob("*/_*.yml")):
        for model in yaml.safe_load(path.read_text())["models"]:
            if model["name"] == view:
                return {column["name"]: column["data_type"] for column in model["columns"]}
    raise KeyError(view)


def publish(target: str, rows: Rows) -> None:
    """Replaces what is published on a target with these views."""
    types = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["types"]
    if target == "dev":
        published_path().parent.mkdir(exist_ok=True)
        published_path().unlink(missing_ok=True)
        with duckdb.connect(str(published_path())) as connection:
            connection.execute("create schema reporting")
            for view, found in rows.items():
                connection.execute(table(f"reporting.{view}", view, types["duckdb"]))
                for row in found:
                    connection.execute(f"insert into reporting.{view} values ({values(view, row, duck.literal)})")
        return
    database = f"{clickhouse().prefix}_reporting"
    with connect() as client:
        client.command(f"create database if not exists {database}")
        for view, found in rows.items():
            name = f"{database}.{view}"
            client.command(f"{table(name, view, types['clickhouse'], 'or replace ')} engine = MergeTree order by ()")
            for row in found:
                client.command(f"insert into {name} values ({values(view, row, clickhouse_sql.literal)})")


def table(name: str, view: str, types: Mapping[str, str], replacing: str = "") -> str:
    told = ", ".join(f"{column} {types[kind]}" for column, kind in columns(view).items())
    return f"create {replacing}table {name} ({told})"


def values(view: str, row: dict[str, Any], literal: Any) -> str:
    assert row.keys() <= columns(view).keys(), view
    found = (row.get(column, USUAL.get(kind)) for column, kind in columns(view).items())
    return ", ".join("null" if value is None else literal(str(value)) for value in found)


@dataclass
class Endpoint:
    """An endpoint that keeps what it is sent, and answers with `status`; None breaks the connection off."""

    port: int = 0
    status: int | None = 200
    ids: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def texts(self) -> list[str]:
        """What Slack shows of each message that came since this was asked last."""
        found = ["\n".join(block["text"]["text"] for block in body["blocks"]) for body in self.bodies]
        self.bodies.clear()
        return found


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.ids.append(self.headers["Idempotency-Key"])
            found.bodies.append(body)
            found.paths.append(self.path)
            if found.status is None:
                self.close_connection = True
                return
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # senders that are killed
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
