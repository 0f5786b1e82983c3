"""Which faults are planted into the records of a company, how often, and by which rule. Each record has at most one
fault, and no fault changes how many events the population has or how many of them are stored."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.generators.columns import concat, take
from tools.generators.consent import catalogue as market
from tools.generators.consent import spoil
from tools.generators.consent.catalogue import ACTION, ASKED, GIVEN, PAGEVIEW
from tools.generators.consent.population import NONE
from tools.generators.consent.rows import Rows, inverse
from tools.generators.draw import share

# a company with this many records gets each kind that fits at least once; a smaller one by chance
RECORDS_FOR_EACH_KIND = 300
MERGED_KIND = "count_above_inverse"


def anywhere(rows: Rows) -> np.ndarray:
    return np.ones(len(rows), dtype=bool)


def complete(rows: Rows) -> np.ndarray:
    return rows.percent == 100


def sampled(rows: Rows) -> np.ndarray:
    return rows.percent < 100


def not_a_choice(rows: Rows) -> np.ndarray:
    """Records whose time affects no wait for an answer."""
    return (rows.kind == PAGEVIEW) | (rows.kind == ACTION)


def with_device(rows: Rows) -> np.ndarray:
    return rows.device != market.DEVICES.index(None)


def on_phone_or_desktop(rows: Rows) -> np.ndarray:
    devices = [market.DEVICES.index(name) for name in ("smartphone", "desktop")]
    return (rows.sdk == market.WEB) & np.isin(rows.device, devices)


def in_a_home_outside_france(rows: Rows) -> np.ndarray:
    """Records with a region in a company's home country, unless that is France: most companies are French, so a French
    region is frequent, and never seen there."""
    home = int(np.bincount(rows.country).argmax())
    return (rows.region != NONE) & (rows.country == home) & (home != market.FRANCE)


def given(rows: Rows) -> np.ndarray:
    return rows.kind == GIVEN


def given_on_web(rows: Rows) -> np.ndarray:
    return given(rows) & (rows.sdk == market.WEB)


def with_lists(rows: Rows) -> np.ndarray:
    return (rows.kind == GIVEN) | (rows.kind == ASKED)


@dataclass(frozen=True)
class Kind:
    """`rate` is in rows per million. A `beside` fault adds a record, other faults damage an existing one; `elsewhere`
    puts it into the file of the next company. Only a fault that `adds_usable` makes a reader of usable records count
    too many, outside the totals of the listed companies' types."""

    rate: int
    spoil: Callable[[Rows, np.random.Generator], None]
    rule: str
    fits: Callable[[Rows], np.ndarray] = anywhere
    beside: bool = False
    elsewhere: bool = False
    csv_only: bool = False
    adds_usable: bool = False


KINDS = {
    "duplicate_in_file": Kind(3000, spoil.copy, "the record stands twice in its file; count an id once", beside=True),
    "duplicate_across_files": Kind(
        1500,
        spoil.copy,
        "the record stands in the next company's file too; count an id once",
        beside=True,
        elsewhere=True,
    ),
    "record_in_other_file": Kind(
        1000, spoil.move, "the record stands only in the next company's file; APIKEY decides", elsewhere=True
    ),
    "event_id_variant": Kind(
        1500,
        spoil.respell_id,
        "a second copy spells EVENT_ID in capitals or padded; fold, then count once",
        beside=True,
    ),
    "missing_event_id": Kind(
        1500, spoil.drop_id, "a copy without EVENT_ID (null, empty, blanks); set it aside", beside=True
    ),
    "unreadable_time": Kind(
        1500, spoil.make_time_unreadable, "an additional record whose EVENT_TIME is none; set it aside", beside=True
    ),
    "unusable_rate": Kind(
        2000,
        spoil.make_rate_unusable,
        "an additional record whose RATE is not above 0 and at most 1; set it aside",
        beside=True,
    ),
    "unknown_type": Kind(
        1000,
        spoil.make_type_unknown,
        "an additional record with a TYPE outside the list, or none; it belongs to no type's total",
        fits=complete,
        beside=True,
        adds_usable=True,
    ),
    "unlisted_company": Kind(
        1000,
        spoil.make_company_unlisted,
        "an additional record with an APIKEY that no company list has; it belongs to no listed company's total",
        fits=complete,
        beside=True,
        adds_usable=True,
    ),
    "malformed_record": Kind(
        1500,
        spoil.make_malformed,
        "an additional CSV record with too few or too many fields; reject it",
        beside=True,
        csv_only=True,
    ),
    "blank_line": Kind(700, spoil.make_blank, "an empty line; it is no record", beside=True, csv_only=True),
    MERGED_KIND: Kind(
        2000,
        spoil.move,
        "COUNT is above the rounded 1 / RATE: the record is COUNT stored events, and the only one of them",
    ),
    "count_below_inverse": Kind(
        1500, spoil.lower_count, "COUNT is 1 although RATE is below 1; RATE decides", fits=sampled
    ),
    "missing_count": Kind(1000, spoil.drop_count, "COUNT is missing; RATE decides"),
    "rate_noise": Kind(
        15000, spoil.make_rate_noisy, "RATE has the noise of single or double floats; round it", fits=sampled
    ),
    "case_variant": Kind(2000, spoil.change_case, "a text is spelled in other case; fold it", fits=with_device),
    "whitespace_variant": Kind(2000, spoil.pad, "a text is padded with blanks; trim it", fits=with_device),
    "unquoted_country": Kind(1500, spoil.unquote_country, "COUNTRY without its literal quotation marks"),
    "unknown_country": Kind(1000, spoil.make_country_unknown, "COUNTRY is not an ISO 3166 code"),
    "missing_country": Kind(1500, spoil.drop_country, "COUNTRY is missing or empty inside its quotation marks"),
    "region_not_in_country": Kind(
        1200, spoil.move_region_to_france, "REGION is one of France, COUNTRY is another", fits=in_a_home_outside_france
    ),
    "browser_device_mismatch": Kind(
        1000, spoil.swap_browser, "a browser that the device does not have", fits=on_phone_or_desktop
    ),
    "browser_sdk_mismatch": Kind(1000, spoil.swap_sdk_browser, "the browser contradicts SDK_TYPE"),
    "headless_browser": Kind(1500, spoil.drive_by_robot, "a browser without a window: general invalid traffic"),
    "missing_user": Kind(1000, spoil.drop_user, "USER_ID is missing"),
    "concentrated_user": Kind(
        12000, spoil.share_user, "one user has a hundredth of a company's records", fits=not_a_choice
    ),
    "time_variant": Kind(
        2000, spoil.respell_time, "EVENT_TIME in another ISO 8601 spelling: with T and Z, or an offset"
    ),
    "future_time": Kind(1000, spoil.move_to_future, "EVENT_TIME is 400 days after WINDOW_START", fits=not_a_choice),
    "epoch_time": Kind(700, spoil.move_to_epoch, "EVENT_TIME is in the first hour of 1970", fits=not_a_choice),
    "window_mismatch": Kind(1500, spoil.move_window, "WINDOW_START is not the hour of EVENT_TIME"),
    "invalid_json": Kind(
        2000, spoil.break_json, "PARAMETERS is cut, in single quotes or has a comma behind it", fits=with_lists
    ),
    "status_contradicts_parameters": Kind(
        2000, spoil.contradict_status, "the choice in PARAMETERS is not that of CONSENT", fits=given
    ),
    "updated_before_created": Kind(
        1000, spoil.update_before_created, "in PARAMETERS, updated is before created", fits=given_on_web
    ),
}
NUMBERS = {kind: number for number, kind in enumerate(KINDS, start=1)}


@dataclass
class Planted:
    """Records of a company with their faults: in its own file, and in that of the next company."""

    here: Rows
    elsewhere: Rows


def nothing(rows: Rows) -> Planted:
    return Planted(rows, take(rows, np.arange(0)))


def plant(rows: Rows, rng: np.random.Generator, *, is_csv: bool, is_last: bool) -> Planted:
    """Plants each kind at its rate into at most half of the rows. The last company has no next one."""
    order = rng.permutation(len(rows))
    free, left = np.ones(len(rows), dtype=bool), len(rows) // 2
    gone = np.zeros(len(rows), dtype=bool)
    here, elsewhere = [], []
    for name, kind in KINDS.items():
        wanted = min(max(share(rng, len(rows), kind.rate), len(rows) >= RECORDS_FOR_EACH_KIND), left)
        if (kind.csv_only and not is_csv) or (kind.elsewhere and is_last) or not wanted:
            continue
        if name == MERGED_KIND:
            planted, used = _merge(rows, order[free[order]], wanted)
        else:
            fits = free & kind.fits(rows)
            used = np.sort(order[fits[order]][:wanted])
            planted = take(rows, used)
        if not len(used):
            continue
        free[used] = False
        left = max(0, left - len(used))
        gone[used] = not kind.beside
        kind.spoil(planted, rng)
        planted.tag[:] = NUMBERS[name]
        (elsewhere if kind.elsewhere else here).append(planted)
    return Planted(concat([take(rows, np.flatnonzero(~gone)), *here]), concat([take(rows, np.arange(0)), *elsewhere]))


def _merge(rows: Rows, candidates: np.ndarray, wanted: int) -> tuple[Rows, np.ndarray]:
    """Merges many rows into `wanted` rows: each represents itself and others of its type, rate, status, country and
    SDK.

    Returns the merged rows, and the numbers of all rows that went into them.
    """
    alike = np.stack([rows.kind, rows.percent, rows.status, rows.country, rows.sdk], axis=1)[candidates]
    groups = np.unique(alike, axis=0, return_inverse=True)[1].ravel()
    merged: list[int] = []
    counts: list[int] = []
    used: list[np.ndarray] = []
    taken = np.zeros(len(candidates), dtype=bool)
    for place, row in enumerate(candidates.tolist()):
        if len(merged) == wanted:
            break
        size = int(inverse(rows.percent[row])) + 1 + len(merged) % 2
        members = np.flatnonzero((groups == groups[place]) & ~taken)
        if taken[place] or len(members) < 2 * size:
            continue
        taken[members[:size]] = True
        merged.append(int(candidates[members[0]]))
        counts.append(size)
        used.append(candidates[members[:size]])
    planted = take(rows, np.array(merged, dtype=np.int64))
    planted.count[:] = counts
    planted.stored[:] = counts
    return planted, np.concatenate([np.zeros(0, dtype=np.int64), *used])
