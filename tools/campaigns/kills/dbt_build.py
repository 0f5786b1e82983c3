"""dbt builds that share one parse of the project: the first argument is the target, the others are options of dbt."""

import gc
import sys
from collections.abc import Sequence

from dbt.contracts.graph.manifest import Manifest

from duckhouse import builds

_manifests: dict[str, Manifest] = {}


def warm_up(words: Sequence[str]) -> None:
    """Parses the project for a target, with the current settings, unless it is parsed already."""
    if words[0] not in _manifests:
        _manifests[words[0]] = builds.parse(target=words[0])
        gc.freeze()  # so that forks need not copy it


def main() -> None:
    target, *options = sys.argv[1:]
    builds.invoke("build", *builds.WITHOUT_FILES, *options, target=target, manifest=_manifests[target])
