"""All definitions of Dagster, put together."""

from collections.abc import Sequence

import dagster as dg

from duckhouse.pipeline.config import Inflow
from orchestration import builds, inflows, landing
from orchestration.models import ALL, models
from orchestration.project import Manifest


def assembled(
    manifest: Manifest, bringing: Sequence[Inflow], targets: Sequence[str], select: str = ALL
) -> dg.Definitions:
    """What dbt makes of a selection on these targets, and what brings the data for it."""
    return dg.Definitions.merge(
        dg.Definitions(
            assets=landing.specs(manifest, bringing),
            asset_checks=list(landing.checks(manifest)),
            executor=dg.in_process_executor,  # steps of a run follow each other
        ),
        *inflows.definitions(bringing),
        *builds.definitions(manifest, targets, [models(target, manifest, select) for target in targets]),
    )
