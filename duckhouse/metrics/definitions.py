"""Reads the YAML of models/metrics without dbt: what each metric means, and the SQL that computes it from a view.

dbt declares a metric over measures of a semantic model. A measure has the name of the column that holds it in a view
of schema reporting: the model itself, or the view that the semantic model names (config.meta.view). Only sums and their
ratios become SQL; anything else is refused.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT

FOLDER = "models/metrics"
UNITS = ("usd", "count", "share", "rating")
SUM = "simple"
PARTS = {SUM: ("measure",), "ratio": ("numerator", "denominator")}
"""What a metric of a type is made from, as type_params names it."""
KEYS_OF_METRIC = {"name", "label", "description", "type", "type_params", "config"}
KEYS_OF_MEASURE = {"name", "description", "agg", "expr"}
NAME = re.compile(r"[a-z][a-z0-9_]*")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """A figure that is defined once: the sum of a column of a view, or the ratio of two such sums.

    `unit` is usd, count, share or rating. `view` is of schema reporting.
    """

    name: str
    label: str
    description: str
    unit: str
    view: str
    column: str
    divisor: str | None = None

    @property
    def expression(self) -> str:
        """The aggregate over the columns of `view`, which the query reads under its own name.

        Money stays a decimal, a ratio is a double. NULL without rows, and where the divisor adds up to 0.
        """
        return self.over(self.view)

    def over(self, view: str) -> str:
        """The same over another view that has these columns.

        Columns are qualified, because on ClickHouse an alias wins over a column of the same name: in
        `select sum(clicks) as clicks, sum(clicks) / sum(impressions) as ctr` it would add up a sum.
        """
        column = f"{view}.{self.column}"
        if self.divisor is None:
            return f"case when count({column}) > 0 then sum({column}) end"  # the sum of no rows is 0 on ClickHouse
        # 1e0 is a double on both engines; ClickHouse casts no NULL to a double
        return f"sum({column}) * 1e0 / nullif(sum({view}.{self.divisor}) * 1e0, 0)"


@dataclass(frozen=True)
class SemanticModel:
    """Measures of a model and what groups them. `keys` are entities and their types."""

    name: str
    place: str
    model: str
    view: str | None
    primary: str | None
    keys: Mapping[str, str]
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]


def metrics(project: Path = PROJECT) -> dict[str, Metric]:
    """The metrics by name, in the order of their files. Raises UserError for one that cannot become SQL.

    Pages of a dashboard ask again and again: files are read anew when one has changed.
    """
    return dict(_metrics(project, tuple((path, path.stat().st_mtime_ns) for path in _files(project))))


@cache
def _metrics(project: Path, _changed: tuple[tuple[Path, int], ...]) -> dict[str, Metric]:
    views = _views(semantic_models(project).values())
    stated: dict[str, tuple[str, Node]] = {}
    for place, document in _documents(project):
        for node in _entries(document, "metrics", place):
            name = _name(node, f"{place}: a metric")
            _refuse_second(name, stated, f"{place}: metric {name}")
            stated[name] = f"{place}: metric {name}", node
    simple = {name: _simple(node, where, views) for name, (where, node) in stated.items() if _type(node, where) == SUM}
    return {name: simple.get(name) or _ratio(node, where, simple) for name, (where, node) in stated.items()}


def semantic_models(project: Path = PROJECT) -> dict[str, SemanticModel]:
    """The semantic models by name, in the order of their files."""
    found: dict[str, SemanticModel] = {}
    for place, document in _documents(project):
        for node in _entries(document, "semantic_models", place):
            made = _semantic_model(node, place)
            _refuse_second(made.name, found, f"{place}: semantic model {made.name}")
            found[made.name] = made
    return found


def _views(models: Iterable[SemanticModel]) -> dict[str, str]:
    """The view of each measure."""
    views: dict[str, str] = {}
    for model in models:
        for measure in model.measures:
            _refuse_second(measure, views, f"{model.place}: semantic model {model.name}: measure {measure}")
            views[measure] = str(model.view)
    return views


def _semantic_model(node: Node, place: str) -> SemanticModel:
    name = _name(node, f"{place}: a semantic model")
    where = f"{place}: semantic model {name}"
    read = re.fullmatch(r"ref\('(\w+)'\)", str(node.get("model")))
    if not read:
        raise UserError(f"{where}: model {node.get('model')!r}: write ref('<name of a model>')")
    is_view = read[1].startswith("rpt_")
    view = read[1] if is_view else _meta(node, where).get("view")
    measures = _entries(node, "measures", where)
    if measures and not (isinstance(view, str) and re.fullmatch(r"rpt_\w+", view)):
        raise UserError(f"{where}: say in config.meta.view which view of schema reporting has its measures as columns")
    for measure in measures:
        its = f"{where}: measure {_name(measure, f'{where}: a measure')}"
        _refuse_others(measure, KEYS_OF_MEASURE, its)
        if measure.get("agg") != "sum":
            raise UserError(f"{its}: agg {measure.get('agg')!r}: only sums become SQL, so write agg: sum")
        if is_view and "expr" in measure:
            raise UserError(f"{its}: {read[1]} has no such column: add the expr to the view instead")
    keys = {_name(key, f"{where}: an entity"): str(key.get("type")) for key in _entries(node, "entities", where)}
    return SemanticModel(
        name=name,
        place=place,
        model=read[1],
        view=view,
        primary=node.get("primary_entity") or next((key for key, kind in keys.items() if kind == "primary"), None),
        keys=keys,
        dimensions=tuple(_name(entry, f"{where}: a dimension") for entry in _entries(node, "dimensions", where)),
        measures=tuple(measure["name"] for measure in measures),
    )


def _simple(node: Node, where: str, views: Mapping[str, str]) -> Metric:
    measure = _made_from(node, where, views, "measure of a semantic model")[0]
    return Metric(node["name"], *_said(node, where), views[measure], measure)


def _ratio(node: Node, where: str, simple: Mapping[str, Metric]) -> Metric:
    part, whole = (simple[name] for name in _made_from(node, where, simple, f"metric of type {SUM}"))
    if part.view != whole.view:
        raise UserError(
            f"{where}: {part.name} is in {part.view}, {whole.name} in {whole.view}: use metrics of one view"
        )
    return Metric(node["name"], *_said(node, where), part.view, part.column, whole.column)


def _made_from(node: Node, where: str, known: Mapping[str, object], kind: str) -> list[str]:
    """The names under type_params."""
    parts, given = PARTS[node["type"]], node.get("type_params")
    if not isinstance(given, dict) or set(given) != set(parts):
        raise UserError(f"{where}: type_params of type {node['type']} are {' and '.join(parts)}")
    for part in parts:
        if not isinstance(given[part], str) or given[part] not in known:
            raise UserError(f"{where}: {part} {given[part]!r} is no {kind}")
    return [given[part] for part in parts]


def _said(node: Node, where: str) -> tuple[str, str, str]:
    """Label, description and unit."""
    _refuse_others(node, KEYS_OF_METRIC, where)
    label, description = (" ".join(str(node.get(key) or "").split()) for key in ("label", "description"))
    if not label or not description:
        raise UserError(f"{where}: needs a label and a description, which readers see")
    unit = _meta(node, where).get("unit")
    if unit not in UNITS:
        raise UserError(f"{where}: config.meta.unit {unit!r}: write {', '.join(UNITS)}")
    return label, description, str(unit)


def _files(project: Path) -> list[Path]:
    return sorted((project / FOLDER).glob("*.yml"))


def _documents(project: Path) -> Iterator[tuple[str, Node]]:
    """The files and their contents."""
    for path in _files(project):
        place = f"{FOLDER}/{path.name}"
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}  # noqa: S506 (safe)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UserError(f"{place}: not readable as YAML: {' '.join(str(error).split())}") from None
        if not isinstance(content, dict):
            raise UserError(f"{place}: expected semantic_models and metrics")
        yield place, content


def _entries(node: Node, key: str, where: str) -> list[Node]:
    entries = node.get(key) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{where}: {key} is no list of entries, each with a name")
    return entries


def _name(node: Node, where: str) -> str:
    """The name, which becomes part of SQL."""
    name = node.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UserError(f"{where} is named {name!r}: write lower-case letters, digits and underscores")
    return name


def _type(node: Node, where: str) -> str:
    kind = node.get("type")
    if kind not in PARTS:
        raise UserError(f"{where}: type {kind!r} cannot become SQL here: write {' or '.join(PARTS)}")
    return str(kind)


def _meta(node: Node, where: str) -> Node:
    config = node.get("config") or {}
    meta = config.get("meta") or {} if isinstance(config, dict) else None
    if not isinstance(meta, dict):
        raise UserError(f"{where}: config is not keys and values: write config: {{meta: {{…}}}}")
    return meta


def _refuse_second(name: str, known: Container[str], where: str) -> None:
    if name in known:
        raise UserError(f"{where} is declared twice: give one another name")


def _refuse_others(node: Node, known: Set[str], where: str) -> None:
    if others := sorted(map(str, node.keys() - known)):
        raise UserError(f"{where}: {others[0]} cannot become SQL here: write only {', '.join(sorted(known))}")
