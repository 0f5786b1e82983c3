"""`python -m support.one_thread` is scripts.clickhouse with one thread a query: for tables of a few rows a second one
costs an eighth of the engine's time, and never gets rows."""

from duckhouse import cli
from duckhouse.embedded.clickhouse import engine
from scripts import clickhouse

plain_configuration = engine.configuration


def configuration(path: str) -> str:
    return plain_configuration(path).replace("<profiles><default>", "<profiles><default><max_threads>1</max_threads>")


if __name__ == "__main__":
    engine.configuration = configuration
    cli.run(clickhouse.main)
