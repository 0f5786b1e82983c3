"""`python -m support.one_thread` is scripts.clickhouse with settings for tables of a few rows.

A second thread of a query never gets rows, and machine code made of an expression never pays: both cost a fifth of the
engine's time.
"""

from duckhouse import cli
from duckhouse.embedded.clickhouse import engine
from scripts import clickhouse

SETTINGS = {
    "max_threads": 1,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
    "input_format_parallel_parsing": 0,
    "output_format_parallel_formatting": 0,
}
plain_configuration = engine.configuration


def configuration(path: str) -> str:
    settings = "".join(f"<{name}>{value}</{name}>" for name, value in SETTINGS.items())
    return plain_configuration(path).replace("<profiles><default>", f"<profiles><default>{settings}")


if __name__ == "__main__":
    engine.configuration = configuration
    cli.run(clickhouse.main)
