"""Layers flow one way: a model reads its own layer and those before it, never a later one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from duckhouse.project import manifest

LAYERS = (
    "staging",
    "intermediate",
    "marts",
    "quality",
    "reporting",
)  # folders of models/, in the order in which they are read
BELOW_ALL = -1

Nodes = Mapping[str, Any]


def refs_to_a_higher_layer(nodes: Nodes) -> Iterator[str]:
    for node_id, node in nodes.items():
        own = layer(node_id, nodes)
        for parent_id in parents(node, nodes):
            if (above := layer(parent_id, nodes)) > own:
                yield (
                    f"{node.name} ({LAYERS[own]}) reads {nodes[parent_id].name} ({LAYERS[above]}): "
                    f"move {node.name} to models/{LAYERS[above]}, or let it read a lower layer"
                )


def layer(node_id: str, nodes: Nodes) -> int:
    """The place of a node in LAYERS. A snapshot keeps the rows of a model, so it is of the layer of that model."""
    node = nodes[node_id]
    if node.resource_type == "seed":
        return BELOW_ALL
    if node.resource_type == "snapshot":
        return max((layer(parent_id, nodes) for parent_id in parents(node, nodes)), default=BELOW_ALL)
    folder = Path(node.path).parts[0]
    assert folder in LAYERS, f"{node.name} lies in models/{folder}, which is no layer: add it to LAYERS at its place"
    return LAYERS.index(folder)


def parents(node: Any, nodes: Nodes) -> list[str]:
    return [parent_id for parent_id in getattr(node.depends_on, "nodes", ()) if parent_id in nodes]


@pytest.fixture(scope="module")
def project() -> Nodes:
    parsed = manifest()
    return {
        node_id: node
        for node_id, node in parsed.nodes.items()
        if node.package_name == parsed.metadata.project_name and node.resource_type in ("model", "snapshot", "seed")
    }


def test_no_model_reads_a_higher_layer(project: Nodes) -> None:
    found = list(refs_to_a_higher_layer(project))
    assert not found, "\n".join(found)


def test_a_step_is_published_nowhere(project: Nodes) -> None:
    steps = [node for node in project.values() if node.name.startswith("int_")]
    assert steps
    assert {node.name: node.schema for node in steps if node.schema != "intermediate"} == {}


def test_what_reads_rules_is_left_out_with_them(project: Nodes) -> None:
    """--exclude tag:quality builds nothing that would miss what it reads."""
    for node in project.values():
        of_rules = [project[parent].name for parent in parents(node, project) if "quality" in project[parent].tags]
        if of_rules and node.resource_type == "model":
            assert "quality" in node.tags, f"{node.name} reads {of_rules[0]}, which has tag quality, and has it not"


def made_up(*rows: tuple[str, str, tuple[str, ...]]) -> Nodes:
    """Nodes by name, from name, path and what they read; a path of seeds/ or snapshots/ makes one of these."""
    kinds = {"seeds": "seed", "snapshots": "snapshot"}
    return {
        name: SimpleNamespace(
            name=name,
            path=path,
            resource_type=kinds.get(path.split("/")[0], "model"),
            depends_on=SimpleNamespace(nodes=list(read)),
        )
        for name, path, read in rows
    }


FLOW = (
    ("countries", "seeds/countries.csv", ()),
    ("stg_shop__orders", "staging/shop/stg_shop__orders.sql", ("countries", "source.shop.orders")),
    ("int_shop__observations", "intermediate/shop/int_shop__observations.sql", ("stg_shop__orders",)),
    ("snap_shop__orders", "snapshots/shop.yml", ("int_shop__observations",)),
    ("dim_orders", "marts/shop/dim_orders.sql", ("snap_shop__orders", "stg_shop__orders")),
    ("int_shop__totals", "marts/shop/helpers/int_shop__totals.sql", ("dim_orders",)),
    ("snap_shop__totals", "snapshots/shop.yml", ("int_shop__totals",)),
    ("agg_orders", "marts/shop/agg_orders.sql", ("int_shop__totals", "snap_shop__totals")),
    ("dq_shop__free_lunch", "quality/shop/rules/dq_shop__free_lunch.sql", ("agg_orders", "countries")),
)


def test_layers_that_flow_one_way_are_accepted() -> None:
    assert list(refs_to_a_higher_layer(made_up(*FLOW))) == []


@pytest.mark.parametrize(
    ("path", "read", "told"),
    [
        ("intermediate/shop/new.sql", "dim_orders", "new (intermediate) reads dim_orders (marts)"),
        ("intermediate/shop/new.sql", "int_shop__totals", "new (intermediate) reads int_shop__totals (marts)"),
        ("marts/shop/new.sql", "dq_shop__free_lunch", "new (marts) reads dq_shop__free_lunch (quality)"),
        ("staging/shop/new.sql", "snap_shop__orders", "new (staging) reads snap_shop__orders (intermediate)"),
        ("intermediate/shop/new.sql", "snap_shop__totals", "new (intermediate) reads snap_shop__totals (marts)"),
    ],
)
def test_a_ref_to_a_higher_layer_is_named_with_both_models(path: str, read: str, told: str) -> None:
    [found] = refs_to_a_higher_layer(made_up(*FLOW, ("new", path, (read,))))
    assert found.startswith(told)


def test_a_folder_that_is_no_layer_is_refused() -> None:
    with pytest.raises(AssertionError, match="new lies in models/misc"):
        list(refs_to_a_higher_layer(made_up(("new", "misc/new.sql", ()))))
