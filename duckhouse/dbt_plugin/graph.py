"""Which nodes are up to date, worked out from what is known about each."""

import hashlib
from collections.abc import Container, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from duckhouse.dbt_plugin.landed import OF_SOURCE, RETRACTION, Deliveries

WARNED = "warn"
ENDED_WELL = ("success", "pass", WARNED)


@dataclass(frozen=True)
class Step:
    """A node that dbt runs. `parents` are the nodes that it reads, including through ephemeral models and fixed views.
    `tables` are the source tables (source, table) that it reads itself. `relation` is (schema, name), where it makes
    one. A view is fixed if its SQL follows from the code alone; `fixed_in` is the database that this SQL names."""

    id: str
    parents: frozenset[str]
    tables: frozenset[tuple[str, str]]
    relation: tuple[str, str] | None = None
    fixed_in: str | None = None

    @property
    def made_from(self) -> frozenset[str]:
        """The nodes whose rows decide what it makes: none for a fixed view, which shows whatever rows they have."""
        return self.parents if self.fixed_in is None else frozenset()


@dataclass(frozen=True)
class Done:
    """The last run of a node: what it was made from, how it ended, when, and the rows of its table."""

    version: str
    outcome: str
    at: str
    rows: str = ""


FORGOTTEN = Done("", "", "")
ALL = "all"  # in the place of a node: all nodes


@dataclass(frozen=True)
class Graph:
    """Nodes, parents before children."""

    nodes: tuple[Step, ...]

    @classmethod
    def of(cls, nodes: Iterable[Step]) -> "Graph":
        by_id = {node.id: node for node in nodes}
        order = TopologicalSorter({node.id: node.parents & by_id.keys() for node in by_id.values()}).static_order()
        return cls(tuple(by_id[identity] for identity in order))

    def without(self, absent: Set[str]) -> "Graph":
        """The graph without nodes that were never built: a node that reads several sources uses those that exist."""
        kept = (replace(node, parents=node.parents - absent) for node in self.nodes if node.id not in absent)
        return Graph(tuple(kept))

    def absent(self, begun: Container[str], there: Container[tuple[str, str]]) -> set[str]:
        """The nodes that make a relation, were never started, and whose relation does not exist."""
        return {node.id for node in self.nodes if node.relation and node.id not in begun and node.relation not in there}

    def versions(self, code: str, deliveries: Deliveries) -> dict[str, str]:
        """For each node, the fingerprint of the code and of the deliveries that it is made from."""
        reads: dict[str, frozenset[tuple[str, str]]] = {}
        made: dict[str, str] = {}
        for node in self.nodes:
            reads[node.id] = node.tables.union(*(reads.get(parent, frozenset()) for parent in node.parents))
            if node.fixed_in is None:
                made[node.id] = version_of(code, reads[node.id], deliveries)
            else:
                made[node.id] = version_of(f"{code}\n{node.fixed_in}", (), deliveries)
        return made

    def up_to_date(
        self, versions: Mapping[str, str], records: Mapping[str, Done], rows: Mapping[tuple[str, str], str]
    ) -> set[str]:
        """The nodes that need no run. `rows` has the row count of each existing relation, none for a view."""
        current: set[str] = set()
        for node in self.nodes:
            record = records.get(node.id)
            if (
                record
                and record.version == versions[node.id]
                and (node.relation is None or rows.get(node.relation) == record.rows)
                and all(parent in current and records[parent].at <= record.at for parent in node.made_from)
            ):
                current.add(node.id)
        return current

    def to_record(
        self,
        versions: Mapping[str, str],
        current: set[str],
        records: Mapping[str, Done],
        results: Mapping[str, tuple[str, str]],
        rows: Mapping[tuple[str, str], str],
    ) -> tuple[dict[str, Done], bool]:
        """The nodes that a run made up to date, and whether everything is up to date now. `results` has the outcome and
        the time of each node that it ran; `current` has those that were up to date before. A node that was built from
        an outdated one is outdated too."""
        known = {identity: records[identity] for identity in current if identity not in results}
        new: dict[str, Done] = {}
        for node in self.nodes:
            outcome, at = results.get(node.id, ("", ""))
            if outcome in ENDED_WELL and all(parent in known and known[parent].at <= at for parent in node.made_from):
                record = Done(versions[node.id], outcome, at, rows.get(node.relation, "") if node.relation else "")
                known[node.id] = new[node.id] = record
            elif node.id in known and not all(
                parent in known and known[parent].at <= known[node.id].at for parent in node.made_from
            ):
                del known[node.id]
        return new, len(known) == len(self.nodes)

    def unreadable(
        self, views: Container[str], selected: Container[str], there: Container[tuple[str, str]]
    ) -> set[str]:
        """Those of these views, and of their tests, that read something that neither exists nor is selected."""
        relations = {node.id: node.relation for node in self.nodes}
        found: set[str] = set()
        for node in self.nodes:
            is_lacking = any(
                parent in found or (relations.get(parent) not in there and parent not in selected)
                for parent in node.parents
            )
            if is_lacking and (node.id in views or (node.relation is None and node.parents & found)):
                found.add(node.id)
        return found

    def built(self, there: Container[tuple[str, str]], schemas: Container[str]) -> dict[str, tuple[str, str]]:
        """The existing relations of these schemas, by the nodes that make them."""
        return {
            node.id: node.relation
            for node in self.nodes
            if node.relation and node.relation in there and node.relation[0] in schemas
        }

    def shown(self, relations: Container[str]) -> set[str]:
        """The nodes whose rows people see in these relations: their own, and of a fixed view those of what it reads."""
        fixed = (node.parents for node in self.nodes if node.id in relations and node.fixed_in is not None)
        return {node.id for node in self.nodes if node.id in relations}.union(*fixed)

    def unfinished(
        self,
        current: Container[str],
        begun: Container[str],
        there: Container[tuple[str, str]],
        published: Container[str],
    ) -> list[str]:
        """The nodes because of which `published` must not be shown: those of them, of their tests and of all nodes ever
        started that are not up to date. A test counts only where everything that it reads exists."""
        built = {node.id for node in self.nodes if node.relation in there}

        def counts(node: Step) -> bool:
            is_test = node.relation is None and any(parent in published for parent in node.parents)
            return node.id in begun or node.id in published or (is_test and node.parents <= built)

        return [node.id for node in self.nodes if node.id not in current and counts(node)]


def version_of(code: str, tables: Iterable[tuple[str, str]], deliveries: Deliveries) -> str:
    """A retraction has rows of no table, and concerns every table of its source."""
    digest = hashlib.sha256(code.encode())
    for source, table in sorted(tables):
        of_source = deliveries.get(source, {})
        retractions = {one for one in of_source.get(OF_SOURCE, ()) if one.endswith(RETRACTION)}
        held = of_source.get(table, frozenset()) | retractions
        digest.update(f"\n{source} {table} {' '.join(sorted(held))}".encode())
    return digest.hexdigest()


def version_of_all(code: str, deliveries: Deliveries) -> str:
    """The version of the warehouse as one unit."""
    return version_of(
        code, ((source, OF_SOURCE) for source, held in deliveries.items() if held.get(OF_SOURCE)), deliveries
    )
