"""Writes Elementary's report of a target: builds its models, runs every data test with Elementary on, and runs edr.

The tested tables must be built first. For target prod the embedded ClickHouse is started where no server answers.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.reporting.elementary import build_report, report_path


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.edr", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"default: {report_path('TARGET')}")
    arguments = parser.parse_args(words)
    out = arguments.out or report_path(arguments.target)
    outcomes = build_report(arguments.target, out)
    print(f"report: {out} ({', '.join(f'{count} {status}' for status, count in sorted(outcomes.items()))})")
    if outcomes["error"]:
        raise cli.UserError(f"{outcomes['error']} tests could not run; build target {arguments.target} first")
    return 0


if __name__ == "__main__":
    cli.run(main)
