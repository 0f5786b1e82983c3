"""What people read, as assets: what is published on a target, the report of it, and whether both targets agree."""

from collections.abc import Iterator, Sequence

import dagster as dg

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.pipeline import steps
from duckhouse.settings import environment
from duckhouse.warehouse import parity, prod
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.reading import reading
from duckhouse.warehouse.target_engine import running
from orchestration import names
from orchestration.project import folder_of

PARITY = "parity"
EQUAL = "both_targets_have_the_same_rows"
SHOWN = 20
AGAIN = dg.RetryPolicy(max_retries=1, delay=10)


def key(target: str) -> dg.AssetKey:
    return dg.AssetKey([target, "published"])


def group(target: str) -> str:
    return f"published_{target}"


def assets(target: str, models: dg.AssetsDefinition) -> list[dg.AssetsDefinition]:
    """What is published, and the report. A test that fails stops the run before them."""

    @dg.asset(
        key=key(target),
        deps=[made for made in models.keys if made.path[1] in PUBLISHED_SCHEMAS],
        description="Marts, quality and reporting as people read them: those of the last build that passed.",
        group_name=group(target),
        kinds={"duckdb" if target == "dev" else "clickhouse"},
        pool=names.engine_pool(target),
        retry_policy=AGAIN,
    )
    def published() -> dg.MaterializeResult[None]:
        """On dev dbt has published what passed; on prod that is done here."""
        try:
            with running(target):
                if target == "prod":
                    with environment({"DBT_TARGET_PATH": str(folder_of(target))}):  # what the build parsed is there
                        prod.publish_waiting(connect())
                with reading(target) as house:
                    at, views = house.built_at(), len(house.views())
        except UserError as error:
            raise dg.Failure(str(error)) from None
        return dg.MaterializeResult(metadata={"published_at": f"{at:%Y-%m-%d %H:%M:%S} UTC", "views": views})

    @dg.asset(
        key=[target, "report"],
        deps=[key(target)],
        description="The report as one HTML page.",
        group_name=group(target),
        kinds={"html"},
    )
    def report() -> dg.MaterializeResult[None]:
        try:
            with running(target):
                told = list(steps.report(target))
        except UserError as error:
            raise dg.Failure(str(error)) from None
        return dg.MaterializeResult(metadata={"report": "; ".join(told)})

    return [published, report]


@dg.asset(
    key=PARITY,
    deps=[key("dev"), key("prod")],
    check_specs=[dg.AssetCheckSpec(EQUAL, asset=PARITY)],
    description="Every published table on DuckDB and on ClickHouse, compared row by row.",
    group_name=PARITY,
    pool=names.engine_pool("prod"),
    retry_policy=AGAIN,
)
def parity_of_targets() -> Iterator[dg.MaterializeResult[None]]:
    try:
        with running("prod"):
            results = parity.compare_all(parity.published_models())
    except UserError as error:
        raise dg.Failure(str(error)) from None
    differing: Sequence[str] = [line for result in results if not result["equal"] for line in parity.describe(result)]
    yield dg.MaterializeResult(
        metadata={"tables": len(results), "equal": sum(result["equal"] for result in results)},
        check_results=[
            dg.AssetCheckResult(
                check_name=EQUAL, passed=not differing, description="; ".join(differing[:SHOWN]) or None
            )
        ],
    )
