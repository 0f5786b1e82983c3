"""Serves the embedded ClickHouse engine over HTTP, for machines on which no ClickHouse server can be installed.

    python -m scripts.clickhouse [--port 8123] [--data DIR] [--password-env NAME]

One process owns the data directory; dbt, clickhouse-connect, curl and `python -m scripts.push` use it like a server.
SIGTERM or Ctrl-C stops it; inserted data stays. The password is that in the variable NAME, or in CLICKHOUSE_PASSWORD
where it is set, else one that is generated once and kept in DIR/password.
"""

import argparse
import os
import sys
import threading
from pathlib import Path

from duckhouse.callers import is_loopback
from duckhouse.cli import UserError, run, until_stopped, wait_for
from duckhouse.embedded.clickhouse.engine import Engine, data_directory
from duckhouse.embedded.clickhouse.server import Gateway
from duckhouse.embedded.passwords import given_password, kept_password
from duckhouse.settings import clickhouse, clickhouse_dir, clickhouse_password_file

GRACE_SECONDS = 10
UNCONFINED = (
    "warning: this machine cannot confine the engine to its data (Linux 5.19 and later can, by Landlock): whoever has "
    "the password can find SQL that reads your files"
)


def main() -> int:
    options = _options()
    given = given_password(options.password_env)
    if not given and not is_loopback(options.host):
        raise UserError(f"--host {options.host} is open to other machines: set a password with --password-env NAME")
    folder = data_directory(options.data)
    kept = clickhouse_password_file(folder)
    server = Gateway(options.host, options.port, given or kept_password(kept))
    server.attach(Engine(folder))
    if not server.engine.confined:
        print(UNCONFINED, file=sys.stderr, flush=True)
    stop = until_stopped()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = ".".join(server.engine.version.split(".")[:2])
    where = f"data: {folder}" if given else f"data: {folder}, password in {kept}"
    print(f"ClickHouse {version} at http://{options.host}:{server.server_port} ({where})", flush=True)
    wait_for(stop)
    if not server.stop(GRACE_SECONDS):
        # The engine cannot be closed under a running query; what is committed is safe.
        sys.stdout.flush()
        os._exit(0)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.clickhouse", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    port = clickhouse().port
    parser.add_argument("--port", type=_port, default=port, help="0 picks a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=clickhouse_dir(), help="data directory (default: %(default)s)")
    parser.add_argument(
        "--password-env",
        metavar="NAME",
        help="environment variable with the password (default: CLICKHOUSE_PASSWORD, then DIR/password)",
    )
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


if __name__ == "__main__":
    run(main)
