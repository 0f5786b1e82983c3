"""The demo keeps to itself, and what removes files asks first where they may be a user's own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from duckhouse import settings
from duckhouse.cli import UserError
from duckhouse.processes import run
from duckhouse.settings import PROJECT
from support.dbt import environment
from tools.generators import generators

GENERATED = ("demo/duckhouse.duckdb", "report/index.html", "target/manifest.json")
OWN = (
    "landing/shop/delivery=1/manifest.json",
    "duckhouse.duckdb",
    "duckhouse.duckdb.wal",
    "published/duckhouse.duckdb",
    "published/duckhouse.duckdb.blocked.json",
    "postgres-data/password",
)


def of_the_demo() -> dict[str, str]:
    lines = (PROJECT / "demo.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_folder_of_the_demo_is_its_own() -> None:
    folders = (settings.landing_dir, settings.duckdb_path, settings.published_path, settings.postgres_dir)
    with environment(of_the_demo()):
        assert {place().parts[0] for place in (*folders, settings.clickhouse_dir, settings.report_path)} == {"demo"}
        assert settings.is_publishing()
    assert {Path(of_the_demo()[name]).parts[0] for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH")} == {"demo"}


def test_every_setting_that_names_a_place_is_set_by_the_demo() -> None:
    listed = [line.lstrip("#").split("=")[0] for line in (PROJECT / ".env.example").read_text().splitlines()]
    places = {name for name in listed if name.startswith(("CLICKHOUSE_", "POSTGRES_", "DUCKHOUSE_"))}
    no_places = {
        "DUCKHOUSE_MEMORY_GB", "DUCKHOUSE_STALE_WARN_HOURS", "DUCKHOUSE_STALE_ERROR_HOURS", "DUCKHOUSE_ALERT_PERCENT",
    }  # fmt: skip
    assert places - no_places <= of_the_demo().keys()


def test_the_engine_serves_where_the_other_commands_look_for_it() -> None:
    command = "import scripts.clickhouse as c, sys; sys.argv = ['x']; o = c._options(); print(o.port, o.data)"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=PROJECT, env=of_the_demo(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [of_the_demo()["CLICKHOUSE_PORT"], of_the_demo()["DUCKHOUSE_CLICKHOUSE"]]


def test_every_generator_takes_part_in_the_demo() -> None:
    for source, generator in generators().items():
        assert callable(generator.deliver_first), source
        assert callable(generator.deliver_later), source


def test_the_demo_prints_no_details_unless_a_command_fails(capsys: pytest.CaptureFixture[str]) -> None:
    said = "delivery 1\n  30 files\nskipped a.csv: landed before\ndone\n"
    run([sys.executable, "-c", f"print({said!r}, end='')"], brief=True)
    assert capsys.readouterr().out == "delivery 1\ndone\n"
    with pytest.raises(UserError, match="ended with 3: see what it printed"):
        run([sys.executable, "-c", f"import sys; print({said!r}, end=''); sys.exit(3)"], brief=True)
    assert capsys.readouterr().out == said


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder with the Makefile, generated files and files of a user's own."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    for name in (*GENERATED, *OWN):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    yield tmp_path


def make(project: Path, target: str, answer: str = "") -> int:
    return subprocess.run(["make", target], cwd=project, input=answer, capture_output=True, text=True).returncode


def left(project: Path, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if (project / name).exists()]


def test_clean_removes_what_was_generated_and_nothing_else(project: Path) -> None:
    assert make(project, "clean") == 0
    assert (left(project, GENERATED), left(project, OWN)) == ([], list(OWN))


@pytest.mark.parametrize("answer", ["no\n", "\n", "", "y\n"])
def test_purge_removes_nothing_without_a_yes(project: Path, answer: str) -> None:
    assert make(project, "purge", answer) != 0
    assert (left(project, GENERATED), left(project, OWN)) == (list(GENERATED), list(OWN))


def test_purge_removes_all_data_after_a_yes(project: Path) -> None:
    assert make(project, "purge", "yes\n") == 0
    assert left(project, (*GENERATED, *OWN)) == []
