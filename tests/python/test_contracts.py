"""Contracts name kinds of columns: tables get the types of the engine, a query that breaks one fails the build."""

import re
import shutil
from pathlib import Path

import clickhouse_connect
import pytest
import yaml

from duckhouse.settings import PROJECT
from support.dbt import told_by_dbt
from support.warehouse import Warehouse

SETTINGS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
TYPES: dict[str, dict[str, str]] = SETTINGS["vars"]["types"]
VALUES = {
    "date": "'2025-09-05'",
    "timestamp": "'2025-09-05 10:00:00'",
    "boolean": "true",
    "text": "'x'",
    "category": "'x'",
}
# the kinds that the contract names, and the columns of the query with theirs
BROKEN: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "wrong_type": ({"a": "text", "b": "money"}, {"a": "text", "b": "integer"}),
    "wrong_scale": ({"a": "money"}, {"a": "weight"}),
    "missing_column": ({"a": "text", "b": "money"}, {"a": "text"}),
    "surplus_column": ({"a": "text"}, {"a": "text", "b": "money"}),
    "other_name": ({"a": "text"}, {"b": "text"}),
    "unknown_kind": ({"a": "monney"}, {"a": "money"}),
}
SOUND = {f"a_{kind}": kind for kind in TYPES["duckdb"]}


def model(columns: dict[str, str], materialized: str = "table") -> str:
    casts = ", ".join(
        f'{{{{ cast_to("{VALUES.get(kind.removesuffix("_nullable"), "1")}", "{kind}") }}}} as {name}'
        for name, kind in columns.items()
    )
    return f"{{{{ config(materialized='{materialized}') }}}} select {casts}"


def contract(name: str, columns: dict[str, str]) -> dict[str, object]:
    return {"name": name, "columns": [{"name": column, "data_type": kind} for column, kind in columns.items()]}


@pytest.fixture(scope="module", params=["dev", "prod"])
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's macros of types and contracts, and its settings of both."""
    folder = tmp_path_factory.mktemp("contracts")
    shared = {key: SETTINGS[key] for key in ("config-version", "profile")}
    settings = {
        **shared,
        "name": "contracts",
        "vars": {"types": TYPES},
        "models": {
            "+contract": SETTINGS["models"]["duckhouse"]["marts"]["+contract"],
            "+on_schema_change": "append_new_columns",
        },
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    shutil.copy(PROJECT / "profiles.yml", folder)
    for part in ("macros", "models", "seeds"):
        (folder / part).mkdir()
    for macros in ("types.sql", "contracts.sql"):
        shutil.copy(PROJECT / "macros" / "engines" / macros, folder / "macros")
    contracts = [contract(name, kinds) for name, (kinds, _) in BROKEN.items()]
    for name, (_, columns) in BROKEN.items():
        (folder / "models" / f"{name}.sql").write_text(model(columns))
    for materialized in ("table", "view", "incremental"):
        contracts.append(contract(f"sound_{materialized}", SOUND))
        (folder / "models" / f"sound_{materialized}.sql").write_text(model(SOUND, materialized))
    seed = {"name": "sound_seed", "config": {"column_types": {"points": "integer", "why": "text"}}}
    (folder / "models" / "_models.yml").write_text(yaml.safe_dump({"models": contracts, "seeds": [seed]}))
    (folder / "seeds" / "sound_seed.csv").write_text("points,why\n1,2\n")
    return folder


@pytest.fixture(scope="module")
def failed(project: Path, target: str, shared_house: Warehouse) -> dict[str, str]:
    """What dbt says of each model that fails in the second run, which updates what the first has made."""
    for _ in range(2):
        told_by_dbt("seed", target=target, env=shared_house.env, project=project)
        told = told_by_dbt("run", target=target, env=shared_house.env, project=project, succeeds=False)
    start = re.compile(rf"^{target}: (\w+): ", re.MULTILINE)
    _, *told_of_each = start.split(told)
    return dict(zip(told_of_each[::2], told_of_each[1::2], strict=True))


def test_no_other_model_fails(failed: dict[str, str]) -> None:
    assert failed.keys() == BROKEN.keys()


@pytest.mark.parametrize("name", BROKEN)
def test_a_query_that_breaks_its_contract_fails_the_build(failed: dict[str, str], name: str) -> None:
    assert "enforced contract that failed" in failed[name] or "monney" in failed[name]


@pytest.mark.parametrize("materialized", ["table", "view", "incremental"])
def test_columns_have_the_engines_types_of_their_kinds(
    failed: dict[str, str], target: str, shared_house: Warehouse, materialized: str
) -> None:
    types = TYPES["duckdb" if target == "dev" else "clickhouse"]
    assert columns_of(shared_house, target, f"sound_{materialized}") == {
        name: types[kind] for name, kind in SOUND.items()
    }


def test_seeds_have_the_engines_types_of_their_kinds(
    failed: dict[str, str], target: str, shared_house: Warehouse
) -> None:
    types = TYPES["duckdb" if target == "dev" else "clickhouse"]
    assert columns_of(shared_house, target, "sound_seed") == {"points": types["integer"], "why": types["text"]}


def columns_of(house: Warehouse, target: str, table: str) -> dict[str, str]:
    if target == "dev":
        found = house.rows(f"select column_name, lower(data_type) from duckdb_columns() where table_name = '{table}'")
        return dict(found)
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        return dict(client.query(f"select name, type from system.columns where table = '{table}'").result_rows)
