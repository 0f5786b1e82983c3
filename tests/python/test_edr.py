"""python -m scripts.edr: its one line where Elementary is absent, its report on both engines where it is installed."""

import base64
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from duckhouse.cli import UserError
from duckhouse.reporting import elementary
from duckhouse.settings import PROJECT
from support.drops import NO_TESTS
from support.warehouse import Warehouse

PACKAGES = os.environ.get("DUCKHOUSE_REAL_PACKAGES", str(PROJECT / "dbt_packages"))
SILENT_DAY = "2026-03-05"


def pins(name: str) -> dict[str, str]:
    lines = (PROJECT / name).read_text().splitlines()
    return dict(line.lower().split("==") for line in lines if not line.startswith("#"))


def test_stand_in_ends_with_a_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PROJECT / "offline", tmp_path / "packages")
    monkeypatch.setenv("DBT_PACKAGES_FOLDER", str(tmp_path / "packages"))
    [line] = Warehouse(tmp_path, 1).run("edr", code=1).stderr.splitlines()
    assert line.startswith(f"error: {tmp_path / 'packages'} has no real Elementary package; ")
    assert "run make edr" in line


def test_both_environments_pin_the_same_versions() -> None:
    project, elementary = pins("constraints.txt"), pins("constraints-elementary.txt")
    differing = {name for name in project.keys() & elementary.keys() if project[name] != elementary[name]}
    assert differing == {"networkx"}, "elementary-data asks for less than 3"


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    """All models on both engines, of twelve days of ad events; one of them is silent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PACKAGES_FOLDER", PACKAGES)
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


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_report_tells_of_models_tests_and_the_silent_day(
    house: Warehouse, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_PACKAGES_FOLDER", PACKAGES)
    out = house.folder / f"{target}.html"
    house.run("edr", "--target", target, "--out", out)
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
