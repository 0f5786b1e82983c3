"""Keeps every published table of a target as Parquet, and compares two such folders row by row.

    python -m tools.published dump FOLDER --target dev
    python -m tools.published compare BEFORE AFTER [--names FILE]

Two builds of one landing zone, before and after a change of shape, must hold the same rows. FILE says in JSON what has
another name after the change: {"tables": {old: new}, "columns": {new table: {old: new}}}.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.warehouse.dumps import compare, dump


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.published", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    dumping = commands.add_parser("dump", help="keep the published tables of a target")
    dumping.add_argument("folder", type=Path)
    dumping.add_argument("--target", choices=("dev", "prod"), default="dev")
    comparing = commands.add_parser("compare", help="compare two folders; exit code 1 where rows differ")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--names", type=Path, metavar="FILE", help="what has another name after the change")
    options = parser.parse_args(words)
    if options.command == "dump":
        print(f"{options.folder}: {dump(options.folder, options.target)} tables of {options.target}")
        return 0
    names = json.loads(options.names.read_text(encoding="utf-8")) if options.names else {}
    differences = list(compare(options.before, options.after, names))
    print("\n".join(differences) or "every published row is the same")
    return 1 if differences else 0


if __name__ == "__main__":
    cli.run(main)
