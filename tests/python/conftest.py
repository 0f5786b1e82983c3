from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest

from support.warehouse import Warehouse, warehouse


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A folder and a ClickHouse of the module."""
    with warehouse(tmp_path_factory.mktemp("server")) as house:
        yield house


@pytest.fixture
def house(server: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """A landing zone and marts without data, on the server of the module."""
    yield Warehouse(tmp_path, server.clickhouse_port)
    with clickhouse_connect.get_client(host="127.0.0.1", port=server.clickhouse_port) as client:
        for (database,) in client.query("show databases").result_rows:
            if database.startswith(("raw_", "duckhouse")):
                client.command(f"drop database `{database}`")
