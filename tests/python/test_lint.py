"""python -m tools.lint: a file that breaks a rule is told, and so is one that sqlfluff skips."""

from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.errors import SQLFluffSkipFile

from tools import lint


@pytest.fixture
def linter(monkeypatch: pytest.MonkeyPatch) -> Linter:
    made = Linter(config=FluffConfig(overrides={"dialect": "duckdb", "templater": "jinja"}))
    monkeypatch.setattr(lint, "linter", lambda: made)
    return made


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("select 1 as one\n", None),
        ("select 1 as one\n\nFROM things\n", ":3: CP01 "),
        ("select (1 as one\n", ":1: PRS "),
        ("select 1 as one\n{% if %}\n", ":2: TMP "),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, told: str | None, tmp_path: Path, linter: Linter) -> None:
    file = tmp_path / "one.sql"
    file.write_text(text)
    faults = lint.faults_of(str(file))
    assert [fault.startswith(f"{file}{told}") for fault in faults] == ([True] if told else []), faults


def test_a_file_of_macro_calls_has_no_sql() -> None:
    calls = "{# a\nnote #}\n{{ config(tags=['a']) }}\n{% set a = '}' %}\n{{ rows_of(\n    ref('a')\n) }}\n"
    assert not lint.has_sql(calls)
    assert lint.has_sql(f"{calls}where a = 1\n")


def test_what_rules_ask_many_times_is_answered_as_the_first_time(tmp_path: Path, linter: Linter) -> None:
    file = tmp_path / "one.sql"
    file.write_text(
        "with a as (select x from t as u join v on u.id = v.id),\nb as (select a.x, y  from a,\n  c as a)\n"
        "SELECT b.x,b.z from b join b as b on true where b.x in (select q from w as unused)\n"
    )
    told = lint.faults_of(str(file))
    lint.answer_once()
    assert lint.faults_of(str(file)) == told
    assert {fault.split()[1] for fault in told} >= {"AL04", "AL05", "CP01", "LT01", "LT02", "RF02"}


def test_a_file_that_is_skipped_is_told(tmp_path: Path, linter: Linter, monkeypatch: pytest.MonkeyPatch) -> None:
    def skip(**_: object) -> None:
        raise SQLFluffSkipFile("it is no model")

    monkeypatch.setattr(linter.templater, "process_with_variants", skip)
    file = tmp_path / "one.sql"
    file.write_text("select 1 as one\n")
    assert [fault.split(",")[0] for fault in lint.faults_of(str(file))] == [f"{file}: sqlfluff cannot lint it"]
