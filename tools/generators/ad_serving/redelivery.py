"""The redelivery: a partial second version of the last days, with corrected amounts and late events."""

from dataclasses import dataclass

import numpy as np

from tools.generators.ad_serving.catalogue import CLICK, IMPRESSION, Catalogue
from tools.generators.ad_serving.draw import stream
from tools.generators.ad_serving.events import Events, Span, draw_chunk
from tools.generators.ad_serving.segments import Segment, shape
from tools.generators.columns import concat, take
from tools.generators.draw import share

DAYS = 3
REPEATED = 400_000  # rows per million, as the next ones
LATE = 20_000
CORRECTED_PERCENT = 40  # of the repeated events with revenue
UNSETTLED_PERCENT = 10


@dataclass
class Redelivered:
    """`events` are the repeated rows followed by the late ones; `before` are the repeated rows as first delivered."""

    events: Events
    before: Events

    @property
    def repeated(self) -> int:
        return len(self.before)


def draw_redelivery(
    catalogue: Catalogue,
    segments: list[Segment],
    seed: int,
    day: int,
    chunk: int,
    span: Span,
    delivered: Events,
    untouched: np.ndarray,
) -> Redelivered:
    """Repeats part of the `untouched` rows of a delivered chunk and adds late events of the same hours, which the
    faulty `segments` of the run affect like the others."""
    rng = stream(seed, "redelivery", day, chunk)
    count = len(delivered)
    rows = np.sort(rng.permutation(untouched)[: share(rng, count, REPEATED)])
    before, repeated = take(delivered, rows), take(delivered, rows)

    earning = np.isin(repeated.kind, (IMPRESSION, CLICK)) & (repeated.revenue > 0)
    drawn = rng.integers(0, 100, len(rows))
    changed = repeated.revenue * rng.integers(800, 1201, len(rows)) // 1000
    changed = np.maximum(changed, repeated.floor)
    changed += changed == repeated.revenue
    repeated.revenue = np.where(earning & (drawn < CORRECTED_PERCENT), changed, repeated.revenue)
    repeated.unsettled = earning & (drawn >= 100 - UNSETTLED_PERCENT)

    wanted = share(rng, count, LATE)
    if not wanted:
        return Redelivered(repeated, before)
    late = draw_chunk(catalogue, seed, day, chunk, wanted, span, purpose="late")
    late, _ = shape(late, segments, day, span)
    late.dashed[:] = delivered.dashed[0]
    return Redelivered(concat([repeated, late]), before)
