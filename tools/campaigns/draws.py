"""What campaigns draw from a seed: the same words give the same draws."""

import random
from collections.abc import Sequence


def by_seed(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 (drawn to be the same again)


def drawn(known: Sequence[str], draw: random.Random) -> int:
    """The number of a moment, drawn from the names of moments in order; each name is equally likely."""
    name = draw.choice(sorted(set(known)))
    return draw.choice([number for number, each in enumerate(known, 1) if each == name])
