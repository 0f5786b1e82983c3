"""Random draws of this source: one independent generator per purpose and company."""

import numpy as np

_STREAMS = ("catalogue", "pilot", "population", "sample", "faults", "redelivery", "files")
_SOURCE = 1_000  # keeps the streams apart from those of the other sources
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZabcdefghijkmnpqrtwxyz2346789"


def stream(seed: int, name: str, company: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, _SOURCE, _STREAMS.index(name), company]))


def weighted(rng: np.random.Generator, weights: list[int] | tuple[int, ...] | np.ndarray, size: int) -> np.ndarray:
    """Indexes drawn by integer weights."""
    ends = np.cumsum(weights)
    return np.searchsorted(ends, rng.integers(0, ends[-1], size), side="right")


def word(rng: np.random.Generator, length: int = 8) -> str:
    """A made-up id of letters and digits."""
    return "".join(_LETTERS[i] for i in rng.integers(0, len(_LETTERS), length))
