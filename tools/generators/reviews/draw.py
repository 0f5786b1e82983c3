"""Random draws of this source: one independent generator per purpose, day and chunk."""

from functools import cache

import numpy as np

_STREAMS = (
    *("catalogue", "metadata", "reviews", "plan", "faults", "files"),
    *("redelivery", "late", "files_again", "reissue"),
)
_SOURCE = 2_000  # keeps the streams apart from those of the other sources


def stream(seed: int, name: str, day: int = 0, chunk: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, _SOURCE, _STREAMS.index(name), day, chunk]))


@cache
def power_law(size: int, shift: int, exponent: float) -> np.ndarray:
    """Cumulative integer weights of the ranks 0 to size - 1: 1 / (rank + shift) ^ exponent."""
    weights = (1e9 / np.arange(shift, size + shift, dtype=np.float64) ** exponent).round().astype(np.int64)
    return np.maximum(weights, 1).cumsum()


def ranks(rng: np.random.Generator, cumulative: np.ndarray, size: int) -> np.ndarray:
    """Places drawn by cumulative weights."""
    return np.searchsorted(cumulative, rng.integers(0, cumulative[-1], size), side="right")
