"""Whatever the order in which deliveries arrive, and however builds cut them, the marts are those of one build of all.

Hypothesis draws small worlds of 2 to 5 deliveries; in half of them one is taken back. One batch builds many of them
together, because a build costs nearly the same for one world as for twenty. After every build the events, the histories
and the restatements on dev are those that the rules give in Python, and every mart is the same on dev and prod. In the
end every mart on dev is the same as in a database that sees all deliveries at once.

DUCKHOUSE_WORLDS is the number of worlds to draw (default 14); more than WORLDS_A_BATCH are built in several batches. A
world that fails is made smaller, many tries in a batch, and printed as JSON: as a file in any_order/ it is built by all
runs from then on.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.any_order import Delivered, Rig, World, disorder, events_now, moment, place, problems, rig, shrink, size_of

KEPT = {
    path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "any_order").glob("*.json"))
}
WORLDS = int(os.environ.get("DUCKHOUSE_WORLDS", "14"))
WORLDS_A_BATCH = 24
RUNS_TO_SHRINK = 8
LEAST_DRAWN = 250
MOST_BUILDS = 3
MOST_A_BUILD = 3

HOURS = ("00:30", "12:00", "23:30")
EVENT_DAYS = ("2026-01-02", "2026-01-03", "2026-01-04")
DELIVERY_DAYS = (*EVENT_DAYS, "2026-01-05", "2026-01-06")
MOMENTS = tuple(f"{day}T{hour}:00Z" for day in (*DELIVERY_DAYS, "2026-01-07") for hour in ("06:00", "18:00"))
TIME_ZONES = ("America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Mars/Olympus", None)
FLIGHT_STARTS = ("2026-01-01", "2026-01-03", None)
FLIGHT_ENDS = ("2026-01-03", "2026-01-06", None)
HOMES = {"e1": "2026-01-02T00:30:00Z", "e2": "2026-01-03T23:30:00Z", "e3": "2026-01-04T23:30:00Z"}
AMOUNTS = (None, 0.5, 1.25, 2, -1, "oops")

moments = st.builds("{}T{}:00Z".format, st.sampled_from(EVENT_DAYS), st.sampled_from(HOURS))


def rows(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A dimension file, now and then without rows."""
    row = st.fixed_dictionaries(columns)
    return st.one_of(*(st.lists(row, min_size=1, max_size=3),) * 5, st.just([]))


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """A record of one of three events: mostly where the event is at home, else moved, or not to be read."""
    event_id = draw(one_of(*HOMES))
    home = HOMES[event_id]
    timestamp = draw(st.one_of(st.just(home), st.just(home), moments))
    fault = draw(one_of(*(None,) * 12, {"event_id": None}, {"timestamp": "2026-02-30T12:00:00Z"}))
    return {
        "event_id": event_id,
        "event_type": draw(one_of("impression", "impression", "click")),
        "timestamp": timestamp,
        "publisher_id": draw(one_of("p1", "p1", "p1", "p2", None)),
        "ad_unit_id": draw(one_of("a1", "a2", None)),
        "campaign_id": draw(one_of("c1", "c2", None)),
        "is_filled": draw(st.booleans()),
        "revenue_usd": draw(one_of(*AMOUNTS)),
        **(fault or {}),
    }


DIMENSIONS = {
    "publishers": rows(
        publisher_id=one_of("p1", "p1", "p1", "p2"), publisher_name=one_of("One", None), timezone=one_of(*TIME_ZONES)
    ),
    "campaigns": rows(
        campaign_id=one_of("c1", "c1", "c2"),
        budget_usd=one_of(100, 250.5, None),
        start_date=one_of(*FLIGHT_STARTS),
        end_date=one_of(*FLIGHT_ENDS),
    ),
    "ad_units": rows(
        ad_unit_id=one_of("a1", "a1", "a2"), publisher_id=one_of("p1", "p2"), ad_format=one_of("Banner", "Video", None)
    ),
}


FILES_OF_EVENTS = st.one_of(*(st.lists(events(), min_size=1, max_size=4),) * 5, st.just([]))


@st.composite
def deliveries(draw: st.DrawFn) -> dict[str, Any]:
    delivery = {
        "at": f"{draw(one_of(*DELIVERY_DAYS))}T{draw(one_of('06:00', '18:00'))}:00Z",
        "events": {name: draw(FILES_OF_EVENTS) for name in draw(one_of("", "a", "a", "ab", "bc"))},
    }
    for dimension, files in DIMENSIONS.items():
        if draw(one_of(True, True, False)):
            delivery[dimension] = draw(files)
    return delivery if len(delivery) > 2 else {**delivery, "events": delivery["events"] or {"a": []}}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    number = draw(st.integers(2, 5))
    delivered = draw(st.lists(deliveries(), min_size=number, max_size=number))
    if draw(st.booleans()):
        wrong = draw(st.integers(0, number - 1))
        later = [at for at in MOMENTS if at > delivered[wrong]["at"]]
        delivered.append({"at": draw(one_of(*later)), "events": {}, "retracts": wrong})
    waiting = draw(st.permutations(range(len(delivered))))
    builds = []
    while waiting:
        least = max(1, len(waiting) - MOST_A_BUILD * (MOST_BUILDS - 1 - len(builds)))
        size = draw(st.integers(least, min(MOST_A_BUILD, len(waiting))))
        builds.append(waiting[:size])
        waiting = waiting[size:]
    pruned = draw(st.lists(st.booleans(), min_size=len(builds), max_size=len(builds)))
    return {"deliveries": delivered, "builds": builds, "pruned_after": [b for b, gone in enumerate(pruned) if gone]}


def taken_back(world: World) -> set[str]:
    """Counts in the choice of worlds like a mart that shows the order."""
    return {"retractions"} if any("retracts" in delivery for delivery in world["deliveries"]) else set()


def drawn(number: int) -> list[World]:
    """Of more worlds than asked for, those in which the order shows most, in every mart; the same ones on every run."""
    found: list[World] = []

    @settings(
        max_examples=max(LEAST_DRAWN, 3 * number),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds())
    def draw(world: World) -> None:
        found.append(world)

    draw()
    chosen: list[World] = []
    shown: Counter[str] = Counter()
    waiting = [(world, disorder(world) | taken_back(world)) for world in found]
    while waiting and len(chosen) < number:
        best = max(waiting, key=lambda pair: sum(1 / (1 + shown[mart]) for mart in pair[1]))
        waiting.remove(best)
        chosen.append(best[0])
        shown.update(best[1])
    return chosen


@pytest.fixture(scope="module")
def machine() -> Iterator[Rig]:
    with rig() as ready:
        yield ready


@pytest.fixture(scope="module")
def found(machine: Rig) -> list[tuple[World, list[str]]]:
    """Every world with what is wrong with it; those that are kept come first."""
    waiting = [*KEPT.values(), *drawn(WORLDS)]
    pairs = []
    while waiting:
        batch, waiting = waiting[:WORLDS_A_BATCH], waiting[WORLDS_A_BATCH:]
        most = max(len(world["builds"]) for world in batch)
        batch = [{**world, "builds": world["builds"] + [[]] * (most - len(world["builds"]))} for world in batch]
        pairs += zip(batch, problems(machine, batch), strict=True)
    return pairs


@pytest.mark.parametrize("name", KEPT)
def test_a_world_that_is_kept(name: str, found: list[tuple[World, list[str]]]) -> None:
    _, wrong = found[list(KEPT).index(name)]
    assert not wrong, "\n".join(wrong)


def test_worlds_that_are_drawn(found: list[tuple[World, list[str]]], machine: Rig) -> None:
    failing = [(world, wrong) for world, wrong in found[len(KEPT) :] if wrong]
    if failing:
        smallest, wrong = min(failing, key=lambda pair: size_of(pair[0]))
        world = shrink(lambda tried: [bool(wrong) for wrong in problems(machine, tried)], smallest, RUNS_TO_SHRINK)
        [alone] = problems(machine, [world])
        told = "\n".join(alone or ["Alone it does not fail. Among others:", *wrong])
        pytest.fail(f"{len(failing)} of {WORLDS} worlds fail, one of them:\n{json.dumps(world)}\n{told}")


@pytest.mark.parametrize("name", [name for name, world in KEPT.items() if "expect" in world])
def test_the_rules_in_python_give_what_was_worked_out_by_hand(name: str) -> None:
    world = place(KEPT[name], 0)
    contents = enumerate(world["deliveries"])
    deliveries = [Delivered(content["at"], moment(content["at"]), content, place) for place, content in contents]
    expected = [tuple(row.values()) for row in world["expect"]]
    assert [tuple(map(str, row)) for row in sorted(events_now(deliveries))] == expected
