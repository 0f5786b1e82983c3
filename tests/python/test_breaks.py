"""Every break of tools/breaks.yml still applies to the project; python -m tools.breaks runs the test of each."""

import ast
from dataclasses import replace
from functools import cache

import pytest

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from tools import breaks

LISTED = breaks.breaks()
FIRST = LISTED[0]


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("one", LISTED, ids=lambda one: one.name)
def test_a_break_changes_its_file_and_names_a_test(one: breaks.Break) -> None:
    text = (PROJECT / one.file).read_text(encoding="utf-8")
    broken = one.applied(text)
    assert broken != text
    if one.file.endswith(".py"):
        ast.parse(broken)
    file, _, test = one.test.partition("::")
    assert test in functions_of(file)


def test_there_are_thirty_breaks_or_more_each_of_its_own_name() -> None:
    assert len(LISTED) >= 30
    entries = breaks.LIST.read_text(encoding="utf-8").count("\n- name: ")
    assert len({one.name for one in LISTED}) == entries


@pytest.mark.parametrize("text", ["", FIRST.before * 2])
def test_a_break_that_does_not_stand_there_once_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=f"{FIRST.name}: {FIRST.file} has {text.count(FIRST.before)} times"):
        FIRST.applied(text)


def test_a_name_that_is_not_listed_is_refused() -> None:
    with pytest.raises(UserError, match="nothing: no such break"):
        breaks.breaks(["nothing"])


def test_a_break_is_caught_where_its_test_fails_and_missed_where_it_passes() -> None:
    """By a test of this file: what it counts, and what it does not look at."""
    test = f"tests/python/test_breaks.py::{test_a_name_that_is_not_listed_is_refused.__name__}"
    wrong = replace(FIRST, file="tools/breaks.py", before="no such break", after="nothing called that", test=test)
    assert breaks.tried(wrong)["result"] == "caught"
    harmless = replace(wrong, before="LINES_SHOWN = 20", after="LINES_SHOWN = 21")
    assert breaks.tried(harmless)["result"] == "missed"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("F\nE   assert 1 == 2\nE   assert 3 == 4\n", "assert 1 == 2"),
        (
            "s\nSKIPPED [1] tests/python/support/browser.py:109: no Chromium\n",
            "SKIPPED [1] tests/python/support/browser.py:109: no Chromium",
        ),
        (".\n", ""),
    ],
)
def test_a_result_says_why_its_test_failed_or_was_skipped(text: str, told: str) -> None:
    assert breaks.told_by(text) == told
