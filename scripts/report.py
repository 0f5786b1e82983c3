"""Writes report/index.html from the marts on DuckDB: one page, charts inline, nothing loaded from elsewhere."""

import argparse
from pathlib import Path
from types import ModuleType

import duckdb

from scripts.common import cli, settings
from scripts.reports import ad_serving, consent, page

REPORT = Path("report/index.html")
SOURCES = (ad_serving, consent)

Found = dict[str, list[tuple]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.report", description=__doc__)
    parser.add_argument("--out", type=Path, default=REPORT, metavar="FILE", help=f"default: {REPORT}")
    arguments = parser.parse_args()
    page.need_charts()

    sources = read_marts()
    sections = []
    for source, found in sources:
        print(source.HEADING)
        for name, value in source.summary(found):
            print(f"  {name:<34}{value}")
        sections += [page.heading(source.HEADING), *source.sections(found)]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(page.TEMPLATE.format(sections="\n".join(sections)), encoding="utf-8")
    print(f"report: {arguments.out}")
    return 0


def read_marts() -> list[tuple[ModuleType, Found]]:
    """What the report shows of each source that has rows; a UserError where the marts are not built, or all empty."""
    path = settings.duckdb_path()
    if not path.exists():
        raise cli.UserError(f"{path}: no such file; run dbt build --target dev first")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = [(source, read(connection, source)) for source in SOURCES]
    except duckdb.Error as error:
        raise cli.UserError(f"{path}: {str(error).splitlines()[0]}; run dbt build --target dev first") from None
    shown = [(source, rows) for source, rows in found if rows["rows"]]
    if not shown:
        raise cli.UserError(f"{path}: no events are built; land a drop and run dbt build --target dev first")
    return shown


def read(connection: duckdb.DuckDBPyConnection, source: ModuleType) -> Found:
    """The rows of each query; none at all of a source that was not built."""
    try:
        connection.execute(source.QUERIES["rows"])
    except duckdb.CatalogException:
        return {"rows": []}
    return {name: connection.execute(query).fetchall() for name, query in source.QUERIES.items()}


if __name__ == "__main__":
    cli.run(main)
