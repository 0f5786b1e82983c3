import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import clickhouse_connect
import pytest

from duckhouse.embedded.postgres import Embedded
from support.broker import apache_or_skip
from support.gateway import PASSWORD
from support.places import places_below
from support.postgres import Extraction, extraction, postgres_server, quick_password
from support.warehouse import Warehouse, warehouse
from tools.brokers.apache import Apache
from tools.brokers.mock import MockCluster, mock_cluster

# every embedded ClickHouse of a test asks for this one, and every client that names none gives it
os.environ["CLICKHOUSE_PASSWORD"] = PASSWORD
clickhouse_connect.get_client = partial(clickhouse_connect.get_client, password=PASSWORD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that build warehouses come first: one of them at the end would run while the other process is idle."""
    items.sort(key=lambda item: not {"Warehouse", "warehouse"} & vars(item.module).keys())


@pytest.fixture(scope="session", autouse=True)
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with places_below(tmp_path_factory.mktemp("places")):
        yield


@pytest.fixture(scope="module")
def shared_house() -> Iterator[Warehouse]:
    """A warehouse of the module."""
    with warehouse() as house:
        yield house


@pytest.fixture
def house() -> Iterator[Warehouse]:
    """A warehouse of the test."""
    with warehouse() as house:
        yield house


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


@pytest.fixture
def mock() -> Iterator[MockCluster]:
    """A mock cluster without topics."""
    with mock_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def one_apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apache]:
    with apache_or_skip(tmp_path_factory.mktemp("kafka")) as node:
        yield node


@pytest.fixture
def apache(one_apache: Apache) -> Apache:
    """An Apache Kafka that runs, whatever the test before did to it. Its topics are those of all tests: new_topic()."""
    if not one_apache.is_running:
        one_apache.start()
    return one_apache
