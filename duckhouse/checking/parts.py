"""What the checks of a source read, as plain values: its models and its declared tables."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import GenericTestNode, ModelNode, SnapshotNode, SourceDefinition

from duckhouse.dbt_plugin.project_graph import macros_of
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS


@dataclass(frozen=True)
class Node:
    """A model or a snapshot. `layer` and `folder` say where it is: models/<layer>/<folder>/. `keys` has the columns
    that each test of a key names. `reads` has names of nodes, and <source>.<table>. `macros` has the macros that it
    calls, directly or through others.
    """

    name: str
    layer: str
    folder: str
    group: str | None
    description: str
    is_published: bool = False
    has_contract: bool = False
    grain: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()
    keys: tuple[frozenset[str], ...] = ()
    file: str = ""
    yaml: str = ""
    materialized: str = "view"
    reads: frozenset[str] = frozenset()
    macros: frozenset[str] = frozenset()
    code: str = ""
    """Its SQL, and that of the project's own macros among `macros`."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    is_snapshot: bool = False

    @property
    def area(self) -> str:
        """Which area it belongs to: a source, or quality."""
        return "quality" if self.layer == "quality" else self.folder


@dataclass(frozen=True)
class Table:
    """A declared table; `columns` maps declared names to names in staging. docs/landing.md explains the fields."""

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    day: str | None = None
    keep_last: tuple[str, ...] = ()
    history: bool = False
    dates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """A declared source and the file that declares it. `events` is the model that has each of its events once.
    `says_looks` is true where it declares how dbt source freshness finds its last look.
    """

    name: str
    file: str
    tables: tuple[Table, ...]
    kind: str = "files"
    events: str | None = None
    says_looks: bool = True

    @property
    def entities(self) -> tuple[Table, ...]:
        return tuple(table for table in self.tables if not table.name.startswith("_"))


@dataclass(frozen=True)
class Project:
    """`shared_rules` maps the name of a shared rule to what it is about: files, events or dimensions."""

    nodes: Mapping[str, Node]
    sources: Mapping[str, Declared]
    shared_rules: Mapping[str, str] = field(default_factory=dict)


def read_project(manifest: Manifest) -> Project:
    """The project as dbt has parsed it."""
    own = [node for node in manifest.nodes.values() if node.package_name == manifest.metadata.project_name]
    keys = _keys(own)
    nodes = {node.name: _node(node, keys, manifest) for node in own if isinstance(node, ModelNode | SnapshotNode)}
    words: dict[str, Any] = {}
    for node in nodes.values():
        words |= node.meta.get("shared_rules", {})
    rules = {
        macro.name.removeprefix("rule_")
        for macro in manifest.macros.values()
        if macro.package_name == manifest.metadata.project_name and macro.name.startswith("rule_")
    }
    return Project(
        nodes=nodes,
        sources=_sources(manifest),
        shared_rules={rule: words.get(rule, {}).get("entity", "files") for rule in sorted(rules)},
    )


def _keys(nodes: list[Any]) -> Mapping[str, list[frozenset[str]]]:
    """The columns of each test of a key, by the node that it is attached to."""
    keys = defaultdict(list)
    for test in nodes:
        # a test that covers only some rows, or only warns, does not count as a test of the key
        if not isinstance(test, GenericTestNode) or test.config.where or test.config.severity.lower() != "error":
            continue
        kind = test.test_metadata.name
        if kind == "unique":
            keys[str(test.attached_node)].append(frozenset([str(test.column_name)]))
        elif kind == "unique_combination_of_columns":
            columns = test.test_metadata.kwargs["combination_of_columns"]
            keys[str(test.attached_node)].append(frozenset(columns))
        elif kind == "checks":
            keys[str(test.attached_node)] += map(frozenset, test.test_metadata.kwargs.get("unique", ()))
    return keys


def _node(node: ModelNode | SnapshotNode, keys: Mapping[str, list[frozenset[str]]], manifest: Manifest) -> Node:
    names = [manifest.nodes.get(key) or manifest.sources.get(key) for key in node.depends_on.nodes]
    macros = [manifest.macros[key] for key in macros_of(node.depends_on.macros, manifest)]
    own = [macro.macro_sql for macro in macros if macro.package_name == node.package_name]
    return Node(
        name=node.name,
        layer=node.fqn[1] if isinstance(node, ModelNode) else "snapshots",
        folder=node.fqn[2] if len(node.fqn) > 3 else "",
        group=node.config.group,
        description=node.description,
        is_published=isinstance(node, ModelNode) and node.schema in PUBLISHED_SCHEMAS,
        has_contract=isinstance(node, ModelNode) and node.config.contract.enforced,
        grain=tuple(node.config.meta.get("grain", ())),
        columns=frozenset(node.columns),
        keys=tuple(keys.get(node.unique_id, ())),
        file=node.original_file_path,
        yaml=(node.patch_path or node.original_file_path).rpartition("://")[2],
        materialized=node.config.materialized,
        reads=frozenset(_name(read) for read in names if read is not None),
        macros=frozenset(macro.name for macro in macros),
        code="\n".join([node.raw_code, *own]),
        meta=node.config.meta,
        is_snapshot=isinstance(node, SnapshotNode),
    )


def _name(read: Any) -> str:
    return f"{read.source_name}.{read.name}" if isinstance(read, SourceDefinition) else str(read.name)


def _sources(manifest: Manifest) -> dict[str, Declared]:
    tables = defaultdict(list)
    for table in manifest.sources.values():
        if table.package_name == manifest.metadata.project_name:
            tables[table.source_name].append(table)
    return {
        name: Declared(
            name=name,
            file=found[0].original_file_path,
            tables=tuple(_table(table) for table in found),
            kind=found[0].config.meta.get("kind", "files"),
            events=found[0].config.meta.get("events"),
            says_looks=all(table.loaded_at_query or not table.has_freshness for table in found),
        )
        for name, found in sorted(tables.items())
    }


def _table(table: SourceDefinition) -> Table:
    meta = table.config.meta
    return Table(
        name=table.name,
        columns={name: column.config.meta.get("as", name) for name, column in table.columns.items()},
        key=meta["key"] if isinstance(meta.get("key"), str) else None,
        day=meta.get("day"),
        keep_last=tuple(meta.get("keep_last", ())),
        history=meta.get("history", False),
        dates=tuple(name for name, column in table.columns.items() if column.config.meta.get("type") == "date"),
    )
