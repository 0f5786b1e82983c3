"""Random draws of this source: one independent generator per purpose, day and chunk."""

import numpy as np

_STREAMS = (
    "catalogue",
    "events",
    "late",
    "faults",
    "redelivery",
    "redelivery_faults",
    "files",
    "partner",
    "plan",
    "segments",
    "campaign_faults",
)


def stream(seed: int, name: str, day: int = 0, chunk: int = 0) -> np.random.Generator:
    """The generator of one purpose, day and chunk, independent of all others."""
    return np.random.Generator(np.random.PCG64([seed, _STREAMS.index(name), day, chunk]))
