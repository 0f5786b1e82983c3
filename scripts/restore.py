"""Puts a backup back: python -m scripts.restore --from DIR|s3://BUCKET/PREFIX [--backup ID]

Every byte is checked before anything is touched, and nothing is overwritten: the landing zone, the lake, the DuckDB
file and the databases that the settings name must not be there yet. docs/backup.md says what to do afterwards.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from duckhouse import cli
from duckhouse.backup.restore import backups, checked, describe, restore


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.restore", description=__doc__)
    parser.add_argument("--from", dest="place", required=True, metavar="PLACE", help="a folder, or s3://BUCKET/PREFIX")
    parser.add_argument("--backup", metavar="ID", help="default: the newest")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--list", action="store_true", help="list the backups and restore nothing")
    ways.add_argument("--check", action="store_true", help="check every byte and restore nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(words)
    result: Any
    if options.list:
        result = lines = backups(options.place)
    elif options.check:
        identity, backup, _ = checked(options.place, options.backup)
        result = {"backup": identity, "files": len(backup.files)}
        lines = [f"backup {identity}: {len(backup.files):,} files are whole"]
    else:
        result = restore(options.place, options.backup)
        lines = list(describe(result))
    if options.json:
        cli.print_json(result)
    elif lines:
        print("\n".join(lines))
    return 0


if __name__ == "__main__":
    cli.run(main)
