"""A build on DuckDB in its own process, as users run it: the arguments are options of dbt."""

import sys

from duckhouse.processes import dbt_build, run


def main() -> None:
    run([*dbt_build("dev"), *sys.argv[1:]])
