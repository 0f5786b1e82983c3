"""CI of a fork: the workflow is valid, its steps are targets of make, and its unit tests are chosen by a rule."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from duckhouse.settings import PROJECT
from tools.unit import STARTERS, unit_tests

WORKFLOW = PROJECT / ".github" / "workflows" / "ci.yml"
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (PROJECT / "Makefile").read_text(), re.MULTILINE))
STEP = re.compile(r"make ([a-z-]+)(?: [A-Z]+=[\w./-]+)*")


def faults(workflow: Any) -> Iterator[str]:
    """Steps that are no target of make, actions without a version, and jobs that may write."""
    if workflow["permissions"] != {"contents": "read"}:
        yield "permissions"
    for job in workflow["jobs"].values():
        if "permissions" in job:
            yield "permissions of a job"
        for step in job["steps"]:
            made = STEP.fullmatch(step.get("run", ""))
            if "run" in step and not (made and made[1] in TARGETS):
                yield step["run"]
            if "uses" in step and not re.fullmatch(r"actions/[a-z/-]+@v\d+", step["uses"]):
                yield step["uses"]


def test_each_step_is_a_target_of_make_or_an_action_of_a_version() -> None:
    assert list(faults(yaml.safe_load(WORKFLOW.read_text()))) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("make lint", "make lnt"),
        ("make lint", "dbt build"),
        ("make lint", "make lint && make format"),
        ("actions/checkout@v4", "actions/checkout@main"),
        ("actions/checkout@v4", "someone/checkout@v4"),
        ("contents: read", "contents: write"),
        ("    timeout-minutes: 20", "    timeout-minutes: 20\n    permissions: {contents: write}"),
    ],
)
def test_a_step_that_is_not_is_told(before: str, after: str) -> None:
    assert list(faults(yaml.safe_load(WORKFLOW.read_text().replace(before, after)))) != []


def checked(path: Path) -> int:
    """The exit code of a check against GitHub's schema of workflows, which the library brings."""
    if find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is not installed: make setup")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    return subprocess.run(command, capture_output=True).returncode


def test_the_workflow_is_one_for_github(tmp_path: Path) -> None:
    assert checked(WORKFLOW) == 0
    spoilt = tmp_path / "ci.yml"
    spoilt.write_text(WORKFLOW.read_text().replace("runs-on:", "runs-in:"))
    assert checked(spoilt) == 1


CONFTEST = """
import pytest
@pytest.fixture
def server(): ...
@pytest.fixture(autouse=True)
def places(): ...
"""
FILES = {
    "tests/python/conftest.py": CONFTEST,
    "tests/python/support/plain.py": "import json",
    "tests/python/support/built.py": "def late():\n    from tools.engine import start",
    "tools/engine.py": "from dbt.cli.main import dbtRunner",
    "tests/python/test_plain.py": "from support import plain\nimport dbtless\ndef test_one(tmp_path, places): ...",
    "tests/python/test_asks.py": "def test_one(server): ...",
    "tests/python/test_asks_for_one.py": "import pytest\n@pytest.fixture\ndef own(server): ...",
    "tests/python/test_imports.py": "import duckhouse.builds",
    "tests/python/test_takes.py": "from tools import brokers",
    "tests/python/test_reaches.py": "from support.built import late",
    "tests/python/test_lake_kills.py": "",
}


def test_unit_tests_are_those_that_start_nothing(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert [path.name for path in unit_tests(tmp_path)] == ["test_plain.py"]
    assert all((PROJECT / "tests" / "python" / name).exists() for name in STARTERS)
    names = {path.name for path in unit_tests(PROJECT)}
    assert "test_house.py" in names
    assert names.isdisjoint({"test_push.py", "test_consume_kafka.py", "test_chaos_kill.py", "test_postgres.py"})
