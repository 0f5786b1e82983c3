"""Serves the embedded ClickHouse engine over HTTP, for machines on which no ClickHouse server can be installed.

    python -m scripts.clickhouse [--port 8123] [--data DIR] [--password-env NAME]

One process owns the data directory; dbt, clickhouse-connect, curl and `python -m scripts.push` talk to it as to a
server. SIGTERM or Ctrl-C stops it; what was inserted stays.
"""

import argparse
import ipaddress
import os
import sys
import threading
from pathlib import Path

from duckhouse.cli import UserError, run, until_stopped
from duckhouse.embedded.clickhouse.engine import Engine
from duckhouse.embedded.clickhouse.server import Gateway
from duckhouse.settings import clickhouse, clickhouse_dir

GRACE_SECONDS = 10


def main() -> int:
    options = _options()
    password = _password(options.password_env)
    if password is None and not _is_loopback(options.host):
        raise UserError(f"--host {options.host} is open to other machines: set a password with --password-env NAME")
    server = Gateway(options.host, options.port, password)
    server.attach(Engine(options.data))
    stop = until_stopped()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = ".".join(server.engine.version.split(".")[:2])
    print(
        f"ClickHouse {version} at http://{options.host}:{server.server_port} (data: {server.engine.path})", flush=True
    )
    stop.wait()
    if not server.stop(GRACE_SECONDS):
        # The engine cannot be closed under a running query; what is committed is safe.
        sys.stdout.flush()
        os._exit(0)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.clickhouse", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to serve (default: %(default)s)")
    port = clickhouse().port
    parser.add_argument("--port", type=_port, default=port, help="0 picks a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=clickhouse_dir(), help="data directory (default: %(default)s)")
    parser.add_argument("--password-env", metavar="NAME", help="environment variable with the password to ask for")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


def _password(variable: str | None) -> str | None:
    if variable is None:
        return None
    password = os.environ.get(variable)
    if not password:
        raise UserError(f"--password-env {variable}: the environment variable is not set, or empty")
    return password


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    run(main)
