"""The stand-ins of offline/ and the real dbt packages give the same outcome on the same cases, on both engines.

The real packages take part where they are: in dbt_packages/, or in the folder that DUCKHOUSE_REAL_PACKAGES names.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from duckhouse.packages import read_package
from duckhouse.settings import PROJECT
from support.gateway import PASSWORD, start_quick_gateway, stop

PACKAGES = ("dbt_utils", "dbt_expectations")
NULL = "_dbt_utils_surrogate_key_null_"

TYPES = """
{% macro typed(value, type) -%}
    {%- set types = {
        'duckdb': {
            'int': 'bigint',
            'required_int': 'bigint',
            'text': 'varchar',
            'money': 'decimal(18, 4)',
            'date': 'date',
            'timestamp': 'timestamp',
        },
        'clickhouse': {
            'int': 'Nullable(Int64)',
            'required_int': 'Int64',
            'text': 'Nullable(String)',
            'money': 'Nullable(Decimal(18, 4))',
            'date': 'Nullable(Date32)',
            'timestamp': "Nullable(DateTime64(6, 'UTC'))",
        },
    } -%}
    cast({{ value }} as {{ types[target.type][type] }})
{%- endmacro %}
"""

COLUMNS = {
    "children": {"id": "int", "parent_id": "int", "kind": "text"},
    "no_children": {"id": "int", "parent_id": "int", "kind": "text"},
    "parents": {"parent_id": "int", "is_live": "int"},
    "clicks": {"click_id": "required_int", "campaign_id": "required_int"},
    "campaigns": {"campaign_id": "required_int"},
    "amounts": {"net": "money", "tax": "money", "gross": "money", "day": "date", "group": "int"},
    "texts": {"place": "int", "text": "text"},
    "key_parts": {
        "place": "int",
        "whole": "int",
        "text": "text",
        "day": "date",
        "seen_at": "timestamp",
        "money": "money",
    },
}

ROWS: dict[str, list[tuple]] = {
    "children": [(1, 10, "real"), (2, 11, "real"), (3, 99, "trial"), (4, None, "real"), (5, 10, "real")],
    "no_children": [],
    "parents": [(10, 1), (11, 0), (None, 1)],
    "clicks": [(1, 7), (2, 8), (3, 8)],
    "campaigns": [(7,)],
    "amounts": [
        ("1.0000", "0.1000", "1.1000", "2024-01-31", 1),
        ("2.0000", "0.4000", "2.5000", "2024-02-29", 1),
        (None, "0.4000", "2.5000", None, 2),
        (None, "-0.1000", "0.0000", "1969-12-31", 2),
    ],
    "texts": [(1, "a.b"), (2, "axb"), (3, "a\nb"), (4, "Été"), (5, None), (6, "12"), (7, "word boundary")],
    "key_parts": [
        (1, 42, "abc", "2024-02-29", "2024-02-29 12:30:00.500000", "1.5000"),
        (2, -7, "", "1899-12-31", "2024-02-29 12:30:10.000000", "-0.0100"),
        (3, None, None, None, None, None),
        (4, 9007199254740993, "Été", "2024-01-01", "1969-12-31 23:59:59.123456", "12345678901234.0000"),
    ],
}


@dataclass(frozen=True)
class Case:
    """One generic test: `failures` is the number of rows that it must return."""

    name: str
    test: str
    model: str
    failures: int
    arguments: dict[str, Any] = field(default_factory=dict)
    column: str | None = None
    where: str | None = None


UNIQUE, TRUE, RANGE = (
    "dbt_utils.unique_combination_of_columns",
    "dbt_utils.expression_is_true",
    "dbt_utils.accepted_range",
)
PARENT, FILLED = "dbt_utils.relationships_where", "dbt_utils.not_null_proportion"
COUNT = "dbt_expectations.expect_table_row_count_to_be_between"
BETWEEN = "dbt_expectations.expect_column_values_to_be_between"
REGEX = "dbt_expectations.expect_column_values_to_match_regex"
TO_PARENTS = {"to": "ref('parents')", "field": "parent_id"}

CASES = [
    Case("unique_one_column", UNIQUE, "children", 0, {"combination_of_columns": ["id"]}),
    Case("unique_repeated", UNIQUE, "children", 1, {"combination_of_columns": ["parent_id", "kind"]}),
    Case("unique_nulls_are_equal", UNIQUE, "amounts", 1, {"combination_of_columns": ["net"]}),
    Case("unique_quoted", UNIQUE, "amounts", 2, {"combination_of_columns": ["group"], "quote_columns": True}),
    Case("unique_filtered", UNIQUE, "children", 0, {"combination_of_columns": ["kind"]}, where="id in (1, 3)"),
    Case("unique_empty", UNIQUE, "no_children", 0, {"combination_of_columns": ["id"]}),
    Case("true_broken", TRUE, "amounts", 1, {"expression": "net + tax = gross"}),
    Case("true_null_passes", TRUE, "amounts", 0, {"expression": "net > 0"}),
    Case("true_or", TRUE, "children", 2, {"expression": "id = 1 or parent_id = 10"}),
    Case("true_column", TRUE, "amounts", 1, {"expression": ">= 0"}, column="tax"),
    Case("true_column_filtered", TRUE, "amounts", 0, {"expression": ">= 0"}, column="tax", where="gross > 0"),
    Case("range_inside", RANGE, "amounts", 0, {"min_value": 0, "max_value": 2.5}, column="gross"),
    Case("range_null_passes", RANGE, "amounts", 1, {"min_value": 2}, column="net"),
    Case(
        "range_exclusive", RANGE, "amounts", 3, {"min_value": 0, "max_value": 2.5, "inclusive": False}, column="gross"
    ),
    Case("range_on_the_fraction", RANGE, "amounts", 1, {"min_value": 0.1}, column="tax"),
    Case("range_to_a_column", RANGE, "amounts", 2, {"min_value": "net"}, column="tax"),
    Case("range_of_dates", RANGE, "amounts", 1, {"min_value": "cast('2024-01-31' as date)"}, column="day"),
    Case("range_without_limits", RANGE, "amounts", 0, {}, column="tax"),
    Case("parent_orphan", PARENT, "children", 1, TO_PARENTS, column="parent_id"),
    Case("parent_from", PARENT, "children", 0, {**TO_PARENTS, "from_condition": "kind = 'real'"}, column="parent_id"),
    Case("parent_to", PARENT, "children", 2, {**TO_PARENTS, "to_condition": "is_live = 1"}, column="parent_id"),
    Case("parent_from_id", PARENT, "children", 0, {**TO_PARENTS, "from_condition": "id <> 3"}, column="parent_id"),
    Case(
        "parent_of_required_key",
        PARENT,
        "clicks",
        2,
        {"to": "ref('campaigns')", "field": "campaign_id"},
        column="campaign_id",
    ),
    Case("parent_empty", PARENT, "no_children", 0, TO_PARENTS, column="parent_id"),
    Case("filled_enough", FILLED, "amounts", 0, {"at_least": 0.5}, column="net"),
    Case("filled_too_little", FILLED, "amounts", 1, {"at_least": 0.51}, column="net"),
    Case("filled_too_much", FILLED, "amounts", 1, {"at_least": 0, "at_most": 0.49}, column="net"),
    Case(
        "filled_two_thirds",
        FILLED,
        "amounts",
        1,
        {"at_least": 0, "at_most": 0.6666666},
        column="net",
        where="gross > 0",
    ),
    Case(
        "filled_in_groups", FILLED, "children", 1, {"at_least": 0.8, "group_by_columns": ["kind"]}, column="parent_id"
    ),
    Case("filled_empty", FILLED, "no_children", 0, {"at_least": 0.5}, column="id"),
    Case("count_inside", COUNT, "children", 0, {"min_value": 5, "max_value": 5}),
    Case("count_too_many", COUNT, "children", 1, {"max_value": 4}),
    Case("count_strict", COUNT, "children", 1, {"min_value": 5, "strictly": True}),
    Case("count_empty", COUNT, "no_children", 1, {"min_value": 1}),
    Case("count_some", COUNT, "children", 0, {"max_value": 4, "row_condition": "kind = 'real'"}),
    Case("count_in_groups", COUNT, "children", 1, {"min_value": 2, "group_by": ["kind"]}),
    Case("between_inside", BETWEEN, "amounts", 0, {"min_value": 0, "max_value": 2.5}, column="gross"),
    Case(
        "between_outside",
        BETWEEN,
        "amounts",
        2,
        {"min_value": 0.1, "max_value": 0.1},
        column="tax",
        where="tax <> -0.1",
    ),
    Case("between_strict", BETWEEN, "amounts", 3, {"min_value": 0, "max_value": 2.5, "strictly": True}, column="gross"),
    Case("between_null_passes", BETWEEN, "amounts", 0, {"min_value": 1}, column="net"),
    Case("between_some", BETWEEN, "amounts", 0, {"min_value": 0, "row_condition": "gross > 0"}, column="tax"),
    Case("between_dates", BETWEEN, "amounts", 2, {"max_value": "cast('2023-12-31' as date)"}, column="day"),
    Case("regex_anywhere", REGEX, "texts", 1, {"regex": "[bt]"}, column="text", where="place <> 3 and place <> 7"),
    Case("regex_escaped_dot", REGEX, "texts", 1, {"regex": r"^a\.b$"}, column="text", where="place <= 2"),
    Case("regex_digits", REGEX, "texts", 0, {"regex": r"^\d+$"}, column="text", where="place = 6"),
    Case("regex_word_boundary", REGEX, "texts", 0, {"regex": r"\bboundary\b"}, column="text", where="place = 7"),
    Case("regex_dot_is_no_line_break", REGEX, "texts", 1, {"regex": "^a.b$"}, column="text", where="place <= 3"),
    Case("regex_dot_is_a_character", REGEX, "texts", 0, {"regex": "^.t.$"}, column="text", where="place = 4"),
    Case("regex_case", REGEX, "texts", 1, {"regex": "^WORD"}, column="text", where="place = 7"),
    Case("regex_any_case", REGEX, "texts", 0, {"regex": "^WORD", "flags": "i"}, column="text", where="place = 7"),
    Case("regex_some", REGEX, "texts", 0, {"regex": "^a", "row_condition": "place < 4"}, column="text"),
]

# name of the case: place of its row in the model key_parts, the fields, the text whose MD5 is the key
KEYS = {
    "key_of_ints": (1, ["place", "whole"], "1-42"),
    "key_of_big_ints": (4, ["whole"], "9007199254740993"),
    "key_of_text": (1, ["text"], "abc"),
    "key_of_unicode": (4, ["text", "text"], "Été-Été"),
    "key_of_empty_text": (2, ["text", "whole"], "--7"),
    "key_of_date": (1, ["day"], "2024-02-29"),
    "key_of_old_date": (2, ["day", "place"], "1899-12-31-2"),
    "key_of_fraction": (1, ["seen_at"], "2024-02-29 12:30:00.5"),
    "key_of_whole_second": (2, ["seen_at"], "2024-02-29 12:30:10"),
    "key_of_microsecond": (4, ["seen_at"], "1969-12-31 23:59:59.123456"),
    "key_of_money": (1, ["money"], "1.5000"),
    "key_of_small_money": (2, ["money"], "-0.0100"),
    "key_of_great_money": (4, ["money"], "12345678901234.0000"),
    "key_of_nulls": (3, ["whole", "text", "day", "seen_at", "money"], "-".join([NULL] * 5)),
    "key_of_literal": (1, ["'x'", "place"], "x-1"),
}

EXPECTED = {case.name: case.failures for case in CASES} | dict.fromkeys(KEYS, 0)

# ClickHouse macro in macros/engines/packages.sql: the cases that go wrong without it
NEEDED_FOR = {
    "clickhouse__generate_surrogate_key": ["key_of_fraction", "key_of_whole_second", "key_of_money", "key_of_nulls"],
    "clickhouse__test_relationships_where": ["parent_of_required_key"],
    "clickhouse__test_not_null_proportion": ["filled_two_thirds", "filled_empty"],
    "clickhouse__regexp_instr": ["regex_word_boundary", "regex_any_case"],
}


Outcomes = dict[str, int | str]


def model_sql(name: str) -> str:
    columns = COLUMNS[name]
    selects = []
    for row in ROWS[name] or [(None,) * len(columns)]:
        values = ["null" if value is None else f"'{value}'" for value in row]
        fields = [
            f'{{{{ typed({json.dumps(value)}, "{type_}") }}}} as {{{{ adapter.quote("{column}") }}}}'
            for value, (column, type_) in zip(values, columns.items(), strict=True)
        ]
        selects.append("select " + ", ".join(fields))
    return "\nunion all\n".join(selects) + ("" if ROWS[name] else "\nlimit 0")


def model_yaml(name: str) -> dict:
    entry: dict[str, Any] = {"name": name, "data_tests": [], "columns": []}
    for case in CASES:
        if case.model != name:
            continue
        body = {"name": case.name, "arguments": case.arguments, "config": {"where": case.where} if case.where else {}}
        test = {case.test: body}
        if case.column:
            entry["columns"].append({"name": case.column, "data_tests": [test]})
        else:
            entry["data_tests"].append(test)
    merged: dict[str, list] = {}
    for column in entry["columns"]:
        merged.setdefault(column["name"], []).extend(column["data_tests"])
    entry["columns"] = [{"name": column, "data_tests": tests} for column, tests in merged.items()]
    return entry


def write_project(root: Path, packages: dict[str, Path], *, with_dispatch: bool) -> None:
    for folder in ("models", "macros", "tests", "packages"):
        (root / folder).mkdir(parents=True)
    for name, source in packages.items():
        (root / "packages" / name).symlink_to(source)
    settings = {
        "name": "duckhouse",
        "profile": "contract",
        "packages-install-path": "packages",
        "flags": {"send_anonymous_usage_stats": False},
        "models": {"+materialized": "table"},
    }
    if with_dispatch:
        project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
        settings["dispatch"] = [rule for rule in project["dispatch"] if rule["macro_namespace"] in packages]
        shutil.copy(PROJECT / "macros" / "engines" / "packages.sql", root / "macros")
    (root / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    (root / "macros" / "typed.sql").write_text(TYPES)
    for name in COLUMNS:
        (root / "models" / f"{name}.sql").write_text(model_sql(name))
    (root / "models" / "cases.yml").write_text(yaml.safe_dump({"models": [model_yaml(name) for name in COLUMNS]}))
    for name, (place, fields, text) in KEYS.items():
        key = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        (root / "tests" / f"{name}.sql").write_text(
            f"select place from {{{{ ref('key_parts') }}}}\n"
            f"where place = {place} and {{{{ dbt_utils.generate_surrogate_key({json.dumps(fields)}) }}}} <> '{key}'"
        )


def dbt(command: str, root: Path, engine: dict) -> subprocess.CompletedProcess:
    profile = {"contract": {"target": "it", "outputs": {"it": engine}}}
    (root / "profiles.yml").write_text(yaml.safe_dump(profile))
    return subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--show-all-deprecations", command, "--profiles-dir", "."],
        cwd=root,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("DBT_")},
    )


def outcomes(root: Path, engine: dict, packages: dict[str, Path], *, with_dispatch: bool = True) -> Outcomes:
    """Builds the cases in `root`: name of each test to the rows it returned, or the message of its error."""
    write_project(root, packages, with_dispatch=with_dispatch)
    done = dbt("build", root, engine)
    results = root / "target" / "run_results.json"
    assert results.exists(), done.stdout + done.stderr
    assert "deprecat" not in done.stdout.lower(), done.stdout
    nodes = json.loads(results.read_text())["results"]
    broken = [node for node in nodes if node["unique_id"].startswith("model.") and node["status"] != "success"]
    assert not broken, broken
    return {
        node["unique_id"].split(".")[2]: node["message"] if node["status"] == "error" else node["failures"]
        for node in nodes
        if node["unique_id"].startswith("test.")
    }


def real_packages() -> dict[str, Path]:
    """The real packages by project name; empty where dbt_utils or dbt_expectations is missing or a stand-in."""
    folder = Path(os.environ.get("DUCKHOUSE_REAL_PACKAGES", PROJECT / "dbt_packages"))
    found = {}
    for settings in folder.glob("*/dbt_project.yml"):
        package = read_package(settings.parent)
        if not package.is_stand_in and package.name != "elementary":
            found[package.name] = package.folder.resolve()
    return found if found.keys() >= set(PACKAGES) else {}


@pytest.fixture(params=["stand-ins", "real"])
def packages(request: pytest.FixtureRequest) -> dict[str, Path]:
    if request.param == "stand-ins":
        return {name: PROJECT / "offline" / name for name in PACKAGES}
    if not (found := real_packages()):
        pytest.skip("the real dbt packages are not here")
    return found


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A dbt output of an embedded ClickHouse, without join_use_nulls: no package macro may count on it."""
    process, port = start_quick_gateway(tmp_path_factory.mktemp("clickhouse"))
    address = {"host": "127.0.0.1", "port": port, "password": PASSWORD}
    yield {"type": "clickhouse", **address, "schema": "contract", "threads": 4}
    stop(process)


@pytest.fixture
def duckdb(tmp_path: Path) -> dict:
    return {"type": "duckdb", "path": str(tmp_path / "contract.duckdb"), "threads": 1}


def test_outcome_on_duckdb(tmp_path: Path, packages: dict[str, Path], duckdb: dict) -> None:
    assert outcomes(tmp_path / "project", duckdb, packages) == EXPECTED


def test_range_without_limits_stops_the_parse(tmp_path: Path, packages: dict[str, Path], duckdb: dict) -> None:
    root = tmp_path / "project"
    write_project(root, packages, with_dispatch=True)
    model = {"name": "children", "data_tests": [{COUNT: {"arguments": {"row_condition": "id > 0"}}}]}
    (root / "models" / "cases.yml").write_text(yaml.safe_dump({"models": [model]}))
    done = dbt("parse", root, duckdb)
    assert done.returncode == 2
    assert "You have to provide either a min_value, max_value or both." in done.stdout


def test_outcome_on_clickhouse(tmp_path: Path, packages: dict[str, Path], clickhouse: dict) -> None:
    assert outcomes(tmp_path / "project", clickhouse, packages) == EXPECTED


def test_each_clickhouse_macro_is_needed(tmp_path: Path, packages: dict[str, Path], clickhouse: dict) -> None:
    actual = outcomes(tmp_path / "project", clickhouse, packages, with_dispatch=False)
    wrong = {name for name, failures in EXPECTED.items() if actual[name] != failures}
    assert wrong >= {case for cases in NEEDED_FOR.values() for case in cases}
    macros = (PROJECT / "macros" / "engines" / "packages.sql").read_text()
    called = set(re.findall(r"macro (clickhouse__\w+)", macros)) - {"clickhouse__text_as_duckdb"}
    assert called == NEEDED_FOR.keys()
