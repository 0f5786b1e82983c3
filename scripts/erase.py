"""Removes from landing the deliveries that hold a reviewer of seeds/erased_reviewers.csv, after all targets are built.

docs/erasure.md has the steps before and after. Name every target that you build: what one of them has not staged and
emptied stays.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.settings import TARGETS
from duckhouse.warehouse.erase import describe, erase


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.erase", description=__doc__)
    parser.add_argument("--target", nargs="+", required=True, choices=TARGETS, help="the targets that you build")
    parser.add_argument("--dry-run", action="store_true", help="list the deliveries and remove nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(words)
    result = erase(options.target, dry_run=options.dry_run)
    if options.json:
        cli.print_json(result)
    else:
        print("\n".join(describe(result)))
    return 0


if __name__ == "__main__":
    cli.run(main)
