"""The page of all metrics, docs/reference/metrics.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from duckhouse.listings import AREAS, filled
from duckhouse.metrics.definitions import Metric, SemanticModel, metrics, semantic_models
from duckhouse.settings import PROJECT


def catalogue(written_by: str, project: Path = PROJECT) -> str:
    """The text of the page; empty without metrics."""
    known, models = metrics(project), semantic_models(project)
    if not known:
        return ""
    blocks = [
        "# Metrics",
        filled(
            f"Written by `{written_by}` from the YAML of `models/metrics`. A metric is the sum of a column of its "
            "view, or the ratio of two such sums. [How to ask for them](../metrics.md)."
        ),
    ]
    by_place: dict[str, list[SemanticModel]] = {}
    for model in models.values():
        by_place.setdefault(model.place, []).append(model)
    for place, found in by_place.items():
        area = Path(place).stem
        blocks += [f"## {AREAS.get(area, area)}", *_sections(found, known, models)]
    return "\n\n".join(blocks) + "\n"


def _sections(
    found: list[SemanticModel], known: Mapping[str, Metric], models: Mapping[str, SemanticModel]
) -> Iterator[str]:
    for model in found:
        rows = [_row(metric) for metric in known.values() if metric.column in model.measures]
        if rows:
            yield f"### From `{model.view}`"
            yield "\n".join(["| metric | unit | what it is | columns of the view |", "|---|---|---|---|", *rows])
            by = ", ".join(f"`{name}`" for name in groups_of(model, models))
            yield filled(f"`mf query` reads `{model.model}` and groups by {by}.")


def _row(metric: Metric) -> str:
    said = f"**{metric.label}.** {metric.description}".replace("|", "\\|")
    columns = " / ".join(f"`{column}`" for column in (metric.column, metric.divisor) if column)
    return f"| `{metric.name}` | {metric.unit} | {said} | {columns} |"


def groups_of(model: SemanticModel, models: Mapping[str, SemanticModel]) -> list[str]:
    """What mf query --group-by takes for the metrics of a semantic model."""
    own = [f"{model.primary}__{dimension}" for dimension in model.dimensions]
    joined = [
        f"{key}__{dimension}"
        for key, kind in model.keys.items()
        if kind == "foreign"
        for other in models.values()
        if other.primary == key
        for dimension in other.dimensions
    ]
    return ["metric_time", *model.keys, *own, *joined]
