"""Faults planted into events: which rows, and what is done to them. Each row has at most one fault."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import numpy as np

from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving.catalogue import CLICK, IMPRESSION, OTHER, VIEWABLE, Catalogue
from tools.generators.ad_serving.events import DAY_MS, MACHINE_SCORE, NONE, PLACES, Events, follow
from tools.generators.columns import concat, take
from tools.generators.draw import draw_ids, mix, share

# rows per million events
ROW_RATES = {
    "duplicate_in_file": 1500,
    "duplicate_across_files": 1500,
    "bad_timestamp": 400,
    "missing_event_id": 400,
    "orphan_campaign": 500,
    "orphan_publisher": 400,
    "orphan_ad_unit": 400,
    "case_variant": 1500,
    "whitespace_variant": 1500,
    "negative_revenue": 300,
    "revenue_on_unfilled": 400,
    "unknown_event_type": 200,
    "future_timestamp": 100,
    "zero_revenue_filled": 400,
    "filled_without_floor": 600,
    "paid_under_floor": 500,
    "region_not_in_country": 400,
    "browser_device_mismatch": 400,
    "quoted_text": 300,
    "domain_mismatch": 500,
    "ad_unit_of_other_publisher": 400,
    "advertiser_mismatch": 300,
    "campaign_out_of_flight": 400,
    "device_outside_targeting": 300,
    "country_outside_targeting": 300,
    "near_duplicate": 300,
    "score_out_of_range": 400,
    "unreadable_revenue": 300,
    "robot_user_agent": 600,
    "click_without_impression": 300,
}
# lines per million events, in text files only
LINE_RATES = {"malformed_line": 600, "blank_line": 300}
# rows of a redelivery per million
REDELIVERY_RATES = {
    "moved_day": 4000,
    "duplicate_in_file": 2000,
    "case_variant": 3000,
    "whitespace_variant": 3000,
    "bad_timestamp": 1500,
    "missing_event_id": 1000,
    "identity_changed": 4000,
}

BAD_TIMESTAMPS = ("2026-02-30T12:00:00.000Z", "not available", "", None, "13/45/2026 99:99")
MISSING_IDS = (None, "", "   ")
VARIANT_COLUMNS = ("event_id", "event_type", "device_type", "country", "ad_unit_id")
FUTURE_MS = 400 * DAY_MS
ORPHAN_OFFSET = 900
UNREADABLE_AMOUNTS = ("n/a", "12,34", "USD 0.41", "--")
SCORES_OUT_OF_RANGE = (1200, -100)
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/133.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
    "curl/8.11.1",
)

_COUNTRIES = tuple(market.COUNTRIES)
_FIRST_PLACE = np.array([[place[0] for place in PLACES].index(country) for country in _COUNTRIES])
_FIRST_BROWSER = np.array([[weights[d] > 0 for weights, _ in market.BROWSERS.values()].index(True) for d in range(4)])
_CTV = market.DEVICES.index("ctv")


@dataclass
class Planted:
    """A chunk with its faults. `copies` repeat rows in the same file, `later` in the file of the next day; `created`
    has, by kind, additional events besides those of the chunk. `rows` are row numbers in `events`; `moved` is the
    number of micro-dollars by which a kind moved the sum of revenue; `columns` says what a kind respelled."""

    events: Events
    copies: Events
    later: Events
    created: dict[str, Events] = field(default_factory=dict)
    rows: dict[str, np.ndarray] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def untouched(self) -> np.ndarray:
        """Row numbers of events without a fault."""
        free = np.ones(len(self.events), dtype=bool)
        for rows in self.rows.values():
            free[rows] = False
        return np.flatnonzero(free)


def nothing(events: Events) -> Planted:
    none = take(events, np.arange(0))
    return Planted(events, copies=none, later=none)


def plant(
    planted: Planted,
    catalogue: Catalogue,
    rng: np.random.Generator,
    rates: dict[str, int],
    at_least_one: frozenset[str],
    among: int,
) -> None:
    """Plants each kind at its rate, and once where `at_least_one` names it, into at most half of the first `among`
    rows."""
    order = rng.permutation(among)
    free = np.ones(len(planted.events), dtype=bool)
    left = among // 2
    for kind, rate in rates.items():
        wanted = min(max(share(rng, among, rate), kind in at_least_one), left)
        if not wanted:
            continue
        fits = free & _fits(kind, planted.events, catalogue)
        rows = np.sort(order[fits[order]][:wanted])
        if len(rows):
            free[rows] = False
            left -= len(rows)
            before = int(planted.events.revenue[rows].sum())
            _apply(kind, planted, rows, catalogue, rng)
            planted.rows[kind] = rows
            planted.moved[kind] = int(planted.events.revenue[rows].sum()) - before


def can_carry(kind: str, *, parquet: bool, lost_floor: bool) -> bool:
    """Whether a file can have a kind: only Parquet has scores, and there amounts are numbers; a file without floors has
    none to break."""
    match kind:
        case "score_out_of_range":
            return parquet
        case "unreadable_revenue":
            return not parquet
        case "filled_without_floor" | "paid_under_floor":
            return not lost_floor
        case _:
            return True


def followers_of_lost(events: Events) -> np.ndarray:
    """Rows of viewable events and clicks whose impression's record has no id or no time: they follow nothing."""
    impression = events.kind == IMPRESSION
    lost = events.request[impression & ~events.usable]
    follows = np.isin(events.kind, (VIEWABLE, CLICK)) & events.usable
    return np.flatnonzero(follows & np.isin(events.request, lost))


def malformed_lines(lines: list[str], first: int) -> list[str]:
    """The given number of lines that are not JSON objects, in turn: cut in the middle, without the last brace, an
    array, text."""
    texts = []
    for number, line in enumerate(lines):
        record = json.loads(line)
        spoiled = (
            line[: len(line) * 2 // 3],
            line.rstrip()[:-1],
            json.dumps(list(record.values()), ensure_ascii=False),
            "--- export interrupted, resuming ---",
        )
        texts.append(spoiled[(first + number) % len(spoiled)] + "\n")
    return texts


def _clicks_of_nothing(events: Events, rows: np.ndarray, rng: np.random.Generator) -> Events:
    """Clicks that look like clicks on those impressions, in separate auctions."""
    clicks = follow(rng, take(events, rows), np.arange(len(rows)), CLICK, np.full(len(rows), 900))
    clicks.request = mix(rng.integers(0, 2**62, len(rows)), 2)
    return clicks


def _fits(kind: str, events: Events, catalogue: Catalogue) -> np.ndarray:
    """Which rows a kind can be planted into."""
    filled_impression = (events.kind == IMPRESSION) & events.filled
    match kind:
        case "negative_revenue" | "zero_revenue_filled" | "unreadable_revenue":
            return filled_impression & (events.revenue > 0)
        case "paid_under_floor":
            return filled_impression & (events.floor > 1)
        case "filled_without_floor" | "click_without_impression":
            return filled_impression
        case "robot_user_agent":
            return events.kind == IMPRESSION
        case "revenue_on_unfilled":
            return ~events.filled
        case "unknown_event_type":
            return events.kind == VIEWABLE
        case "orphan_campaign" | "advertiser_mismatch":
            return events.filled
        case "campaign_out_of_flight":
            return filled_impression & (_out_of_flight(events.at, catalogue) >= 0)
        case "device_outside_targeting":
            return events.filled & np.isin(
                events.campaign, list(first_untargeted(catalogue, "devices", market.DEVICES))
            )
        case "country_outside_targeting":
            return events.filled & np.isin(events.campaign, list(first_untargeted(catalogue, "countries", _COUNTRIES)))
        case _:
            return np.ones(len(events), dtype=bool)


def _apply(kind: str, planted: Planted, rows: np.ndarray, catalogue: Catalogue, rng: np.random.Generator) -> None:
    events = planted.events
    turn = int(rng.integers(0, 60))
    match kind:
        case "duplicate_in_file":
            planted.copies = concat([planted.copies, take(events, rows)])
        case "duplicate_across_files":
            planted.later = take(events, rows)
        case "near_duplicate":
            twins = take(events, rows)
            twins.ids = draw_ids(rng, len(rows))
            planted.created[kind] = twins
        case "click_without_impression":
            planted.created[kind] = _clicks_of_nothing(events, rows, rng)
        case "unreadable_revenue":
            _write_by_turns(events, "revenue_usd", rows, UNREADABLE_AMOUNTS, turn)
            events.revenue[rows] = 0
            events.unsettled[rows] = True
        case "robot_user_agent":
            _write_by_turns(events, "user_agent", rows, ROBOTS, turn)
            events.score[rows] += MACHINE_SCORE
        case "bad_timestamp":
            _write_by_turns(events, "timestamp", rows, BAD_TIMESTAMPS, turn)
            events.usable[rows] = False
        case "missing_event_id":
            _write_by_turns(events, "event_id", rows, MISSING_IDS, turn)
            events.usable[rows] = False
        case "orphan_ad_unit":
            for row in rows:
                events.write("ad_unit_id", row, f"au_{9000 + events.ad_unit[row]}")
        case "quoted_text":
            browsers = list(market.BROWSERS)
            for row in rows:
                events.write("browser", row, f"'{browsers[events.browser[row]]}'")
        case "case_variant" | "whitespace_variant":
            _respell(kind, planted, rows, catalogue, turn)
        case "moved_day":
            events.at[rows] += np.where(np.arange(len(rows)) % 2, DAY_MS, -DAY_MS)
        case "future_timestamp":
            events.at[rows] += FUTURE_MS
        case _:
            _apply_to_values(kind, events, rows, catalogue, rng)


def _apply_to_values(
    kind: str, events: Events, rows: np.ndarray, catalogue: Catalogue, rng: np.random.Generator
) -> None:
    match kind:
        case "orphan_campaign":
            events.campaign[rows] += ORPHAN_OFFSET
        case "orphan_publisher":
            events.publisher[rows] += ORPHAN_OFFSET
        case "unknown_event_type":
            events.kind[rows] = OTHER
        case "negative_revenue":
            events.revenue[rows] *= -1
        case "zero_revenue_filled":
            events.revenue[rows] = 0
        case "revenue_on_unfilled":
            events.revenue[rows] = rng.integers(500, 9000, len(rows))
        case "filled_without_floor":
            events.floor[rows] = NONE
        case "paid_under_floor":
            events.revenue[rows] = events.floor[rows] // 2
        case "score_out_of_range":
            events.score[rows] = np.resize(SCORES_OUT_OF_RANGE, len(rows))
        case "identity_changed":
            _change_identity(events, rows, catalogue, rng)
        case "region_not_in_country":
            events.place[rows] = _FIRST_PLACE[(events.country[rows] + 1) % len(_COUNTRIES)]
        case "browser_device_mismatch":
            elsewhere = np.where(events.device[rows] == _CTV, 0, _CTV)
            events.browser[rows] = _FIRST_BROWSER[elsewhere]
        case "domain_mismatch":
            events.domain[rows] = (events.domain[rows] + 1) % len(market.PUBLISHERS)
        case "ad_unit_of_other_publisher":
            units = len(catalogue.ad_units)
            events.ad_unit[rows] = (events.ad_unit[rows] + units // len(market.PUBLISHERS)) % units
        case "advertiser_mismatch":
            advertisers = len({campaign.advertiser_id for campaign in catalogue.campaigns})
            number = events.advertiser[rows] - market.FIRST_ADVERTISER_ID
            events.advertiser[rows] = (number + 1) % advertisers + market.FIRST_ADVERTISER_ID
        case "campaign_out_of_flight":
            campaigns = np.array([(c.campaign_id, c.advertiser_id) for c in catalogue.campaigns])
            wrong = _out_of_flight(events.at[rows], catalogue)
            events.campaign[rows], events.advertiser[rows] = campaigns[wrong].T
        case "device_outside_targeting":
            others = first_untargeted(catalogue, "devices", market.DEVICES)
            events.device[rows] = [others[campaign] for campaign in events.campaign[rows].tolist()]
            events.browser[rows] = _FIRST_BROWSER[events.device[rows]]
        case "country_outside_targeting":
            others = first_untargeted(catalogue, "countries", _COUNTRIES)
            events.country[rows] = [others[campaign] for campaign in events.campaign[rows].tolist()]
            events.place[rows] = _FIRST_PLACE[events.country[rows]]
        case _:
            raise ValueError(f"no way to plant {kind}")


def _change_identity(events: Events, rows: np.ndarray, catalogue: Catalogue, rng: np.random.Generator) -> None:
    """Gives every other filled row to another campaign that could have bought it, the rest to the publisher's next ad
    unit."""
    units = [unit.publisher for unit in catalogue.ad_units]
    for number, row in enumerate(rows):
        date = np.datetime64(int(events.at[row]) // DAY_MS, "D").item()
        cell = events.device[row] * len(_COUNTRIES) + events.country[row]
        others = market.campaign_weights(catalogue, date)[cell] > 0
        others = [n for n in np.flatnonzero(others) if catalogue.campaigns[n].campaign_id != events.campaign[row]]
        if events.filled[row] and others and number % 2 == 0:
            campaign = catalogue.campaigns[others[int(rng.integers(0, len(others)))]]
            events.campaign[row], events.advertiser[row] = campaign.campaign_id, campaign.advertiser_id
        else:
            own = [n for n, publisher in enumerate(units) if publisher == units[events.ad_unit[row]]]
            events.ad_unit[row] = own[(own.index(events.ad_unit[row]) + 1) % len(own)]


def _write_by_turns(events: Events, column: str, rows: np.ndarray, values: tuple[str | None, ...], turn: int) -> None:
    for number, row in enumerate(rows):
        events.write(column, row, values[(turn + number) % len(values)])


def _respell(kind: str, planted: Planted, rows: np.ndarray, catalogue: Catalogue, turn: int) -> None:
    """Writes one column of each row in another case or padded. A respelled event id comes with a plain copy of its row;
    the two must count once."""
    events = planted.events
    plain = {
        "event_id": lambda row: _id_text(events, row),
        "event_type": lambda row: market.EVENT_TYPES[events.kind[row]],
        "device_type": lambda row: market.DEVICES[events.device[row]],
        "country": lambda row: _COUNTRIES[events.country[row]],
        "ad_unit_id": lambda row: catalogue.ad_units[events.ad_unit[row]].ad_unit_id,
    }
    counts = planted.columns.setdefault(kind, {})
    columns = [VARIANT_COLUMNS[(turn + number) % len(VARIANT_COLUMNS)] for number in range(len(rows))]
    with_id = rows[[column == "event_id" for column in columns]]
    planted.copies = concat([planted.copies, take(events, with_id)])
    for row, column in zip(rows, columns, strict=True):
        text = plain[column](row)
        other_case = text.lower() if text.isupper() else text.upper()
        events.write(column, row, other_case if kind == "case_variant" else f" {text}  ")
        counts[column] = counts.get(column, 0) + 1


def _id_text(events: Events, row: int) -> str:
    return str(UUID(bytes=events.ids[row].tobytes())) if events.dashed[row] else events.ids[row].tobytes().hex()


def first_untargeted(catalogue: Catalogue, column: str, words: tuple[str, ...]) -> dict[int, int]:
    """For each campaign that does not target all `words`, the number of the first one it leaves out."""
    return {
        campaign.campaign_id: next(number for number, word in enumerate(words) if word not in getattr(campaign, column))
        for campaign in catalogue.campaigns
        if len(getattr(campaign, column)) < len(words)
    }


def _out_of_flight(at: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Number of a campaign that is out of its flight at each time, in any time zone, or -1."""
    days = at // DAY_MS
    found = np.full(len(at), -1)
    margin = timedelta(days=1)
    for day in np.unique(days):
        date = np.datetime64(int(day), "D").item()
        for number, campaign in enumerate(catalogue.campaigns):
            if not campaign.first_day - margin <= date <= campaign.last_day + margin:
                found[days == day] = number
                break
    return found
