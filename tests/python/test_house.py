"""The shape of the Python code: who may import whom, what is a command and what a library, names that stand once.

Every check is a function from sources (text by path) to faults; it is run on the project, and on a made-up house that
breaks it.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import PurePosixPath

import pytest

from duckhouse.settings import PROJECT

MAY_IMPORT = {
    "duckhouse": {"duckhouse"},
    "scripts": {"duckhouse"},
    "tools": {"duckhouse", "tools"},
    "orchestration": {"duckhouse", "orchestration"},
}
# the modules and packages of duckhouse: each imports from lines above its own only, and from itself
LAYERS = (
    ("signals",),
    ("scratch",),
    ("arrow", "duck", "wording", "callers"),
    ("cli",),
    ("settings", "landed_types", "message_schemas", "listings", "locks"),
    ("opening", "clickhouse_sql", "metrics", "state"),
    ("turns",),
    ("sources", "listening", "processes", "project", "builds", "packages", "generated", "dbt_plugin", "failures"),
    ("landed_schemas",),
    ("landed_rows",),
    ("readers", "embedded"),
    ("landing", "page_password"),
    ("guarded_pages",),
    ("extraction", "skeleton"),
    ("streaming",),
    ("warehouse",),
    ("reporting", "checking", "backup"),
    ("alerts",),
    ("pipeline",),
)
MOST_LINES_OF_A_COMMAND = 80
# classes of one name, and why each is right
TWICE = {
    "Campaign": "campaigns: of advertisers, and of what should break the house",
    "Catalogue": "generators",
    "House": "campaigns: what is landed and built; reading: what is published",
    "Log": "generators",
    "Outcome": "campaigns",
    "Planted": "generators",
    "Redelivered": "generators",
    "Rows": "extraction",
    "Run": "generators",
    "Table": "of a source that is checked, and of the report",
    "Text": "of a file that is read, and of the report",
    "Totals": "generators",
}

Sources = Mapping[str, str]


@cache
def parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SystemError:  # Python 3.11 miscounts the depth where something else parses in between (gh-106905)
        return ast.parse(text)


@cache
def house() -> dict[str, str]:
    paths = [path for folder in MAY_IMPORT for path in sorted((PROJECT / folder).rglob("*.py"))]
    return {path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def directions(sources: Sources) -> Iterator[str]:
    """A package imports only what it may; scripts/ not even each other."""
    for path, imported in imports(sources).items():
        for module in sorted(imported):
            if module.split(".")[0] not in MAY_IMPORT[path.split("/")[0]]:
                yield f"{path} imports {module}"


def layers(sources: Sources) -> Iterator[str]:
    """Within duckhouse imports go down."""
    level = {unit: number for number, units in enumerate(LAYERS) for unit in units}
    for path, imported in imports(sources).items():
        if not path.startswith("duckhouse/") or path == "duckhouse/__init__.py":
            continue
        unit = dotted(path).split(".")[1]
        if unit not in level:
            yield f"{path}: LAYERS do not name {unit}"
        for module in sorted(imported):
            _, _, rest = module.partition("duckhouse.")
            other = rest.split(".")[0]
            if other and other != unit and level.get(other, 0) >= level.get(unit, len(LAYERS)):
                yield f"{path} imports {module}, which is not below it"


def cycles(sources: Sources) -> Iterator[str]:
    """No module imports itself by way of others."""
    try:
        TopologicalSorter({dotted(path): imported for path, imported in imports(sources).items()}).prepare()
    except CycleError as error:
        yield " imports ".join(reversed(error.args[1]))


def commands(sources: Sources) -> Iterator[str]:
    """A module of scripts/ or of tools/ itself is a command, which no module imports; those of scripts/ are thin."""
    for path, text in sources.items():
        if not is_command(path):
            continue
        tree = parsed(text)
        if not any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            yield f"{path} has no main()"
        if not (tree.body and is_tail(tree.body[-1])):
            yield f"{path} does not end with if __name__"
        if path.startswith("scripts/") and len(text.splitlines()) > MOST_LINES_OF_A_COMMAND:
            yield f"{path} has more than {MOST_LINES_OF_A_COMMAND} lines"
    of_commands = {dotted(path) for path in sources if is_command(path)}
    for path, imported in imports(sources).items():
        for module in sorted(imported & of_commands):
            yield f"{path} imports the command {module}"


def libraries(sources: Sources) -> Iterator[str]:
    """Every other module is a library: it does not run. scripts/ has none."""
    for path, text in sources.items():
        if is_command(path):
            continue
        if any(map(is_tail, parsed(text).body)) or PurePosixPath(path).name == "__main__.py":
            yield f"{path} is a library and a command"
        if path.startswith("scripts/") and path != "scripts/__init__.py":
            yield f"{path} is no command of scripts/"


def classes(sources: Sources) -> Iterator[str]:
    """The name of a public class stands once, or in TWICE."""
    places = defaultdict(list)
    for path, text in sources.items():
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    for name, found in sorted(places.items()):
        if len(found) > 1 and name not in TWICE:
            yield f"class {name} is in {', '.join(found)}"


def twice_is_needed(sources: Sources) -> Iterator[str]:
    """TWICE names no class that stands once."""
    defined = [
        node.name for text in sources.values() for node in ast.walk(parsed(text)) if isinstance(node, ast.ClassDef)
    ]
    for name in TWICE:
        if defined.count(name) < 2:
            yield f"TWICE names {name}"


def file_names(sources: Sources) -> Iterator[str]:
    """The name of a module or package of duckhouse stands once, but for chapters of the report: sources name them."""
    places = defaultdict(list)
    for path in sources:
        if path.startswith("duckhouse/") and not path.startswith("duckhouse/reporting/chapters/"):
            places[dotted(path).split(".")[-1]].append(path)
    for name, found in sorted(places.items()):
        if len(found) > 1:
            yield f"{name} is {', '.join(found)}"


def dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def is_command(path: str) -> bool:
    place = PurePosixPath(path)
    return place.parent.name in ("scripts", "tools") and len(place.parts) == 2 and place.name != "__init__.py"


def is_tail(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def imports(sources: Sources) -> dict[str, set[str]]:
    """The modules of the project, tests included, that each source imports anywhere in it."""
    known = {dotted(path) for path in sources}
    found: dict[str, set[str]] = {}
    for path, text in sources.items():
        package = dotted(path) if path.endswith("/__init__.py") else dotted(path).rpartition(".")[0]
        modules: set[str] = set()
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                origin = resolve_name("." * node.level + (node.module or ""), package)
                inner = {f"{origin}.{alias.name}" for alias in node.names}
                modules |= {name if name in known else origin for name in inner}
        found[path] = {name for name in modules if name.split(".")[0] in (*MAY_IMPORT, "tests", "support")}
    return found


CHECKS = (directions, layers, cycles, commands, libraries, classes, twice_is_needed, file_names)
COMMAND = "def main():\n    return 0\n\n\nif __name__ == '__main__':\n    main()\n"


@pytest.mark.parametrize("check", CHECKS)
def test_the_project_keeps_its_shape(check: Callable[[Sources], Iterator[str]]) -> None:
    assert list(check(house())) == []


def test_the_house_is_read() -> None:
    assert {"duckhouse/cli.py", "scripts/land.py", "tools/demo.py", "tools/scoring/scores.py"} <= house().keys()


@pytest.mark.parametrize(
    ("check", "sources", "fault"),
    [
        (directions, {"duckhouse/cli.py": "import scripts.land"}, "duckhouse/cli.py imports scripts.land"),
        (directions, {"duckhouse/cli.py": "def f():\n    from tools import demo"}, "duckhouse/cli.py imports tools"),
        (directions, {"scripts/land.py": "from tools.demo import main"}, "scripts/land.py imports tools.demo"),
        (directions, {"scripts/land.py": "from . import push"}, "scripts/land.py imports scripts"),
        (directions, {"tools/demo.py": "from scripts import land"}, "tools/demo.py imports scripts"),
        (directions, {"duckhouse/cli.py": "from support import places"}, "duckhouse/cli.py imports support"),
        (
            layers,
            {"duckhouse/readers/a.py": "from duckhouse.landing import zone", "duckhouse/landing/zone.py": ""},
            "duckhouse/readers/a.py imports duckhouse.landing.zone, which is not below it",
        ),
        (
            layers,
            {"duckhouse/cli.py": "import duckhouse.settings"},
            "duckhouse/cli.py imports duckhouse.settings, which is not below it",
        ),
        (layers, {"duckhouse/attic/a.py": ""}, "duckhouse/attic/a.py: LAYERS do not name attic"),
        (
            cycles,
            {"tools/a.py": "from tools import b", "tools/b.py": "from tools.a import c"},
            "tools.a imports tools.b imports tools.a",
        ),
        (commands, {"scripts/land.py": COMMAND.replace("main()", "run()")}, "scripts/land.py has no main()"),
        (commands, {"tools/demo.py": "def main():\n    return 0\n"}, "tools/demo.py does not end with if __name__"),
        (commands, {"tools/demo.py": f"{COMMAND}\nA = 1\n"}, "tools/demo.py does not end with if __name__"),
        (commands, {"scripts/land.py": "A = 1\n" * 75 + COMMAND}, "scripts/land.py has more than 80 lines"),
        (
            commands,
            {"tools/bench/a.py": "from tools.demo import main", "tools/demo.py": COMMAND},
            "tools/bench/a.py imports the command tools.demo",
        ),
        (libraries, {"duckhouse/cli.py": COMMAND}, "duckhouse/cli.py is a library and a command"),
        (libraries, {"tools/bench/a.py": COMMAND}, "tools/bench/a.py is a library and a command"),
        (libraries, {"duckhouse/__main__.py": ""}, "duckhouse/__main__.py is a library and a command"),
        (libraries, {"scripts/common/a.py": ""}, "scripts/common/a.py is no command of scripts/"),
        (
            classes,
            {"duckhouse/cli.py": "class Zone: pass", "tools/bench/a.py": "class Zone: pass"},
            "class Zone is in duckhouse/cli.py, tools/bench/a.py",
        ),
        (twice_is_needed, {"tools/bench/a.py": "class Log: pass"}, "TWICE names Log"),
        (
            file_names,
            {"duckhouse/embedded/postgres/__init__.py": "", "duckhouse/extraction/postgres.py": ""},
            "postgres is duckhouse/embedded/postgres/__init__.py, duckhouse/extraction/postgres.py",
        ),
    ],
)
def test_a_house_out_of_shape_is_told(check: Callable[[Sources], Iterator[str]], sources: Sources, fault: str) -> None:
    assert fault in list(check(sources))


@pytest.mark.parametrize(
    ("check", "sources"),
    [
        (directions, {"scripts/land.py": "import json\nfrom duckhouse import cli", "duckhouse/cli.py": ""}),
        (layers, {"duckhouse/landing/a.py": "from duckhouse import cli\nfrom duckhouse.landing import b"}),
        (commands, {"scripts/land.py": "A = 1\n" * 74 + COMMAND, "tools/bench/a.py": ""}),
        (
            classes,
            {"tools/a.py": "class _Run: pass\nclass Log: pass", "tools/b.py": "class _Run: pass\nclass Log: pass"},
        ),
        (file_names, {"duckhouse/cli.py": "", "duckhouse/reporting/chapters/cli.py": "", "tools/cli.py": ""}),
    ],
)
def test_what_is_right_is_no_fault(check: Callable[[Sources], Iterator[str]], sources: Sources) -> None:
    assert list(check(sources)) == []
