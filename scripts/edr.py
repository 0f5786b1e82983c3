"""Writes report/elementary.html: builds Elementary's models, runs every data test with Elementary on, runs edr.

The tested tables must be built first. For target prod the embedded ClickHouse is started where no server answers.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.reporting.elementary import REPORT, build_report, elementary_packages


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.edr", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=REPORT, metavar="FILE", help=f"default: {REPORT}")
    parser.add_argument("--check", action="store_true", help="only check whether Elementary's dbt package is installed")
    arguments = parser.parse_args(words)
    if arguments.check:
        elementary_packages()
        return 0
    outcomes = build_report(arguments.target, arguments.out)
    print(f"report: {arguments.out} ({', '.join(f'{count} {status}' for status, count in sorted(outcomes.items()))})")
    if outcomes["error"]:
        raise cli.UserError(f"{outcomes['error']} tests could not run; build target {arguments.target} first")
    return 0


if __name__ == "__main__":
    cli.run(main)
