"""Starts and stops `python -m scripts.clickhouse` for a test, on a port and a data directory of its own."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from duckhouse.settings import PROJECT

TESTS = PROJECT / "tests" / "python"
START_SECONDS = 60
STOP_SECONDS = 30
PASSWORD = "clé of the tests"
ADDRESS = re.compile(r"^ClickHouse \d+\.\d+ at http://127\.0\.0\.1:(\d+) \(data: .+\)$")


def start_gateway(
    data_dir: Path,
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    program: Sequence[str] = ("-m", "scripts.clickhouse"),
) -> tuple[subprocess.Popen, int]:
    """A gateway that answers /ping, and its port. `env` is added to this process's environment."""
    process = subprocess.Popen(
        [sys.executable, *program, "--port", "0", "--data", str(data_dir), *options],
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    address = ADDRESS.match(line)
    if address is None:
        process.kill()
        raise AssertionError(f"the gateway did not start: exit code {process.wait()}, first line {line!r}")
    port = int(address[1])
    _wait_for_ping(port)
    return process, port


def start_quick_gateway(data_dir: Path) -> tuple[subprocess.Popen, int]:
    """The same for tables of a few rows."""
    path = os.pathsep.join((str(TESTS), str(PROJECT)))
    return start_gateway(data_dir, {"PYTHONPATH": path}, program=("-m", "support.one_thread"))


def stop(process: subprocess.Popen) -> int:
    """Ends a gateway by SIGTERM, and gives its exit code."""
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _wait_for_ping(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/ping")
            if connection.getresponse().read() == b"Ok.\n":
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
        finally:
            connection.close()
