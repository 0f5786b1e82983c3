"""What models/exposures.yml says of the readers of marts: each reads what it is said to read, and nothing else."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import pytest

from duckhouse.metrics import metrics
from duckhouse.project import manifest
from duckhouse.reporting import overview, report
from duckhouse.settings import PROJECT

WRITTEN = "models/exposures.yml"
Relation = tuple[str, str]
"""Schema and name."""


def relations_read(queries: Iterable[str], known: Collection[Relation]) -> set[Relation]:
    """Those of the known relations that the queries name."""
    named = {pair for query in queries for pair in re.findall(r"\b(\w+)\.(\w+)\b", query)}
    return named & set(known)


def views_of_the_report() -> set[str]:
    return {view.name for reader in (overview, *report.all_chapters()) for view in reader.VIEWS.values()}


def read_by_the_report(nodes: Mapping[str, Any]) -> set[str]:
    ids = {node.name: node.unique_id for node in nodes.values() if node.resource_type == "model"}
    return {ids[name] for name in views_of_the_report()}


def read_by_analyses(folder: str) -> Callable[[Mapping[str, Any]], set[str]]:
    def read(nodes: Mapping[str, Any]) -> set[str]:
        analyses = [node for node in nodes.values() if node.original_file_path.startswith(f"analyses/{folder}/")]
        return {parent for analysis in analyses for parent in analysis.depends_on.nodes}

    return read


def read_by_notebook(name: str) -> Callable[[Mapping[str, Any]], set[str]]:
    def read(nodes: Mapping[str, Any]) -> set[str]:
        ids = {(node.schema, node.alias): node.unique_id for node in nodes.values() if hasattr(node, "alias")}
        cells = json.loads((PROJECT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        code = ("".join(cell["source"]).replace("duckhouse.", "") for cell in cells if cell["cell_type"] == "code")
        return {ids[relation] for relation in relations_read(code, ids)}

    return read


def read_by_the_dashboard(nodes: Mapping[str, Any]) -> set[str]:
    """The relations and metrics that its modules name, and the marts that findings lead to."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "dashboard").rglob("*.py"))
    named = set(re.findall(r'"((?:rpt|fct|agg|dim)_\w+)"', code))
    named |= {metric.view for metric in metrics().values() if f'"{metric.name}"' in code}
    declared = [source.config.meta for source in manifest().sources.values()]
    named |= {meta["events"] for meta in declared if "events" in meta}
    ids = {node.name: node.unique_id for node in nodes.values() if node.resource_type == "model"}
    return {ids[name] for name in named}


READERS = {
    "dashboard": read_by_the_dashboard,
    "report": read_by_the_report,
    "analyses_ad_serving": read_by_analyses("ad_serving"),
    "analyses_consent": read_by_analyses("consent"),
    "analyses_telemetry": read_by_analyses("telemetry"),
    "notebook_reviews": read_by_notebook("reviews"),
}


@pytest.fixture(scope="module")
def exposures() -> dict[str, Any]:
    """Those that somebody wrote; models/reporting/_exposures.yml follows from the views (test_generated.py)."""
    return {one.name: one for one in manifest().exposures.values() if one.original_file_path == WRITTEN}


def test_every_exposure_has_a_reader_here(exposures: dict[str, Any]) -> None:
    assert exposures.keys() == READERS.keys()


@pytest.mark.parametrize("name", sorted(READERS))
def test_an_exposure_names_what_its_reader_reads(exposures: dict[str, Any], name: str) -> None:
    said = set(exposures[name].depends_on.nodes)
    read = READERS[name](manifest().nodes)
    assert said
    assert (read - said, said - read) == (set(), set())


def test_an_exposure_has_an_owner_of_the_project_and_says_how_it_is_meant(exposures: dict[str, Any]) -> None:
    owners = {group.owner.name for group in manifest().groups.values()}
    for exposure in exposures.values():
        assert exposure.owner.name in owners
        assert exposure.description.strip()
        assert exposure.maturity
        assert exposure.url is None


def test_relations_of_a_query_are_found() -> None:
    known = {("marts", "a"), ("quality", "c"), ("staging", "d"), ("marts", "e")}
    query = "with b as (from marts.a) select b.x from b join quality.c on b.e = c.e where x in (from staging.d)"
    assert relations_read([query, "select 1 from marts.a"], known) == known - {("marts", "e")}
