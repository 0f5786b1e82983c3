"""The campaign against the consumer: it kills where it says, and tells what is lost or doubled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from duckhouse.settings import PROJECT
from tools import chaos
from tools.campaigns.consume.sums import compared

READING = {"timestamp": "2025-01-20T10:15:30Z", "temperature": 21.4, "humidity": 68, "firmware_version": "v1.2.0"}


def message(device: str, **changed: object) -> bytes:
    return json.dumps({"device_id": device, **READING, **changed}).encode()


SENT = {
    (0, 0): (2_000, message("a")),
    (0, 1): (2_000, message("a")),
    (0, 2): (1_000, message("b")),
    (1, 0): (2_000, message("b", humidity=69)),
    (1, 1): (2_000, b"{"),
    (1, 2): (2_000, None),
}
LAKE = [
    {"_partition": partition, "_offset": offset, "_fault": fault, "device_id": device}
    for partition, offset, fault, device in [
        (0, 0, None, "a"), (0, 1, None, "a"), (0, 2, None, "b"), (1, 0, None, "b"),
        (1, 1, "not_json", None), (1, 2, "empty_message", None),
    ]
]  # fmt: skip
STORE = {
    "lake": LAKE,
    "readings": [(0, 0, "a"), (0, 2, "b")],
    "duplicates": [(0, 1, "a")],
    "conflicts": [(1, 0, "b")],
    "letters": [(1, 1), (1, 2)],
}


def test_stores_that_have_each_message_once_differ_in_nothing() -> None:
    found = compared(SENT, **STORE)

    assert found.differences == []
    assert (found.produced, found.lake, found.readings, found.duplicates, found.conflicts, found.dead_letters) == (
        6, 6, 2, 1, 1, 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lake": LAKE[1:]}, "lake, by place: 0 too many (as []), 1 missing (as [(0, 0)])"),
        ({"lake": [*LAKE, LAKE[0]]}, "lake, by place: 1 too many (as [(0, 0)]), 0 missing (as [])"),
        ({"lake": [{**LAKE[0], "device_id": "b"}, *LAKE[1:]]}, "lake, valid by device: 1 too many (as ['b'])"),
        ({"readings": [(0, 1, "a"), (0, 2, "b")]}, "readings, by place: 1 too many (as [(0, 1)]), 1 missing"),
        ({"readings": [(0, 0, "a"), (1, 0, "b")]}, "readings, by place: 1 too many (as [(1, 0)])"),
        ({"duplicates": []}, "duplicates, by place: 0 too many (as []), 1 missing (as [(0, 1)])"),
        ({"duplicates": [(0, 1, "a"), (1, 0, "b")], "conflicts": []}, "conflicts, by place: 0 too many"),
        ({"letters": [(1, 1)]}, "dead letters, by place: 0 too many (as []), 1 missing (as [(1, 2)])"),
        ({"conflicts": [(1, 0, "a")]}, "store, by device: 1 too many (as ['a']), 1 missing (as ['b'])"),
    ],
)
def test_what_is_lost_doubled_or_in_the_wrong_place_is_told(changed: dict, told: str) -> None:
    assert any(line.startswith(told) for line in compared(SENT, **{**STORE, **changed}).differences)


def test_a_process_is_killed_at_the_moment_that_was_chosen() -> None:
    program = """if True:
        from tools.campaigns.moments import kill_at, watch
        killed = kill_at(3)
        watch(["pathlib:Path.touch"], lambda number, name: (print(number, name, flush=True), killed(number, name)))
        from pathlib import Path
        Path("/dev/null").touch()
        Path("/dev/null").touch()
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)

    assert done.stdout.splitlines() == ["1 before Path.touch", "2 after Path.touch", "3 before Path.touch"]
    assert done.returncode == -9


def test_consumers_that_are_killed_lose_and_double_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["consume", "--count", "3", "--seed", "7", "--mock", "--json", "--work", str(tmp_path)]

    assert chaos.main(words) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["kills"] >= 3
    assert told["differences"] == []
    assert told["sums"]["produced"] > 600
