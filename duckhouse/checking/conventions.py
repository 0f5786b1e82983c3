"""What every model declares about itself: owner, description, grain, contract, key."""

import re
from collections.abc import Iterator

from duckhouse.checking.parts import Node


def faults(node: Node) -> Iterator[str]:
    """Each convention that a model breaks: what is wrong, and what to do."""
    if node.group != node.area:
        yield f"its group is {node.group}, its folder {node.area}: say group: {node.area} under config"
    if not node.description.strip():
        yield "it has no description: say what a row is and where it comes from"
    if not node.is_published:
        return
    if not re.match(r"One row per [^.]*\.", " ".join(node.description.split()) + "."):
        yield "the first sentence of its description does not state the grain: begin it with One row per …"
    if not node.has_contract:
        yield "its contract is not enforced: say contract: {enforced: true, alias_types: false} under config"
    if not node.grain:
        yield "config.meta.grain is missing: name the columns that tell its rows apart"
    elif unknown := sorted(set(node.grain) - node.columns):
        yield f"config.meta.grain names {', '.join(unknown)}, which is no column of it: name columns of its YAML"
    elif frozenset(node.grain) not in node.keys:
        yield "no test says that its grain is unique: add unique or unique_combination_of_columns, without a where"
