"""Publishes what was built beside: each relation of <prefix>_audit_<schema> becomes that of <prefix>_<schema>.

It does not ask whether the build ended well: python -m scripts.prod builds, and publishes only then.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.settings import clickhouse
from duckhouse.turns import turn
from duckhouse.warehouse.connection import asking, connect
from duckhouse.warehouse.publish import describe, publish


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.publish", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args(words)
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
