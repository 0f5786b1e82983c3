"""Elementary's report: builds Elementary's models, runs every data test with Elementary enabled, runs edr.

The tested tables must be built first. For target prod the embedded ClickHouse is started where no server answers.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from duckhouse import cli, settings
from duckhouse.packages import EDR_FOLDER, edr_packages_folder, has_elementary
from duckhouse.processes import DBT, run
from duckhouse.warehouse.target_engine import running

EDR_SETTINGS = {
    "anonymous_usage_tracking": False,
    "run_dbt_deps_if_needed": False,  # without a hub it empties the folder of the packages
    "disable_elementary_version_check": True,
    "disable_elementary_logo_print": True,
}


def build_report(target: str, out: Path) -> Counter[str]:
    """Writes Elementary's report of a target whose tables are built; returns the number of data tests per result."""
    packages, edr = elementary_packages(), find_edr()
    folder = settings.dbt_target_dir() / "elementary" / target
    own = {
        "DUCKHOUSE_ELEMENTARY": "true",
        "DUCKHOUSE_DUCKDB": str(settings.duckdb_path().resolve()),
        "DBT_PACKAGES_FOLDER": str(packages),
        "DBT_TARGET_PATH": str(folder),
    }
    with running(target):
        env = {**os.environ, **own}
        run([DBT, "--quiet", "run", "--select", "elementary", "--target", target], env)
        outcomes = run_tests(target, folder / "run_results.json", env)
        write_report(edr, target, out.resolve(), folder / "edr", env)
    return outcomes


def report_path(target: str) -> Path:
    """Each target has a report of its own."""
    return Path(f"report/elementary-{target}.html")


def elementary_packages() -> Path:
    """The folder of the dbt packages with the real Elementary. Raises UserError where there is none."""
    folder = edr_packages_folder()
    if not has_elementary(folder):
        raise cli.UserError(f"{folder} has no real Elementary package; run make edr, which asks the dbt hub for it")
    return folder


def find_edr() -> str:
    edr = shutil.which("edr", path=os.pathsep.join([str(EDR_FOLDER / "bin"), os.environ.get("PATH", "")]))
    if edr is None:
        raise cli.UserError("edr is not installed; run make edr, which installs it into .venv-edr")
    return edr


def run_tests(target: str, results: Path, env: Mapping[str, str]) -> Counter[str]:
    """The number of data tests per result. The report is written even where tests fail: failures belong in it."""
    results.unlink(missing_ok=True)
    try:
        run([DBT, "--quiet", "test", "--exclude-resource-type", "unit_test", "--target", target], env)
    except cli.UserError:
        if not results.exists():
            raise
    found = json.loads(results.read_text())["results"]
    return Counter(result["status"] for result in found if result["unique_id"].startswith("test."))


def write_report(edr: str, target: str, out: Path, home: Path, env: Mapping[str, str]) -> None:
    """Runs edr report. Its settings are in its home: edr reads --config-dir only after it asked the package index."""
    (home / ".edr").mkdir(parents=True, exist_ok=True)
    (home / ".edr" / "config.yml").write_text(json.dumps({**EDR_SETTINGS, "target-path": str(home)}))
    out.parent.mkdir(parents=True, exist_ok=True)
    run(
        [
            *(edr, "report", "--profiles-dir", str(settings.PROJECT), "--profile-target", target),
            *("--target-path", str(home), "--file-path", str(out), "--env", target, "--project-name", "duckhouse"),
            *("--exclude-elementary-models", "true", "--open-browser", "false", "--quiet-logs"),
        ],
        {**env, "HOME": str(home), "DBT_TARGET_PATH": str(home / "target")},
    )
