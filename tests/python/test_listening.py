"""Where pages listen: on this machine, unless the command names another address."""

import os
from pathlib import Path

import pytest

from duckhouse.settings import LOOPBACK, PROJECT
from scripts import dashboard, orchestrate

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands of pages that would have started."""
    commands: list[list[str]] = []
    monkeypatch.setattr(dashboard, "run", lambda command, _: commands.append(command))
    monkeypatch.setattr(os, "execve", lambda _, command, __: commands.append(command))
    monkeypatch.setattr(orchestrate.signal, "signal", lambda *_: None)
    monkeypatch.setenv("DUCKHOUSE_PAGE_PASSWORD", "given")
    monkeypatch.setenv("DUCKHOUSE_ORCHESTRATION", str(tmp_path))
    monkeypatch.setenv("DUCKHOUSE_PIPELINE", str(tmp_path / "pipeline.yml"))
    monkeypatch.chdir(PROJECT)
    return commands


def test_pages_listen_on_this_machine(started: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    dashboard.main([])
    orchestrate.main([])
    [of_dashboard, of_dagster] = started
    assert "--server.address=127.0.0.1" in of_dashboard
    assert of_dagster[3:7] == ["--host", "127.0.0.1", "--port", "3000"]
    assert capsys.readouterr().err == ""


def test_a_page_that_others_may_open_is_warned_of(started: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    dashboard.main(["--host", EVERYWHERE, "--port", "8000"])
    orchestrate.main(["--host", EVERYWHERE])
    [of_dashboard, of_dagster] = started
    assert {f"--server.address={EVERYWHERE}", "--server.port=8000"} < set(of_dashboard)
    assert of_dagster[3:5] == ["--host", EVERYWHERE]
    said = capsys.readouterr()
    assert [line.partition(",")[0] for line in said.err.splitlines()] == [
        f"warning: --host {EVERYWHERE} is open to other machines"
    ] * 2
    assert f"http://{EVERYWHERE}:8000" in said.out and f"http://{EVERYWHERE}:3000" in said.out


@pytest.mark.parametrize("host", LOOPBACK)
def test_every_address_of_this_machine_is_without_a_warning(
    host: str, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard.main(["--host", host])
    assert capsys.readouterr().err == "" and f"--server.address={host}" in started[0]
