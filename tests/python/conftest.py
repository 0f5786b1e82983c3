import gc
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import clickhouse_connect
import pytest
from dbt_common.tests import enable_test_caching

from duckhouse import project
from duckhouse.embedded.postgres import Embedded
from support.broker import apache_or_skip
from support.dbt import SHARED, parsed_anew
from support.gateway import PASSWORD
from support.places import places_below, quick_folder
from support.postgres import Extraction, extraction, postgres_server, quick_password
from support.warehouse import Warehouse, warehouse
from tools.brokers.apache import Apache
from tools.brokers.mock import MockCluster, mock_cluster

# dbt makes so many objects that stay that the usual 700 between two collections spend a tenth of a test run's time
gc.set_threshold(50_000, 20, 20)
enable_test_caching()  # dbt keeps what it has parsed of each text: copies of the project differ in a file or two
WITHOUT_DBT = ("test_gateway.py", "test_generate_ad_serving.py")
"""Files that take a minute each."""
WITH_DBT = ("test_orchestration_flow.py", "test_orchestration_servers.py")
"""Files that build without a warehouse of the tests."""

ON_SIGTERM = signal.getsignal(signal.SIGTERM)
os.environ["DUCKHOUSE_PUBLISH"] = "false"  # of hundreds of builds few are read

# every embedded ClickHouse of a test asks for this one, and every client that names none gives it
os.environ["CLICKHOUSE_PASSWORD"] = PASSWORD
clickhouse_connect.get_client = partial(clickhouse_connect.get_client, password=PASSWORD)


def pytest_configure(config: pytest.Config) -> None:
    """The folder that all processes of the run share is made by the first one, which starts the others."""
    if not hasattr(config, "workerinput"):
        folder = TemporaryDirectory(prefix="duckhouse-tests-")
        config.add_cleanup(folder.cleanup)
        os.environ[SHARED] = folder.name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that build come first: one of them at the end would run while other processes are idle. After the first
    file come some without dbt: their processes would wait until the first one has parsed the project."""

    def builds(item: pytest.Item) -> bool:
        return item.path.name in WITH_DBT or bool({"Warehouse", "warehouse"} & vars(item.module).keys())

    items.sort(key=builds, reverse=True)
    first = items[0].path if items else None
    items.sort(key=lambda item: (item.path != first, item.path.name not in WITHOUT_DBT))


@pytest.fixture(scope="session", autouse=True)
def places() -> Iterator[None]:
    with quick_folder() as folder, places_below(folder):
        yield


@pytest.fixture(autouse=True)
def ended_by_sigterm() -> Iterator[None]:
    """Dagster, which tests run in this process, gives SIGTERM the handler of Ctrl-C. In the background that one ignores
    it, and so would the commands that later tests start."""
    yield
    signal.signal(signal.SIGTERM, ON_SIGTERM)


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A folder of the test like tmp_path, for databases that it builds itself."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="session", autouse=True)
def parsed_once() -> Iterator[None]:
    """A command that a test runs in this process reads the project as builds do, from what the test run has parsed."""
    run = project._dbt

    def dbt(*command: str, **given: Any) -> Any:
        return parsed_anew(target="dev") if command == ("parse",) else run(*command, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "_dbt", dbt)
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


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An embedded PostgreSQL, in which each test makes its own database."""
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
