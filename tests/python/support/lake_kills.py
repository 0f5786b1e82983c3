"""A program that is killed at each step of what it does to a lake, and looks what is in the lake afterwards.

    python -m support.lake_kills FOLDER     prints a line for each scene: its name and the number of its steps

It forks, as it would take seconds to start for each step: the parent starts no thread and reads no data.
"""

import gc
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from duckhouse.streaming.lake import expiry
from duckhouse.streaming.lake.iceberg import Lake
from duckhouse.streaming.lake.leftovers import AGE, remove_leftovers
from duckhouse.streaming.lake.maintenance import maintain
from support.forked import done, forked
from support.lake import NOON, READINGS, ZERO, content, lake, rows, with_column
from tools.campaigns.moments import kill_at, watch

CHANGING = (
    "pyiceberg.io.pyarrow:PyArrowFile.create",
    "pyiceberg.io.pyarrow:PyArrowFileIO.delete",
    "sqlalchemy.orm:Session.commit",
)
"""Files that are begun, files that go, and transactions of the catalog: a step is before one of them, or after it."""
IMPORTED_LATE = ("sqlalchemy.dialects.sqlite", "pyiceberg.avro.decoder_fast")
"""What every fork would import by itself."""
WIDER = with_column("battery", "number")
LATER = NOON + timedelta(days=30)
OLD = rows([0, 1, 2], invalid=[1])
NEW = rows([3, 4], invalid=[4])

Rows = list[dict[str, Any]]


def ordered(*parts: Any) -> Rows:
    found = [row for part in parts for row in part.to_pylist()]
    return sorted(found, key=lambda row: (row["_partition"], row["_offset"]))


def write(opened: Lake) -> None:
    if opened.offsets().get(ZERO) == 3:
        opened.write(NEW, {ZERO: 3}, {ZERO: 5})


def maintained(opened: Lake) -> None:
    """Compaction, expiry, and removal of what earlier runs have seen."""
    for name in ("LATEST", "HOURS", "DAYS"):
        setattr(expiry, name, 1)
    maintain(opened.table, LATER)


SCENES: dict[str, tuple[Callable[[Lake], object], Rows, Rows]] = {
    "make": (write, [], []),
    "write": (write, ordered(OLD), ordered(OLD, NEW)),  # after a column was declared
    "repair": (lambda opened: opened.repair(rows([1])), ordered(OLD), ordered(rows([0, 1, 2]))),
    "maintain": (maintained, ordered(OLD), ordered(OLD)),
}
"""What is done, and the rows before and after it."""


def play(folder: Path, scene: str) -> None:
    folder.mkdir()
    act, before, after = SCENES[scene]
    entity = WIDER if scene == "write" else READINGS
    if scene != "make":
        done(lambda: prepare(folder / "lake", scene))
        shutil.copytree(folder / "lake", folder / "kept")
    step, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        step += 1
        shutil.rmtree(folder / "lake", ignore_errors=True)
        if scene != "make":
            shutil.copytree(folder / "kept", folder / "lake")

        def acted(step: int = step) -> None:
            watch(CHANGING, kill_at(step))
            with lake(folder / "lake", entity) as opened:
                act(opened)

        code = forked(acted)
        done(lambda: look(folder / "lake", scene, before, after))
    print(scene, step - 1 if code == 0 else f"failed with {code}")


def prepare(folder: Path, scene: str) -> None:
    with lake(folder) as opened:
        opened.write(OLD.slice(0, 1), {}, {ZERO: 1})
        opened.write(OLD.slice(1), {ZERO: 1}, {ZERO: 3})
        if scene == "maintain":
            (folder / "telemetry" / "readings" / "data" / "stray.parquet").touch()
            remove_leftovers(opened.table, LATER - AGE)


def look(folder: Path, scene: str, before: Rows, after: Rows) -> None:
    """Fails unless rows and offsets are those of before or of after, and what was cut short can be done again."""
    act, _, _ = SCENES[scene]
    with lake(folder, WIDER if scene == "write" else READINGS) as opened:
        there = state(opened)
        assert there in ((before, offsets(before)), (after, offsets(after))), there
        act(opened)
        assert state(opened) == (after, offsets(after)), state(opened)
        maintain(opened.table, LATER + AGE)
        maintain(opened.table, LATER + 2 * AGE)
        assert state(opened) == (after, offsets(after)), state(opened)
        needed = {*opened.table.inspect.all_files()["file_path"].to_pylist()} if opened.table.snapshots() else set()
        assert {str(path) for path in folder.rglob("*.parquet")} == needed


def state(opened: Lake) -> tuple[Rows, dict[Any, int]]:
    kept = [{name: value for name, value in row.items() if name != "battery"} for row in content(opened)]
    return kept, dict(opened.offsets())


def offsets(found: Rows) -> dict[Any, int]:
    """Those of before a replay and after it are the same."""
    places = [row["_offset"] for row in found]
    return {} if not found else {ZERO: 5 if 4 in places else 3}


if __name__ == "__main__":
    for module in IMPORTED_LATE:
        import_module(module)
    gc.freeze()  # a collection in a fork would copy what all of them share
    for scene in SCENES:
        play(Path(sys.argv[1]) / scene, scene)
