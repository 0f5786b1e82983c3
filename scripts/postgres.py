"""Serves the embedded PostgreSQL, for machines on which no server can be installed.

    python -m scripts.postgres [--port 5432]          serves it until Ctrl-C or SIGTERM
    python -m scripts.postgres --migrate [SOURCE]     brings the schema of a source to its database, or of all whose
                                                      database the environment names, and ends

Commands that need a database start the server themselves where no setting names one; this command keeps it running.
"""

import argparse

from duckhouse.cli import UserError, run, until_stopped, wait_for
from duckhouse.embedded.migrate import migrate, migrations
from duckhouse.embedded.postgres import HOST, ROLE, embedded, prepare
from duckhouse.extraction.database import database_of, is_named, source_with_database, sources_with_database
from duckhouse.settings import postgres_dir
from duckhouse.sources import STREAM, Source
from duckhouse.streaming.store.timeseries import open_store


def main() -> int:
    options = _options()
    if not options.migrate:
        return _serve(options.port)
    every = sources_with_database()
    named = [source for source in every if is_named(source)]
    for source in [source_with_database(options.source)] if options.source else named or every:
        _migrate(source)
    return 0


def _serve(port: int) -> int:
    stop = until_stopped()
    folder = postgres_dir()
    with embedded(folder, port) as server:
        for source in sources_with_database():
            prepare(server, source.name)
            print(
                f"PostgreSQL at postgresql://{ROLE}@{HOST}:{port}/{source.name} (password in {folder / 'password'})",
                flush=True,
            )
        wait_for(stop)
    return 0


def _migrate(source: Source) -> None:
    with database_of(source) as database, database.connect() as connection:
        applied = migrate(connection, source.name)
        told = ", ".join(applied) or (
            "the schema is there" if migrations(source.name) else f"no migrations of {source.name}"
        )
        print(f"{database.address}: {told}")
    if source.kind == STREAM:
        with open_store(source, source.entities[0]):
            pass


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.postgres", description=__doc__.splitlines()[0])
    parser.add_argument(
        "source", nargs="?", metavar="SOURCE", help="with --migrate: the source (default: every one with a database)"
    )
    parser.add_argument("--port", type=int, default=5432, help="port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--migrate", action="store_true", help="create what is missing in the schema, then exit")
    options = parser.parse_args()
    if options.source and not options.migrate:
        parser.error("a SOURCE is for --migrate: the server has a database for each")
    if not 0 < options.port < 65536:
        raise UserError(f"--port {options.port} is not a port number")
    return options


if __name__ == "__main__":
    run(main)
