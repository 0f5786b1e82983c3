"""What campaigns draw from a seed: the same again for the same words."""

import random
from collections.abc import Sequence


def by_seed(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 (drawn to be the same again)


def drawn(known: Sequence[str], draw: random.Random) -> int:
    """The number of a moment, of the names of moments in their order; each name is as likely as any other."""
    name = draw.choice(sorted(set(known)))
    return draw.choice([number for number, each in enumerate(known, 1) if each == name])
