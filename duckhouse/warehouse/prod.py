"""Target prod from end to end: push what is landed, build and test it beside what is published, publish what passed.

Then DuckDB builds the same data, and the two are compared. Where nothing answers at CLICKHOUSE_HOST, the embedded
engine is started for the run and stopped after it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clickhouse_connect.driver.client import Client

from duckhouse import cli, settings
from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.dbt_plugin.graph import ALL, Done, version_of_all
from duckhouse.processes import DBT, run
from duckhouse.turns import Turn, turn
from duckhouse.warehouse import publish, push
from duckhouse.warehouse.connection import asking
from duckhouse.warehouse.news import published

# snapshots of what people saw are taken only of figures that are about to be published, never of blocked ones
PUBLISHED_FIGURES = "tag:published_figures"
# options of dbt: first what is built beside and tested, then the snapshots of it
AUDITED = ("--exclude", PUBLISHED_FIGURES)
FIGURES = ("--select", PUBLISHED_FIGURES, "--exclude-resource-type", "test")


def bring(client: Client) -> None:
    """Pushes, builds beside and publishes. Raises UserError and publishes nothing where a model or a test fails, or
    another run is active."""
    with turn(settings.clickhouse().prefix, asking) as own:
        with audited(client, own):
            build_beside()
        finish(client)


@contextmanager
def audited(client: Client, own: Turn) -> Iterator[None]:
    """Pushes, lets the block build and test beside what is published, and records that it passed if it ends without an
    error. What passed waits to be published by finish()."""
    if publish.is_waiting(client):
        finish(client)
    code = fingerprint(settings.PROJECT)
    for result in push.push():
        print("\n".join(push.describe(result)), flush=True)
    version = version_of_all(code, published(client).deliveries())
    publish.start(client)
    yield
    own.check()
    publish.passed(client, version)


def publish_waiting(client: Client) -> None:
    """Publishes what passed, if that has not been done since."""
    with turn(settings.clickhouse().prefix, asking):
        if publish.is_waiting(client):
            finish(client)


def build_beside() -> None:
    results = settings.dbt_target_dir() / "run_results.json"
    results.unlink(missing_ok=True)
    try:
        run_beside("build", *AUDITED)
    except cli.UserError as error:
        failed = [name for name, _ in with_status(results, "error", "fail")]
        raise cli.UserError(
            f"nothing is published, {settings.clickhouse().prefix}_* keep the figures of the last good build: "
            f"{' and '.join(failed) + ' failed' if failed else error}; what dbt said is above, "
            f"what it built is in {settings.audit_prefix()}_*"
        ) from None
    for name, message in with_status(results, "warn"):
        print(f"warning: {name}: {message}", flush=True)


def finish(client: Client) -> None:
    """Publishes a build that passed."""
    version = publish.version_that_passed(client)
    run_beside("build", *FIGURES)
    print(publish.describe(publish.publish(client)), flush=True)
    published(client).write({ALL: Done(version, "success", "")})


def run_beside(*command: str) -> None:
    """Runs dbt on the audit databases, beside those that people read."""
    env = {**os.environ, "CLICKHOUSE_PREFIX": settings.audit_prefix()}
    run([DBT, "--quiet", *command, "--target", "prod"], env)


def with_status(results: Path, *statuses: str) -> list[tuple[str, str]]:
    """The names and messages of the nodes with these statuses in dbt's last run; none where dbt did not run them."""
    if not results.exists():
        return []
    found = json.loads(results.read_text())["results"]
    return [(result["unique_id"].split(".")[2], result["message"]) for result in found if result["status"] in statuses]
