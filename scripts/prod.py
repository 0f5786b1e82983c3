"""Target prod from end to end: push what is landed, build and test it beside what is published, publish what passed.

Then DuckDB builds the same data, and the two are compared. Where nothing answers at CLICKHOUSE_HOST, the embedded
engine is started for the run and stopped after it.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.processes import dbt_build, run
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.parity import compare_all, describe, published_models
from duckhouse.warehouse.prod import bring
from duckhouse.warehouse.publish import refuse_a_cluster
from duckhouse.warehouse.target_engine import running_clickhouse


def main(words: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m scripts.prod", description=__doc__).parse_args(words)
    refuse_a_cluster()
    with running_clickhouse():
        bring(connect())
        run(dbt_build("dev"))
        results = compare_all(published_models())
    print("\n".join(line for result in results for line in describe(result)))
    return 0 if all(result["equal"] for result in results) else 1


if __name__ == "__main__":
    cli.run(main)
