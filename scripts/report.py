"""Writes report/index.html from what is published on a target: one page, charts inline, nothing loaded from elsewhere.

For dev that is the copy in published/, which each build that passes writes; for prod, the databases on ClickHouse.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.reporting.report import write_report
from duckhouse.settings import report_path


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.report", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="default: %(default)s")
    out = report_path()
    parser.add_argument("--out", type=Path, default=out, metavar="FILE", help=f"default: {out}")
    arguments = parser.parse_args(words)
    for line in write_report(arguments.target, arguments.out):
        print(line)
    print(f"report: {arguments.out}")
    return 0


if __name__ == "__main__":
    cli.run(main)
