"""The campaign of orders: what it draws, lands, compares and tells. Its builds are those of test_any_order.py."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from duckhouse.landing.zone import Zone, prepare
from duckhouse.settings import environment
from duckhouse.sources import load_source, sources
from tools import chaos
from tools.campaigns.orders.campaign import Schedule
from tools.campaigns.orders.shelf import apart, drawn_builds, reveal, shelve
from tools.campaigns.orders.worlds import MAKERS, is_retraction, land, taken_back

DONE = {
    "seed": 7, "sources": ["consent"], "batches": 1, "builds": 3, "tables": 9, "orders": {"consent": 2},
    "deliveries": {"consent": 5}, "retractions": {"consent": 1}, "differences": [],
}  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 4])
def test_every_delivery_arrives_once_in_at_most_so_many_builds(number: int) -> None:
    drawn = [drawn_builds(Random(seed), number, 3) for seed in range(50)]
    for builds, pruned_after in drawn:
        assert sorted(place for arriving in builds for place in arriving) == list(range(number))
        assert all(builds) and len(builds) <= 3
        assert set(pruned_after) <= set(range(len(builds)))
    assert {len(builds) for builds, _ in drawn} == set(range(1, min(number, 3) + 1))
    if number > 1:
        assert any(place > later for builds, _ in drawn for [place, *_], [later, *_] in pairwise(builds))


def test_a_build_sees_what_arrives_before_it_and_pruning_takes_what_arrived() -> None:
    schedule = Schedule(Zone(load_source("consent")), ["a", "b", "c"], [[2], [0, 1]], [0])
    assert [schedule.arriving(build) for build in range(3)] == [["c"], ["a", "b"], []]
    assert [schedule.arrived(build) for build in range(3)] == [["c"], ["c", "a", "b"], ["c", "a", "b"]]


def test_rows_are_compared_with_how_often_they_stand_there() -> None:
    assert list(apart([(1, "a"), (2, None)], [(1, "a"), (2, None)])) == []
    assert list(apart([(1, "a"), (1, "a"), (2, None)], [(1, "a"), (3, "c")])) == [
        ("only the first has", (1, "a")),
        ("only the first has", (2, None)),
        ("only the second has", (3, "c")),
    ]


def test_every_source_has_worlds_and_the_same_seed_draws_the_same() -> None:
    assert set(MAKERS) == set(sources())
    for maker in MAKERS.values():
        assert maker(Random(1), 0, 3) == maker(Random(1), 0, 3) != maker(Random(2), 0, 3)


@pytest.mark.parametrize("name", MAKERS)
def test_deliveries_land_and_arrive_when_they_are_revealed(name: str, tmp_path: Path) -> None:
    worlds = [MAKERS[name](Random(world), world, 2) for world in range(2)]
    with environment({"DUCKHOUSE_LANDING": str(tmp_path / "landing")}):
        source = load_source(name)
        prepare(source)
        landed = land(name, worlds)
        assert [len(deliveries) for deliveries in landed] == [2, 2]
        for deliveries in landed:
            for delivery in deliveries:
                shelve(Zone(source), tmp_path / "shelf", delivery)
        assert Zone(source).deliveries() == []
        reveal(Zone(source), tmp_path / "shelf", landed[1])
        assert [delivery.id for delivery in Zone(source).deliveries()] == landed[1]


def test_in_some_worlds_of_files_a_delivery_is_taken_back_at_any_later_time(tmp_path: Path) -> None:
    with environment({"DUCKHOUSE_LANDING": str(tmp_path / "landing")}):
        for name, number in (("reviews", 12), ("telemetry", 2)):
            zone = Zone(load_source(name))
            prepare(zone.source)
            landed = land(name, [MAKERS[name](Random(world), world, 2) for world in range(number)])
            worlds = taken_back(Random(2), zone, landed)
            assert [[each for each in world if not is_retraction(each)] for world in worlds] == landed
            retracted = [(world, world[2:]) for world in worlds if world[2:]]
            if name == "telemetry":
                assert retracted == []
                continue
            assert 2 < len(retracted) < 10
            named = {each.id: each.retracts.delivery_id for each in zone.deliveries() if each.retracts}
            assert all(named[last] in world[:2] and last > named[last] for world, [last] in retracted)
            assert {world.index(named[last]) for world, [last] in retracted} == {0, 1}
            assert {sorted(world).index(last) for world, [last] in retracted} == {1, 2}


@pytest.mark.parametrize(("differences", "code"), [([], 0), (["batch 0: dim_x, incremental and at once: …"], 1)])
def test_a_campaign_that_is_done_tells_its_figures_again(
    differences: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "figures.json").write_text(json.dumps(DONE | {"differences": differences}))
    words = ["orders", "--seed", "7", "--count", "2", "--sources", "consent", "--work", str(tmp_path)]
    assert chaos.main(words) == code
    told = capsys.readouterr().out.splitlines()
    assert told[1] == "  consent: 2 orders of 5 deliveries and 1 retraction"
    assert told[2:] == (differences or ["everything holds"])
    assert chaos.main([*words, "--json"]) == code
    assert Counter(json.loads(capsys.readouterr().out)["orders"]) == Counter(consent=2)


def test_the_folder_of_another_campaign_is_refused(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text(json.dumps(DONE))
    with pytest.raises(Exception, match="has a campaign of seed 7 over consent: name another folder"):
        chaos.main(["orders", "--seed", "8", "--sources", "consent", "--work", str(tmp_path)])
