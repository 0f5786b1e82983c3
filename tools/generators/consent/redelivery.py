"""The redelivery: files of some companies again, with corrections, unchanged records, and late events."""

from dataclasses import dataclass

import numpy as np

from tools.generators.columns import concat, take
from tools.generators.consent import spoil
from tools.generators.consent.faults import NUMBERS, given, not_a_choice
from tools.generators.consent.rows import Rows
from tools.generators.draw import share
from tools.generators.texts import HOUR_MS

LATE = 20_000  # rows per million, as the next ones
REPEATED = 400_000
CORRECTED_PERCENT = 15  # of the repeated records of a type
UNUSABLE = 10_000

CHANGES = {
    "consent_changed": "the record's CONSENT and the choice in its PARAMETERS are others than first delivered",
    "moved_later": "the record's EVENT_TIME and WINDOW_START are later than first delivered",
    "late_event": "the record is in the redelivery only",
    "company_changed": "the company's row differs from the one first delivered",
}
UNUSABLE_CORRECTION = "unusable_correction"
UNUSABLE_RULE = "a correction whose EVENT_TIME is none; the record as first delivered stays"
TAGS = {kind: number for number, kind in enumerate((*CHANGES, UNUSABLE_CORRECTION), start=len(NUMBERS) + 1)}


@dataclass
class Redelivered:
    """`rows` is the file again; the records of `before` no longer hold, those of `rows` do where they are stored."""

    rows: Rows
    before: Rows


def split_late(rows: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """What is delivered first, and what only the redelivery brings."""
    late = rng.permutation(len(rows))[: share(rng, len(rows), LATE)]
    is_late = np.isin(np.arange(len(rows)), late)
    return take(rows, np.flatnonzero(~is_late)), take(rows, np.flatnonzero(is_late))


def draw_redelivery(delivered: Rows, late: Rows, rng: np.random.Generator, *, clean: bool) -> Redelivered:
    """Repeats part of the records without a planted fault."""
    untouched = np.flatnonzero(delivered.tag == 0)
    chosen = np.sort(rng.permutation(untouched)[: share(rng, len(untouched), REPEATED)])
    before, rows = take(delivered, chosen), take(delivered, chosen)
    drawn = rng.integers(0, 100, len(rows))

    changed = np.flatnonzero(given(rows) & (drawn < CORRECTED_PERCENT))
    rows.status[changed] = 1 + (rows.status[changed] - 1 + rng.integers(1, 3, len(changed))) % 3
    rows.told[changed] = rows.status[changed]
    rows.tag[changed] = TAGS["consent_changed"]

    moved = np.flatnonzero(not_a_choice(rows) & (drawn < CORRECTED_PERCENT))
    rows.at[moved] += rng.integers(1, 3 * HOUR_MS, len(moved))
    rows.window[moved] = rows.at[moved] // HOUR_MS * HOUR_MS
    rows.tag[moved] = TAGS["moved_later"]

    late.tag[:] = TAGS["late_event"]
    if clean:
        return Redelivered(concat([rows, late]), before)
    unusable = rng.permutation(np.flatnonzero(rows.tag))[: share(rng, len(rows), UNUSABLE)]
    others = np.setdiff1d(np.arange(len(rows)), unusable)
    spoiled = take(rows, unusable)
    spoil.write_unreadable_times(spoiled, rng)
    spoiled.stored[:] = 0
    spoiled.tag[:] = TAGS[UNUSABLE_CORRECTION]
    return Redelivered(concat([take(rows, others), spoiled, late]), take(before, others))
