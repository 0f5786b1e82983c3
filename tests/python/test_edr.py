"""python -m scripts.edr: its one line where Elementary is absent, its report on both engines where it is installed.

Elementary's package is here where make edr brought it, or where DUCKHOUSE_REAL_PACKAGES names a folder with it. Without
it these tests prove that builds are free of it, and that the times of models reach its table (test_up_to_date.py); what
its report shows is then not tested.
"""

import base64
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from duckhouse import packages
from duckhouse.cli import UserError
from duckhouse.reporting import elementary
from duckhouse.settings import PROJECT
from scripts import edr
from support.browser import browser_or_skip, opened
from support.dbt import environment, parsed
from support.drops import NO_TESTS
from support.warehouse import Warehouse, called

WITH_ELEMENTARY = {"DBT_PACKAGES_FOLDER": os.environ.get("DUCKHOUSE_REAL_PACKAGES", "")}
FONTS = "request: https://fonts.googleapis.com/"
SILENT_DAY = "2026-03-05"


def pins(name: str) -> dict[str, str]:
    lines = (PROJECT / name).read_text().splitlines()
    return dict(line.lower().split("==") for line in lines if not line.startswith("#"))


def test_stand_in_ends_with_a_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PROJECT / "offline", tmp_path / "packages")
    monkeypatch.setenv("DBT_PACKAGES_FOLDER", str(tmp_path / "packages"))
    monkeypatch.setattr(packages, "EDR_FOLDER", tmp_path / "edr")
    done = called(lambda: edr.main(["--target", "prod"]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {tmp_path / 'edr' / 'dbt_packages'} has no real Elementary package; "
        "run make edr, which asks the dbt hub for it\n"
    )


def test_builds_have_no_model_hook_or_macro_of_elementary() -> None:
    if packages.has_elementary(packages.packages_folder()):
        pytest.skip("someone put Elementary's real package among those of builds")
    manifest = parsed(target="dev")
    assert {node.package_name for node in manifest.nodes.values()} == {"duckhouse"}
    macros = (PROJECT / "offline" / "elementary" / "macros" / "generic_tests.sql").read_text()
    stand_ins = {*(f"test_{name}" for name in re.findall(r"test (\w+)\(", macros)), "not_looked"}
    assert {macro.name for macro in manifest.macros.values() if macro.package_name == "elementary"} == stand_ins


def test_both_environments_pin_the_same_versions() -> None:
    project, elementary = pins("constraints.txt"), pins("constraints-elementary.txt")
    differing = {name for name in project.keys() & elementary.keys() if project[name] != elementary[name]}
    assert differing == {"networkx"}, "elementary-data asks for less than 3"


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    """All models on both engines, of twelve days of ad events; one of them is silent. Builds have Elementary off."""
    with environment(WITH_ELEMENTARY):
        try:
            elementary.elementary_packages()
            elementary.find_edr()
        except UserError as absent:
            pytest.skip(str(absent))
    house = replace(shared_house, source="all")
    drop = house.folder / "drop"
    size = ("--days", "12", "--events-per-day", "150", "--seed", "3", "--clean")
    house.run("tools.generate", "ad_serving", *size, "--out", drop)
    (drop / "events" / f"{SILENT_DAY}.parquet").unlink()
    house.run("land", "ad_serving", drop, "--no-redelivery", "--delivered-at", "2026-03-25T06:00:00Z")
    house.run("land", "--prepare")
    house.build(*NO_TESTS)
    return house


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browser_or_skip() as found:
        yield found


def noted(house: Warehouse, target: str) -> list[tuple]:
    """What builds know of the nodes of a target."""
    query = "select node_id, version, outcome, done_at, row_count from {}.nodes {} order by all"
    if target == "dev":
        return house.rows(query.format("builds", ""))
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        return list(map(tuple, client.query(query.format("duckhouse_builds", "final")).result_rows))


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_report_tells_of_models_tests_and_the_silent_day(house: Warehouse, browser: Any, target: str) -> None:
    before = noted(house, target)
    out = house.folder / f"{target}.html"
    with environment(WITH_ELEMENTARY):
        house.run("edr", "--target", target, "--out", out)
    assert noted(house, target) == before
    data = re.search(r"JSON\.parse\(atob\('([A-Za-z0-9+/=]+)'\)", out.read_text(encoding="utf-8"))
    shown = json.loads(base64.b64decode(data[1]))
    assert shown["env"]["env"] == target
    assert "model.duckhouse.fct_consent_events" in shown["models"]
    assert shown["tracking"] is None
    outcomes = {
        result["metadata"]["test_unique_id"].split(".")[2]: result["metadata"]["latest_run_status"]
        for results in shown["test_results"].values()
        for result in results
    }
    assert outcomes["fct_ad_events_volume_is_usual"] == "warn"
    assert outcomes["stg_ad_serving__events_schema_is_as_before"] == "pass"
    runs = {run["unique_id"]: run["status"] for run in shown["model_runs"]}
    assert runs["model.duckhouse.fct_ad_events"] == "success"
    assert not any(name.startswith("model.elementary.") for name in [*runs, *shown["models"]])
    assert "fct_ad_events" in performance_of_models(browser, out)


def performance_of_models(browser: Any, report: Path) -> str:
    """The text of that page. The report opens without a network, and asks for nothing but fonts."""
    with opened(browser, report, 1280, offline=True) as (page, said):
        page.get_by_text("Model Performance").first.click()
        page.get_by_text("Median exec. time").wait_for()
        text = page.inner_text("body")
    asked = [line for line in said if line.startswith("request: http")]
    assert all(line.startswith(FONTS) for line in asked), asked
    return text
