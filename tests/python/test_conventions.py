"""What every model declares about itself, read from dbt's manifest: owner, description, grain, contract, key.

Each convention is broken once by a made-up model.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace

import pytest
from dbt.contracts.graph.nodes import GenericTestNode, ModelNode

from duckhouse.project import manifest
from duckhouse.warehouse.parity import PUBLISHED_SCHEMAS

PROJECT_NAME = "duckhouse"


@dataclass(frozen=True)
class Model:
    """`area` is the folder below the layer, or quality; `keys` are the columns that each test of a key names."""

    name: str
    area: str
    group: str | None
    description: str
    is_published: bool = False
    has_contract: bool = False
    grain: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()
    keys: tuple[frozenset[str], ...] = ()


def faults(model: Model) -> list[str]:
    found = []
    if model.group != model.area:
        found.append(f"its group is {model.group}, its folder {model.area}")
    if not model.description.strip():
        found.append("it has no description")
    if not model.is_published:
        return found
    if not re.match(r"One row per [^.]*\.", " ".join(model.description.split()) + "."):
        found.append("the first sentence of its description does not state the grain: One row per …")
    if not model.has_contract:
        found.append("its contract is not enforced")
    if not model.grain:
        found.append("config.meta.grain is missing")
    elif unknown := sorted(set(model.grain) - model.columns):
        found.append(f"config.meta.grain names {', '.join(unknown)}, which is no column of it")
    elif frozenset(model.grain) not in model.keys:
        found.append("no test says that its grain is unique: unique, or dbt_utils.unique_combination_of_columns")
    return found


def read_models() -> list[Model]:
    nodes = [node for node in manifest().nodes.values() if node.package_name == PROJECT_NAME]
    keys = defaultdict(list)
    for test in nodes:
        # a test of some rows, or one that only warns, is no test of the key
        if not isinstance(test, GenericTestNode) or test.config.where or test.config.severity.lower() != "error":
            continue
        kind = test.test_metadata.name
        if kind == "unique":
            keys[test.attached_node].append(frozenset([test.column_name]))
        elif kind == "unique_combination_of_columns":
            keys[test.attached_node].append(frozenset(test.test_metadata.kwargs["combination_of_columns"]))
    return [
        Model(
            name=node.name,
            area="quality" if node.fqn[1] == "quality" else node.fqn[2],
            group=node.config.group,
            description=node.description,
            is_published=node.schema in PUBLISHED_SCHEMAS,
            has_contract=node.config.contract.enforced,
            grain=tuple(node.config.meta.get("grain", ())),
            columns=frozenset(node.columns),
            keys=tuple(keys[node.unique_id]),
        )
        for node in nodes
        if isinstance(node, ModelNode)
    ]


def test_every_model_keeps_the_conventions() -> None:
    models = read_models()
    assert sum(model.is_published for model in models) > 30
    assert {model.name: found for model in models if (found := faults(model))} == {}


def test_every_group_has_an_owner_and_models() -> None:
    owners = {
        group.name: group.owner.name for group in manifest().groups.values() if group.package_name == PROJECT_NAME
    }
    assert all(owners.values())
    assert owners.keys() == {model.group for model in read_models()}


GOOD = Model(
    name="fct_sales_daily",
    area="sales",
    group="sales",
    description="One row per day and shop: what was sold.\n\nLate sales count on their day.",
    is_published=True,
    has_contract=True,
    grain=("event_date", "shop_id"),
    columns=frozenset({"event_date", "shop_id", "amount"}),
    keys=(frozenset({"shop_id", "event_date"}),),
)


def test_a_model_in_order_has_no_fault() -> None:
    assert faults(GOOD) == []
    assert faults(replace(GOOD, is_published=False, has_contract=False, grain=(), keys=(), description="Typed.")) == []


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
def test_a_broken_convention_is_told(model: Model, told: str) -> None:
    [fault] = faults(model)
    assert told in fault
