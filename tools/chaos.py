"""Kills commands at every step that they take and looks whether figures still hold: python -m tools.chaos consume

    python -m tools.chaos consume [--kills 200] [--seed 1]     the consumer of a stream, with restarts of its broker

A campaign that was stopped goes on where it was. Ends with exit code 1 where something was lost or doubled.
"""

import argparse
import signal
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from tools.campaigns.stream import campaign, told


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["consume"], help="what is killed")
    parser.add_argument("--kills", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--work", type=Path, help="its folder (default: chaos/consume-SEED)")
    parser.add_argument("--mock", action="store_true", help="on the mock cluster, whatever is installed")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args(words)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # its servers stop with it
    work = (options.work or Path("chaos") / f"{options.command}-{options.seed}").resolve()
    figures, found = campaign(work, options.kills, options.seed, use_mock=options.mock)
    if options.json:
        cli.print_json({**vars(figures), "sums": vars(found)})
    else:
        print("\n".join(told(figures, found)))
    return 1 if found.differences else 0


if __name__ == "__main__":
    cli.run(main)
