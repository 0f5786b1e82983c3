"""The graph of a project, from dbt's manifest: what its nodes read, and which views are fixed.

A view is fixed if compiling it does not ask the warehouse: no macro that it calls, itself or through ephemeral models
in its SQL, uses dbt's adapter.
"""

import re
from collections.abc import Iterable
from typing import Any

from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest

from duckhouse.dbt_plugin.graph import Graph, Step

WITH_RELATION = (NodeType.Model, NodeType.Seed, NodeType.Snapshot)
RUN_BY_DBT = (*WITH_RELATION, NodeType.Test)
ASKING = re.compile(r"\badapter\.(?!dispatch\b)")


def graph_of(manifest: Manifest) -> Graph:
    """The nodes that dbt runs. Unit tests read no table: their result depends on the code alone."""
    fixed = fixed_views(manifest)
    nodes = [node_of(node, manifest, fixed) for node in manifest.nodes.values() if is_run(node)]
    unit_tests = [Step(identity, frozenset(), frozenset()) for identity in manifest.unit_tests]
    return Graph.of([*nodes, *unit_tests])


def is_run(node: Any) -> bool:
    return node.resource_type in RUN_BY_DBT and not node.is_ephemeral_model


def node_of(node: Any, manifest: Manifest, fixed: set[str]) -> Step:
    parents: set[str] = set()
    tables: set[tuple[str, str]] = set()
    waiting, seen = list(node.depends_on_nodes), set()
    while waiting:
        identity = waiting.pop()
        if identity in seen:
            continue
        seen.add(identity)
        if identity in manifest.sources:
            source = manifest.sources[identity]
            tables.add((source.source_name, source.name))
        elif identity in manifest.nodes:
            is_parent = is_run(manifest.nodes[identity])
            if is_parent:
                parents.add(identity)
            if not is_parent or identity in fixed:
                waiting += manifest.nodes[identity].depends_on_nodes
    relation = None if node.resource_type == NodeType.Test else (node.schema, node.alias)
    fixed_in = str(node.database) if node.unique_id in fixed else None
    return Step(node.unique_id, frozenset(parents), frozenset(tables), relation, fixed_in)


def fixed_views(manifest: Manifest) -> set[str]:
    def asks(node: Any) -> bool:
        macros = (manifest.macros[key].macro_sql for key in macros_of(node.depends_on.macros, manifest))
        if any(ASKING.search(text) for text in (node.raw_code, *macros)):
            return True
        read = (manifest.nodes.get(identity) for identity in node.depends_on_nodes)
        return any(asks(model) for model in read if model and model.is_ephemeral_model)

    models = (node for node in manifest.nodes.values() if node.resource_type == NodeType.Model)
    return {node.unique_id for node in models if node.config.materialized == "view" and not asks(node)}


def macros_of(by_name: Iterable[str], manifest: Manifest) -> set[str]:
    """These macros and all macros that they call."""
    found: set[str] = set()
    waiting = list(by_name)
    while waiting:
        key = waiting.pop()
        if key not in found and key in manifest.macros:
            found.add(key)
            waiting += manifest.macros[key].depends_on.macros
    return found
