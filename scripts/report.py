"""Writes report/index.html from the marts on DuckDB: one page, charts inline, nothing loaded from elsewhere."""

import argparse
from pathlib import Path
from types import ModuleType

import duckdb

from scripts.common import cli, settings
from scripts.reports import ad_delivery, ad_serving, consent, page, quality, traffic

REPORT = Path("report/index.html")
SOURCES = (ad_serving, consent, ad_delivery)
CHAPTERS = (quality, traffic, *SOURCES)
WITHOUT_RULES = "Data quality is left out: its rules were not built. dbt build --target dev builds them."

Found = dict[str, list[tuple]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.report", description=__doc__)
    parser.add_argument("--out", type=Path, default=REPORT, metavar="FILE", help=f"default: {REPORT}")
    arguments = parser.parse_args()
    page.need_charts()

    chapters = read_marts()
    sections = [page.navigation(chapter.HEADING for chapter, _ in chapters)]
    if quality not in (chapter for chapter, _ in chapters):
        print(WITHOUT_RULES)
        sections.append(page.paragraph(WITHOUT_RULES))
    for chapter, found in chapters:
        print(chapter.HEADING)
        for name, value in chapter.summary(found):
            print(f"  {name:<34}{value}")
        sections += [page.heading(chapter.HEADING), *chapter.sections(found)]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(page.TEMPLATE.format(sections="\n".join(sections)), encoding="utf-8")
    print(f"report: {arguments.out}")
    return 0


def read_marts() -> list[tuple[ModuleType, Found]]:
    """What the report shows of each chapter that has rows; a UserError where the marts are not built, or all empty."""
    path = settings.duckdb_path()
    if not path.exists():
        raise cli.UserError(f"{path}: no such file; run dbt build --target dev first")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = [(chapter, read(connection, chapter)) for chapter in CHAPTERS]
    except duckdb.Error as error:
        raise cli.UserError(f"{path}: {str(error).splitlines()[0]}; run dbt build --target dev first") from None
    shown = [(chapter, rows) for chapter, rows in found if rows["rows"]]
    if not any(chapter in SOURCES for chapter, _ in shown):
        raise cli.UserError(f"{path}: no events are built; land a drop and run dbt build --target dev first")
    return shown


def read(connection: duckdb.DuckDBPyConnection, chapter: ModuleType) -> Found:
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


if __name__ == "__main__":
    cli.run(main)
