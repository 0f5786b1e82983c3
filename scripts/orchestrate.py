"""Opens Dagster, which brings, builds, tests and publishes by itself: python -m scripts.orchestrate [--port 3000]

It serves http://127.0.0.1:3000 until Ctrl-C, and asks for a password. Inflows are those of pipeline.yml, targets those
of DUCKHOUSE_TARGETS. It listens on this machine only, unless --host names another address.
"""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from duckhouse import cli
from duckhouse.listening import warn_where_open
from duckhouse.page_password import how_to_sign_in
from duckhouse.pipeline.config import inflows
from duckhouse.settings import PROJECT, orchestrated_targets, orchestration_dir, pipeline_path

HOST = "127.0.0.1"
EXTRA = ("dagster", "dagster_dbt", "dagster_webserver")
GUARDED = "from orchestration.page import develop; develop()"  # dagster dev
CONFIGURATION = PROJECT / "orchestration" / "dagster.yaml"


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.orchestrate", description=__doc__)
    parser.add_argument("--host", default=HOST, help="address of the page (default: %(default)s)")
    parser.add_argument("--port", type=int, default=3000, help="port of the page (default: %(default)s)")
    arguments = parser.parse_args(words)
    host, port = arguments.host, arguments.port
    if not 0 < port < 65536:
        raise cli.UserError(f"--port {port} is not a port number")
    if any(find_spec(name) is None for name in EXTRA):
        raise cli.UserError("Dagster is not installed: pip install -c constraints.txt '.[orchestration]'")
    bringing = inflows()
    targets = ", ".join(orchestrated_targets())
    home = orchestration_dir()
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CONFIGURATION, home / CONFIGURATION.name)
    if not bringing:
        print(f"{pipeline_path()} is not there: what other commands land is built, nothing is brought in")
    warn_where_open(host)
    print(f"Dagster at http://{host}:{port} ({len(bringing)} inflows, target {targets}, data: {home})")
    print(how_to_sign_in(), flush=True)
    place = ("--module-name", "orchestration.definitions", "--working-directory", str(PROJECT))
    os.chdir(PROJECT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Dagster ignores SIGTERM too where a shell's job ignores SIGINT
    os.execve(  # noqa: S606 - in the place of this process, so that Ctrl-C and SIGTERM reach it
        sys.executable,
        [sys.executable, "-c", GUARDED, "--host", host, "--port", str(port), *place],
        {**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(PROJECT)},
    )


if __name__ == "__main__":
    cli.run(main)
