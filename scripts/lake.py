"""Shows what the lakes of streams hold and how to read them, or maintains them.

    python -m scripts.lake [SOURCE…]               rows, offsets, and the queries that read them
    python -m scripts.lake --maintain [SOURCE…]    puts small files together, drops old snapshots, removes leftovers

Maintenance is safe while the consumer runs. The consumer does a share of it itself; a nightly run does the rest.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.streaming.lake.status import maintained, queries, status, tables


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.lake", description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="*", help="sources of kind stream (default: all)")
    parser.add_argument("--maintain", action="store_true", help="maintain the lakes")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = parser.parse_args(words)
    results = []
    for table in tables(arguments.source):
        results.append(maintained(table) if arguments.maintain else status(table))
        if not arguments.json:
            print("\n".join(f"{name:<11} {value}" for name, value in results[-1].items()))
            print("" if arguments.maintain else "\n" + "\n".join(queries(table)) + "\n")
    if arguments.json:
        cli.print_json(results)
    return 0


if __name__ == "__main__":
    cli.run(main)
