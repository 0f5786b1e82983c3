"""A build on DuckDB in a process of its own, as people run it: the words are options of dbt."""

import sys

from duckhouse.processes import dbt_build, run


def main() -> None:
    run([*dbt_build("dev"), *sys.argv[1:]])
