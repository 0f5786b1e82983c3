"""The report: one page from the marts on DuckDB, charts inline, nothing loaded from elsewhere."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import duckdb

from duckhouse import cli, settings
from duckhouse.opening import open_duckdb
from duckhouse.reporting import chapters, page
from duckhouse.reporting.chapters import quality, traffic
from duckhouse.sources import sources

REPORT = Path("report/index.html")
OF_RULES = (quality, traffic)
WITHOUT_RULES = "Data quality is left out: its rules were not built. dbt build --target dev builds them."


def chapters_of_sources() -> list[ModuleType]:
    """The chapter of each source that has one: the module of its name."""
    written = {found.name for found in iter_modules(chapters.__path__)}
    return [import_module(f"{chapters.__name__}.{source}") for source in sources() if source in written]


def write_report(out: Path) -> Iterator[str]:
    """Writes the page; the lines that sum it up."""
    page.need_charts()
    shown = read_marts()
    sections = [page.navigation(chapter.HEADING for chapter, _ in shown)]
    if quality not in (chapter for chapter, _ in shown):
        yield WITHOUT_RULES
        sections.append(page.paragraph(WITHOUT_RULES))
    for chapter, found in shown:
        yield chapter.HEADING
        for name, value in chapter.summary(found):
            yield f"  {name:<34}{value}"
        sections += [page.heading(chapter.HEADING), *chapter.sections(found)]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page.TEMPLATE.format(sections="\n".join(sections)), encoding="utf-8")


def read_marts() -> list[tuple[ModuleType, page.Found]]:
    """What the report shows of each chapter that has rows; a UserError where the marts are not built, or all empty."""
    of_sources = chapters_of_sources()
    path = settings.duckdb_path()
    with open_duckdb(path) as connection:
        try:
            found = [(chapter, read(connection, chapter)) for chapter in (*OF_RULES, *of_sources)]
        except duckdb.Error as error:
            raise cli.UserError(f"{path}: {str(error).splitlines()[0]}; run dbt build --target dev first") from None
    shown = [(chapter, rows) for chapter, rows in found if rows["rows"]]
    if not any(chapter in of_sources for chapter, _ in shown):
        raise cli.UserError(f"{path}: no events are built; land a drop and run dbt build --target dev first")
    return shown


def read(connection: duckdb.DuckDBPyConnection, chapter: ModuleType) -> page.Found:
    """The rows of each query; none at all of a chapter that was not built. OF_RULES needs the findings of the rules."""
    if not is_built(connection, chapter.QUERIES["rows"]):
        return {"rows": []}
    queries = dict(chapter.QUERIES)
    if is_built(connection, quality.QUERIES["rows"]):
        queries |= getattr(chapter, "OF_RULES", {})
    return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def is_built(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    try:
        connection.execute(query)
    except duckdb.CatalogException:
        return False
    return True
