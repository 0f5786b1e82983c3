"""What Dagster loads: dagster dev -m orchestration.definitions, which make orchestrate does."""

from duckhouse.pipeline.config import inflows
from duckhouse.settings import orchestrated_targets
from orchestration.assemble import assembled
from orchestration.project import manifest

defs = assembled(manifest(), inflows(), orchestrated_targets())
