"""The campaigns over all commands: short ones hold, and what is lost, doubled, left behind or badly said is told."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from duckhouse.settings import environment
from tools import chaos
from tools.campaigns.campaign import kept
from tools.campaigns.forks import KILLED, Ended, Launch, forks
from tools.campaigns.kills import accounts, together
from tools.campaigns.kills.world import Broken, CampaignWorld

KINDS = ("fetch", "extract")


def run(capfd: pytest.CaptureFixture[str], *words: str | Path) -> dict:
    assert chaos.main([*map(str, words), "--json"]) == 0
    return json.loads(capfd.readouterr().out)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("campaign")


@pytest.fixture
def made(work: Path) -> Iterator[CampaignWorld]:
    """The world that the short campaign has left, without its servers."""
    found = kept(work / "kill")
    assert found
    with environment({"DUCKHOUSE_LANDING": str(work / "kill" / "landing")}):
        yield SimpleNamespace(arrived=found["arrived"], come=lambda kind: found["arrived"].get(kind, []))


def test_loads_that_are_killed_and_run_again_lose_and_double_nothing(
    work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second campaign goes on where the first one ended."""
    words = ("kill", "--seed", "3", "--work", work / "kill", "--only", "land", "--count")
    first, told = run(capfd, *words, 2), run(capfd, *words, 4)

    assert told["differences"] == []
    assert told["rounds"] > first["rounds"]
    assert told["kills"] == sum(told["by_moment"].values()) == told["by_kind"]["land"] >= 4


def test_what_is_fetched_and_extracted_survives_kills(work: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = run(capfd, "kill", "--work", work / "mixed", "--only", *KINDS, "--count", 4)

    assert told["differences"] == []
    assert told["kills"] == sum(told["by_kind"].values()) >= 4
    assert set(told["by_kind"]) <= set(KINDS)


def test_commands_that_run_at_once_wait_or_refuse(work: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = run(capfd, "concurrent", "--work", work / "both", "--only", "land", "--count", 4)

    assert told["differences"] == []
    assert told["by_pair"] == {"land + land": 4}
    assert all(": error: another load is running on " in name for name in told["refused"])
    assert told["refused"]


def faults(made: CampaignWorld) -> list[str]:
    with duckdb.connect() as connection:
        return [*accounts._zone(connection, "ad_serving"), *accounts._drops(made)]


def a_delivery(made: CampaignWorld, entity: str) -> Path:
    source, _, _, _ = next(each for each in made.come("drops") if each[0] == "ad_serving")
    found = Path(accounts.Zone(accounts.load_source(source)).path)
    return next(found.glob(f"delivery=2*/{entity}/*.parquet")).parents[1]


def test_a_delivery_that_is_lost_is_told(made: CampaignWorld, tmp_path: Path) -> None:
    assert faults(made) == []
    delivery = a_delivery(made, "events")
    delivery.rename(tmp_path / "away")
    [told] = faults(made)
    (tmp_path / "away").rename(delivery)
    assert told.startswith("drops: 0 too many or other (as []), ")


def test_rows_that_are_doubled_or_in_no_manifest_are_told(made: CampaignWorld) -> None:
    events = a_delivery(made, "events") / "events"
    [file, *_] = events.glob("*.parquet")
    shutil.copy(file, events / "again.parquet")
    [told] = faults(made)
    (events / "again.parquet").unlink()
    assert told.startswith("ad_serving.events: 1 too many or other")


def test_what_a_load_left_behind_is_told(made: CampaignWorld) -> None:
    left = a_delivery(made, "events").parent / ".incoming"
    left.mkdir()
    assert faults(made) == [f"{left}: left behind"]
    left.rmdir()


def test_a_run_ends_by_itself_or_is_killed_after_its_time(tmp_path: Path) -> None:
    prepare = Launch("land", ("--prepare",))
    with forks(tmp_path / "forks") as forked:
        settings = {"DUCKHOUSE_LANDING": str(tmp_path / "landing")}
        refused, killed = forked(settings, Launch("land", ("nothing",)), Launch("land", ("--prepare",), seconds=0.0))
        [at_a_moment] = forked(settings, Launch("land", ("--prepare",), moment=2))
        world = CampaignWorld(tmp_path, {}, settings, forked)
        assert world.run(prepare).code == 0
        with pytest.raises(Broken, match=r"^land nothing ended with 1: error: there is no source "):
            world.run(Launch("land", ("nothing",)))

    assert (refused.code, refused.said.count("\n")) == (1, 1)
    assert killed.code == at_a_moment.code == KILLED
    assert len(at_a_moment.moments) == 2
    assert at_a_moment.moments[0] == "before os.mkdir"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: wait\n", []),
        ("Traceback (most recent call last):\nValueError: x\n", ["land: a traceback: ValueError: x", "land ended"]),
        ("error: one\nand more\n", ["land ended with 1, and said: 'error: one\\nand more'"]),
        ("", ["land ended with 1, and said: ''"]),
    ],
)
def test_what_a_run_says_badly_is_told(tmp_path: Path, said: str, told: list[str]) -> None:
    world = CampaignWorld(tmp_path, {}, {}, None)
    start, ended = Launch("land"), Ended(1, [], said, 0.1)
    world.look_at(start, ended)
    together._refusal(world, start, ended)
    assert [line[: len(begins)] for line, begins in zip(world.differences, told, strict=True)] == told
