"""The report: one page from the views of schema reporting, charts inline, nothing loaded from elsewhere."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from duckhouse import cli
from duckhouse.reporting import chapters, charts, page
from duckhouse.reporting.chapters import ad_serving, quality, traffic
from duckhouse.reporting.overview import VIEWS as OF_OVERVIEW
from duckhouse.reporting.overview import overview
from duckhouse.sources import sources
from duckhouse.warehouse.blocked import blocked, lines
from duckhouse.warehouse.reading import House, reading
from duckhouse.warehouse.target_engine import running

TITLE = "duckhouse report"


def chapters_of_sources() -> list[ModuleType]:
    """The chapter of each source that has one: the module of its name."""
    written = {found.name for found in iter_modules(chapters.__path__)}
    return [import_module(f"{chapters.__name__}.{source}") for source in sources() if source in written]


def all_chapters() -> list[ModuleType]:
    """The chapters of sources, with invalid traffic after ad serving, and the one about all sources last."""
    behind = {ad_serving: [traffic]}
    return [one for chapter in chapters_of_sources() for one in (chapter, *behind.get(chapter, []))] + [quality]


def write_report(target: str, out: Path) -> Iterator[str]:
    """Writes the page; returns the lines that sum it up."""
    charts.need_charts()
    with running(target), reading(target) as house:
        built_at = house.built_at()
        found, stopped = read(house, OF_OVERVIEW) or {}, blocked(target)
        shown = [(chapter, rows) for chapter in all_chapters() if (rows := read(house, chapter.VIEWS))]
    if not shown:
        raise cli.UserError(f"no events are built for target {target}; land a drop and run dbt build first")
    written = [page.Chapter(module.HEADING, module.facts(rows), module.sections(rows)) for module, rows in shown]
    first_screen = overview(target, built_at, found, stopped)
    if stopped:
        yield from lines(stopped, built_at)
    if first_screen.without_rules:
        yield first_screen.without_rules
    for chapter in written:
        for fact in chapter.facts[:1]:
            yield f"{chapter.heading}: {fact.name.strip()} {fact.value}" + (f" ({fact.note})" if fact.note else "")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page.rendered(title=TITLE, overview=first_screen, chapters=written), encoding="utf-8")


def read(house: House, views: Mapping[str, page.View]) -> page.Found | None:
    """The rows of each view; None for a quality view that is not built. Returns None where another view is not built,
    or where the first one is empty."""
    built = house.views()
    if any(view.name not in built for view in views.values() if not view.quality):
        return None
    found = {name: house.rows(view.name, view.order_by) if view.name in built else None for name, view in views.items()}
    return found if next(iter(found.values())) else None
