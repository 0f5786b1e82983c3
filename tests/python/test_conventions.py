"""What every model declares about itself, read from dbt's manifest: owner, description, grain, contract, key.

Each convention is broken once by a made-up model.
"""

from dataclasses import replace

import pytest

from duckhouse.checking.conventions import faults
from duckhouse.checking.parts import Node, read_project
from duckhouse.project import manifest

PROJECT_NAME = "duckhouse"


def read_models() -> list[Node]:
    return [node for node in read_project(manifest()).nodes.values() if not node.is_snapshot]


def test_every_model_keeps_the_conventions() -> None:
    models = read_models()
    assert sum(model.is_published for model in models) > 30
    assert {model.name: found for model in models if (found := list(faults(model)))} == {}


def test_every_group_has_an_owner_and_models() -> None:
    owners = {
        group.name: group.owner.name for group in manifest().groups.values() if group.package_name == PROJECT_NAME
    }
    assert all(owners.values())
    assert owners.keys() == {model.group for model in read_models()}


GOOD = Node(
    name="fct_sales_daily",
    layer="marts",
    folder="sales",
    group="sales",
    description="One row per day and shop: what was sold.\n\nLate sales count on their day.",
    is_published=True,
    has_contract=True,
    grain=("event_date", "shop_id"),
    columns=frozenset({"event_date", "shop_id", "amount"}),
    keys=(frozenset({"shop_id", "event_date"}),),
)


def test_a_model_in_order_has_no_fault() -> None:
    assert list(faults(GOOD)) == []
    step = replace(GOOD, is_published=False, has_contract=False, grain=(), keys=(), description="Typed.")
    assert list(faults(step)) == []
    assert list(faults(replace(GOOD, layer="quality", group="quality"))) == []


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (replace(GOOD, group=None), "its group is None"),
        (replace(GOOD, group="quality"), "its group is quality"),
        (replace(GOOD, description=" \n", is_published=False), "no description"),
        (replace(GOOD, description="Sales. One row per day and shop."), "state the grain"),
        (replace(GOOD, has_contract=False), "contract"),
        (replace(GOOD, grain=()), "grain is missing"),
        (replace(GOOD, grain=("event_date", "store_id")), "grain names store_id"),
        (replace(GOOD, keys=()), "grain is unique"),
        (replace(GOOD, keys=(frozenset({"shop_id"}),)), "grain is unique"),
        (replace(GOOD, keys=(frozenset({"event_date", "shop_id", "amount"}),)), "grain is unique"),
    ],
)
def test_a_broken_convention_is_told(model: Node, told: str) -> None:
    [fault] = faults(model)
    assert told in fault
