"""Publishes what is built, whether or not it passed; a build that passes is published by itself.

On prod each relation of <prefix>_audit_<schema> replaces the one in <prefix>_<schema>. On dev the copy that people read
is recreated from the DuckDB file.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.settings import clickhouse
from duckhouse.turns import turn
from duckhouse.warehouse.connection import asking, connect
from duckhouse.warehouse.publish import describe, publish, publish_dev


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.publish", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="prod", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args(words)
    if arguments.target == "dev":
        result = publish_dev()
    else:
        client = connect()
        with turn(clickhouse().prefix, asking):
            result = publish(client)
    if arguments.json:
        cli.print_json(result)
    else:
        print(describe(result))
    return 0


if __name__ == "__main__":
    cli.run(main)
