"""Makes up data of every source, lands it as two deliveries, and builds after each, on DuckDB: python -m tools.demo

Works where the environment says; demo.env names folders of the demo's own. What is done already is not done again.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.processes import dbt_build, run
from tools.generators import generators

BUILD = dbt_build("dev")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--drops", type=Path, default=Path("demo/drops"), metavar="DIR", help="default: %(default)s")
    drops = parser.parse_args(words).drops.resolve()
    for source, generator in generators().items():
        generator.deliver_first(drops / source)
    run([*BUILD, "--exclude", "tag:quality"])
    for source, generator in generators().items():
        generator.deliver_later(drops / source)
    run(BUILD)
    return 0


if __name__ == "__main__":
    cli.run(main)
