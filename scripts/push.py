"""Brings landed deliveries into the raw tables of a ClickHouse: python -m scripts.push [SOURCE…]"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.warehouse.push import describe, push


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.push", description=__doc__)
    parser.add_argument("source", nargs="*", help="the sources to push (default: all)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args(words)
    results = push(arguments.source)
    if arguments.json:
        cli.print_json(results)
    else:
        print("\n".join(line for result in results for line in describe(result)))
    return 0


if __name__ == "__main__":
    cli.run(main)
