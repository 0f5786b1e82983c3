"""Small drops of consent events written by hand, a company a case, with what must come out worked out by hand."""

import datetime as dt
import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import clickhouse_connect
import duckdb
import pytest

from dashboard.roles.consent import are_apart
from support.analyses import analyses_of, answers_of_dev, answers_of_prod, compiled, described
from support.consent import Record, Z, assert_estimate, company_record, deliver, event, records
from support.dashboard import TARGETS, shown, tables_of, tiles_of
from support.dbt import BuildError
from support.drops import NO_TESTS, build, keep
from support.metrics import Figures, Grouping, assert_metrics
from support.pages import read_page
from support.warehouse import Warehouse, warehouse

COMPANY_OF_EVENTS = "select distinct company_id from marts.fct_consent_events"

# event: RATE, COUNT, and what they mean: stored events, weighted once, extrapolated, variance
WEIGHTS: dict[str, tuple[str, str, int, float, float, float]] = {
    "count-is-the-inverse": ("0.1", "10", 1, 10, 100, 90),
    "count-is-above-the-inverse": ("0.1", "11", 11, 110, 110, 990),
    "count-is-below-the-inverse": ("0.1", "3", 1, 10, 30, 90),
    "count-is-missing": ("0.1", "", 1, 10, 100, 90),
    "count-is-text": ("0.1", "ten", 1, 10, 100, 90),
    "count-with-a-decimal": ("0.1", "10.0", 1, 10, 100, 90),
    "complete": ("1.0", "1", 1, 1, 1, 0),
    "complete-without-decimals": ("1", "1", 1, 1, 1, 0),
    "several-complete": ("1.0", "4", 4, 4, 4, 0),
    "count-is-the-rounded-inverse": ("0.03", "33", 1, 100 / 3, 1100, 100 / 3 * 97 / 3),
    "count-is-above-the-rounded-inverse": ("0.03", "34", 34, 3400 / 3, 3400 / 3, 34 * 100 / 3 * 97 / 3),
    "noise-of-single-floats": ("0.20000000298", "5", 1, 5, 25, 20),
    "noise-below": ("0.029999999329447746", "33", 1, 100 / 3, 1100, 100 / 3 * 97 / 3),
    "noise-above-one": ("1.0000000000000002", "1", 1, 1, 1, 0),
    "one-in-two-million": ("5e-7", "2000000", 1, 2e6, 4e12, 2e6 * (2e6 - 1)),
    "digits-after-the-sixth": ("0.0000333", "30030", 1, 1e7 / 333, 30030e7 / 333, 1e7 / 333 * (1e7 / 333 - 1)),
    "scientific": ("3E-2", "33", 1, 100 / 3, 1100, 100 / 3 * 97 / 3),
}
UNUSABLE_RATES = ("0", "0.0", "-0.1", "1.5", "n/a", "nan", "", "  ", "0.0000000001")
UNREADABLE_TIMES = ("2025-02-30 10:00:00.000", "not available", "")

ASIDE = [
    event("", "aside"),
    event("   ", "aside"),
    event("", "aside", at="not available", rate="0"),
    *(event(f"time-{place}", "aside", at=time) for place, time in enumerate(UNREADABLE_TIMES)),
    *(event(f"rate-{place}", "aside", rate=rate) for place, rate in enumerate(UNUSABLE_RATES)),
    event("fine", "aside"),
    event("twice", "aside", consent="opt-out"),
    event(" TWICE ", "aside", consent="full opt-in"),
]

KNOWN = [
    *(event(f"no-notice-{n}", "no-notice", "consent.given", consent="full opt-in") for n in range(3)),
    event("no-notice-out", "no-notice", "consent.given", consent="opt-out"),
    *(event(f"unanswered-{n}", "unanswered", "consent.asked", rate="0.2", count="5") for n in range(3)),
    event("homeless", "homeless"),
    event("unlisted", "unlisted"),
    event("anonymous", ""),
    event("folded", " FOLDED ", " Pageview ", consent=" Full OPT-in "),
]

# event: COUNTRY and REGION as delivered, and as published
PLACES: dict[str, tuple[str, str, str | None, str | None]] = {
    "quoted": ('"FR"', '"IDF"', "FR", "IDF"),
    "bare": ("DE", "BY", "DE", "BY"),
    "lower-and-padded": (' "es" ', '"md "', "ES", "MD"),
    "empty-inside": ('""', '""', None, None),
    "blank-inside": ('" "', '" "', None, None),
    "missing": ("", "", None, None),
}

RATES = [
    *(event(f"rates-asked-{n}", "rates", "consent.asked", rate="0.1", count="10") for n in range(4)),
    *(event(f"rates-in-{n}", "rates", "consent.given", rate="0.5", count="2", consent="full opt-in") for n in range(6)),
    *(event(f"rates-out-{n}", "rates", "consent.given", rate="0.5", count="2", consent="opt-out") for n in range(2)),
    event("rates-partial", "rates", "consent.given", consent="partial opt-in"),
    event("rates-untold", "rates", "consent.given", consent="empty"),
    *(event(f"mixed-tenth-{n}", "mixed", rate="0.1", count="10") for n in range(2)),
    event("mixed-half", "mixed", rate="0.5", count="2"),
]

# 25 notices of weight 5; 30 choices of weight 2, of which 18 are full opt-ins
BY_HAND = [
    *(event(f"by-hand-asked-{n}", "by-hand", "consent.asked", rate="0.2", count="5") for n in range(25)),
    *(
        event(f"by-hand-in-{n}", "by-hand", "consent.given", rate="0.5", count="2", consent="full opt-in")
        for n in range(18)
    ),
    *(
        event(f"by-hand-out-{n}", "by-hand", "consent.given", rate="0.5", count="2", consent="opt-out")
        for n in range(12)
    ),
]
# rate: value, standard error and 95 % interval
#
# Notices 25 x 5 = 125, variance 25 x 5 x 4 = 500. Choices 30 x 2 = 60, variance 30 x 2 x 1 = 60.
# Opt-ins 36, variance 36.
# Conversion 60 / 125, variance (60 + 0.48^2 x 500) / 125^2 = 0.0112128.
# By COUNT / RATE 30 x 2 / 0.5 = 120 choices of 25 x 5 / 0.2 = 625 notices: 0.4 of the value and of its error.
# Opt-in rate 36 / 125, variance (36 + 0.288^2 x 500) / 125^2.
# Consent rate 18 of 30 drawn from twice as many: the variance of a share, 0.6 x 0.4 / 30, halved.
RATES_BY_HAND: dict[str, tuple[float, float, float, float]] = {
    "conversion_rate_weighted_once": (0.48, 0.10589051, 0.27245842, 0.68754158),
    "conversion_rate_extrapolated": (0.192, 0.04235620, 0.10898337, 0.27501663),
    "opt_in_rate_weighted_once": (0.288, 0.07041454, 0.14999003, 0.42600997),
    "consent_rate_weighted_once": (0.6, 0.06324555, 0.47604099, 0.72395901),
}

# the two of DE are of different days and types, so they meet only in the sum over days
COUNTRIES = [
    *(event(f"rare-fr-{n}", "rare", country='"FR"') for n in range(5)),
    event("rare-de-1", "rare", country='"DE"', at="2025-09-05 10:00:00.000"),
    event("rare-de-2", "rare", "ui.action", country='"DE"', at="2025-09-06 10:00:00.000"),
    *(event(f"rare-{country}", "rare", country=f'"{country}"') for country in ("IT", "ES", "BE")),
    event("rare-nowhere", "rare", country=""),
    *(event(f"common-{n}", "common", country='"FR"') for n in range(3)),
]


def of_user(user: str, name: str, event_type: str, clock: str, **choice: str) -> dict[str, str]:
    """An event of the user, with what a choice says of its creation and its last change."""
    parameters = {key: f"2025-09-05T{moment}Z" for key, moment in choice.items()} if choice else ""
    at = f"2025-09-05 {clock}"
    return event(f"times-{user}-{name}", "times", event_type, at, parameters, user_id=user)


TIMES = [
    of_user("quick", "asked", "consent.asked", "10:00:00.000"),
    of_user("quick", "given", "consent.given", "10:00:10.000", created="08:59:00.000", updated="08:59:04"),
    of_user("reader", "asked", "consent.asked", "10:00:00.000"),
    of_user("reader", "page", "pageview", "10:00:05.000"),
    of_user("reader", "given", "consent.given", "10:00:20.000", created="08:59:00.000", updated="08:59:08.000"),
    of_user("early", "given", "consent.given", "09:59:00.000", created="08:59:00.000", updated="99:99"),
    of_user("early", "asked", "consent.asked", "10:00:00.000"),
    of_user("half-hour", "asked", "consent.asked", "10:00:00.000"),
    of_user("half-hour", "given", "consent.given", "10:30:00.000", created="08:59:00", updated="08:59:30.5"),
    of_user("later", "asked", "consent.asked", "10:00:00.000"),
    of_user("later", "given", "consent.given", "10:30:00.001", created="08:59:00.000"),
    of_user("elsewhere", "asked", "consent.asked", "10:00:00.000"),
    event("times-elsewhere", "elsewhere", "consent.given", "2025-09-05 10:00:01.000", user_id="elsewhere"),
    of_user("twice", "asked-1", "consent.asked", "10:00:00.000"),
    of_user("twice", "asked-2", "consent.asked", "10:00:30.000"),
    of_user("twice", "given", "consent.given", "10:01:00.000"),
    of_user("twice", "given-again", "consent.given", "10:02:00.000", updated="08:59:08.000"),
    of_user("", "asked", "consent.asked", "10:00:00.000"),
    of_user("", "given", "consent.given", "10:00:03.000"),
]


def lists(enabled: list[Any], disabled: list[Any]) -> dict[str, list[Any]]:
    return {"enabled": enabled, "disabled": disabled}


def given(event_id: str, status: str, parameters: Any, **fields: str) -> dict[str, str]:
    return event(event_id, "choices", "consent.given", parameters=parameters, consent=status, **fields)


CHOSEN = {"purposes": lists(["cookies"], ["market"]), "vendors": lists([63], ["google"])}
OFFERED = {"purposes": ["cookies", "market"], "purposes_li": ["market"], "vendors": [63, "google"], "vendors_li": []}
CHOICES = [
    event("offer", "choices", "consent.asked", parameters=OFFERED),
    given("some", "partial opt-in", {**CHOSEN, "purposes_li": lists(["market"], []), "vendors_li": lists([], [63])}),
    given("all", "full opt-in", {"purposes": lists(["cookies"], []), "vendors": lists(["google"], [])}),
    given("none", "opt-out", {"purposes": lists([], ["cookies"]), "vendors": lists([], [63, "google"])}),
    given("repeated", "full opt-in", {"purposes": lists(["cookies", "cookies"], []), "vendors": lists([63, "63"], [])}),
    given("with-null", "full opt-in", {"purposes": lists(["cookies", None], [])}),
    given("cut", "full opt-in", json.dumps(CHOSEN)[:40]),
    given("single-quoted", "full opt-in", json.dumps(CHOSEN).replace('"', "'")),
    given("with-a-comma-behind", "full opt-in", json.dumps(CHOSEN) + ","),
    given("no-lists", "full opt-in", {"purposes": {"enabled": "cookies", "disabled": None}, "vendors": "all"}),
    given("no-object", "full opt-in", "[1, 2]"),
    given("without", "full opt-in", ""),
    event("page", "choices", "pageview", parameters=CHOSEN, consent="opt-out"),
]

# 4 notices that offer vendor 900, 3 choices that enable it and 1 that disables it, each of weight 2
HALF = {"rate": "0.5", "count": "2"}
REFUSED = {
    **{f"refused-asked-{n}": {"country": '"FR"'} for n in range(4)},
    "refused-in-0": {"country": '"FR"'},
    "refused-in-1": {"country": '"FR"'},
    "refused-in-2": {"country": '"DE"'},
    "refused-out": {"country": '"DE"', "device_type": "smartphone"},
}
SAMPLED_CHOICES = [
    event(
        name,
        "refused",
        "consent.asked" if "asked" in name else "consent.given",
        parameters={"vendors": [900] if "asked" in name else lists(*([[900], []] if "-in-" in name else [[], [900]]))},
        consent="empty" if "asked" in name else "partial opt-in",
        **HALF,
        **fields,
    )
    for name, fields in REFUSED.items()
]
# breakdown and member: rate, low and high of the choices that enable it, what that is worth; per offer, low and high
#
# In all enabled 6 of 8 decided, variances 6 and 8: variance of the share ((1 - 1.5) x 6 + 0.75^2 x 8) / 8^2 = 1.5 / 64.
# Per offer 6 of 8, variance (6 + 0.75^2 x 8) / 8^2 = 10.5 / 64. In DE 2 of 4, variance (0 x 2 + 0.5^2 x 4) / 4^2.
# In FR all 4 of 4, and on smartphones none of 2: the sample shows no error.
ENABLED: dict[tuple[str, str], tuple] = {
    ("all", "all"): (0.75, 0.44994302, 1.0, "estimated", 0.75, 0.0, 1.54387615),
    ("country", "DE"): (0.5, 0.01000900, 0.98999100, "estimated", None, None, None),
    ("country", "FR"): (1.0, None, None, "error unknown", 0.5, 0.0, 1.10011396),
    ("device", "smartphone"): (0.0, None, None, "error unknown", None, None, None),
}

# In Norway one company shows notices: 10 of weight 5, and 10 full opt-ins, all stored. The other has 30 opt-ins of
# weight 2, and no notice. In Sweden a company opts in whose notices are of another day and country.
OF_901 = {"notice": {"vendors": [901]}, "choice": {"vendors": lists([901], [])}}
OCTOBER_5 = "2025-10-05 10:00:00.000"


def northern(event_id: str, company: str, event_type: str, country: str, **fields: Any) -> dict[str, str]:
    place = {"country": f'"{country}"', "device_type": "television"}
    return event(event_id, company, event_type, **{"at": OCTOBER_5, **place, **fields})


NORTH = [
    *(
        northern(f"north-asked-{n}", "north", "consent.asked", "NO", parameters=OF_901["notice"], rate="0.2", count="5")
        for n in range(10)
    ),
    *(
        northern(
            *(f"{company}-in-{n}", company, "consent.given", "NO"),
            **{"parameters": OF_901["choice"], "consent": "full opt-in", **weight},
        )
        for company, most, weight in (("north", 10, {}), ("unasked", 30, HALF))
        for n in range(most)
    ),
    northern("north-in-sweden", "north", "consent.given", "SE", at="2025-09-06 10:00:00.000", consent="full opt-in"),
    northern("asked-in-sweden", "sweden", "consent.asked", "SE"),
]
# Opt-ins of north alone: 10 / 50, variance (0 + 0.2^2 x 200) / 50^2, which with those of unasked would be 70 / 50.
NORTHERN = (0.2, 0.2 - Z * math.sqrt(8) / 50, 0.2 + Z * math.sqrt(8) / 50)

# stored events of days: 160 and 20, beside the hundreds of 5 September; 100 of the day of the delivery
FULL_DAYS = [
    event(f"{day}-{n}", "days", at=f"{day} 10:00:00.000", device_type="television")
    for day, most in (("2025-10-05", 160), ("2025-10-09", 20), ("2026-01-10", 100))
    for n in range(most)
]

SIZES = [event(f"{company}-{n}", company) for company, size in (("few", 29), ("enough", 30)) for n in range(size)]

AGAIN = [
    event("kept", "again", "consent.given", "2025-10-05 10:00:00.000", consent="opt-out"),
    event("corrected", "again", "consent.given", "2025-10-05 11:00:00.000", consent="opt-out"),
    event("moved", "again", "consent.given", "2025-10-06 10:00:00.000", {"purposes": lists(["cookies"], [])}),
]
AGAIN_LATER = [
    event("kept", "again", "consent.given", "not available", consent="full opt-in"),
    event("corrected", "again", "consent.given", "2025-10-05 11:00:00.000", consent="full opt-in"),
    event("moved", "again", "consent.given", "2025-10-07 10:00:00.000", {"purposes": lists([], ["cookies"])}),
    event("late", "again", "consent.asked", "2025-10-05 12:00:00.000"),
]
AGAIN_IN_BETWEEN = [
    event("corrected", "again", "consent.given", "2025-10-05 11:00:00.000", consent="partial opt-in"),
    event("moved", "again", "consent.given", "2025-10-08 10:00:00.000"),
    event("between", "again", "consent.asked", "2025-10-06 12:00:00.000"),
]

# what a delivery may do to the figures of a day that was published
TENTH = {"rate": "0.1", "count": "10"}
RESTATED = [
    *(event(f"restated-asked-{n}", "restated", "consent.asked", OCTOBER_5, **TENTH) for n in range(4)),
    *(event(f"restated-in-{n}", "restated", "consent.given", OCTOBER_5, consent="full opt-in") for n in range(2)),
    event("restated-out", "restated", "consent.given", OCTOBER_5, consent="opt-out"),
    event("restated-page", "restated", "pageview", OCTOBER_5, **TENTH),
]
RESTATED_LATER = [
    event("restated-asked-0", "restated", "consent.asked", OCTOBER_5, rate="0.2", count="5"),
    event("restated-late", "restated", "consent.asked", OCTOBER_5, **TENTH),
    event("restated-in-0", "restated", "consent.given", OCTOBER_5, consent="full opt-in"),
    event("restated-out", "restated", "consent.given", OCTOBER_5, consent="full opt-in"),
    event("restated-page", "heir", "pageview", OCTOBER_5, **TENTH),
    event("restated-page", "heir", "pageview", OCTOBER_5, **TENTH),
]

# company, day of October and of the delivery: publication; stored records and estimate of events, notices and choices
PUBLISHED: dict[tuple, tuple] = {
    ("again", 5, 10): ("first", 2, 2, 0, 0, 2, 2),
    ("again", 6, 10): ("first", 1, 1, 0, 0, 1, 1),
    ("restated", 5, 10): ("first", 8, 53, 4, 40, 3, 3),
}
PUBLISHED_LATER: dict[tuple, tuple] = PUBLISHED | {
    ("again", 5, 12): ("restatement", 3, 3, 1, 1, 2, 2),
    ("again", 6, 12): ("restatement", 0, 0, 0, 0, 0, 0),
    ("again", 7, 12): ("first", 1, 1, 0, 0, 1, 1),
    ("restated", 5, 12): ("restatement", 8, 48, 5, 45, 3, 3),
    ("heir", 5, 12): ("restatement", 1, 10, 0, 0, 0, 0),
}
PUBLISHED_IN_BETWEEN: dict[tuple, tuple] = PUBLISHED_LATER | {
    ("again", 5, 11): ("restatement", 2, 2, 0, 0, 2, 2),
    ("again", 6, 11): ("restatement", 1, 1, 1, 1, 0, 0),
    ("again", 8, 11): ("first", 1, 1, 0, 0, 1, 1),
    ("again", 8, 12): ("restatement", 0, 0, 0, 0, 0, 0),
}
# the same key: events that are late, reweighed, of another consent, moved in, moved out; then before and after: events,
# opt-ins and the opt-in rate
CHANGED: dict[tuple, tuple] = {
    ("again", 5, 12): (1, 0, 1, 0, 0, 2, 3, 0, 1, None, 1),
    ("again", 6, 12): (0, 0, 0, 0, 1, 1, 0, 0, 0, None, None),
    ("restated", 5, 12): (1, 1, 1, 0, 1, 53, 48, 2, 3, 2 / 40, 3 / 45),
    ("heir", 5, 12): (0, 0, 0, 1, 0, 0, 10, 0, 0, None, None),
}
CHANGED_IN_BETWEEN: dict[tuple, tuple] = CHANGED | {
    ("again", 5, 11): (0, 0, 1, 0, 0, 2, 2, 0, 0, None, None),
    ("again", 6, 11): (1, 0, 0, 0, 1, 1, 1, 0, 0, None, 0),
    ("again", 8, 12): (0, 0, 0, 0, 1, 1, 0, 0, 0, None, None),
}
# the delivery in between took the event from that day, not the last one
del PUBLISHED_IN_BETWEEN["again", 6, 12], CHANGED_IN_BETWEEN["again", 6, 12]

# on which the engines' own functions differ, or figures lose their bounds
ODD = [
    event("half", "half", rate="0.4", count="3"),
    event("vast", "vast", rate="0.00001", count="100001"),
    event("minus", "minus", rate="0.1", count="-5"),
    event("ahead", "ahead", at="2026-02-01 10:00:00.000"),
    given("comma-in-a-list", "full opt-in", '{"purposes": {"enabled": ["cookies",], "disabled": []}}'),
    given("nan", "full opt-in", '{"purposes": {"enabled": ["cookies"], "disabled": []}, "score": NaN}'),
    given("comma-at-the-end", "full opt-in", '{"created": "2025-09-05T08:59:00Z", "updated": "2025-09-05T08:59:04Z",}'),
    given("float-vendor", "full opt-in", '{"vendors": {"enabled": [63.0], "disabled": []}}'),
]

LISTED = [
    "no-notice",
    "unanswered",
    "aside",
    "weights",
    "places",
    "rates",
    "mixed",
    "rare",
    "common",
    "times",
    "choices",
    "few",
    "enough",
]
COMPANIES = [
    *((company, "Services", "Services", "France") for company in LISTED),
    ("quiet", "Gaming / Sport", "Sport", "Spain"),
    ("homeless", "Services", "Services", ""),
    (" FOLDED ", "Services", "Services", "Belgium"),
    ("again", "Services", "Services", "France"),
]


@pytest.fixture(scope="module")
def consent() -> Iterator[Warehouse]:
    with warehouse("consent", views=True) as house:
        yield house


@pytest.fixture(scope="module")
def first(consent: Warehouse) -> Warehouse:
    weights = [event(event_id, "weights", rate=rate, count=count) for event_id, (rate, count, *_) in WEIGHTS.items()]
    places = [
        event(event_id, "places", country=country, region=region) for event_id, (country, region, *_) in PLACES.items()
    ]
    files = {
        "aside": ASIDE,
        "volumes": [*weights, *RATES, *BY_HAND, *SIZES, *NORTH, *FULL_DAYS],
        "others": [*KNOWN, *places, *COUNTRIES, *TIMES, *CHOICES, *SAMPLED_CHOICES, *AGAIN],
        "restated": RESTATED,
    }
    deliver(consent, 10, files, COMPANIES)
    build(consent)
    return keep(consent, "first")


@pytest.fixture(scope="module")
def redelivered(consent: Warehouse, first: Warehouse) -> Warehouse:
    files = {"events-company-1": AGAIN_LATER, "restated": RESTATED_LATER}
    deliver(consent, 12, files, [("again", "Gaming / Sport", "Sport", "Spain")])
    build(consent)
    return keep(consent, "redelivered")


@pytest.fixture(scope="module")
def older(consent: Warehouse, redelivered: Warehouse) -> Warehouse:
    deliver(consent, 11, AGAIN_IN_BETWEEN, [("again", "Other", "Other", "")])
    build(consent)
    return keep(consent, "older")


@pytest.fixture(scope="module")
def odd(shared_house: Warehouse) -> Warehouse:
    house = replace(shared_house, source="consent", views=True)
    deliver(house, 10, ODD, COMPANIES)
    house.build(*NO_TESTS)
    return house


def on_both(house: Warehouse, columns: str, schema: str, table: str, condition: str = "true") -> list[list[tuple]]:
    """What dev and prod answer to the same query."""
    query = f"select {columns} from {{}}.{table} where {condition} order by 1"
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        prod = client.query(query.format(f"{house.prefix}_{schema}")).result_rows
    return [house.rows(query.format(schema)), prod]


@pytest.mark.parametrize("event_id", WEIGHTS)
def test_a_record_stands_for_as_many_events_as_its_rate_says(first: Warehouse, event_id: str) -> None:
    columns = "events_stored, events_weighted_once, events_extrapolated, variance_weighted_once"
    [found] = first.rows(f"select {columns} from marts.fct_consent_events where event_id = '{event_id}'")
    assert list(map(float, found)) == pytest.approx(WEIGHTS[event_id][2:], rel=1e-7)


@pytest.mark.parametrize(
    ("event_id", "rate"), [("noise-of-single-floats", "0.2"), ("noise-below", "0.03"), ("noise-above-one", "1")]
)
def test_the_rate_is_without_its_noise_and_as_delivered(first: Warehouse, event_id: str, rate: str) -> None:
    [[clean]] = first.rows(f"select sampling_rate from marts.fct_consent_events where event_id = '{event_id}'")
    [[text]] = first.rows(
        f"select sampling_rate_as_delivered from staging.stg_consent__events where event_id = '{event_id}'"
    )
    assert (clean, text) == (Decimal(rate), WEIGHTS[event_id][0])


def test_what_cannot_be_weighed_is_set_aside_with_its_reason(first: Warehouse) -> None:
    reasons = dict(
        first.rows(
            "select set_aside_reason, count(*) from marts.fct_consent_events_set_aside "
            "where _source_file like '%aside.csv' group by 1"
        )
    )
    assert reasons == {
        "missing_event_id": 3,
        "unparsable_timestamp": len(UNREADABLE_TIMES),
        "unusable_rate": len(UNUSABLE_RATES),
    }
    assert first.rows(
        "select event_id, consent_status from marts.fct_consent_events where company_id = 'aside' order by 1"
    ) == [("fine", "empty"), ("twice", "full opt-in")]
    assert company_record(first, "aside")["events_sampled"] == 2


def test_every_record_of_a_file_is_accounted_for(first: Warehouse) -> None:
    """Fifteen are set aside, one of the two spellings of an event replaces the other."""
    replaced = ("replaced_in_delivery", "replaced_by_delivery")
    fates = ("read", "landed", "rejected", "blank", "current", *replaced, "set_aside")
    columns = ", ".join(f"records_{fate}" for fate in fates)
    query = f"select {columns} from quality.fct_consent_event_records where _source_file like '%aside.csv'"
    assert first.rows(query) == [(18, 18, 0, 0, 2, 1, 0, 15)]


def test_without_a_notice_there_is_no_conversion(first: Warehouse) -> None:
    record = company_record(first, "no-notice")
    for rate in ("conversion_rate_extrapolated", "conversion_rate_weighted_once", "opt_in_rate_weighted_once"):
        assert [record[f"{rate}{part}"] for part in ("", "_se", "_low", "_high")] == [None] * 4
    assert record["conversion_rate_n_sampled"] == 4
    assert_estimate(record, "consent_rate_weighted_once", 3 / 4, 0)


def test_without_an_answer_the_conversion_is_zero_in_every_reading(first: Warehouse) -> None:
    record = company_record(first, "unanswered")
    assert_estimate(record, "conversion_rate_weighted_once", 0, 0)
    assert_estimate(record, "opt_in_rate_weighted_once", 0, 0)
    assert record["consent_rate_weighted_once"] is None
    assert record["conversion_rate_extrapolated"] == 0
    assert_estimate(record, "conversion_rate_extrapolated", 0, 0)


def test_a_company_without_events_stays(first: Warehouse) -> None:
    record = company_record(first, "quiet")
    assert (record["industry_front"], record["hq_country"], record["is_listed"]) == ("Sport", "Spain", True)
    for volume in ("events", "consent_asked", "consent_given", "pageview", "ui_action"):
        assert record[f"{volume}_sampled"] == 0
        assert_estimate(record, f"{volume}_weighted_once", 0, 0)
        assert_estimate(record, f"{volume}_extrapolated", 0, 0)
    for unknown in (
        "conversion_rate_extrapolated",
        "opt_in_rate_weighted_once",
        "consent_rate_weighted_once",
        "first_event_at",
        "first_later_given_coverage_sampled",
    ):
        assert record[unknown] is None
    assert (record["distinct_countries"], record["is_small_sample"]) == (0, False)
    assert records(first, "marts.agg_consent_status", "company_id = 'quiet'") == []


def test_a_company_that_no_file_knows_keeps_its_events(first: Warehouse) -> None:
    record = company_record(first, "unlisted")
    assert (record["is_listed"], record["industry_back"], record["hq_country"]) == (False, None, None)
    assert record["events_sampled"] == 1
    assert records(first, "marts.dim_companies", "company_id = 'unlisted'") == []
    [status] = records(first, "marts.agg_consent_status", "company_id = 'unlisted'")
    assert status["events_sampled"] == 1


def test_an_event_without_a_company_is_counted_by_day_only(first: Warehouse) -> None:
    [daily] = records(first, "marts.fct_consent_company_daily", "company_id is null")
    assert (daily["event_type"], daily["events_sampled"]) == ("pageview", 1)
    assert first.rows("select count(*) from marts.agg_consent_company where company_id = ''") == [(0,)]


def test_a_company_without_hq_country_has_none(first: Warehouse) -> None:
    [company] = records(first, "marts.dim_companies", "company_id = 'homeless'")
    assert (company["industry_back"], company["hq_country"]) == ("Services", None)
    record = company_record(first, "homeless")
    assert (record["is_listed"], record["hq_country"], record["events_sampled"]) == (True, None, 1)


def test_spellings_of_a_company_a_type_and_a_status_are_one(first: Warehouse) -> None:
    record = company_record(first, "folded")
    assert (record["hq_country"], record["pageview_sampled"]) == ("Belgium", 1)
    [status] = records(first, "marts.agg_consent_status", "company_id = 'folded'")
    assert status["consent_status"] == "full opt-in"


@pytest.mark.parametrize("event_id", PLACES)
def test_country_and_region_lose_their_quotation_marks(first: Warehouse, event_id: str) -> None:
    query = f"select country_code, region from marts.fct_consent_events where event_id = '{event_id}'"
    assert first.rows(query) == [PLACES[event_id][2:]]


def test_volumes_carry_their_errors_in_both_readings(first: Warehouse) -> None:
    """Four notices of weight 10: 40 with a variance of 4 x 10 x 9; by COUNT / RATE 400, and ten times the error."""
    record = company_record(first, "rates")
    assert record["consent_asked_sampled"] == 4
    assert_estimate(record, "consent_asked_weighted_once", 40, math.sqrt(360), at_least=4)
    assert_estimate(record, "consent_asked_extrapolated", 400, 10 * math.sqrt(360), at_least=40)
    assert record["consent_given_sampled"] == 10
    assert_estimate(record, "consent_given_weighted_once", 18, math.sqrt(16), at_least=10)
    assert_estimate(record, "consent_given_extrapolated", 34, math.sqrt(16) * 34 / 18, at_least=10 * 34 / 18)
    assert_estimate(record, "events_weighted_once", 58, math.sqrt(376), at_least=14)
    assert_estimate(record, "events_extrapolated", 434, math.sqrt(376) * 434 / 58, at_least=14 * 434 / 58)


def test_the_extrapolated_volume_has_the_relative_error_of_the_other(first: Warehouse) -> None:
    """Two records of weight 10 and COUNT 10, one of weight 2 and COUNT 2: 22 and 204."""
    record = company_record(first, "mixed")
    assert_estimate(record, "pageview_weighted_once", 22, math.sqrt(182), at_least=3)
    assert_estimate(record, "pageview_extrapolated", 204, math.sqrt(182) / 22 * 204, at_least=3 * 204 / 22)


def test_rates_carry_errors_by_the_delta_method(first: Warehouse) -> None:
    """Asked: 40, variance 360. Given: 18, variance 16. Opt-ins: 12, variance 12. With a status: 17, variance 16."""
    record = company_record(first, "rates")
    conversion_error = math.sqrt((16 + (18 / 40) ** 2 * 360) / 40**2)
    assert_estimate(record, "conversion_rate_weighted_once", 18 / 40, conversion_error)
    assert_estimate(record, "conversion_rate_extrapolated", 34 / 400, conversion_error * (34 / 400) / (18 / 40))
    assert_estimate(record, "opt_in_rate_weighted_once", 12 / 40, math.sqrt((12 + (12 / 40) ** 2 * 360) / 40**2))
    share = 12 / 17
    consent_error = math.sqrt(((1 - 2 * share) * 12 + share**2 * 16) / 17**2)
    assert_estimate(record, "consent_rate_weighted_once", share, consent_error, at_most=1)
    counted = ("conversion_rate_n_sampled", "opt_in_rate_n_sampled", "consent_rate_n_sampled")
    assert [record[column] for column in counted] == [14, 10, 9]


@pytest.mark.parametrize("rate", RATES_BY_HAND)
def test_rates_are_those_worked_out_by_hand_on_both_engines(first: Warehouse, rate: str) -> None:
    columns = f"{rate}, {rate}_se, {rate}_low, {rate}_high"
    for found in on_both(first, columns, "marts", "agg_consent_company", "company_id = 'by-hand'"):
        assert found == [pytest.approx(RATES_BY_HAND[rate], abs=1e-8)]


def test_the_rate_to_report_comes_before_other_readings(first: Warehouse) -> None:
    columns = list(company_record(first, "by-hand"))
    assert columns.index("conversion_rate_weighted_once_high") < columns.index("conversion_rate_extrapolated")
    bare = {"conversion_rate", "opt_in_rate", "consent_rate", "share_of_given", "share_of_events", "coverage"}
    assert not bare & {*columns, *records(first, "marts.agg_consent_status", "company_id = 'by-hand'")[0]}


# status: weighted once and variance of the choices with it, and of all events with it
STATUSES: dict[str, tuple[int, int, int, int]] = {
    "full opt-in": (12, 12, 12, 12),
    "opt-out": (4, 4, 4, 4),
    "partial opt-in": (1, 0, 1, 0),
    "empty": (1, 0, 41, 360),
}


@pytest.mark.parametrize("status", STATUSES)
def test_shares_of_statuses_carry_errors_by_the_delta_method(first: Warehouse, status: str) -> None:
    choices, choices_variance, events, events_variance = STATUSES[status]
    [record] = records(first, "marts.agg_consent_status", f"company_id = 'rates' and consent_status = '{status}'")
    assert (record["consent_given_weighted_once"], record["events_weighted_once"]) == (choices, events)
    for name, part, variance, whole, whole_variance in (
        ("share_of_given_weighted_once", choices, choices_variance, 18, 16),
        ("share_of_events_weighted_once", events, events_variance, 58, 376),
    ):
        share = part / whole
        error = math.sqrt((1 - 2 * share) * variance + share**2 * whole_variance) / whole
        assert_estimate(record, name, share, error, at_most=1)
    assert record["is_small_sample"] is True


def test_countries_that_were_missed_are_estimated_from_the_rare_ones(first: Warehouse) -> None:
    """Ten located records: FR five times, DE twice, three countries once; n = 10, f1 = 3, f2 = 1."""
    record = company_record(first, "rare")
    missed = 9 / 10 * 3 * 2 / (2 * (1 + 1))
    variance = (
        9 / 10 * (3 * 2) / (2 * (1 + 1))
        + (9 / 10) ** 2 * 3 * (2 * 3 - 1) ** 2 / (4 * (1 + 1) ** 2)
        + (9 / 10) ** 2 * 3**2 * 1 * (3 - 1) ** 2 / (4 * (1 + 1) ** 4)
    )
    reach = math.exp(Z * math.sqrt(math.log(1 + variance / missed**2)))
    expected = {
        "distinct_countries": 5,
        "distinct_countries_estimated": 5 + missed,
        "distinct_countries_se": math.sqrt(variance),
        "distinct_countries_low": 5 + missed / reach,
        "distinct_countries_high": 5 + missed * reach,
    }
    assert {column: record[column] for column in expected} == pytest.approx(expected, rel=1e-8)


def test_where_no_country_is_rare_none_was_missed(first: Warehouse) -> None:
    record = company_record(first, "common")
    assert record["distinct_countries"] == 1
    assert [record[f"distinct_countries_{part}"] for part in ("estimated", "se", "low", "high")] == [1, 0, 1, 1]


# definition: events, and the seconds of those that are linked
WAITS: dict[str, tuple[int, list[float]]] = {
    "first_later_given": (8, [10, 20, 30, 60, 1800, 1800.001]),
    "next_event_is_given": (8, [10, 30, 1800, 1800.001]),
    "given_within_session": (8, [10, 20, 30, 60, 1800]),
    "created_to_updated": (8, [4, 8, 30.5]),
}
MEDIANS = {
    "first_later_given": 45,
    "next_event_is_given": 915,
    "given_within_session": 30,
    "created_to_updated": 8,
}
# nine tenths of the way from the first to the last: between the fifth and sixth, third and fourth, fourth and fifth,
# second and third
PERCENTILES_90 = {
    "first_later_given": 1800.0005,
    "next_event_is_given": 1800.0007,
    "given_within_session": 60 + 0.6 * 1740,
    "created_to_updated": 26,
}


@pytest.mark.parametrize("definition", WAITS)
def test_time_to_an_answer_by_definition(first: Warehouse, definition: str) -> None:
    """Linked by company and user; an answer before the notice, at another company or without a user is none."""
    events, seconds = WAITS[definition]
    [record] = records(
        first, "marts.agg_consent_time_to_given", f"company_id = 'times' and definition = '{definition}'"
    )
    assert (record["events_of_definition"], record["events_linked"]) == (events, len(seconds))
    figures = [len(seconds) / events, MEDIANS[definition], sum(seconds) / len(seconds)]
    names = ("coverage_sampled", "median_seconds", "mean_seconds")
    assert [record[name] for name in names] == pytest.approx(figures, rel=1e-9)
    condition = f"company_id = 'times' and definition = '{definition}'"
    for found in on_both(first, "percentile_90_seconds", "reporting", "rpt_consent_time_to_answer", condition):
        assert found == [(pytest.approx(PERCENTILES_90[definition], rel=1e-9),)]
    company = company_record(first, "times")
    assert [company[f"{definition}_{name}"] for name in names] == [record[name] for name in names]


def test_a_company_without_linked_answers_has_no_median(first: Warehouse) -> None:
    record = company_record(first, "unanswered")
    names = ("coverage_sampled", "median_seconds", "mean_seconds")
    assert [record[f"first_later_given_{name}"] for name in names] == [0, None, None]
    assert record["created_to_updated_coverage_sampled"] is None


# company: rate, low, high and precision of the opt-in rate, then of the consent rate; notices, low and high
#
# Three notices of weight 5 are 15, variance 60; an interval does not begin below what is stored, 3.
REPORTED: dict[str, tuple] = {
    "by-hand": (
        *(0.288, 0.14999003, 0.42600997, "estimated"),
        *(0.6, 0.47604099, 0.72395901, "estimated"),
        *(125, 125 - Z * math.sqrt(500), 125 + Z * math.sqrt(500)),
    ),
    "no-notice": (None, None, None, "no notice is stored", 0.75, None, None, "not sampled", 0, None, None),
    "unanswered": (
        0,
        None,
        None,
        "error unknown",
        None,
        None,
        None,
        "no choice with a status is stored",
        15,
        3,
        15 + Z * math.sqrt(60),
    ),
    "quiet": (
        *(None, None, None, "no notice is stored", None, None, None, "no choice with a status is stored"),
        *(0, None, None),
    ),
}


def approximately(rows: list[tuple], digits: int = 8) -> list[tuple]:
    """Rows with figures as doubles of so many digits, to be compared with others."""
    return [
        tuple(value if value is None or isinstance(value, str) else round(float(value), digits) for value in row)
        for row in rows
    ]


@pytest.mark.parametrize("company", REPORTED)
def test_the_figures_to_report_have_an_interval_where_they_are_sampled(first: Warehouse, company: str) -> None:
    rates = ", ".join(f"{rate}, {rate}_low, {rate}_high, {rate}_precision" for rate in ("opt_in_rate", "consent_rate"))
    columns = f"{rates}, notices, notices_low, notices_high"
    for found in on_both(first, columns, "reporting", "rpt_consent_companies", f"company_id = '{company}'"):
        assert approximately(found) == approximately([REPORTED[company]])


@pytest.mark.parametrize("place", ENABLED)
def test_vendors_are_enabled_and_refused(first: Warehouse, place: tuple[str, str]) -> None:
    columns = "enabled_rate, enabled_rate_low, enabled_rate_high, enabled_rate_precision"
    columns += ", enabled_per_offer, enabled_per_offer_low, enabled_per_offer_high"
    condition = "kind = 'vendors' and item_id = '900' and breakdown = '{}' and member = '{}'".format(*place)
    for found in on_both(first, columns, "reporting", "rpt_consent_choices", condition):
        assert approximately(found) == approximately([ENABLED[place]])


def test_rates_of_companies_leave_out_those_without_notices(first: Warehouse) -> None:
    """On both engines opt-ins of a company without notices are in no rate per notice, and are counted beside it."""
    columns = ", ".join(
        f"{rate}, {rate}_low, {rate}_high, {rate}_is_small_sample" for rate in ("opt_in_rate", "conversion_rate")
    )
    left_out = "companies, companies_without_notices, choices_without_notices, opt_ins"
    country = "breakdown = 'country' and member = '{}'"
    for found in on_both(first, columns, "reporting", "rpt_consent_rates", country.format("NO")):
        assert approximately(found) == approximately([(*NORTHERN, True, *NORTHERN, True)])
    for found in on_both(first, left_out, "reporting", "rpt_consent_rates", country.format("NO")):
        assert found == [(2, 1, 60, 70)]
    swedish = f"opt_in_rate, opt_in_rate_precision, {left_out}"
    for found in on_both(first, swedish, "reporting", "rpt_consent_rates", country.format("SE")):
        assert found == [(1, "not sampled", 2, 0, 0, 1)]
    offered = "enabled_per_offer, enabled_per_offer_low, enabled_per_offer_high, enabled_rate, companies"
    condition = "item_id = '901' and breakdown = 'all'"
    for found in on_both(first, offered, "reporting", "rpt_consent_choices", condition):
        assert approximately(found) == approximately([(*NORTHERN, 1, 2)])
    sizes = "enabled_rate_is_small_sample, enabled_per_offer_is_small_sample"
    for found in on_both(first, sizes, "reporting", "rpt_consent_choices", condition):
        assert found == [(False, True)]


def test_a_sample_is_small_by_the_denominator_of_the_rate(first: Warehouse) -> None:
    """Of by-hand 25 notices and 30 choices are stored, of no-notice 4 choices, and of rates 10."""
    sizes = ", ".join(f"{rate}_is_small_sample" for rate in ("opt_in_rate", "conversion_rate", "consent_rate"))
    for company, expected in {"by-hand": (True, True, False), "no-notice": (False, False, True)}.items():
        for found in on_both(first, sizes, "reporting", "rpt_consent_companies", f"company_id = '{company}'"):
            assert found == [expected]
    columns = "company_id, min(is_small_sample), max(is_small_sample)"
    for found in on_both(
        first, columns, "reporting", "rpt_consent_status", "company_id in ('by-hand', 'rates') group by 1"
    ):
        assert found == [("by-hand", False, False), ("rates", True, True)]


def full_days(house: Warehouse) -> list[list[str]]:
    days = on_both(house, "distinct event_date", "reporting", "rpt_consent_days", "is_full_day")
    return [[str(event_date) for (event_date,) in found] for found in days]


def test_a_full_day_is_over_and_has_half_of_the_usual_events(first: Warehouse) -> None:
    """9 October has 20 events where days usually have over 100; days of one event do not say what is usual. 10 January
    is the day of the delivery."""
    assert full_days(first) == [["2025-09-05", "2025-10-05"]] * 2


def test_purposes_that_no_notice_offers_have_no_rate_per_offer(first: Warehouse) -> None:
    columns = "kind || item_id, enabled_rate, enabled_per_offer, offered, enabled, disabled, enabled_rate_precision"
    condition = "breakdown = 'company' and member = 'choices'"
    expected = [
        ("purposescookies", 0.8, 4.0, 1.0, 4.0, 1.0, "not sampled"),
        ("purposesmarket", 0.0, 0.0, 1.0, 0.0, 1.0, "not sampled"),
        ("purposes_limarket", 1.0, 1.0, 1.0, 1.0, 0.0, "not sampled"),
        ("vendors63", round(2 / 3, 8), 2.0, 1.0, 2.0, 1.0, "not sampled"),
        ("vendors_li63", 0.0, None, 0.0, 0.0, 1.0, "not sampled"),
        ("vendorsgoogle", round(1 / 3, 8), 1.0, 1.0, 1.0, 2.0, "not sampled"),
    ]
    for found in on_both(first, columns, "reporting", "rpt_consent_choices", condition):
        assert sorted(approximately(found)) == sorted(expected)


def test_rates_of_each_breakdown_are_those_of_its_events(first: Warehouse) -> None:
    """Summed in plain Python from the events: full opt-ins per notice of companies with notices, and the error by the
    delta method."""
    asking = {company for (company,) in first.rows(f"{COMPANY_OF_EVENTS} where event_type = 'consent.asked'")}
    industries = dict(first.rows("select company_id, coalesce(industry_front, industry_back) from marts.dim_companies"))
    sums: dict[tuple[str, str | None], list[float]] = {}
    for company, kind, status, country, device, day, weight, variance in first.rows(
        "select company_id, event_type, consent_status, country_code, device_type, event_date, events_weighted_once, "
        "variance_weighted_once from marts.fct_consent_events"
    ):
        places = {
            "all": "all",
            "industry": industries.get(company),
            "country": country,
            "device": device,
            "day": str(day),
        }
        for place in places.items():
            of_place = sums.setdefault(place, [0.0] * 4)
            is_opt_in = kind == "consent.given" and status == "full opt-in" and company in asking
            for at, counts in ((0, kind == "consent.asked"), (2, is_opt_in)):
                of_place[at] += float(weight) * counts
                of_place[at + 1] += float(variance) * counts
    expected = {}
    for place, (asked, asked_variance, opt_ins, opt_ins_variance) in sums.items():
        rate = opt_ins / asked if asked else None
        error = None if rate is None else math.sqrt(opt_ins_variance + rate**2 * asked_variance) / asked
        ends = (max(0, rate - Z * error), rate + Z * error) if rate is not None and error else (None, None)
        expected[place] = (rate, *ends)
    columns = "breakdown, member, opt_in_rate, opt_in_rate_low, opt_in_rate_high"
    for found in on_both(first, columns, "reporting", "rpt_consent_rates"):
        shown = {row[:2]: row[2:] for row in found}
        assert shown.keys() == expected.keys()
        assert approximately(list(shown.values()), 6) == approximately([expected[place] for place in shown], 6)


def test_coverage_of_answers_has_its_interval(first: Warehouse) -> None:
    """6 of 8 notices have an answer: the score interval of Wilson."""
    reach = Z * math.sqrt(6 * 2 / 8 + Z**2 / 4)
    expected = [(45.0, 0.75, (6 + Z**2 / 2 - reach) / (8 + Z**2), (6 + Z**2 / 2 + reach) / (8 + Z**2))]
    condition = "company_id = 'times' and definition = 'first_later_given'"
    columns = "median_seconds, coverage, coverage_low, coverage_high"
    for found in on_both(first, columns, "reporting", "rpt_consent_time_to_answer", condition):
        assert approximately(found) == approximately(expected)


def test_a_day_after_the_last_delivery_is_told_apart(odd: Warehouse) -> None:
    for found in on_both(
        odd, "company_id, is_after_last_delivery", "reporting", "rpt_consent_days", "events_stored = 1"
    ):
        assert dict(found)["ahead"] is True
        assert dict(found)["half"] is False
    for found in on_both(odd, "events", "reporting", "rpt_consent_rates", "member = 'after the last delivery'"):
        assert found == [(1,)]


def chosen(house: Warehouse, company: str = "choices") -> dict[str, set[tuple[str, str, str]]]:
    found: dict[str, set[tuple[str, str, str]]] = {}
    query = f"select event_id, kind, item_id, choice from marts.fct_consent_choices where company_id = '{company}'"
    for event_id, *item in house.rows(query):
        found.setdefault(event_id, set()).add(tuple(item))
    return found


def test_offered_enabled_and_disabled_items_are_listed(first: Warehouse) -> None:
    found = chosen(first)
    assert found["offer"] == {
        ("purposes", "cookies", "offered"),
        ("purposes", "market", "offered"),
        ("purposes_li", "market", "offered"),
        ("vendors", "63", "offered"),
        ("vendors", "google", "offered"),
    }
    assert found["some"] == {
        ("purposes", "cookies", "enabled"),
        ("purposes", "market", "disabled"),
        ("purposes_li", "market", "enabled"),
        ("vendors", "63", "enabled"),
        ("vendors", "google", "disabled"),
        ("vendors_li", "63", "disabled"),
    }


def test_an_item_that_stands_twice_in_a_list_is_one(first: Warehouse) -> None:
    rows = first.rows(
        "select kind, item_id, count(*) from marts.fct_consent_choices "
        "where event_id = 'repeated' group by all order by 1"
    )
    assert rows == [("purposes", "cookies", 1), ("vendors", "63", 1)]


def test_parameters_without_lists_give_no_rows(first: Warehouse) -> None:
    found = chosen(first)
    unlisted = {"cut", "single-quoted", "with-a-comma-behind", "no-lists", "no-object", "without", "page"}
    assert found.keys() & unlisted == set()
    assert found["with-null"] == {("purposes", "cookies", "enabled")}
    kept = first.rows("select event_id from marts.fct_consent_events where company_id = 'choices'")
    assert {event_id for (event_id,) in kept} >= unlisted


@pytest.mark.parametrize(("company", "is_small"), [("few", True), ("enough", False), ("quiet", False)])
def test_fewer_than_thirty_records_are_a_small_sample(first: Warehouse, company: str, is_small: bool) -> None:
    assert company_record(first, company)["is_small_sample"] is is_small


def day(number: int) -> dt.date:
    return dt.date(2025, 10, number)


FIGURES = "publication, " + ", ".join(
    f"{volume}_{reading}"
    for volume in ("events", "consent_asked", "consent_given")
    for reading in ("sampled", "weighted_once")
)
CHANGES = ", ".join(
    [f"events_{change}" for change in ("late", "reweighed", "consent_changed", "moved_in", "moved_out")]
    + [f"{name}_weighted_once_{side}" for name in ("events", "opt_ins", "opt_in_rate") for side in ("before", "after")]
)


def story(house: Warehouse, columns: str, table: str) -> dict[tuple, tuple]:
    """What both engines tell of the companies with a story."""
    key = "company_id, day(event_date), day(_delivered_at)"
    condition = "company_id in ('again', 'restated', 'heir') and event_date >= '2025-10-01'"
    told = [
        {row[:3]: row[3:] for row in rows} for rows in on_both(house, f"{key}, {columns}", "marts", table, condition)
    ]
    assert told[0] == told[1]
    return told[0]


def test_before_any_redelivery_figures_are_those_first_published(first: Warehouse) -> None:
    assert story(first, FIGURES, "fct_consent_company_daily_as_of") == PUBLISHED
    assert story(first, CHANGES, "fct_consent_restatements") == {}


def events_again(house: Warehouse) -> dict[str, tuple[dt.date, str]]:
    query = "select event_id, event_date, consent_status from marts.fct_consent_events where company_id = 'again'"
    return {event_id: tuple(values) for event_id, *values in house.rows(query)}


def days_again(house: Warehouse) -> dict[dt.date, int]:
    daily = "marts.fct_consent_company_daily where company_id = 'again'"
    return dict(house.rows(f"select event_date, sum(events_sampled) from {daily} group by 1"))


def test_the_latest_delivery_of_an_event_wins(first: Warehouse, redelivered: Warehouse) -> None:
    assert events_again(first) == {
        "kept": (day(5), "opt-out"),
        "corrected": (day(5), "opt-out"),
        "moved": (day(6), "empty"),
    }
    assert events_again(redelivered) == {
        "kept": (day(5), "opt-out"),
        "corrected": (day(5), "full opt-in"),
        "moved": (day(7), "empty"),
        "late": (day(5), "empty"),
    }


def test_an_event_that_moves_leaves_its_day(first: Warehouse, redelivered: Warehouse) -> None:
    assert days_again(first) == {day(5): 2, day(6): 1}
    assert days_again(redelivered) == {day(5): 3, day(7): 1}
    choices = "select event_date, choice from marts.fct_consent_choices where event_id = 'moved'"
    assert first.rows(choices) == [(day(6), "enabled")]
    assert redelivered.rows(choices) == [(day(7), "disabled")]


def test_a_redelivery_restates_what_was_published(redelivered: Warehouse) -> None:
    assert story(redelivered, FIGURES, "fct_consent_company_daily_as_of") == PUBLISHED_LATER
    assert story(redelivered, CHANGES, "fct_consent_restatements") == CHANGED


def test_the_day_of_a_delivery_is_full_once_the_next_one_came(redelivered: Warehouse) -> None:
    assert full_days(redelivered) == [["2025-09-05", "2025-10-05", "2026-01-10"]] * 2


def test_an_older_delivery_that_arrives_last_replaces_nothing(redelivered: Warehouse, older: Warehouse) -> None:
    assert events_again(older) == events_again(redelivered) | {"between": (day(6), "empty")}
    assert days_again(older) == {day(5): 3, day(6): 1, day(7): 1}
    assert older.rows("select event_date, choice from marts.fct_consent_choices where event_id = 'moved'") == [
        (day(7), "disabled")
    ]


def test_an_older_delivery_takes_its_place_in_the_story(older: Warehouse) -> None:
    assert story(older, FIGURES, "fct_consent_company_daily_as_of") == PUBLISHED_IN_BETWEEN
    assert story(older, CHANGES, "fct_consent_restatements") == CHANGED_IN_BETWEEN


def test_figures_as_of_a_delivery_carry_their_errors(older: Warehouse) -> None:
    """Four notices at a tenth and one at a fifth; 3 opt-ins, stored whole."""
    [record] = records(
        older, "marts.fct_consent_company_daily_as_of", "company_id = 'restated' and superseded_by_delivery_id is null"
    )
    error = math.sqrt(4 * 90 + 20)
    assert_estimate(record, "consent_asked_weighted_once", 45, error, at_least=5)
    assert_estimate(record, "opt_in_rate_weighted_once", 3 / 45, error * 3 / 45**2)
    assert record["consent_asked_extrapolated"] == 4 * 100 + 25


def test_the_analysis_says_why_an_opt_in_rate_changed(consent: Warehouse, older: Warehouse) -> None:
    """Of the restated company, whose opt-ins and notices moved most: 3 for 2, and 45 for 40."""
    queries = {target: compiled(consent, target) for target in ("dev", "prod")}
    dev, prod = answers_of_dev(consent, queries["dev"]), answers_of_prod(consent, queries["prod"])
    assert {*analyses_of("consent")} == described(consent) == dev.keys()
    [published, restated] = dev["why_an_opt_in_rate_changed"].records
    assert prod["why_an_opt_in_rate_changed"].rows == dev["why_an_opt_in_rate_changed"].rows
    assert (published["publication"], published["opt_in_rate_before"], published["opt_in_rate"]) == (
        "first",
        None,
        2 / 40,
    )
    assert restated["company_id"] == "restated"
    assert (restated["opt_in_rate_before"], restated["opt_in_rate"]) == (2 / 40, 3 / 45)
    assert (restated["opt_ins_difference"], restated["notices_difference"]) == (1, 5)


def test_the_report_shows_what_was_restated(older: Warehouse) -> None:
    path = older.folder / "report.html"
    older.run("report", "--out", path)
    row = ["restated", "2025-10-05", "1", "1", "1", "0", "1", "0", "0", "-5", "5.0%", "6.7%", ""]
    assert row in [cells[1:] for cells in read_page(path).table("Why did figures change after a day was published?")]


def test_metrics_are_those_of_the_events(older: Warehouse) -> None:
    """A view rounds the estimates of each company and day to six decimals."""

    asking = {company for (company,) in older.rows(f"{COMPANY_OF_EVENTS} where event_type = 'consent.asked'")}

    def weight_of(event_type: str, status: str | None = None, where_asked: bool = False) -> Callable[[Record], Decimal]:
        def weight(row: Record) -> Decimal:
            counts = row["event_type"] == event_type and status in (None, row["consent_status"])
            is_left_out = where_asked and row["company_id"] not in asking
            return row["events_weighted_once"] if counts and not is_left_out else Decimal(0)

        return weight

    figures: Figures = {
        "notices": weight_of("consent.asked"),
        "choices": weight_of("consent.given"),
        "opt_ins": weight_of("consent.given", "full opt-in"),
        "choices_with_notices": weight_of("consent.given", where_asked=True),
        "opt_ins_with_notices": weight_of("consent.given", "full opt-in", where_asked=True),
        "opt_in_rate": ("opt_ins_with_notices", "notices"),
        "conversion_rate": ("choices_with_notices", "notices"),
    }
    groupings = [
        Grouping("metric_time__day", lambda row: row["event_date"], "rpt_consent_days", "event_date"),
        Grouping("company", lambda row: row["company_id"], "rpt_consent_days", "company_id"),
        Grouping("consent_event__country_code", lambda row: row["country_code"]),
    ]
    events = records(older, "marts.fct_consent_events")
    assert_metrics(older, events, figures, groupings, is_rounded=True)


def test_replaced_and_set_aside_records_are_accounted_for_by_delivery(older: Warehouse) -> None:
    accounted = older.rows(
        "select day(_delivered_at), records_landed, records_current, records_replaced_in_delivery, "
        "records_replaced_by_delivery, records_set_aside "
        "from quality.fct_consent_event_records where _source_file like '%events-company-1.csv' order by 1"
    )
    assert accounted == [(11, 3, 1, 0, 2, 0), (12, 4, 3, 0, 0, 1)]


def test_records_that_a_later_delivery_sets_aside_are_added_to_the_others(first: Warehouse, older: Warehouse) -> None:
    columns = "event_id, event_type, company_id, timestamp_as_delivered, sampling_rate_as_delivered"
    aside = "marts.fct_consent_events_set_aside"
    assert older.rows(f"select {columns}, _source_row from {aside} where _delivery_id like '20260112%'") == [
        ("kept", "consent.given", "again", "not available", "1.0", 2)
    ]
    assert first.rows(f"select count(*) from {aside}") == [(15,)]
    assert older.rows(f"select count(*) from {aside}") == [(16,)]


def test_company_totals_follow_the_redelivery(first: Warehouse, redelivered: Warehouse, older: Warehouse) -> None:
    """Opt-ins among the choices with a status: none of two at first, then one of two; notices none, one, two."""
    rates = ("consent_rate_weighted_once", "conversion_rate_extrapolated", "opt_in_rate_weighted_once")
    figures = [[company_record(stage, "again")[rate] for rate in rates] for stage in (first, redelivered, older)]
    assert figures == [[0, None, None], [0.5, 3, 1], [0.5, 1.5, 0.5]]


def test_the_latest_delivery_of_a_company_wins(first: Warehouse, redelivered: Warehouse, older: Warehouse) -> None:
    current = "select industry_front, hq_country from marts.dim_companies where company_id = 'again'"
    assert [stage.rows(current) for stage in (first, redelivered, older)] == [
        [("Services", "France")],
        [("Sport", "Spain")],
        [("Sport", "Spain")],
    ]
    versions = "marts.dim_companies_history where company_id = 'again' order by version_number"
    assert older.rows(f"select industry_front, hq_country, day(valid_to) from {versions}") == [
        ("Services", "France", 11),
        ("Other", None, 12),
        ("Sport", "Spain", None),
    ]


def test_companies_that_a_later_file_leaves_out_stay(first: Warehouse, older: Warehouse) -> None:
    """Of all companies the later files name one."""
    others = "from marts.dim_companies where company_id <> 'again' order by 1"
    assert older.rows(others) == first.rows(others)
    assert len(first.rows(others)) == len(COMPANIES) - 1


def test_all_records_of_the_drops_are_published_or_accounted_for(older: Warehouse) -> None:
    delivered = {
        "aside": len(ASIDE),
        "volumes": len([*WEIGHTS, *RATES, *BY_HAND, *SIZES, *NORTH, *FULL_DAYS]),
        "others": len([*KNOWN, *PLACES, *COUNTRIES, *TIMES, *CHOICES, *SAMPLED_CHOICES, *AGAIN]),
        "restated": len(RESTATED),
    }
    landed = older.rows(
        "select records_landed, records_current + records_replaced_in_delivery + records_replaced_by_delivery + "
        "records_set_aside "
        "from quality.fct_consent_event_records where day(_delivered_at) = 10 order by _source_file"
    )
    assert landed == [(delivered[name], delivered[name]) for name in sorted(delivered)]


def test_a_count_of_an_inverse_that_ends_in_a_half_is_one_event(odd: Warehouse) -> None:
    """1 / 0.4 is 2.5, rounded 3: one stored event, whose COUNT is the inverse rate."""
    columns = "events_stored, events_weighted_once, events_extrapolated, variance_weighted_once"
    for found in on_both(odd, columns, "marts", "fct_consent_events", "event_id = 'half'"):
        assert found == [(1, Decimal("2.5"), Decimal("7.5"), Decimal("3.75"))]


def test_the_variance_of_a_vast_count_is_exact(odd: Warehouse) -> None:
    for found in on_both(odd, "variance_weighted_once", "marts", "fct_consent_events", "event_id = 'vast'"):
        assert found == [(100_001 * 100_000 * 99_999,)]


def test_a_negative_count_makes_no_volume_negative(odd: Warehouse) -> None:
    """Whatever such a record counts for, an interval holds its figure and no figure is below zero."""
    for volume in ("events", "pageview"):
        parts = ", ".join(f"{volume}_extrapolated{part}" for part in ("_low", "", "_high"))
        for found in on_both(odd, parts, "marts", "agg_consent_company", "company_id = 'minus'"):
            assert all(0 <= low <= figure <= high for low, figure, high in found)


def test_what_is_no_json_gives_nothing_on_either_engine(odd: Warehouse) -> None:
    invalid = "event_id in ('comma-in-a-list', 'nan', 'comma-at-the-end')"
    assert on_both(odd, "event_id, item_id", "marts", "fct_consent_choices", invalid) == [[], []]
    columns = "event_id, choice_created_at, choice_updated_at"
    for found in on_both(odd, columns, "marts", "fct_consent_events", invalid):
        assert [times for _, *times in found] == [[None, None]] * 3


def test_a_vendor_number_is_the_same_text_on_both_engines(odd: Warehouse) -> None:
    dev, prod = on_both(odd, "kind, item_id, choice", "marts", "fct_consent_choices", "event_id = 'float-vendor'")
    assert len(dev) == 1
    assert dev == prod


def test_a_user_leaves_landing_and_the_raw_tables(consent: Warehouse, older: Warehouse) -> None:
    """The steps of docs/erasure.md: the hash finds the delivery, and no figure changes without it."""
    key = hashlib.sha256(b"quick").hexdigest()
    found = older.rows(f"select distinct _delivery_id from staging.stg_consent__events where user_key = '{key}'")
    assert [delivery[:8] for (delivery,) in found] == ["20260110"]
    before, zone = consent.published(), consent.folder / "landing" / "consent"
    landed = f"select user_id from read_parquet('{zone}/delivery=*/events/*.parquet', union_by_name = true)"
    assert ("quick",) in consent.rows(landed)
    shutil.rmtree(zone / f"delivery={found[0][0]}")
    with clickhouse_connect.get_client(host="127.0.0.1", port=consent.clickhouse_port) as client:
        client.command("drop database raw_consent")
        build(consent)
        raw = client.query("select countIf(user_id = 'quick'), count(*) > 0 from raw_consent.events").result_rows
    assert raw == [(0, True)]
    assert ("quick",) not in consent.rows(landed)
    assert consent.published() == before


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_a_record_that_is_neither_shown_nor_set_aside_is_missed(
    consent: Warehouse, older: Warehouse, target: str
) -> None:
    """The last test of this warehouse: a row of what is set aside is taken away."""
    lost = "fct_consent_events_set_aside where event_id = 'kept'"
    if target == "dev":
        with duckdb.connect(str(consent.duckdb)) as connection:
            connection.execute(f"delete from marts.{lost}")
    else:
        with clickhouse_connect.get_client(host="127.0.0.1", port=consent.clickhouse_port) as client:
            client.command(f"delete from {consent.prefix}_marts.{lost}")
    with pytest.raises(BuildError, match="fct_consent_event_records_checks: accounts_for_every_record is not true: 1"):
        consent.dbt(target, "build", "--select", "fct_consent_event_records")


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_consent_says_what_moved_a_rate(older: Warehouse, consent: Warehouse, target: str) -> None:
    """Of the restated company: 3 opt-ins of 45 notices, where 2 of 40 had been reported."""
    consent.run("publish", "--target", "dev")
    query = {"day": "2025-10-05", "company": "restated · unknown"}
    chosen = "2025-10-05, restated · unknown"
    page = shown(consent, target, "consent", {**query, "restated": chosen})
    tiles, tables = tiles_of(page), tables_of(page)
    assert (tiles["Notices"][0], tiles["Choices"][0], tiles["Opt-in rate"][0]) == ("45", "3", f"{3 / 45:.2%}")
    assert tiles["Opt-in rate, all days"][0] == f"{3 / 45:.2%}"
    interval, small = tiles["Opt-in rate, all days"][1].split(", ")
    assert small == "small sample"
    low, high = interval.replace("%", "").split(" to ")
    assert float(low) < 100 * 3 / 45 < float(high)
    [row] = tables["Restated days"]
    assert (row["opt_in_rate_before"], row["opt_in_rate"]) == (pytest.approx(2 / 40), pytest.approx(3 / 45))
    assert (row["events_late"], row["events_reweighed"], row["events_consent_changed"]) == (1, 1, 1)
    brought = {row["event_id"] for row in tables["Records that the delivery brought"]}
    assert brought == {"restated-asked-0", "restated-late", "restated-in-0", "restated-out"}
    for which, expected in {"Came late": {"restated-late"}, "Changed": brought - {"restated-late"}}.items():
        filtered = shown(consent, target, "consent", {**query, "restated": chosen, "records": which})
        shown_records = tables_of(filtered)["Records that the delivery brought"]
        assert {row["event_id"] for row in shown_records} == expected
    [country] = tables["Country"]
    assert country["opt_in_rate"] == pytest.approx(3 / 45)


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_consent_has_the_rates_of_the_views(older: Warehouse, consent: Warehouse, target: str) -> None:
    consent.run("publish", "--target", "dev")
    query = {"rate": "Conversion rate", "by": "Industry", "order": "Lowest first", "certain": "true", "company": ""}
    page = shown(consent, target, "consent", query)
    tiles, tables = tiles_of(page), tables_of(page)
    asked = "select sum(events_weighted_once) from marts.fct_consent_events where event_type = 'consent.{}'"
    asking = f" and company_id in ({COMPANY_OF_EVENTS} where event_type = 'consent.asked')"
    [(notices,)], [(choices,)] = consent.rows(asked.format("asked")), consent.rows(asked.format("given") + asking)
    assert tiles["Conversion rate, all days"][0] == f"{choices / notices:.1%}"
    of_industries = "select member, conversion_rate from reporting.rpt_consent_rates where breakdown = 'industry'"
    found = {row["member"]: row["conversion_rate"] for row in tables["Industry"]}
    assert found == {name: None if rate is None else pytest.approx(rate) for name, rate in consent.rows(of_industries)}
    assert {"Companies", "Choices by status", "Purposes", "Time to answer", "Design effects"} <= tables.keys()
    rates = [row["conversion_rate"] for row in tables["Companies"] if row["conversion_rate"] is not None]
    assert rates == sorted(rates)
    told = " ".join(caption.value for caption in page.caption)
    [(without, of_all)] = consent.rows(
        f"select count(distinct company_id) filter (company_id not in ({COMPANY_OF_EVENTS} where event_type = "
        "'consent.asked')), count(distinct company_id) from marts.fct_consent_events"
    )
    assert f"are without {without} of {of_all} companies, of which no notice is stored" in told
    assert "Outside all periods: " in told
    [times] = [row for row in tables["Time to answer"] if row["company_id"] == "times"]
    assert (times["median_seconds"], times["percentile_90_seconds"]) == ("30.0 s", "18 min 24 s")
    assert [row["companies"] for row in tables["Purposes"] if row["item_id"] == "market"] == [1]


@pytest.mark.parametrize(
    ("now", "is_apart"), [((0.31, 0.33), True), ((0.1, 0.19), True), ((0.3, 0.4), False), ((None, None), False)]
)
def test_a_rate_moved_for_sure_where_intervals_are_apart(
    now: tuple[float | None, float | None], is_apart: bool
) -> None:
    days = [SimpleNamespace(opt_in_rate_low=low, opt_in_rate_high=high) for low, high in ((0.2, 0.3), now)]
    assert are_apart(days, "opt_in_rate") is are_apart(days[::-1], "opt_in_rate") is is_apart
