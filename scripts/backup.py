"""Backs up what cannot be made again: python -m scripts.backup --to DIR|s3://BUCKET/PREFIX [--target dev prod]

A backup holds the landing zone, the lake, and the databases of the targets. What an earlier backup in the same place
has is not written again. python -m scripts.restore puts it back.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.backup.make import back_up, describe
from duckhouse.settings import TARGETS


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.backup", description=__doc__)
    parser.add_argument("--to", required=True, metavar="PLACE", help="a folder, or s3://BUCKET/PREFIX")
    parser.add_argument("--target", nargs="+", choices=TARGETS, default=["dev"], help="default: dev")
    parser.add_argument(
        "--keep", type=cli.above_zero(int), metavar="N", help="remove all but the newest N backups (default: none)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(words)
    result = back_up(options.to, options.target, options.keep)
    if options.json:
        cli.print_json(result)
    else:
        print("\n".join(describe(result)))
    return 0


if __name__ == "__main__":
    cli.run(main)
