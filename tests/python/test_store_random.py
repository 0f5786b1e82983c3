"""Any messages in any batches and any order, read again, repaired, added later, by two writers: the store is what a
plain model of it says.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duckhouse.embedded.postgres import Embedded
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.sink import Overtaken
from duckhouse.streaming.store.timeseries import TimeSeriesStore, open_store
from support.store import (
    DAY,
    ENTITY,
    LAYOUTS,
    NOON,
    SECOND,
    SOURCE,
    Message,
    Opened,
    invalid,
    message,
    new_store,
    rows,
    skip_without_timescaledb,
)

PARTITIONS = (Partition("Topic", 0), Partition("Topic", 1), Partition("a topic", 0))
TIMES = (NOON, NOON + SECOND, NOON - 5 * DAY, NOON - 400 * DAY, NOON + 2 * DAY)
Place = tuple[str, int, int]


@pytest.fixture(scope="module", params=LAYOUTS)
def kept(request: pytest.FixtureRequest, postgres: Embedded) -> Iterator[Opened]:
    skip_without_timescaledb(request.param)
    with new_store(request.param, postgres) as opened:
        yield opened


def place_of(found: Message) -> Place:
    return found["_topic_id"], found["_partition"], found["_offset"]


def order_of(found: Message) -> tuple[float, str, int, int]:
    produced = found["_produced_at"]
    return (math.inf if produced is None else produced, *place_of(found))


def says(found: Message) -> tuple[Any, ...]:
    return tuple(found.get(name) for name in ("temperature", "humidity", "firmware_version", "pressure", "_unmapped"))


@dataclass
class Model:
    """The messages that a store has, by place, and how far it is."""

    messages: dict[Place, Message] = field(default_factory=dict)
    offsets: dict[Partition, int] = field(default_factory=dict)

    def split(self) -> dict[str, set[Place]]:
        found: dict[str, set[Place]] = defaultdict(set)
        by_key = defaultdict(list)
        for one in self.messages.values():
            if one.get("_fault"):
                found["dead_letters"].add(place_of(one))
            else:
                by_key[one["device_id"], one["timestamp"]].append(one)
        for alike in by_key.values():
            first, *others = sorted(alike, key=order_of)
            found["readings"].add(place_of(first))
            for other in others:
                is_duplicate = says(other) == says(first)
                found["reading_duplicates" if is_duplicate else "reading_conflicts"].add(place_of(other))
        return dict(found)


def split_of(opened: Opened) -> dict[str, set[Place]]:
    found = {}
    for table in ("readings", "reading_duplicates", "reading_conflicts", "dead_letters"):
        places = opened.sql(f"select _topic_id, _partition, _offset from {table}")
        assert len(places) == len(set(places))
        if places:
            found[table] = set(places)
    return found


messages_of_a_topic = st.lists(
    st.tuples(
        st.sampled_from(PARTITIONS),
        st.sampled_from("ab"),
        st.sampled_from(TIMES),
        st.one_of(st.none(), st.integers(0, 3)),
        st.sampled_from([1.0, 2.0]),
        st.sampled_from([None, None, "{}"]),
        st.sampled_from(["valid"] * 4 + ["invalid", "lost"]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=24,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    drawn=messages_of_a_topic, sizes=st.lists(st.integers(1, 8), min_size=1), random=st.randoms(use_true_random=False)
)
def test_a_store_is_what_its_messages_say(kept: Opened, drawn: list[Any], sizes: list[int], random: Random) -> None:
    """Batches are of random sizes; `lost` messages are left out at first, and added later with all others; dead letters
    are repaired in parts.
    """
    kept.clear()
    model = Model()
    sent = numbered(drawn)
    store = kept.store
    with open_store(SOURCE, ENTITY) as other:
        for batch in batches(sent, sizes):
            write(random.choice([store, other]), model, batch)
            if random.random() < 0.3:
                repair(store, model, sent, random)
            if random.random() < 0.3:
                add(other, model, random.sample(sent, len(sent)))
            assert (store.offsets(), split_of(kept)) == (model.offsets, model.split())
    add(store, model, sent)
    repair(store, model, sent, random)
    assert split_of(kept) == model.split()
    assert sorted(p for places in split_of(kept).values() for p in places) == sorted(place_of(one) for _, one in sent)


def numbered(drawn: list[Any]) -> list[tuple[str, Message]]:
    """Messages with their places, by partition in the order in which they were drawn; with each how it arrives."""
    ends: dict[Partition, int] = defaultdict(int)
    sent = []
    for (topic_id, number), device, at, produced, temperature, unmapped, how, skipped in drawn:
        partition = Partition(topic_id, number)
        ends[partition] += 1 + skipped  # markers of transactions take offsets too
        one = message(
            ends[partition], device, at, _topic_id=topic_id, _partition=number, _unmapped=unmapped,
            _produced_at=produced, _consumed_at=NOON, temperature=temperature,
        )  # fmt: skip
        sent.append((how, one))
    return sent


def batches(sent: list[tuple[str, Message]], sizes: list[int]) -> Iterator[list[tuple[str, Message]]]:
    start = 0
    for number in range(len(sent)):
        size = sizes[number % len(sizes)]
        if start < len(sent):
            yield sent[start : start + size]
        start += size


def as_dead_letter(one: Message) -> Message:
    return invalid(one["_offset"]) | {name: one[name] for name in ("_topic_id", "_partition", "_produced_at")}


def arriving(sent: list[tuple[str, Message]]) -> list[Message]:
    return [as_dead_letter(one) if how == "invalid" else one for how, one in sent]


def write(store: TimeSeriesStore, model: Model, batch: list[tuple[str, Message]]) -> None:
    """Writes, and writes again as one who has not noticed would."""
    reached = {Partition(one["_topic_id"], one["_partition"]): one["_offset"] + 1 for _, one in batch}
    expected = {partition: model.offsets[partition] for partition in reached if partition in model.offsets}
    arrived = arriving([(how, one) for how, one in batch if how != "lost"])
    store.write(rows(*arrived), expected, reached)
    model.messages |= {place_of(one): one for one in arrived}
    model.offsets |= reached
    with pytest.raises(Overtaken):
        store.write(rows(*arrived), expected, reached)


def repair(store: TimeSeriesStore, model: Model, sent: list[tuple[str, Message]], random: Random) -> None:
    chosen = [one for _, one in sent if random.random() < 0.5]
    dead = [one for one in chosen if model.messages.get(place_of(one), {}).get("_fault")]
    assert store.repair(rows(*chosen)) == len(dead)
    model.messages |= {place_of(one): one for one in dead}


def add(store: TimeSeriesStore, model: Model, sent: list[tuple[str, Message]]) -> None:
    """Adds what is missing of all that was read before; what comes by `write` is left to it."""
    before = [
        (how, one)
        for how, one in sent
        if one["_offset"] < model.offsets.get(Partition(one["_topic_id"], one["_partition"]), 0)
    ]
    missing = [one for one in arriving(before) if place_of(one) not in model.messages]
    found = store.missing(rows(*arriving(before)))
    assert [place_of(one) for one in found.to_pylist()] == [place_of(one) for one in missing]
    store.add(rows(*arriving(before)))
    model.messages |= {place_of(one): one for one in missing}


def test_two_writers_at_once_are_one_after_the_other(kept: Opened) -> None:
    """Each has a partition of its own and the keys of the other one; a third partition is wanted by both."""
    kept.clear()
    model = Model()
    random = Random(11)
    barrier = Barrier(2)
    sent = {partition: list(random_messages(partition, random)) for partition in PARTITIONS}
    model.messages = {place_of(one): one for batch in sent.values() for one in batch}

    def work(own: Partition) -> int:
        overtaken = 0
        with open_store(SOURCE, ENTITY) as store:
            for number in range(0, 200, 10):
                barrier.wait()
                store.write(rows(*sent[own][number : number + 10]), {own: number} if number else {}, {own: number + 10})
                shared = PARTITIONS[2]
                try:
                    store.write(
                        rows(*sent[shared][number : number + 10]),
                        {shared: number} if number else {},
                        {shared: number + 10},
                    )
                except Overtaken:
                    overtaken += 1
        return overtaken

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, PARTITIONS[:2])) == 20
    assert split_of(kept) == model.split()
    assert kept.store.offsets() == dict.fromkeys(PARTITIONS, 200)


def random_messages(partition: Partition, random: Random) -> Iterator[Message]:
    for offset in range(200):
        yield message(
            offset, random.choice("abcdefgh"), NOON + random.randrange(40) * DAY // 8, _topic_id=partition.topic_id,
            _partition=partition.number, _produced_at=random.randrange(100), _consumed_at=NOON + 4 * DAY,
            temperature=random.choice([1.0, 2.0]),
        )  # fmt: skip
