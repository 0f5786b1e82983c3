"""sqlfluff over the SQL of models, analyses and tests, or over what is named. Exit code 1 when a file breaks a rule, or
cannot be linted. A file that only calls macros has no SQL of its own, so it is left out.

sqlfluff's own command skips files that read ephemeral models, with a warning and exit code 0, and takes longer.
"""

import argparse
import gc
import os
import re
import sys
from collections.abc import Sequence
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.errors import SQLFluffUserError
from sqlfluff.core.linter.discovery import paths_from_path
from sqlfluff.core.parser.segments import BaseSegment
from sqlfluff.utils.analysis.select import get_select_statement_info as plain_info
from sqlfluff.utils.reflow.sequence import ReflowSequence

from duckhouse import cli
from duckhouse.dbt_plugin import inlined
from duckhouse.settings import PROJECT

FOLDERS = ("models", "analyses", "tests")
PROCESSES = 2
ASKED = "get_select_statement_info"
OF_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.lint", description=__doc__)
    parser.add_argument("paths", nargs="*", default=FOLDERS, metavar="PATH", help="a file or folder of the project")
    paths = parser.parse_args(words).paths
    os.chdir(PROJECT)
    os.environ["DUCKHOUSE_DUCKDB"] = ":memory:"  # the style of SQL does not depend on what was built
    change_libraries()
    named = sorted({file for path in paths for file in paths_from_path(path) if has_sql(Path(file).read_text())})
    try:  # this reads the project once, so that worker processes start with it
        files = list(linter().templater.sequence_files(named, config=linter().config, formatter=None))
    except SQLFluffUserError as error:
        raise cli.UserError(f"dbt cannot read the project, so no SQL is linted: {one_line(str(error))}") from error
    answer_once()
    gc.freeze()
    with get_context("fork").Pool(PROCESSES) as pool:
        faults = [fault for found in pool.imap(faults_of, files, chunksize=4) for fault in found]
    print(*faults, f"{len(files)} files, {len(faults)} faults", sep="\n")
    return min(len(faults), 1)


def has_sql(text: str) -> bool:
    return OF_JINJA.sub("", text).strip() != ""


def change_libraries() -> None:
    # dbt puts ephemeral models in front of the SQL that reads them, and sqlfluff does not find the file in that text
    inlined.inject = lambda sql, ctes: sql
    inlined.install()
    # a project and a file's tree are many long-lived objects: a garbage collection every 700 new ones takes half of
    # the time
    gc.set_threshold(100_000, 10, 10)
    # what is linted is not changed, so a segment equals itself only; comparing texts takes a seventh of the time
    BaseSegment.__eq__ = object.__eq__


def answer_once() -> None:
    """Keeps what rules ask about the tree of a file, which linting does not change: they ask many times, for a third of
    the time of linting."""
    linter().get_rulepack(config=linter().config)  # imports the rules
    of_sqlfluff = [module for name, module in sys.modules.items() if name.startswith("sqlfluff.")]
    for module in of_sqlfluff:
        if ASKED in vars(module):
            setattr(module, ASKED, info_of)
    ReflowSequence.from_root = staticmethod(sequence_of)


def info_of(*asked: Any, **others: Any) -> Any:
    info = known_info(*asked, **others)
    # rules change the lists that they get, so each gets its own
    return info and type(info)(*(value.copy() if isinstance(value, list) else value for value in info))


def sequence_of(root_segment: Any, config: FluffConfig) -> ReflowSequence:
    known = known_sequence(root_segment, config)
    return ReflowSequence(list(known.elements), root_segment, known.reflow_config, known.depth_map)


known_info = cache(plain_info)
known_sequence = cache(ReflowSequence.from_root)


@cache
def linter() -> Linter:
    return Linter(config=FluffConfig.from_root())


def faults_of(path: str) -> list[str]:
    """Lines for people, each with its position."""
    known_info.cache_clear()
    known_sequence.cache_clear()
    [file] = linter().lint_paths((path,), processes=1).paths[0].files
    if not (file.violations or file.templated_file):
        return [f"{path}: sqlfluff cannot lint it, because it does not find the file in the SQL that dbt makes of it"]
    return [f"{path}:{fault.line_no}: {fault.rule_code()} {one_line(fault.desc())}" for fault in file.get_violations()]


def one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    cli.run(main)
