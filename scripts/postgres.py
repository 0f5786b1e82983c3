"""Serves the embedded PostgreSQL, for machines on which no server can be installed.

    python -m scripts.postgres [--port 5432]          serves it until Ctrl-C or SIGTERM
    python -m scripts.postgres --migrate [SOURCE]     brings the schema of the sources, or of one, to the databases that
                                                      the environment names, and ends

Commands that need a database start the server by themselves where no settings name one; this keeps it running.
"""

import argparse

from duckhouse.cli import UserError, run, until_stopped
from duckhouse.embedded.migrate import migrate, migrations
from duckhouse.embedded.postgres import HOST, ROLE, embedded, prepare
from duckhouse.extraction.database import KIND, database_of, postgres_source
from duckhouse.settings import postgres_dir
from duckhouse.sources import sources


def main() -> int:
    options = _options()
    if options.migrate:
        for name in [options.source] if options.source else sources(KIND):
            _migrate(name)
        return 0
    return _serve(options.port)


def _serve(port: int) -> int:
    stop = until_stopped()
    folder = postgres_dir()
    with embedded(folder, port) as server:
        for name in sources(KIND):
            prepare(server, name)
            print(
                f"PostgreSQL at postgresql://{ROLE}@{HOST}:{port}/{name} (password in {folder / 'password'})",
                flush=True,
            )
        stop.wait()
    return 0


def _migrate(name: str) -> None:
    with database_of(postgres_source(name)) as database, database.connect() as connection:
        applied = migrate(connection, name)
        told = ", ".join(applied) or ("the schema is there" if migrations(name) else f"no migrations of {name}")
        print(f"{database.address}: {told}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.postgres", description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="with --migrate: the source (default: each)")
    parser.add_argument("--port", type=int, default=5432, help="port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--migrate", action="store_true", help="only create what is missing of the schema, and end")
    options = parser.parse_args()
    if options.source and not options.migrate:
        parser.error("a SOURCE is for --migrate: the server has a database for each")
    if not 0 < options.port < 65536:
        raise UserError(f"--port {options.port} is not a port number")
    return options


if __name__ == "__main__":
    run(main)
