"""The training set of docs/lake.md is the same, byte for byte, whatever happens to the lake after it was pinned."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from duckhouse.settings import PROJECT
from duckhouse.streaming.lake import compaction, expiry
from duckhouse.streaming.lake.iceberg import Lake
from duckhouse.streaming.lake.maintenance import maintain
from support.lake import NOON, ONE, ZERO, content, lake, rows, with_column

TAG = "frost_model_7"
PARTS = ["test", "train", "test"]
"""By the MD5 of device-0 (20ed…), device-1 (d111…) and device-2 (27e1…)."""
HEADING = "## How do I pin a training set?"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A lake whose expiry keeps nothing but the newest snapshot, and what has a name."""
    for name in ("LATEST", "HOURS", "DAYS"):
        monkeypatch.setattr(expiry, name, 1)
    monkeypatch.setattr(compaction, "SMALL_FILES", 2)
    with lake(tmp_path / "lake") as made:
        made.write(rows([*range(12), 13], invalid=[5]), {}, {ZERO: 14})
        others = [
            rows([4], ONE, temperature=-1.0, _produced_at=NOON + timedelta(seconds=1)),  # later than offset 4
            rows([7], ONE, device_id="device-0", timestamp=NOON - timedelta(seconds=9), _produced_at=None),
            rows([10], ONE, temperature=-2.0, _produced_at=NOON - timedelta(seconds=1)),  # before offset 10
        ]
        for number, other in enumerate(others):
            made.write(other, {ONE: number} if number else {}, {ONE: number + 1})
        yield made


@pytest.fixture
def page() -> dict[str, Callable[..., Any]]:
    """The functions that the page shows."""
    text = (PROJECT / "docs" / "lake.md").read_text(encoding="utf-8").partition(HEADING)[2]
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)  # noqa: S102 (the project's own page)
    return names


def expected() -> list[dict[str, Any]]:
    """Offsets 0 to 11 and 13 of partition 0 but the invalid one, with the reading of offset 10 by partition 1."""
    made = []
    for device in range(3):
        before = None
        for offset in (n for n in (13, *range(11, -1, -1)) if n % 3 == device and n != 5):
            temperature = -2.0 if offset == 10 else float(offset)
            made.append(
                {
                    "device_id": f"device-{device}",
                    "measured_us": int(NOON.timestamp() - offset) * 1_000_000,
                    "temperature": temperature,
                    "humidity": 40.0,
                    "temperature_before": before,
                    "part": PARTS[device],
                }
            )
            before = temperature
    return made


def test_a_training_set_is_made_again_byte_for_byte(
    opened: Lake, page: dict[str, Callable[..., Any]], tmp_path: Path
) -> None:
    page["pin"](TAG)
    first, later = tmp_path / "first.parquet", tmp_path / "later.parquet"
    page["training_set"](TAG, first)
    assert pq.read_table(first).to_pylist() == expected()

    with lake(tmp_path / "lake", with_column("battery", "number")) as wider:
        before = len(content(wider))
        wider.write(rows(range(14, 40), battery=3.0), {ZERO: 14}, {ZERO: 40})
        wider.write(rows([11, 12], ONE, _produced_at=NOON - timedelta(days=1)), {ONE: 3}, {ONE: 13})
        wider.repair(rows([5]))
        for days in range(1, 6):  # leftovers go a day after they are seen
            maintain(wider.table, NOON + timedelta(days=days))
        assert len(content(wider)) == before + 28
        assert wider.table.refresh().inspect.files().num_rows < wider.table.inspect.all_files().num_rows
    page["training_set"](TAG, later)
    assert later.read_bytes() == first.read_bytes()

    page["pin"]("now")
    page["training_set"]("now", later)
    assert later.read_bytes() != first.read_bytes()


def test_without_the_tag_it_is_gone(opened: Lake, page: dict[str, Callable[..., Any]], tmp_path: Path) -> None:
    page["pin"](TAG)
    pinned = opened.table.refresh().refs()[TAG].snapshot_id
    opened.table.manage_snapshots().remove_tag(TAG).commit()
    opened.write(rows([14]), {ZERO: 14}, {ZERO: 15})
    maintain(opened.table, NOON + timedelta(days=1))
    assert opened.table.refresh().snapshot_by_id(pinned) is None
    with pytest.raises(KeyError):
        page["training_set"](TAG, tmp_path / "none.parquet")
