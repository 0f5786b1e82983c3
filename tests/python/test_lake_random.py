"""Any sequence of writes, writes that come too late, replays, repairs, maintenance and reopenings gives the rows of a
plain model.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duckhouse.streaming.lake import compaction, expiry
from duckhouse.streaming.lake.maintenance import maintain
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.sink import Overtaken
from support.lake import NOON, ONE, ZERO, content, lake, rows

PARTITIONS = st.sampled_from([ZERO, ONE])
FEW = st.integers(0, 3)
ACTS = st.one_of(
    st.tuples(st.just("write"), PARTITIONS, FEW, FEW, FEW),
    st.tuples(st.just("write too late"), PARTITIONS, FEW, FEW),
    st.tuples(st.just("add"), PARTITIONS, st.integers(0, 8), FEW),
    st.tuples(st.just("repair"), PARTITIONS, st.integers(0, 8), FEW),
    st.tuples(st.just("maintain"), st.integers(0, 60)),
    st.tuples(st.just("reopen")),
)


class Model:
    """What the lake should hold: by place whether the row is valid, and the offsets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.valid: dict[tuple[Partition, int], bool] = {}
        self.offsets: dict[Partition, int] = {}
        self.day = 0
        self.open = ExitStack()
        self.reopen()

    def reopen(self) -> None:
        self.open.close()
        self.lake = self.open.enter_context(lake(self.folder))

    def write(self, partition: Partition, lost: int, new: int, invalid: int) -> None:
        """The first `lost` offsets have no rows: they are what a replay may find later."""
        start = self.offsets.get(partition, 0) + lost
        made = range(start, start + new)
        arrived = NOON + timedelta(days=self.day)
        written = rows(made, partition, invalid=made[:invalid], at=arrived)
        self.lake.write(written, self.offsets, {partition: made.stop})
        self.valid.update({(partition, offset): offset not in made[:invalid] for offset in made})
        self.offsets[partition] = made.stop

    def write_too_late(self, partition: Partition, new: int, behind: int) -> None:
        expected = self.offsets.get(partition, 0) - behind - 1
        with pytest.raises(Overtaken):
            self.lake.write(rows(range(expected, expected + new), partition), {partition: expected}, {partition: 99})

    def add(self, partition: Partition, start: int, many: int) -> None:
        read_again = [offset for offset in range(start, start + many) if offset < self.offsets.get(partition, 0)]
        self.lake.add(rows(read_again, partition))
        self.valid.update({(partition, offset): True for offset in read_again if (partition, offset) not in self.valid})

    def repair(self, partition: Partition, start: int, many: int) -> None:
        places = [(partition, offset) for offset in range(start, start + many)]
        broken = [place for place in places if self.valid.get(place) is False]
        assert self.lake.repair(rows(range(start, start + many), partition)) == len(broken)
        self.valid.update(dict.fromkeys(broken, True))

    def maintain(self, days: int) -> None:
        self.day += days
        maintain(self.lake.table, NOON + timedelta(days=self.day))

    def check(self) -> None:
        found = content(self.lake)
        expected = sorted(
            (partition.number, offset, offset if valid else None) for (partition, offset), valid in self.valid.items()
        )
        assert [(row["_partition"], row["_offset"], row["temperature"]) for row in found] == expected
        assert self.lake.offsets() == self.offsets


@settings(max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(st.lists(ACTS, min_size=4, max_size=9))
def test_the_lake_holds_what_a_model_holds(acts: Sequence[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(compaction, "SMALL_FILES", 2)
        patched.setattr(compaction, "ROWS_OF_A_PIECE", 2)
        patched.setattr(compaction, "ROWS_OF_A_FILE", 4)
        for name in ("LATEST", "HOURS", "DAYS"):
            patched.setattr(expiry, name, 2)
        model = Model(Path(folder))
        with model.open:
            for name, *words in acts:
                getattr(model, name.replace(" ", "_"))(*words)
            model.check()
