"""Events of a day, drawn in chunks of columns. Money is in micro-dollars, time in milliseconds since 1970 UTC."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving.catalogue import CLICK, IMPRESSION, VIEWABLE, Catalogue
from tools.generators.ad_serving.draw import stream
from tools.generators.columns import Columns, concat, take
from tools.generators.draw import draw_ids, lognormal_table, mix, pick
from tools.generators.texts import DAY_MS, HOUR_MS

CHUNK = 100_000
NONE = -1  # no amount
MACHINE_SCORE = -300  # thousandths by which machines score below people

_NOISE = lognormal_table(0.35)
_VIEWABLE_PER_MILLE = 550
# impressions end this long before the day does, so that their followers are later but on the same day
_ROOM_MS = 10


@dataclass
class Events(Columns):
    """Columns of event rows."""

    ids: np.ndarray  # uint8 (rows, 16)
    dashed: np.ndarray
    kind: np.ndarray
    at: np.ndarray
    publisher: np.ndarray  # the id as delivered
    domain: np.ndarray  # index into PUBLISHERS
    ad_unit: np.ndarray  # index into the catalogue's ad units
    campaign: np.ndarray  # the id, 0 when unfilled
    advertiser: np.ndarray
    device: np.ndarray
    browser: np.ndarray
    country: np.ndarray
    place: np.ndarray  # index into PLACES
    revenue: np.ndarray  # last known amount
    unsettled: np.ndarray  # delivered with revenue NULL
    floor: np.ndarray
    filled: np.ndarray
    score: np.ndarray  # thousandths
    user: np.ndarray
    request: np.ndarray
    usable: np.ndarray  # has an id and a time


PLACES = tuple((c, region, city) for c, (_, _, places) in market.COUNTRIES.items() for region, city, _ in places)


@dataclass(frozen=True)
class Span:
    """A part of a day: from `first` to `last` of `of` equal shares of its traffic."""

    first: int
    last: int
    of: int


def draw_chunk(
    catalogue: Catalogue, seed: int, day: int, chunk: int, rows: int, span: Span, *, purpose: str = "events"
) -> Events:
    """Exactly `rows` (at least 1) events of the span, in order of time."""
    rng = stream(seed, purpose, day, chunk)
    today = catalogue.start + timedelta(days=day)
    drawn = rows if rows < 1000 else rows * 4 // 5  # each impression brings about 0.4 events with it
    impressions = _impressions(catalogue, rng, today, drawn, span)
    events = _with_followers(catalogue, rng, impressions, rows)
    return take(events, np.argsort(events.at, kind="stable"))


def epoch_ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS


def _impressions(catalogue: Catalogue, rng: np.random.Generator, today: date, drawn: int, span: Span) -> Events:
    weights = market.publisher_weights(today)
    hours = np.append(0, weights.sum(axis=1).cumsum()) * 1000
    when = rng.integers(hours[-1] * span.first // span.of, hours[-1] * span.last // span.of, drawn)
    hour = np.searchsorted(hours, when, side="right") - 1
    ms = hour * HOUR_MS + (when - hours[hour]) * (HOUR_MS // 1000) // (hours[hour + 1] - hours[hour]) * 1000
    ms += rng.integers(0, 1000, drawn)
    publisher = pick(rng, weights, hour)

    ad_unit = pick(rng, ad_unit_weights(catalogue), publisher)
    device = pick(rng, DEVICE_WEIGHTS, publisher)
    browser = pick(rng, _BROWSER_WEIGHTS, device)
    country = pick(rng, COUNTRY_WEIGHTS, publisher)
    place = pick(rng, _PLACE_WEIGHTS, country)
    filled = rng.integers(0, 1000, drawn) < FILL[device, country]
    bought = pick(rng, market.campaign_weights(catalogue, today), device * len(market.COUNTRIES) + country)

    prices, _, campaign_ids, advertiser_ids = _campaign_columns(catalogue)
    unit_price = ad_unit_prices(catalogue)[ad_unit]
    factor = _COUNTRY_PRICE[country] * _DEVICE_PRICE[device] * unit_price
    noise = _NOISE[rng.integers(0, len(_NOISE), drawn)]
    revenue = np.maximum(1, prices[bought] * factor // 1000 * noise // 10_000_000)
    floor = np.maximum(1, revenue * rng.integers(350, 900, drawn) // 1000)
    unfilled_floor = np.where(rng.integers(0, 100, drawn) < 70, 0, NONE)

    person = rng.integers(0, max(1, span.of // 4), drawn)
    return Events(
        ids=draw_ids(rng, drawn),
        dashed=np.zeros(drawn, dtype=bool),
        kind=np.full(drawn, IMPRESSION, dtype=np.int8),
        at=epoch_ms(today) + np.minimum(ms, DAY_MS - _ROOM_MS),
        publisher=publisher + market.FIRST_PUBLISHER_ID,
        domain=publisher,
        ad_unit=ad_unit,
        campaign=np.where(filled, campaign_ids[bought], 0),
        advertiser=np.where(filled, advertiser_ids[bought], 0),
        device=device,
        browser=browser,
        country=country,
        place=place,
        revenue=np.where(filled, revenue, 0),
        unsettled=np.zeros(drawn, dtype=bool),
        floor=np.where(filled, floor, unfilled_floor),
        filled=filled,
        score=draw_scores(rng, unit_price),
        user=mix((person * 1000 + place) * 100 + browser, 1),
        request=mix(rng.integers(0, 2**62, drawn), 2),
        usable=np.ones(drawn, dtype=bool),
    )


def draw_scores(rng: np.random.Generator, unit_prices: np.ndarray) -> np.ndarray:
    """The scores of people's events on ad units with these prices."""
    return 400 + 2 * unit_prices + rng.integers(-150, 151, len(unit_prices))


def _with_followers(catalogue: Catalogue, rng: np.random.Generator, impressions: Events, rows: int) -> Events:
    """Impressions with their viewable and click rows, cut to exactly `rows` without a follower whose impression is
    missing."""
    drawn = len(impressions)
    seen = impressions.filled & (rng.integers(0, 1000, drawn) < _VIEWABLE_PER_MILLE)
    clicked = impressions.filled & (rng.integers(0, 10_000, drawn) < _CLICK_RATE[impressions.device])
    seen_after, clicked_after = rng.integers(1_000, 20_000, drawn), rng.integers(20_000, 240_000, drawn)
    prices = _campaign_columns(catalogue)[1]
    noise = _NOISE[rng.integers(0, len(_NOISE), drawn)]

    ends = (1 + seen.astype(np.int64) + clicked).cumsum()
    kept = int(np.searchsorted(ends, rows, side="left")) + 1
    over = int(ends[kept - 1]) - rows
    if over and clicked[kept - 1]:
        clicked[kept - 1], over = False, over - 1
    if over:
        seen[kept - 1] = False

    viewable = follow(rng, impressions, np.flatnonzero(seen[:kept]), VIEWABLE, seen_after)
    clicks = follow(rng, impressions, np.flatnonzero(clicked[:kept]), CLICK, clicked_after)
    rows_clicked = np.flatnonzero(clicked[:kept])
    clicks.revenue = prices[clicks.campaign - market.FIRST_CAMPAIGN_ID] * noise[rows_clicked] // 10_000
    return concat([take(impressions, np.arange(kept)), viewable, clicks])


def follow(rng: np.random.Generator, impressions: Events, rows: np.ndarray, kind: int, after: np.ndarray) -> Events:
    """Events of a kind that follow those `rows`, `after` (one entry per impression) milliseconds in the day."""
    events = take(impressions, rows)
    events.ids = draw_ids(rng, len(rows))
    events.kind[:] = kind
    events.revenue[:] = 0
    day_end = events.at // DAY_MS * DAY_MS + DAY_MS - 1
    events.at = np.minimum(events.at + after[rows], day_end)
    return events


def ad_unit_weights(catalogue: Catalogue) -> np.ndarray:
    table = np.zeros((len(market.PUBLISHERS), len(catalogue.ad_units)), dtype=np.int64)
    for column, unit in enumerate(catalogue.ad_units):
        table[unit.publisher, column] = market.PLACEMENTS[unit.placement][3]
    return table


def ad_unit_prices(catalogue: Catalogue) -> np.ndarray:
    return np.array([market.PLACEMENTS[unit.placement][4] for unit in catalogue.ad_units])


def _campaign_columns(catalogue: Catalogue) -> np.ndarray:
    """Rows: micro-dollars an impression, micro-dollars a click, campaign id, advertiser id."""
    rows = [(c.impression_micros, c.click_micros, c.campaign_id, c.advertiser_id) for c in catalogue.campaigns]
    return np.array(rows, dtype=np.int64).T


def _country_weights() -> np.ndarray:
    """Most readers come from the publisher's own country, the rest from all countries."""
    countries = list(market.COUNTRIES)
    table = np.full((len(market.PUBLISHERS), len(countries)), 3, dtype=np.int64)
    for row, publisher in enumerate(market.PUBLISHERS):
        table[row, countries.index(publisher.country)] += 100
    return table


def _place_weights() -> np.ndarray:
    table = np.zeros((len(market.COUNTRIES), len(PLACES)), dtype=np.int64)
    column = 0
    for row, (_, _, places) in enumerate(market.COUNTRIES.values()):
        for _, _, weight in places:
            table[row, column] = weight
            column += 1
    return table


DEVICE_WEIGHTS = np.array([market.CATEGORY_DEVICES[publisher.category] for publisher in market.PUBLISHERS])
_BROWSER_WEIGHTS = np.array([weights for weights, _ in market.BROWSERS.values()]).T
COUNTRY_WEIGHTS = _country_weights()
_PLACE_WEIGHTS = _place_weights()
FILL = np.array(market.DEVICE_FILL)[:, None] + np.array([fill for fill, _, _ in market.COUNTRIES.values()])
_COUNTRY_PRICE = np.array([price for _, price, _ in market.COUNTRIES.values()])
_DEVICE_PRICE = np.array(market.DEVICE_PRICE)
_CLICK_RATE = np.array(market.CLICK_RATE)
