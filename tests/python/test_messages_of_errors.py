"""An error is told on one line, whatever the names hold that stand in it."""

import pytest

from duckhouse import cli
from duckhouse.builds import BuildError
from duckhouse.cli import UserError
from duckhouse.readers.stored import FileFault

ODD = "a\nb\x1b[2J\udcff, é: 50% 'x'"
SHOWN = "a\\nb\\x1b[2J\\udcff, é: 50% 'x'"


def test_a_line_end_and_what_a_terminal_obeys_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise UserError(ODD)

    with pytest.raises(SystemExit, match="1"):
        cli.run(refuse)
    assert capsys.readouterr().err == f"error: {SHOWN}\n"
    assert str(FileFault(ODD)) == SHOWN


def test_what_dbt_says_keeps_its_lines() -> None:
    assert str(BuildError("dev: a\x1b\nprod: b")) == "dev: a\\x1b\nprod: b"
