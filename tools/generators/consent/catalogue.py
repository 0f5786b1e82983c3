"""The made-up market: companies with their industries, notices, audiences and sampling rates."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from tools.generators.consent.draw import stream, weighted, word
from tools.generators.draw import draw_ids
from tools.generators.texts import DAY_MS, HOUR_MS

FIRST_HOUR = 1  # of the first day: when every company's export begins
HOURS = (79, 1, 6)  # how long an export lasts, by the company's number modulo 3

TYPES = ("consent.asked", "consent.given", "pageview", "ui.action")
ASKED, GIVEN, PAGEVIEW, ACTION = range(4)
STATUSES = ("empty", "opt-out", "partial opt-in", "full opt-in")
EMPTY, OUT, PARTIAL, FULL = range(4)
SDKS = ("sdk-web", "sdk-mobile")
WEB, MOBILE = range(2)
DEVICES = ("smartphone", "desktop", "tablet", "phablet", "television", None)
DEVICE_WEIGHTS = ((620, 290, 55, 10, 5, 20), (965, 0, 35, 0, 0, 0))
APP_BROWSER = "Consent SDK"
# browser: weight per device, in the order of DEVICES
BROWSERS = {
    "Chrome": (0, 58, 0, 0, 0, 20),
    "Safari": (0, 17, 0, 0, 0, 0),
    "Firefox": (0, 9, 0, 0, 0, 0),
    "Microsoft Edge": (0, 13, 0, 0, 0, 0),
    "Opera": (0, 3, 0, 0, 30, 0),
    "Chrome Mobile": (52, 0, 40, 70, 50, 30),
    "Chrome Mobile iOS": (6, 0, 8, 0, 0, 0),
    "Mobile Safari": (31, 0, 44, 0, 0, 0),
    "Samsung Browser": (9, 0, 6, 30, 20, 0),
    "Firefox Mobile": (2, 0, 2, 0, 0, 0),
    APP_BROWSER: (0, 0, 0, 0, 0, 0),
    None: (0, 0, 0, 0, 0, 50),
}

# code: (name, whole hours ahead of UTC in September, regions)
MAIN_COUNTRIES = {
    "FR": ("France", 2, ("IDF", "ARA", "PAC", "OCC", "HDF", "GES")),
    "DE": ("Germany", 2, ("NW", "BY", "BW", "HE", "BE")),
    "ES": ("Spain", 2, ("MD", "CT", "AN", "VC")),
    "IT": ("Italy", 2, ("25", "62", "72")),
    "GB": ("United Kingdom", 1, ("ENG", "SCT", "WLS")),
    "BE": ("Belgium", 2, ("BRU", "VLG", "WAL")),
    "NL": ("Netherlands", 2, ("NH", "ZH", "UT")),
    "CH": ("Switzerland", 2, ("ZH", "GE", "VD")),
    "US": ("United States", -5, ("CA", "TX", "NY", "VA")),
    "CA": ("Canada", -4, ("ON", "QC", "BC")),
}
_OTHER_CODES = (
    "AD AE AR AT AU BG BR CI CL CM CN CO CY CZ DK DO DZ EC EE EG FI GE GN GP GR GT HK HR HU ID IE IL IN IS JO JP KE KR "
    "KZ LB LT LU LV MA MC MD ME MG MQ MT MU MX MY NC NG NO NP NZ OM PA PE PF PH PK PL PT QA RE RO RS SA SE SG SI SK SN "
    "TG TH TN TR TW UA UY VN ZA"
)
COUNTRIES = (*MAIN_COUNTRIES, *_OTHER_CODES.split())
FRANCE = COUNTRIES.index("FR")
# a country's regions are consecutive rows: (first, number)
REGIONS = tuple(region for _, _, regions in MAIN_COUNTRIES.values() for region in regions)
_NUMBERS = np.array(
    [len(regions) for _, _, regions in MAIN_COUNTRIES.values()] + [0] * (len(COUNTRIES) - len(MAIN_COUNTRIES))
)
REGIONS_OF = np.stack([np.cumsum(_NUMBERS) - _NUMBERS, _NUMBERS], axis=1)

INDUSTRIES = (
    ("Media & Publishers", "Media & Publishers"),
    ("Services", "Services"),
    ("High Tech / Telecom", "Telecom"),
    ("High Tech / Telecom", "High Tech"),
    ("Gaming / Sport", "Gaming"),
    ("Gaming / Sport", "Sport"),
    ("Construction / Real Estate", "Real Estate"),
    ("Food / Beverage / Consumer Staples", "Food"),
    ("Food / Beverage / Consumer Staples", "Beverage"),
    ("Travel / Tourism / Transport", "Travel"),
    ("Banking / Insurance", "Banking"),
    ("Fashion / Luxury", "Fashion"),
    ("Beauty / Cosmetics", "Beauty"),
    ("Public Sector / Charity / Education", "Education"),
    ("Other", "Other"),
)
_INDUSTRY_WEIGHTS = (24, 20, 4, 12, 4, 6, 5, 4, 3, 6, 5, 4, 3, 2, 3)
_HQ_WEIGHTS = (60, 8, 8, 3, 5, 6, 3, 3, 3, 1)
_HQ_EMPTY_PERCENT = 20

PURPOSES = (
    "cookies",
    "select_basic_ads",
    "create_ads_profile",
    "select_personalized_ads",
    "measure_ad_performance",
    "measure_content_performance",
    "market_research",
    "improve_products",
    "geolocation_data",
)
LEGITIMATE_INTEREST = ("select_basic_ads", "measure_ad_performance", "market_research", "improve_products")

PERCENTS = (3, 10, 20)  # of these types are stored; all other types are complete
_ASKED_WEIGHTS = (0, 5, 3)
_PAGEVIEW_WEIGHTS = (5, 4, 1)

SAMPLED_BY_USER = "sampled_by_user"
# the role of the company with that number, if there are that many
ROLES = {2: "rate_changes", 3: "two_rates_by_sdk", 4: "no_notice", 5: "mobile_only", 8: SAMPLED_BY_USER}
MANY_COMPANIES = 6  # from this number of companies on, the last one has few events
FEW_EVENTS_SHARE = 150


@dataclass(frozen=True)
class Company:
    """`number` names its events file and is 0 without events. `percents` is the share of events that is stored, by
    period (before and from `rate_changes_at`), SDK and type. Times are in milliseconds since 1970 UTC."""

    key: str
    number: int
    industry: int
    hq: int | None
    home: int
    role: str | None
    first_ms: int
    end_ms: int
    mobile_percent: int
    percents: np.ndarray
    country_weights: np.ndarray
    domain: str
    deployments: tuple[str, ...]
    position: str
    purposes: tuple[str, ...]
    vendors: tuple[int | str, ...]
    category: str
    answers_percent: int
    choice_weights: tuple[int, int, int]  # opt-out, partial opt-in, full opt-in
    first_choice_action: str | None

    @property
    def asks(self) -> bool:
        return self.role != "no_notice"

    @property
    def rate_changes_at(self) -> int:
        return (self.first_ms + self.end_ms) // 2


@dataclass(frozen=True)
class Catalogue:
    companies: tuple[Company, ...]  # as the company file lists them

    @property
    def active(self) -> list[Company]:
        return sorted((company for company in self.companies if company.number), key=lambda company: company.number)

    @property
    def csv_files(self) -> int:
        """So many companies, the first, have their events as CSV; the others as Parquet."""
        return -(-len(self.active) // 2)

    @property
    def redelivered(self) -> list[int]:
        """Numbers of the companies whose events are delivered again: the first of each format."""
        return [1, self.csv_files + 1][: len(self.active)]

    def file(self, number: int) -> str:
        suffix = "csv" if number <= self.csv_files else "parquet"
        return f"events/{suffix}/events-company-{number}.{suffix}"


def build(start: date, companies: int, active: int, seed: int) -> Catalogue:
    rng = stream(seed, "catalogue")
    numbers = np.zeros(companies, dtype=np.int64)
    numbers[np.sort(rng.permutation(companies)[:active])] = rng.permutation(active) + 1
    return Catalogue(tuple(_company(start, seed, place, int(n), active) for place, n in enumerate(numbers)))


def _company(start: date, seed: int, place: int, number: int, active: int) -> Company:
    rng = stream(seed, "catalogue", place + 1)
    key = str(UUID(bytes=draw_ids(rng, 1)[0].tobytes()))
    industry = int(weighted(rng, _INDUSTRY_WEIGHTS, 1)[0])
    home = int(weighted(rng, _HQ_WEIGHTS, 1)[0])
    # the company with the highest number gets its headquarters with the redelivery
    hq = None if number == active or rng.integers(0, 100) < _HQ_EMPTY_PERCENT else home
    role = _role(number, active)
    first_ms = (start - date(1970, 1, 1)).days * DAY_MS + FIRST_HOUR * HOUR_MS
    words = tuple(word(rng) for _ in range(7))
    purposes = (*PURPOSES[: rng.integers(4, len(PURPOSES) + 1)], f"audience-{words[0]}")
    vendors = (*rng.permutation(1200)[: rng.integers(3, 8)].tolist(), "google", f"c:analytics-{words[1]}")
    return Company(
        key=key,
        number=number,
        industry=industry,
        hq=hq,
        home=home,
        role=role,
        first_ms=first_ms,
        end_ms=first_ms + HOURS[number % len(HOURS)] * HOUR_MS,
        mobile_percent={"mobile_only": 100, "two_rates_by_sdk": 15}.get(role or "", 0),
        percents=_percents(rng, role),
        country_weights=_country_weights(rng, home),
        domain=f"{('media', 'shop', 'service', 'games')[industry % 4]}{place + 1}.example",
        deployments=words[3 : 3 + rng.integers(1, 5)],
        position=("bottom", "popup")[rng.integers(0, 2)],
        purposes=purposes,
        vendors=vendors,
        category=words[2],
        answers_percent=int(rng.integers(35, 71)),
        choice_weights=(int(rng.integers(8, 30)), int(rng.integers(2, 12)), 70),
        first_choice_action="external" if role == "no_notice" else ("click", "click", None)[rng.integers(0, 3)],
    )


def _role(number: int, active: int) -> str | None:
    if active >= MANY_COMPANIES and number == active:
        return "few_events"
    return ROLES[2] if number == active == 1 else ROLES.get(number)


def _percents(rng: np.random.Generator, role: str | None) -> np.ndarray:
    percents = np.full((2, 2, len(TYPES)), 100, dtype=np.int64)
    percents[:, :, ASKED] = PERCENTS[weighted(rng, _ASKED_WEIGHTS, 1)[0]]
    percents[:, :, PAGEVIEW] = PERCENTS[weighted(rng, _PAGEVIEW_WEIGHTS, 1)[0]]
    if role == "rate_changes":
        percents[0, :, PAGEVIEW], percents[1, :, PAGEVIEW] = 3, 10
    elif role == "two_rates_by_sdk":
        percents[:, WEB, PAGEVIEW], percents[:, MOBILE, PAGEVIEW] = 3, 10
    elif role == SAMPLED_BY_USER:
        percents[:, :, PAGEVIEW] = 10
    return percents


def _country_weights(rng: np.random.Generator, home: int) -> np.ndarray:
    """Most users are in the company's country; the others come from a long tail of countries, the last of which are
    rare."""
    weights = np.zeros(len(COUNTRIES), dtype=np.int64)
    others = rng.permutation(np.delete(np.arange(len(COUNTRIES)), home))[: rng.integers(25, 61)]
    weights[others] = 20_000 // np.arange(1, len(others) + 1) ** 2
    weights[home] = 60_000
    return weights
