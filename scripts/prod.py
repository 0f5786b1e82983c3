"""Target prod from end to end: push what is landed, build on ClickHouse and on DuckDB, compare the two.

Where nothing answers at CLICKHOUSE_HOST, the embedded engine is started for the run and stopped after it.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.common import cli, settings
from scripts.common.clickhouse import answers

DBT = str(Path(sys.executable).with_name("dbt"))
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECONDS_TO_STOP = 60


def main() -> int:
    argparse.ArgumentParser(prog="python -m scripts.prod", description=__doc__).parse_args()
    with clickhouse():
        step(sys.executable, "-m", "scripts.push")
        step(DBT, "--quiet", "build", "--target", "prod")
        step(DBT, "--quiet", "build", "--target", "dev")
        step(sys.executable, "-m", "scripts.parity")
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
    command = [sys.executable, "-m", "scripts.clickhouse", "--port", str(server.port)]
    if server.password:
        command += ["--password-env", "CLICKHOUSE_PASSWORD"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=settings.PROJECT) as process:
        try:
            greeting = process.stdout.readline()
            if not greeting:
                raise cli.UserError("the embedded ClickHouse did not start; what it said is above")
            print(greeting, end="", flush=True)
            yield
        finally:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()


def step(*command: str) -> None:
    code = subprocess.run(command, cwd=settings.PROJECT).returncode
    if code:
        name = " ".join(Path(word).name for word in command)
        raise cli.UserError(f"{name} ended with {code}; what it said is above")


if __name__ == "__main__":
    cli.run(main)
