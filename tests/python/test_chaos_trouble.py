"""The campaign of troubles: commands hold in it, and it tells of one that does not."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from duckhouse.cli import UserError
from tools import chaos
from tools.campaigns.commands import COMMANDS, Command
from tools.campaigns.trouble import campaign as trouble
from tools.campaigns.trouble import states
from tools.campaigns.trouble.commands import TroubledCommand
from tools.campaigns.trouble.kinds import Trouble
from tools.campaigns.trouble.starts import LANDING

STOPPED = Trouble("SIGINT", frozenset({0, 130}))
COMMAND = TroubledCommand("faulty", (), lambda _: None)


def test_commands_that_meet_trouble_hold(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["--count", "12", "--seed", "4", "--commands", "land", "prepare", "deps", "--json", "--work", str(tmp_path)]

    assert chaos.main(["trouble", *words]) == 0, capfd.readouterr().out
    told = json.loads(capfd.readouterr().out)
    assert (told["trials"], told["differences"]) == (12, [])
    assert {"1", "130", "143"} & told["by_code"].keys()


def test_commands_that_talk_to_servers_hold(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    names = ("consume", "migrate", "lake", "push", "publish")
    words = ["--count", "10", "--seed", "1", "--commands", *names, "--json", "--work", str(tmp_path)]

    assert chaos.main(["trouble", *words]) == 0, capfd.readouterr().out
    told = json.loads(capfd.readouterr().out)
    assert (told["trials"], told["differences"]) == (10, [])
    assert {name.partition(":")[0] for name in told["by_trouble"]} == set(names)


def half_written() -> int:
    """A command that takes what a killed one has left for whole."""
    folder = Path(os.environ["DUCKHOUSE_LANDING"])
    folder.mkdir(exist_ok=True)
    for place in range(3):
        if not (folder / str(place)).exists():
            (folder / str(place)).write_text("x" * 5_000)
    return 0


def with_a_traceback() -> int:
    try:
        return half_written()
    except (KeyboardInterrupt, OSError):
        raise ValueError from None


@pytest.mark.parametrize(
    ("main", "fault"),
    [(half_written, "afterwards it makes something else than without trouble"), (with_a_traceback, "a traceback of")],
)
def test_a_command_that_does_not_hold_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], main: Any, fault: str
) -> None:
    module = ModuleType("faulty")
    module.main = main
    monkeypatch.setitem(sys.modules, "faulty", module)
    monkeypatch.setitem(COMMANDS, "faulty", Command("faulty"))
    made = TroubledCommand("faulty", (), states.files(LANDING))
    monkeypatch.setattr(trouble, "TROUBLED", {"land": made})
    words = ["--count", "10", "--seed", "1", "--commands", "land", "--work", str(tmp_path)]

    assert chaos.main(["trouble", *words]) == 1
    out = capfd.readouterr().out
    assert "disk full at" in out
    assert fault in out


@pytest.mark.parametrize(
    ("code", "lines", "told"),
    [
        (130, ["error: interrupted"], []),
        (0, [], []),
        (1, ["error: a", "b"], ["ended with 1: error: a b"]),
        (
            130,
            ["Traceback (most recent call last):", "KeyboardInterrupt"],
            ["a traceback of 2 lines, KeyboardInterrupt"],
        ),
        (130, ["Exception ignored in: <x>"], ["a traceback of 1 lines, Exception ignored in: <x>"]),
        (130, list("abcd"), ["4 lines, a"]),
        (130, [], ["ended with 130 without a word"]),
    ],
)
def test_what_is_wrong_with_an_end_is_told(code: int, lines: list[str], told: list[str]) -> None:
    assert list(trouble.said(COMMAND, code, lines, STOPPED)) == told


def test_what_is_left_is_told(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    assert list(trouble.left(tmp_path)) == []
    (tmp_path / "tmp" / "x").touch()
    (tmp_path / "landing" / "shop" / ".incoming").mkdir(parents=True)
    assert list(trouble.left(tmp_path)) == ["left tmp/x, landing/shop/.incoming"]


def test_a_campaign_of_another_seed_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text('{"seed": 2}')
    with pytest.raises(UserError, match="has a campaign of seed 2: name another folder"):
        chaos.main(["trouble", "--seed", "1", "--work", str(tmp_path)])
