"""Opens the dashboard of what is published: python -m scripts.dashboard [--target prod] [--port PORT]

It asks for a password and can only read. It listens on this machine only, unless --host names another address.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from duckhouse import cli
from duckhouse.listening import warn_where_open
from duckhouse.page_password import how_to_sign_in
from duckhouse.processes import run
from duckhouse.settings import DASHBOARD_TARGET, PROJECT
from duckhouse.warehouse.target_engine import running

HOST, PORT = "127.0.0.1", 8501


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.dashboard", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="DuckDB (default) or ClickHouse")
    parser.add_argument("--host", default=HOST, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on (default: %(default)s)")
    arguments = parser.parse_args(words)
    if not find_spec("streamlit"):
        raise cli.UserError("streamlit is not installed: pip install -c constraints.txt '.[dashboard]', or make setup")
    app = str(PROJECT / "dashboard" / "served.py")
    at = [f"--server.address={arguments.host}", f"--server.port={arguments.port}"]
    warn_where_open(arguments.host)
    with running(arguments.target):
        page = f"http://{arguments.host}:{arguments.port}"
        print(f"{page} shows what is published on {arguments.target}; Ctrl-C ends it")
        print(how_to_sign_in(), flush=True)
        run([sys.executable, "-m", "streamlit", "run", app, *at], {**os.environ, DASHBOARD_TARGET: arguments.target})
    return 0


if __name__ == "__main__":
    cli.run(main)
