"""Brings a target up to date with what is landed: python -m scripts.pipeline [--target prod] [--if-new]

On dev it builds and tests with DuckDB. On prod it pushes, builds beside what is published, and publishes what passes.
One line of cron can run it.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.landing.looks import looks_in
from duckhouse.processes import dbt_build, run
from duckhouse.settings import PROJECT, landing_dir
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.news import is_new
from duckhouse.warehouse.pushed_looks import push_looks


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.pipeline", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="DuckDB (default) or ClickHouse")
    parser.add_argument(
        "--if-new", action="store_true", help="do nothing if code and deliveries are those of the last good build"
    )
    arguments = parser.parse_args(words)
    looks = looks_in(PROJECT / landing_dir())
    if arguments.if_new and not is_new(arguments.target):
        if looks and arguments.target == "prod":
            push_looks(connect(), looks)
        print(f"{arguments.target} is up to date")
        return 0
    build(arguments.target)
    return 0


def build(target: str) -> None:
    if target == "dev":
        run(dbt_build("dev"))
        return
    from duckhouse.warehouse import prod, publish  # they import dbt, which takes seconds

    publish.refuse_a_cluster()
    with prod.running_clickhouse():
        prod.bring(connect())


if __name__ == "__main__":
    cli.run(main)
