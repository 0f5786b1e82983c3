"""Faults of entire segments: where they are, how strong they are, and what they do to the events of a chunk.

| kind | segment | strengths |
|---|---|---|
| price_step | publisher and day | amounts x10, x100, x1000 |
| campaign_price_step | campaign and day | amounts x100 |
| cell_price_outlier | publisher and campaign, whole run | amounts x20 |
| click_burst | publisher and hour | 12, 25, 50 additional clicks |
| concentrated_identity | user and day | 60, 120, 240 additional events; the 240 from several countries, one IP prefix |
| flat_day | user and day | 2 additional impressions in each of the 24 hours |
| uninformative_score | user and day | 300 additional impressions, which score like those of people |
| own_subdomain, own_alias | publisher and day | all events on m.<domain>, or on the same name with another ending |
| whole_second_clock | publisher and day | all times have 0 ms |
| missing_hours | two hours of a day | no events at all |
| viewability_drop | ad unit, whole run | 90 % of its viewable events are never made |
| zero_fill_segment | publisher and country, whole run | no impression is filled |
| device_missing | publisher, whole run | no event of a tablet |
| browser_missing | publisher, whole run | no event of Safari |
| inactive_ad_unit | ad unit, whole run | is_active 0 from the first delivery on |
| truncated_file | events file | ends after 30 % of its records |
| column_lost | events file | bid_floor_usd is in no record |

Each has its own segment: no two share a day, a publisher, an ad unit or a campaign. Faults of a day are planted into
days that the redelivery does not change, in runs of 2,000 events a day or more (files: 100 events, 8 days). Faults of
the entire run are planted where the segment is expected to have enough impressions. The default size has all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np

from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving.catalogue import CLICK, IMPRESSION, VIEWABLE, Catalogue
from tools.generators.ad_serving.draw import stream
from tools.generators.ad_serving.events import (
    COUNTRY_WEIGHTS,
    DEVICE_WEIGHTS,
    FILL,
    MACHINE_SCORE,
    Events,
    Span,
    ad_unit_prices,
    ad_unit_weights,
    draw_scores,
    epoch_ms,
    follow,
)
from tools.generators.ad_serving.faults import Planted, first_untargeted
from tools.generators.ad_serving.formats import PARQUET_ERA, Era, diagnostics_table
from tools.generators.columns import concat, take
from tools.generators.draw import draw_ids, mix, pick
from tools.generators.texts import DAY_MS, HOUR_MS

TRUNCATED_PERCENT = 30
DROPPED_OF_256 = 230  # of the 256 values of a viewable event id's last byte: 90 %
FLAT_IMPRESSIONS = 2  # an hour
CONCENTRATED_HOURS = 8
SEVERAL_COUNTRIES = 240  # strength of the identity with events in several countries
SHARED_PREFIX = "203.0.113.0/24"
LOST_COLUMN = "bid_floor_usd"

OF_A_DAY = (
    ("uninformative_score", 300),
    ("click_burst", 12),
    ("click_burst", 25),
    ("click_burst", 50),
    ("price_step", 10),
    ("price_step", 100),
    ("price_step", 1000),
    ("campaign_price_step", 100),
    ("truncated_file", 0.7),
    ("column_lost", 1),
    ("concentrated_identity", 60),
    ("concentrated_identity", 120),
    ("concentrated_identity", 240),
    ("whole_second_clock", 1),
    ("missing_hours", 2),
    ("flat_day", FLAT_IMPRESSIONS),
    ("own_subdomain", 1),
    ("own_alias", 1),
)
OF_A_FILE = ("truncated_file", "column_lost")
PRICE_KINDS = ("price_step", "campaign_price_step")
DOMAIN_KINDS = ("own_subdomain", "own_alias")
MISSING = {"device_missing": {"device": "tablet"}, "browser_missing": {"device": "desktop", "browser": "Safari"}}
PRICE_HISTORY_DAYS = 7  # days before a price step, so that a rule knows usual prices
MIN_DAY_EVENTS = 2000
MIN_FILE_EVENTS, MIN_FILES = 100, 8
MIN_IMPRESSIONS = {
    "cell_price_outlier": 100,
    "campaign_price_step": 40,
    "viewability_drop": 300,
    "zero_fill_segment": 100,
    "device_missing": 800,
    "browser_missing": 800,
}
MOST_OF_CAMPAIGN = 40  # percent of a campaign's impressions in its price outlier, so that its usual price can be known
IMPRESSIONS_PER_MILLE, FILLED_PER_MILLE = 710, 540  # of events, about


@dataclass(frozen=True)
class Segment:
    """One planted segment. Publisher, ad unit and country are numbers in the catalogue, the campaign is an id; without
    a day it is the entire run."""

    kind: str
    strength: float
    day: int | None = None
    publisher: int | None = None
    ad_unit: int | None = None
    campaign: int | None = None
    country: int | None = None
    hour: int | None = None

    def place(self, catalogue: Catalogue) -> dict[str, Any]:
        """The segment as truth.json names it."""
        named = {
            "day": self.day is not None and str(catalogue.start + timedelta(days=self.day)),
            "hours": self.kind == "missing_hours" and [self.hour, self.hour + 1],
            "hour": self.kind == "click_burst" and self.hour,
            "publisher_id": self.publisher is not None and market.FIRST_PUBLISHER_ID + self.publisher,
            "ad_unit_id": self.ad_unit is not None and catalogue.ad_units[self.ad_unit].ad_unit_id,
            "campaign_id": self.campaign is not None and self.campaign,
            "country": self.country is not None and list(market.COUNTRIES)[self.country],
            "column": self.kind == "column_lost" and LOST_COLUMN,
        }
        return {name: value for name, value in named.items() if value is not False} | {"strength": self.strength}


@dataclass
class Struck:
    """What a segment's fault did to a chunk: ids of the events that it made or changed, counts and micro-dollars."""

    segment: Segment
    ids: np.ndarray | None = None
    place: dict[str, Any] = field(default_factory=dict)  # beyond that of the segment
    amounts: dict[str, int] = field(default_factory=dict)


# ---------- where


def plan(catalogue: Catalogue, eras: list[Era], events_per_day: int, seed: int, open_days: int) -> list[Segment]:
    """The segments of a run; those of a day are in the first `open_days`."""
    rng = stream(seed, "plan")
    by_weight = np.array(sorted(range(len(market.PUBLISHERS)), key=lambda n: -market.PUBLISHERS[n].weight))
    unfilled, priced, *large = rng.permutation(by_weight[:5]).tolist()
    inactive, unseen, *middle = rng.permutation(np.append(large, by_weight[5:11])).tolist()
    small = rng.permutation(by_weight[11:]).tolist()
    events = catalogue.days * events_per_day

    shares = _filled_shares(catalogue)
    stepped = _bought(catalogue, shares.sum(axis=0), "campaign_price_step", events_per_day)
    stepped = stepped[int(rng.integers(0, len(stepped)))] if stepped else None
    bought_elsewhere = shares[priced] * 100 <= MOST_OF_CAMPAIGN * shares.sum(axis=0)
    outlying = _bought(catalogue, shares[priced] * bought_elsewhere, "cell_price_outlier", events)
    outlying = [one for one in outlying if one != stepped]
    units = [n for n, unit in enumerate(catalogue.ad_units) if unit.publisher == inactive]
    segments = [
        Segment("inactive_ad_unit", 1, publisher=inactive, ad_unit=units[int(rng.integers(0, len(units)))]),
        *_unseen(catalogue, unseen, events),
        *_unfilled(catalogue, unfilled, events, rng),
    ]
    if outlying:
        outlier = outlying[int(rng.integers(0, len(outlying)))]
        segments.append(Segment("cell_price_outlier", 20, publisher=priced, campaign=outlier))

    for kind in MISSING:
        lacking = small.pop(0)
        impressions = events * IMPRESSIONS_PER_MILLE // 1000 * _share_of_publisher(lacking) // 1_000_000
        if impressions >= MIN_IMPRESSIONS[kind]:
            segments.append(Segment(kind, 1, publisher=lacking))

    days = rng.permutation(max(0, open_days)).tolist()
    silent = int(rng.integers(0, 23))
    for kind, strength in OF_A_DAY:
        day = next((day for day in days if _fits(kind, day, eras, events_per_day)), None)
        if day is None or (kind == "campaign_price_step" and stepped is None):
            continue
        days.remove(day)
        segment = Segment(kind, strength, day)
        match kind:
            case "price_step" | "whole_second_clock":
                segment = replace(segment, publisher=middle.pop())
            case "click_burst":
                hour, publisher = _busiest(catalogue, day, middle)
                middle.remove(publisher)
                segment = replace(segment, publisher=publisher, hour=hour)
            case "concentrated_identity" | "flat_day" | "uninformative_score" | "own_subdomain" | "own_alias":
                segment = replace(segment, publisher=small.pop())
            case "campaign_price_step":
                segment = replace(segment, campaign=stepped)
            case "missing_hours":
                segment = replace(segment, hour=silent)
        segments.append(segment)
    return segments


def _fits(kind: str, day: int, eras: list[Era], events_per_day: int) -> bool:
    """Whether a day in a run of that size can have the fault."""
    if kind in OF_A_FILE:
        return events_per_day >= MIN_FILE_EVENTS and len(eras) >= MIN_FILES and eras[day] is not PARQUET_ERA
    if kind == "uninformative_score" and eras[day] is not PARQUET_ERA:
        return False
    return events_per_day >= MIN_DAY_EVENTS and (kind not in PRICE_KINDS or day >= PRICE_HISTORY_DAYS)


def _bought(catalogue: Catalogue, shares: np.ndarray, kind: str, events: int) -> list[int]:
    """Ids of campaigns active during the entire run that are expected to buy enough impressions at this number of
    events."""
    expected = shares * events // 1_000_000 * FILLED_PER_MILLE // 1000
    enough = [n for n in market.runs_throughout(catalogue) if expected[n] >= MIN_IMPRESSIONS[kind]]
    return [catalogue.campaigns[n].campaign_id for n in enough]


def _busiest(catalogue: Catalogue, day: int, publishers: list[int]) -> tuple[int, int]:
    """The hour of the day and the publisher among these that have the most impressions together."""
    weights = market.publisher_weights(catalogue.start + timedelta(days=day))[:, publishers]
    hour, column = np.unravel_index(weights.argmax(), weights.shape)
    return int(hour), publishers[column]


def _filled_shares(catalogue: Catalogue) -> np.ndarray:
    """Expected filled impressions of each publisher (rows) and campaign (columns) per million of the first day's."""
    campaigns = market.campaign_weights(catalogue, catalogue.start)
    bought = (campaigns * 1_000_000 // campaigns.sum(axis=1, keepdims=True)).reshape(*FILL.shape, -1)
    table = np.empty((len(market.PUBLISHERS), len(catalogue.campaigns)), dtype=np.int64)
    for number, publisher in enumerate(market.PUBLISHERS):
        cells = publisher.weight * DEVICE_WEIGHTS[number][:, None] * COUNTRY_WEIGHTS[number] * FILL
        table[number] = (cells[:, :, None] * bought).sum(axis=(0, 1))
    return table // (table.sum() // 1_000_000)


def _share_of_publisher(publisher: int) -> int:
    """Expected share of a publisher in all events, per million."""
    return market.PUBLISHERS[publisher].weight * 1_000_000 // sum(other.weight for other in market.PUBLISHERS)


def _unseen(catalogue: Catalogue, publisher: int, events: int) -> list[Segment]:
    """The publisher's busiest ad unit, which will lose its viewable events."""
    units = {
        n: market.PLACEMENTS[unit.placement][3]
        for n, unit in enumerate(catalogue.ad_units)
        if unit.publisher == publisher
    }
    busiest = max(units, key=lambda n: units[n])
    of_publisher = events * FILLED_PER_MILLE // 1000 * _share_of_publisher(publisher) // 1_000_000
    if of_publisher * units[busiest] // sum(units.values()) < MIN_IMPRESSIONS["viewability_drop"]:
        return []
    return [Segment("viewability_drop", 0.9, publisher=publisher, ad_unit=busiest)]


def _unfilled(catalogue: Catalogue, publisher: int, events: int, rng: np.random.Generator) -> list[Segment]:
    """A foreign country of the publisher; no other fault moves filled impressions into it."""
    of_publisher = events * IMPRESSIONS_PER_MILLE // 1000 * _share_of_publisher(publisher) // 1_000_000
    taken = first_untargeted(catalogue, "countries", tuple(market.COUNTRIES)).values()
    weights = COUNTRY_WEIGHTS[publisher]
    foreign = [n for n, weight in enumerate(weights) if weight == weights.min() and n not in taken]
    country = foreign[int(rng.integers(0, len(foreign)))]
    if of_publisher * weights[country] // weights.sum() < MIN_IMPRESSIONS["zero_fill_segment"]:
        return []
    return [Segment("zero_fill_segment", 1, publisher=publisher, country=country)]


# ---------- what is done before other faults are planted


def shape(events: Events, segments: list[Segment], day: int, span: Span) -> tuple[Events, list[Struck]]:
    """The events of a chunk after the segments of the day and of the entire run."""
    struck = []
    for segment in segments:
        if segment.day not in (None, day):
            continue
        change = _SHAPES.get(segment.kind)
        if change:
            events, done = change(events, segment, day, span)
            struck.append(done)
    return events, struck


def _price_outlier(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    rows = _of_publisher(events, segment) & (events.campaign == segment.campaign) & (events.revenue > 0)
    return events, _multiply(events, np.flatnonzero(rows), segment)


def _whole_seconds(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    rows = np.flatnonzero(_of_publisher(events, segment))
    events.at[rows] = events.at[rows] // 1000 * 1000
    return events, Struck(segment, events.ids[rows], amounts={"events": len(rows)})


def _unmade_viewables(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    of_unit = (events.kind == VIEWABLE) & (events.ad_unit == segment.ad_unit)
    return _without(events, of_unit & (events.ids[:, 15] < DROPPED_OF_256), segment)


def _unfill(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    here = _of_publisher(events, segment) & (events.country == segment.country)
    events, done = _without(events, here & (events.kind != IMPRESSION), segment)
    rows = _of_publisher(events, segment) & (events.country == segment.country) & events.filled
    done.ids = events.ids[rows]
    done.amounts |= {"events": int(rows.sum()), "revenue_moved_usd": -int(events.revenue[rows].sum())}
    events.filled[rows] = False
    for column in (events.campaign, events.advertiser, events.revenue, events.floor):
        column[rows] = 0
    return events, done


def _missing(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    """Removes the publisher's events of the device, or of the browser, which is on no other device."""
    place = MISSING[segment.kind]
    unmade = _of_publisher(events, segment) & (events.device == market.DEVICES.index(place["device"]))
    if "browser" in place:
        unmade &= events.browser == list(market.BROWSERS).index(place["browser"])
    events, done = _without(events, unmade, segment)
    done.place = dict(place)
    return events, done


def _silent_hours(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    """Removes all events of the two hours, and the followers of those events."""
    hour = events.at % DAY_MS // HOUR_MS
    silent = (hour == segment.hour) | (hour == segment.hour + 1)
    unmade = events.request[silent & (events.kind == IMPRESSION)]
    return _without(events, silent | np.isin(events.request, unmade), segment)


def _cut(events: Events, segment: Segment, day: int, span: Span) -> tuple[Events, Struck]:
    kept = max(0, span.of * TRUNCATED_PERCENT // 100 - span.first)
    return _without(events, np.arange(len(events)) >= kept, segment)


def _of_publisher(events: Events, segment: Segment) -> np.ndarray:
    return events.publisher == market.FIRST_PUBLISHER_ID + segment.publisher


def _multiply(events: Events, rows: np.ndarray, segment: Segment) -> Struck:
    moved = int(events.revenue[rows].sum()) * (int(segment.strength) - 1)
    events.revenue[rows] *= int(segment.strength)
    return Struck(segment, events.ids[rows], amounts={"events": len(rows), "revenue_moved_usd": moved})


def _without(events: Events, unmade: np.ndarray, segment: Segment) -> tuple[Events, Struck]:
    return take(events, np.flatnonzero(~unmade)), Struck(segment, amounts={"events_missing": int(unmade.sum())})


_SHAPES: dict[str, Callable[[Events, Segment, int, Span], tuple[Events, Struck]]] = {
    "cell_price_outlier": _price_outlier,
    "whole_second_clock": _whole_seconds,
    "viewability_drop": _unmade_viewables,
    "zero_fill_segment": _unfill,
    "device_missing": _missing,
    "browser_missing": _missing,
    "missing_hours": _silent_hours,
    "truncated_file": _cut,
}


# ---------- what is planted into rows without another fault


def plant(
    planted: Planted, segment: Segment, catalogue: Catalogue, span: Span, rng: np.random.Generator
) -> Struck | None:
    """Plants the fault of a day into the rows of a chunk that have no other one, where the kind is one of rows."""
    events, rows = planted.events, planted.untouched
    match segment.kind:
        case "price_step" | "campaign_price_step":
            alike = events.campaign == segment.campaign if segment.campaign else _of_publisher(events, segment)
            earning = np.isin(events.kind, (IMPRESSION, CLICK)) & (events.revenue > 0)
            rows = rows[(alike & earning)[rows]]
            planted.rows[segment.kind] = rows
            return _multiply(events, rows, segment)
        case "own_subdomain" | "own_alias":
            rows = rows[_of_publisher(events, segment)[rows]]
            domain = _own_domain(segment)
            for row in rows:
                events.write("site_domain", row, domain)
            planted.rows[segment.kind] = rows
            return Struck(segment, events.ids[rows], {"domain": domain}, {"events": len(rows)})
        case "click_burst" | "concentrated_identity" | "flat_day" | "uninformative_score":
            filled = _of_publisher(events, segment) & (events.kind == IMPRESSION) & events.filled
            paid = rows[filled[rows]]
            make = _burst if segment.kind == "click_burst" else _identity
            made = make(events, segment, catalogue, paid, span, rng)
            if made is None:
                return None
            planted.created[segment.kind] = made
            place = {} if segment.kind == "click_burst" else _of_identity(made)
            return Struck(segment, made.ids, place, {"events": len(made)})
    return None


def _own_domain(segment: Segment) -> str:
    domain = market.PUBLISHERS[segment.publisher].domain
    return f"m.{domain}" if segment.kind == "own_subdomain" else f"{domain.removesuffix('.example')}.test"


def _burst(
    events: Events, segment: Segment, catalogue: Catalogue, paid: np.ndarray, span: Span, rng: np.random.Generator
) -> Events | None:
    """Clicks on impressions of the hour in turn, in the chunk with the middle of the hour."""
    hours = market.publisher_weights(catalogue.start + timedelta(days=segment.day)).sum(axis=1)
    middle = 2 * int(hours[: segment.hour].sum()) + int(hours[segment.hour])
    whole = 2 * int(hours.sum())
    paid = paid[events.at[paid] % DAY_MS // HOUR_MS == segment.hour]
    if not len(paid) or not span.first * whole <= middle * span.of < span.last * whole:
        return None
    clicks = take(events, np.resize(paid, int(segment.strength)))
    clicks.ids = draw_ids(rng, len(clicks))
    clicks.kind[:] = CLICK
    clicks.revenue[:] = 0
    left = HOUR_MS - clicks.at % HOUR_MS
    clicks.at += 1 + rng.integers(0, 2**40, len(clicks)) % np.maximum(1, left - 1)
    return clicks


def _identity(
    events: Events, segment: Segment, catalogue: Catalogue, paid: np.ndarray, span: Span, rng: np.random.Generator
) -> Events | None:
    """Impressions of one new user, some with viewable events, similar to some of the publisher's."""
    if not len(paid) or span.first:
        return None
    one = int(paid[rng.integers(0, len(paid))])
    several = segment.kind == "concentrated_identity" and segment.strength == SEVERAL_COUNTRIES
    alike = events.device[paid] == events.device[one]
    if not several:
        alike &= events.country[paid] == events.country[one]
    paid = paid[alike]
    if segment.kind == "flat_day":
        hours = np.repeat(np.arange(24), FLAT_IMPRESSIONS)
        at = hours * HOUR_MS + rng.integers(0, HOUR_MS, len(hours))
        viewable = 0
    else:
        viewable = int(segment.strength) // 3 if segment.kind == "concentrated_identity" else 0
        at = int(rng.integers(6, 16)) * HOUR_MS
        at += rng.integers(0, CONCENTRATED_HOURS * HOUR_MS, int(segment.strength) - viewable)
    made = take(events, paid[rng.integers(0, len(paid), len(at))])
    made.ids = draw_ids(rng, len(made))
    made.at = epoch_ms(catalogue.start) + segment.day * DAY_MS + np.sort(at)
    made.user[:] = mix(rng.integers(0, 2**62, 1), 1)[0]
    made.request = mix(rng.integers(0, 2**62, len(made)), 2)
    made.browser[:] = events.browser[one]
    made.score = _scores_of_machine(segment, catalogue, made, rng)
    if not several:
        made.place[:] = events.place[one]
    after = rng.integers(1_000, 20_000, len(made))
    made = concat([made, follow(rng, made, np.arange(viewable), VIEWABLE, after)])
    if several:
        for row in range(len(made)):
            made.write("ip_prefix", row, SHARED_PREFIX)
    return made


def _scores_of_machine(segment: Segment, catalogue: Catalogue, made: Events, rng: np.random.Generator) -> np.ndarray:
    """Below those of people; where the score is uninformative, those of people on all units of the publisher."""
    if segment.kind != "uninformative_score":
        return made.score + MACHINE_SCORE
    units = pick(rng, ad_unit_weights(catalogue), np.full(len(made), segment.publisher))
    return draw_scores(rng, ad_unit_prices(catalogue)[units])


def _of_identity(made: Events) -> dict[str, Any]:
    identity = diagnostics_table(made)
    [user] = identity["user_id_hash"].unique().to_pylist()
    [prefix] = identity["ip_prefix"].unique().to_pylist()
    countries = [list(market.COUNTRIES)[number] for number in np.unique(made.country)]
    return {"user": user, "ip_prefix": prefix, "countries": countries}
