"""Target prod from end to end: push what is landed, build on ClickHouse and on DuckDB, compare the two.

Where nothing answers at CLICKHOUSE_HOST, the embedded engine is started for the run and stopped after it.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.common import cli, settings
from scripts.common.clickhouse import answers
from scripts.common.processes import DBT, embedded_clickhouse, run, script

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def main() -> int:
    argparse.ArgumentParser(prog="python -m scripts.prod", description=__doc__).parse_args()
    with clickhouse():
        run(script("push"))
        run([DBT, "--quiet", "build", "--target", "prod"])
        run([DBT, "--quiet", "build", "--target", "dev"])
        run(script("parity"))
    return 0


@contextmanager
def clickhouse() -> Iterator[None]:
    """A ClickHouse at the address of the settings: the one that answers, else the embedded engine."""
    server = settings.clickhouse()
    if answers(server):
        yield
        return
    if server.host not in LOOPBACK or server.secure:
        raise cli.UserError(f"no ClickHouse answers at {server.host}:{server.port}; start it, or unset CLICKHOUSE_HOST")
    password = ["--password-env", "CLICKHOUSE_PASSWORD"] if server.password else []
    with embedded_clickhouse("--port", str(server.port), *password) as greeting:
        print(greeting, flush=True)
        yield


if __name__ == "__main__":
    cli.run(main)
