"""The population: all events that happened at a company, whether or not the platform stores them."""

from dataclasses import dataclass

import numpy as np

from tools.generators.consent import catalogue as market
from tools.generators.consent.catalogue import ACTION, ASKED, EMPTY, GIVEN, PAGEVIEW, Company
from tools.generators.consent.draw import weighted
from tools.generators.draw import lognormal_table, pick
from tools.generators.texts import DAY_MS, HOUR_MS

MAX_VISITS, MAX_PAGES = 4, 6
RETURNING_PERCENT = 25  # answered before the first day
ASKED_PERCENT = 85  # of visits of users who have not answered
LATE_ANSWER_PERCENT = 4
PREFERENCES_PERCENT = 6  # of answers, besides those that are partial
CHANGES_PERCENT = 4  # of visits of users who have answered
TRAVELS_PERCENT = 3
NONE = -1
CLICK, UNTOLD, EXTERNAL = range(3)  # the action of a given
SHOWN_PURPOSES, PURPOSE_CHANGED, SHOWN_VENDORS = range(3)  # the action of a ui.action

_VISIT_WEIGHTS = (60, 22, 12, 6)
_PAGE_WEIGHTS = (40, 25, 15, 10, 6, 4)
_LOCAL_HOUR_WEIGHTS = (10, 6, 4, 3, 4, 8, 20, 38, 50, 55, 56, 58, 64, 62, 56, 54, 56, 62, 70, 76, 80, 72, 48, 24)
_NOISE = lognormal_table(1.0)
_ANSWER_MEDIAN_MS, _LATE_MEDIAN_MS, _PAGE_MEDIAN_MS = 5_500, 2_400_000, 35_000
_LEAST_ANSWER_MS = 900


@dataclass
class Population:
    """Events of one company in order of user and time; times in ms since 1970 UTC, `created` and `updated` of givens
    only. `status` is the user's state from the event on, `previous` the one before it."""

    user: np.ndarray
    at: np.ndarray
    kind: np.ndarray
    status: np.ndarray
    previous: np.ndarray
    created: np.ndarray
    updated: np.ndarray
    variant: np.ndarray
    country: np.ndarray
    sdk: np.ndarray
    device: np.ndarray
    browser: np.ndarray

    def __len__(self) -> int:
        return len(self.at)


class _Events:
    """Collects parts of the population by column."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []

    def add(self, kind: int, users: np.ndarray, at: np.ndarray, visit: int, **values: np.ndarray | int) -> None:
        rows = len(users)
        optional = [
            np.broadcast_to(np.asarray(values.get(name, default), dtype=np.int64), rows)
            for name, default in (("choice", EMPTY), ("created", NONE), ("updated", NONE), ("variant", 0))
        ]
        self._parts.append((users, at, np.full(rows, kind), np.full(rows, visit), *optional))

    def columns(self, end: int) -> list[np.ndarray]:
        """User, time, kind, visit, choice, created, updated, variant; in order of user and time."""
        columns = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
        inside = columns[1] < end
        columns = [column[inside] for column in columns]
        order = np.lexsort((columns[2] != GIVEN, columns[1], columns[0]))
        return [column[order] for column in columns]


def draw_population(company: Company, rng: np.random.Generator, users: int) -> Population:
    """All events of the given number of users (at least 1) during the company's export."""
    visits = _visits(company, rng, users)
    before = np.where(rng.integers(0, 100, users) < RETURNING_PERCENT, _choices(company, rng, users), EMPTY)
    home = weighted(rng, company.country_weights, users)
    abroad = weighted(rng, company.country_weights, users * MAX_VISITS).reshape(users, MAX_VISITS)
    travels = rng.integers(0, 100, (users, MAX_VISITS)) < TRAVELS_PERCENT
    sdk = (rng.integers(0, 100, users) < company.mobile_percent).astype(np.int64)
    device = pick(rng, np.array(market.DEVICE_WEIGHTS), sdk)
    browser = pick(rng, np.array(list(market.BROWSERS.values())).T, device)
    browser = np.where(sdk == market.MOBILE, list(market.BROWSERS).index(market.APP_BROWSER), browser)

    events = _Events()
    _visit_all(company, rng, visits, before, events)
    user, at, kind, visit, choice, created, updated, variant = events.columns(company.end_ms)
    status, previous = _states(user, kind, choice, before)
    country = np.where(travels, abroad, home[:, None])[user, visit]
    return Population(
        user, at, kind, status, previous, created, updated, variant, country, sdk[user], device[user], browser[user]
    )


def percents(company: Company, population: Population) -> np.ndarray:
    """For each event, the share of events like it that is stored."""
    later = (population.at >= company.rate_changes_at).astype(np.int64)
    return company.percents[later, population.sdk, population.kind]


def _visits(company: Company, rng: np.random.Generator, users: int) -> np.ndarray:
    """Times of each user's visits in order; past the end where there is none."""
    ahead = list(market.MAIN_COUNTRIES.values())[company.home][1]
    hours = np.arange(company.first_ms // HOUR_MS, company.end_ms // HOUR_MS)
    weights = np.array(_LOCAL_HOUR_WEIGHTS)[(hours + ahead) % 24]
    at = hours[weighted(rng, weights, users * MAX_VISITS)] * HOUR_MS + rng.integers(0, HOUR_MS, users * MAX_VISITS)
    absent = np.arange(MAX_VISITS) > weighted(rng, _VISIT_WEIGHTS, users)[:, None]
    return np.sort(np.where(absent, company.end_ms, at.reshape(users, MAX_VISITS)), axis=1)


def _visit_all(
    company: Company, rng: np.random.Generator, visits: np.ndarray, before: np.ndarray, events: _Events
) -> None:
    users = len(visits)
    choice = before.copy()
    last_given = np.where(before == EMPTY, NONE, 0)
    created = np.where(before == EMPTY, NONE, visits[:, 0] - rng.integers(HOUR_MS, 180 * DAY_MS, users))
    variant = {"click": CLICK, None: UNTOLD, "external": EXTERNAL}[company.first_choice_action]
    for number in range(MAX_VISITS):
        here = np.flatnonzero(visits[:, number] < company.end_ms)
        at = visits[here, number]
        _view_pages(rng, here, at, number, events)

        drawn = rng.integers(0, 100, len(here))
        changing = (choice[here] != EMPTY) & (last_given[here] < at) & (drawn < CHANGES_PERCENT)
        asked = (choice[here] == EMPTY) & (drawn < ASKED_PERCENT)

        who, asked_at = here[asked], at[asked] + rng.integers(150, 2_500, int(asked.sum()))
        if company.asks:
            events.add(ASKED, who, asked_at, number)
        created[who] = np.where(created[who] == NONE, asked_at, created[who])
        answering = rng.integers(0, 100, len(who)) < company.answers_percent
        who, asked_at = who[answering], asked_at[answering]
        late = rng.integers(0, 100, len(who)) < LATE_ANSWER_PERCENT
        delay = np.where(late, _LATE_MEDIAN_MS, _ANSWER_MEDIAN_MS) * _noise(rng, len(who)) // 10_000
        delay = np.maximum(delay, _LEAST_ANSWER_MS)
        choice[who] = _choices(company, rng, len(who))
        last_given[who] = _answer(rng, who, asked_at, delay, number, choice, created, variant, events)

        who, at = here[changing], at[changing] + rng.integers(5_000, 60_000, int(changing.sum()))
        other = 1 + (choice[who] - 1 + rng.integers(1, 3, len(who))) % 3
        choice[who] = other
        delay = 10_000 * _noise(rng, len(who)) // 10_000 + _LEAST_ANSWER_MS
        last_given[who] = _answer(rng, who, at, delay, number, choice, created, CLICK, events, prefers=True)


def _view_pages(rng: np.random.Generator, users: np.ndarray, at: np.ndarray, visit: int, events: _Events) -> None:
    last_page = weighted(rng, _PAGE_WEIGHTS, len(users))
    for page in range(MAX_PAGES):
        seen = last_page >= page
        features = rng.integers(0, 100, int(seen.sum()))
        events.add(PAGEVIEW, users[seen], at[seen], visit, variant=np.where(features < 5, 1 + features % 2, 0))
        at = at + 1_000 + _PAGE_MEDIAN_MS * _noise(rng, len(users)) // 10_000


def _answer(
    rng: np.random.Generator,
    who: np.ndarray,
    at: np.ndarray,
    delay: np.ndarray,
    visit: int,
    choice: np.ndarray,
    created: np.ndarray,
    variant: int,
    events: _Events,
    *,
    prefers: bool = False,
) -> np.ndarray:
    """Adds the givens of `who` and their earlier actions in the preferences; returns the times of the givens."""
    updated = at + delay
    given_at = updated + rng.integers(50, 1_200, len(who))
    events.add(GIVEN, who, given_at, visit, choice=choice[who], created=created[who], updated=updated, variant=variant)
    partial = choice[who] == market.PARTIAL
    opens = prefers | partial | (rng.integers(0, 100, len(who)) < PREFERENCES_PERCENT)
    shown = np.where(rng.integers(0, 10, len(who)) < 8, SHOWN_PURPOSES, SHOWN_VENDORS)
    events.add(ACTION, who[opens], (at + delay * 2 // 5)[opens], visit, variant=shown[opens])
    events.add(ACTION, who[partial], (at + delay * 7 // 10)[partial], visit, variant=PURPOSE_CHANGED)
    return given_at


def _states(
    user: np.ndarray, kind: np.ndarray, choice: np.ndarray, before: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The state after and before each event: the last given of the user decides."""
    rows = np.arange(len(user))
    given = np.where(kind == GIVEN, rows, NONE)
    first = np.searchsorted(user, user)
    until = np.maximum.accumulate(given)
    earlier = np.append(NONE, until[:-1])
    status = np.where(until >= first, choice[until], before[user])
    previous = np.where(earlier >= first, choice[earlier], before[user])
    return status, previous


def _choices(company: Company, rng: np.random.Generator, size: int) -> np.ndarray:
    return 1 + weighted(rng, company.choice_weights, size)


def _noise(rng: np.random.Generator, size: int) -> np.ndarray:
    return _NOISE[rng.integers(0, len(_NOISE), size)]
