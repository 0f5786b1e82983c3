import shutil
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest

from scripts.pg.embedded import Embedded
from support.postgres import Extraction, extraction, postgres_server, quick_password
from support.warehouse import Warehouse, warehouse


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A folder and a ClickHouse of the module."""
    with warehouse(tmp_path_factory.mktemp("server")) as house:
        yield house


@pytest.fixture
def house(server: Warehouse) -> Iterator[Warehouse]:
    """A landing zone and marts without data, on the server of the module; at one place, for which dbt parses once."""
    folder = server.folder / "house"
    folder.mkdir()
    yield Warehouse(folder, server.clickhouse_port)
    shutil.rmtree(folder)
    with clickhouse_connect.get_client(host="127.0.0.1", port=server.clickhouse_port) as client:
        for (database,) in client.query("show databases").result_rows:
            if database.startswith(("raw_", "duckhouse")):
                client.command(f"drop database `{database}`")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An embedded PostgreSQL of the module."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield quick_password(server)


@pytest.fixture
def shop(postgres: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Extraction]:
    """A database with rows, and a landing zone for what is extracted from it."""
    with extraction(postgres, tmp_path / "landing", monkeypatch) as made:
        yield made
