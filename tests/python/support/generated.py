"""What the tests of all generators ask of python -m tools.generate."""

import sys
from collections.abc import Sequence

import pytest

from tools import generate


def assert_refused_in_one_line(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["generate", *words])
    with pytest.raises(SystemExit) as stopped:
        generate.main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
