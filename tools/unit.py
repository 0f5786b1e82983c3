"""Runs the tests that need neither dbt's builds nor a server, with options of pytest: python -m tools.unit -n 2

Which files these are follows from what they import, so a new file is among them, or not, by itself.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.processes import module, run
from duckhouse.settings import PROJECT

STARTS = ("dbt", "duckhouse.builds", "duckhouse.embedded", "support.gateway", "tools.brokers", "tools.campaigns")
"""Modules that run dbt, a server, or many commands that are killed."""
STARTERS = ("test_check_source_orders.py", "test_lake_kills.py")
"""Files that start such a module as a command, which no import tells."""


def main(words: Sequence[str] | None = None) -> int:
    options = sys.argv[1:] if words is None else [*words]
    run(module("pytest", *(str(path) for path in unit_tests(PROJECT)), *options))
    return 0


def unit_tests(project: Path) -> list[Path]:
    """The test files of a project that use no fixture of its conftest.py, all of which start something, and that import
    none of STARTS, directly or through modules of support and tools."""
    tests = project / "tests" / "python"
    fixtures = set(fixtures_of(tests / "conftest.py"))
    return [
        path
        for path in sorted(tests.glob("test_*.py"))
        if path.name not in STARTERS
        and not fixtures & arguments_of(path)
        and not any(map(is_start, reached(path, project, set())))
    ]


def fixtures_of(conftest: Path) -> Iterator[str]:
    """The fixtures that a test asks for by name."""
    for node in ast.parse(conftest.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            told = " ".join(map(ast.unparse, node.decorator_list))
            if "pytest.fixture" in told and "autouse" not in told:
                yield node.name


def arguments_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {argument.arg for function in functions for argument in function.args.args}


def reached(path: Path, project: Path, seen: set[str]) -> set[str]:
    for name in imported(path) - seen:
        seen.add(name)
        root = project / "tests" / "python" if name.startswith("support.") else project
        file = (root / name.replace(".", "/")).with_suffix(".py")
        if name.startswith(("support.", "tools.")) and file.exists():
            reached(file, project, seen)
    return seen


def imported(path: Path) -> set[str]:
    """Names of modules, and of what is taken from them, which may be modules too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def is_start(name: str) -> bool:
    return any(name == start or name.startswith(f"{start}.") for start in STARTS)


if __name__ == "__main__":
    cli.run(main)
