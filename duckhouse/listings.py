"""Lists made from the YAML of models: the pages of docs/reference, and who reads the views that answer questions.

In the diagrams a column joins the model in its area whose only key it is: publisher_id joins dim_publishers.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AREAS = {
    "ad_serving": "Ad serving",
    "ad_delivery": "Ad delivery",
    "consent": "Consent",
    "reviews": "Reviews",
    "telemetry": "Telemetry",
    "quality": "Data quality, across areas",
    "shared": "Shared by all areas",
}
"""Headings in the order of the pages. Any other area follows, under its own name."""
PREFIXES = ("fct_", "dim_", "agg_", "bridge_")
REPORTING = "reporting"
WIDTH = 120


@dataclass(frozen=True)
class Published:
    name: str
    schema: str
    area: str
    one_row_per: str
    kinds: dict[str, str]
    """The kind of each column, as in vars.types."""
    grain: tuple[str, ...]
    keys: frozenset[str]
    """Columns of which each alone is unique."""


def listings(models: Mapping[str, Any], owners: Mapping[str, str], project: Path, written_by: str) -> dict[Path, str]:
    """The path of each file with its correct text. `models` are YAML entries by name, `owners` the owners of groups."""
    found = sorted(_published(models, project), key=lambda model: (model.area, model.schema, model.name))
    folder = project / "docs" / "reference"
    written = {folder / "marts.md": _marts(found, written_by), folder / "diagrams.md": _diagrams(found, written_by)}
    if any(model.schema == REPORTING for model in found):
        written[project / "models" / REPORTING / "_exposures.yml"] = _exposures(found, owners, written_by)
    return written


def _published(models: Mapping[str, Any], project: Path) -> Iterator[Published]:
    for path in (project / "models").rglob("*.sql"):
        layer, *folders = path.relative_to(project / "models").parts[:-1]
        is_one = path.stem.startswith(PREFIXES) or layer == REPORTING
        if not is_one or "helpers" in folders or path.stem not in models:
            continue
        node = models[path.stem]
        grain = tuple(node.get("config", {}).get("meta", {}).get("grain", ()))
        columns = node.get("columns", [])
        yield Published(
            path.stem,
            layer,
            folders[0] if folders else layer,
            first_sentence(node.get("description", "")).removeprefix("One row per "),
            {column["name"]: column.get("data_type", "").removesuffix("_nullable") for column in columns},
            grain,
            frozenset(key[0] for key in (grain, *_unique(node)) if len(key) == 1),
        )


def _unique(node: Mapping[str, Any]) -> Iterator[list[str]]:
    for test in node.get("data_tests", []):
        if isinstance(test, dict):
            yield from test.get("checks", {}).get("arguments", {}).get("unique", [])


def first_sentence(text: str) -> str:
    """The sentence without its full stop; a question keeps its mark."""
    return re.split(r"(?<=[.?]) ", " ".join(text.split()), maxsplit=1)[0].rstrip(".")


def _marts(found: Iterable[Published], written_by: str) -> str:
    blocks = [
        "# What to query",
        filled(
            f"Written by `{written_by}` from the descriptions of the models. Schemas `marts` and `quality` hold facts, "
            "dimensions and aggregates, schema `reporting` the views that answer questions. How they join: "
            "[diagrams](diagrams.md)."
        ),
    ]
    for heading, models in _by_area(found):
        rows = [
            f"| `{model.schema}.{model.name}` | {model.one_row_per.replace('|', chr(92) + '|')} |" for model in models
        ]
        blocks += [f"## {heading}", "\n".join(["| table or view | one row per |", "|---|---|", *rows])]
    return "\n\n".join(blocks) + "\n"


def _diagrams(found: Iterable[Published], written_by: str) -> str:
    blocks = [
        "# How the tables join",
        filled(
            f"Written by `{written_by}` from the contracts and keys of the models. Shown are the columns that identify "
            "a row (PK) and those that lead to another table (FK); [the list](marts.md) says what a row is. Each table "
            "with `event_date` joins `marts.dim_dates` by it."
        ),
    ]
    for heading, models in _by_area(found):
        stored = [model for model in models if model.schema != REPORTING]
        if len(stored) > 1:
            blocks += [f"## {heading}", "\n".join(["```mermaid", "erDiagram", *_entities(stored), "```"])]
    return "\n\n".join(blocks) + "\n"


def _exposures(found: Iterable[Published], owners: Mapping[str, str], written_by: str) -> str:
    """One exposure per area: readers from outside the project, who use its views by name."""
    lines = [
        f"# Who reads the views of models/reporting: dashboards and people. Written by {written_by}.",
        "exposures:",
    ]
    for heading, models in _by_area(found):
        views = [model for model in models if model.schema == REPORTING]
        if views:
            lines += [
                f"  - name: questions_{views[0].area}",
                f'    label: "{heading}: questions"',
                "    type: dashboard",
                "    maturity: medium",
                f"    owner: {{name: {owners.get(views[0].area, 'unknown')}}}",
                "    description: Views that dashboards, notebooks and people read by name; each answers a question.",
                "    depends_on:",
                *(f"      - ref('{view.name}')" for view in views),
            ]
    return "\n".join(lines) + "\n"


def filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _by_area(found: Iterable[Published]) -> Iterator[tuple[str, list[Published]]]:
    by_area: dict[str, list[Published]] = {area: [] for area in AREAS}
    for model in found:
        by_area.setdefault(model.area, []).append(model)
    for area, models in by_area.items():
        if models:
            yield AREAS.get(area, area.replace("_", " ").capitalize()), models


def _entities(models: list[Published]) -> Iterator[str]:
    """The lines of a diagram. Of models with the same key the dimension is joined, else the shortest name."""
    joined: dict[str, Published] = {}
    for model in sorted(models, key=lambda model: (not model.name.startswith("dim_"), len(model.name), model.name)):
        for key in model.keys:
            joined.setdefault(key, model)
    for model in models:
        joins = {column: joined[column] for column in model.kinds if joined.get(column, model) is not model}
        yield f"    {model.name} {{"
        for column in dict.fromkeys((*model.grain, *joins)):
            marks = ", ".join(["PK"] * (column in model.grain) + ["FK"] * (column in joins))
            yield f"        {model.kinds.get(column, 'undeclared')} {column} {marks}"
        yield "    }"
        for column, other in joins.items():
            yield f"    {other.name} ||--{'o|' if column in model.keys else 'o{'} {model.name} : {column}"
