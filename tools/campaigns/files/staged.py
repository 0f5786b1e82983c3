"""Builds staging from what landed on both engines and compares it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest

from duckhouse.builds import WITHOUT_FILES, BuildError, invoke, parse
from duckhouse.clickhouse_sql import quote
from duckhouse.processes import embedded_clickhouse
from duckhouse.project import model_names
from duckhouse.settings import clickhouse, environment
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.parity import Model, compare, open_dev
from duckhouse.warehouse.push import push

TARGETS = ("dev", "prod")
SCHEMA = "staging"
Staged = Callable[[str], Iterator[tuple[str | None, str]]]
"""For a source, the files whose rows differ between the engines (None for the entire source), and the difference."""


@contextmanager
def staging(work: Path) -> Iterator[Staged]:
    """Its own ClickHouse and DuckDB file, which are empty before each source."""
    folder = work / "staged"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "DUCKHOUSE_DUCKDB": str(folder / "staged.duckdb"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PASSWORD": "",
    }
    with environment(settings), embedded_clickhouse("--port", "0", "--data", str(folder / "clickhouse")):
        manifests = {target: parse(target=target) for target in TARGETS}
        yield lambda source: _differences(source, folder, manifests)


def _differences(source: str, folder: Path, manifests: dict[str, Manifest]) -> Iterator[tuple[str | None, str]]:
    _empty(source, folder)
    push([source])
    chosen = f"path:models/{SCHEMA}/{source}"
    try:
        for target in TARGETS:
            invoke("build", *WITHOUT_FILES, "--select", chosen, "--exclude-resource-type", "test", "unit_test",
                   target=target, manifest=manifests[target])  # fmt: skip
    except BuildError as error:
        yield None, f"staging of {source} does not build: {error}"
        return
    client = connect()
    with open_dev() as dev:
        for name in sorted(model_names([chosen])):
            result = compare(dev, client, Model(SCHEMA, name, ("_source_file", "_source_row")), folder / "prod.parquet")
            if result["equal"]:
                continue
            if "problem" in result:
                yield None, f"{name}: {result['problem']}"
                continue
            files = dev.execute(
                "select distinct _source_file from (select * from ((from dev_rows except all from prod_rows) union all "
                "(from prod_rows except all from dev_rows)))"
            ).fetchall()
            first = {found["key"]["_source_file"]: found for found in reversed(result["first_differences"])}
            for (file,) in sorted(files):
                yield file, f"{name} differs between the engines: {first.get(file, 'not among the first ones')}"


def _empty(source: str, folder: Path) -> None:
    (folder / "staged.duckdb").unlink(missing_ok=True)
    shutil.rmtree(folder / "target", ignore_errors=True)
    client = connect()
    for database in (f"raw_{source}", f"{clickhouse().prefix}_{SCHEMA}", f"{clickhouse().prefix}_builds"):
        client.command(f"drop database if exists {quote(database)} sync")
