"""Random draws that are the same on every machine: integers only."""

import math
from statistics import NormalDist

import numpy as np


def pick(rng: np.random.Generator, weights: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """For each entry of `cells` (row numbers of `weights`), a column drawn by that row's integer weights."""
    cumulative = weights.cumsum(axis=1)
    totals = cumulative[:, -1]
    before = totals.cumsum() - totals
    drawn = rng.integers(0, totals[cells]) + before[cells]
    flat = (cumulative + before[:, None]).ravel()
    return np.searchsorted(flat, drawn, side="right") - cells * weights.shape[1]


def lognormal_table(sigma: float, size: int = 4096) -> np.ndarray:
    """Quantiles of a lognormal distribution with median 1, in ten-thousandths: draw an index, never a float."""
    normal = NormalDist()
    quantiles = (math.exp(sigma * normal.inv_cdf((i + 0.5) / size)) for i in range(size))
    return np.array([round(10_000 * q) for q in quantiles], dtype=np.int64)


def share(rng: np.random.Generator, rows: int, per_million: int) -> int:
    """`rows` x `per_million`, its fraction rounded up or down by chance, so that small runs have the right mean."""
    whole, fraction = divmod(rows * per_million, 1_000_000)
    return whole + int(rng.integers(0, 1_000_000) < fraction)


def mix(values: np.ndarray, salt: int) -> np.ndarray:
    """SplitMix64 of 64-bit integers: a stable hash for made-up identities."""
    z = values.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def draw_ids(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Random UUIDs, version 4, as bytes."""
    ids = np.frombuffer(rng.bytes(rows * 16), dtype=np.uint8).reshape(rows, 16).copy()
    ids[:, 6] = ids[:, 6] & 0x0F | 0x40
    ids[:, 8] = ids[:, 8] & 0x3F | 0x80
    return ids
