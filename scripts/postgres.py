"""Serves the embedded PostgreSQL of the ad delivery database, for machines on which no server can be installed.

    python -m scripts.postgres [--port 5432]    serves it until Ctrl-C or SIGTERM
    python -m scripts.postgres --migrate        brings the schema to the database that the environment names, and ends

Commands that need the database start it by themselves where POSTGRES_DSN is not set; this keeps it running.
"""

import argparse
import signal
import threading

from duckhouse.cli import UserError, run
from duckhouse.embedded.migrate import migrate
from duckhouse.embedded.postgres import DATABASE, HOST, USER, embedded
from duckhouse.extraction.database import source_database
from duckhouse.settings import postgres_dir


def main() -> int:
    options = _options()
    return _migrate() if options.migrate else _serve(options.port)


def _serve(port: int) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    folder = postgres_dir()
    with embedded(folder, port):
        print(
            f"PostgreSQL at postgresql://{USER}@{HOST}:{port}/{DATABASE} (password in {folder / 'password'})",
            flush=True,
        )
        stop.wait()
    return 0


def _migrate() -> int:
    with source_database() as database, database.connect() as connection:
        applied = migrate(connection)
        print(f"{database.address}: {', '.join(applied) if applied else 'the schema is there'}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.postgres", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=5432, help="port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--migrate", action="store_true", help="only create what is missing of the schema, and end")
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        raise UserError(f"--port {options.port} is not a port number")
    return options


if __name__ == "__main__":
    run(main)
