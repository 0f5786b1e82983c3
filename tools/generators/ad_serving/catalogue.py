"""The made-up market: publishers, ad units, campaigns, devices, places. Names are this project's own."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tools.generators.ad_serving.draw import stream

EVENT_TYPES = ("impression", "viewable_impression", "click", "video_quartile")
IMPRESSION, VIEWABLE, CLICK, OTHER = range(4)  # OTHER only appears as a planted fault

DEVICES = ("desktop", "mobile", "tablet", "ctv")
# browser: (weight per device in the order of DEVICES, user agent)
BROWSERS = {
    "Chrome": ((62, 0, 0, 0), "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/133.0.0.0"),
    "Edge": ((14, 0, 0, 0), "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/133.0.0.0 Edg/133.0"),
    "Firefox": ((9, 0, 0, 0), "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0"),
    "Safari": ((15, 0, 0, 0), "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.3"),
    "Chrome Mobile": ((0, 58, 38, 0), "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/133.0.0.0 Mobile"),
    "Safari Mobile": ((0, 30, 62, 0), "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) Version/18.3 Mobile"),
    "Samsung Internet": ((0, 12, 0, 0), "Mozilla/5.0 (Linux; Android 15; SM-S931B) SamsungBrowser/27.0 Mobile"),
    "Roku": ((0, 0, 0, 31), "Roku/DVP-14.1 (14.1.4)"),
    "FireTV": ((0, 0, 0, 30), "Mozilla/5.0 (Linux; Android 11; AFTKA) AppleWebKit/537.36 Silk/132.3"),
    "AppleTV": ((0, 0, 0, 18), "AppleTV14,1/18.3"),
    "AndroidTV": ((0, 0, 0, 21), "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) AppleWebKit/537.36 Chrome/112.0"),
}

# country: (fill per mille on mobile, price in percent, places as (region, city, weight))
COUNTRIES = {
    "US": (780, 130, (("CA", "Sacramento", 30), ("TX", "Austin", 24), ("NY", "Albany", 22), ("OH", "Dayton", 12))),
    "GB": (770, 115, (("ENG", "Leeds", 80), ("SCT", "Dundee", 12), ("WLS", "Swansea", 8))),
    "DE": (775, 112, (("BE", "Berlin", 20), ("BY", "Augsburg", 40), ("NW", "Bonn", 40))),
    "FR": (740, 95, (("IDF", "Paris", 55), ("ARA", "Lyon", 25), ("OCC", "Nîmes", 20))),
    "ES": (725, 80, (("MD", "Madrid", 50), ("CT", "Girona", 50))),
    "NL": (750, 105, (("NH", "Haarlem", 60), ("UT", "Utrecht", 40))),
    "SE": (760, 110, (("AB", "Stockholm", 70), ("M", "Malmö", 30))),
    "AU": (755, 108, (("NSW", "Newcastle", 50), ("VIC", "Geelong", 50))),
    "JP": (735, 100, (("13", "Tokyo", 60), ("27", "Osaka", 40))),
    "IN": (715, 45, (("KA", "Mysuru", 50), ("MH", "Pune", 50))),
    "BR": (705, 55, (("SP", "Campinas", 65), ("RJ", "Niterói", 35))),
    "PH": (700, 40, (("NCR", "Pasig", 70), ("07", "Cebu", 30))),
}
DEVICE_FILL = (40, 0, -10, -30)  # per mille against mobile
DEVICE_PRICE = (110, 90, 95, 240)  # percent
CLICK_RATE = (52, 44, 40, 30)  # per ten thousand filled impressions
CATEGORY_DEVICES = {
    "News": (46, 44, 8, 2),
    "Tech": (58, 34, 6, 2),
    "Food": (30, 56, 12, 2),
    "Sports": (34, 50, 8, 8),
    "Gaming": (44, 42, 8, 6),
    "Film": (26, 34, 10, 30),
    "Finance": (60, 34, 5, 1),
    "Travel": (42, 46, 11, 1),
}


@dataclass(frozen=True)
class Publisher:
    """`offset` is the number of half hours by which the publisher's standard time is ahead of UTC. It shapes the day's
    curve, and is fixed here, without daylight saving, because time zone databases differ between machines."""

    name: str
    category: str
    domain: str
    manager: str
    country: str
    timezone: str
    offset: int
    weight: int
    weekend: int


PUBLISHERS = tuple(
    Publisher(*row)
    for row in (
        ("Harbour Ledger", "News", "harbourledger.example", "Ines Falk", "US", "America/New_York", -10, 95, 80),
        ("Circuit Post", "Tech", "circuitpost.example", "Owen Marsh", "US", "America/Los_Angeles", -16, 70, 75),
        ("Saffron Table", "Food", "saffrontable.example", "Ines Falk", "US", "America/Chicago", -12, 48, 130),
        ("Terrace End", "Sports", "terraceend.example", "Dara Quinn", "GB", "Europe/London", 0, 62, 145),
        ("Rheinblick", "News", "rheinblick.example", "Dara Quinn", "DE", "Europe/Berlin", 2, 66, 85),
        ("Pixel Keep", "Gaming", "pixelkeep.example", "Tomas Ruel", "US", "America/Los_Angeles", -16, 58, 140),
        ("Second Reel", "Film", "secondreel.example", "Ines Falk", "US", "America/New_York", -10, 44, 135),
        ("Le Marché du Soir", "Food", "marchedusoir.example", "Dara Quinn", "FR", "Europe/Paris", 2, 36, 120),
        ("Ledger & Yield", "Finance", "ledgeryield.example", "Mei Tanaka", "US", "America/New_York", -10, 42, 45),
        ("Plaza Viva", "News", "plazaviva.example", "Dara Quinn", "ES", "Europe/Madrid", 2, 34, 95),
        ("Polder Byte", "Tech", "polderbyte.example", "Owen Marsh", "NL", "Europe/Amsterdam", 2, 26, 80),
        ("Nordljus", "Travel", "nordljus.example", "Mei Tanaka", "SE", "Europe/Stockholm", 2, 22, 125),
        ("Southern Trails", "Travel", "southerntrails.example", "Owen Marsh", "AU", "Australia/Sydney", 20, 30, 130),
        ("Kissa Gadget", "Tech", "kissagadget.example", "Mei Tanaka", "JP", "Asia/Tokyo", 18, 40, 105),
        ("Deccan Daily", "News", "deccandaily.example", "Dara Quinn", "IN", "Asia/Kolkata", 11, 46, 95),
        ("Praia Gol", "Sports", "praiagol.example", "Tomas Ruel", "BR", "America/Sao_Paulo", -6, 38, 140),
        ("Manila Lane", "News", "manilalane.example", "Dara Quinn", "PH", "Asia/Manila", 16, 32, 100),
        ("Loot Hollow", "Gaming", "loothollow.example", "Tomas Ruel", "US", "", 0, 28, 140),
        ("Copper Coin", "Finance", "coppercoin.example", "Mei Tanaka", "GB", "", 0, 24, 55),
        ("Late Feature", "Film", "latefeature.example", "Ines Falk", "US", "", 0, 30, 140),
    )
)
FIRST_PUBLISHER_ID = 101

# how busy each hour of a local day is
LOCAL_HOURS = (22, 14, 9, 7, 8, 14, 28, 48, 62, 66, 64, 66, 74, 70, 64, 62, 64, 70, 80, 92, 100, 94, 70, 42)

# (name, format, size, placement, weight, price in percent)
PLACEMENTS = {
    "Leaderboard": ("Banner", "728x90", "above_fold", 40, 105),
    "In-Article Rectangle": ("Display", "300x250", "in_content", 34, 100),
    "Mobile Sticky": ("Display", "320x50", "sticky", 26, 80),
    "Sidebar Tall": ("Display", "300x600", "sticky", 24, 110),
    "Pre-Roll": ("Video", "640x360", "in_content", 22, 190),
    "Native Card": ("Native", "fluid", "below_fold", 20, 90),
}
PLACEMENTS_OF = {
    "Gaming": ("In-Article Rectangle", "Sidebar Tall", "Pre-Roll"),
    "Film": ("Leaderboard", "Pre-Roll", "Native Card"),
    "Sports": ("Leaderboard", "Pre-Roll", "Mobile Sticky"),
    "Tech": ("Leaderboard", "Sidebar Tall", "Native Card"),
    "Finance": ("Leaderboard", "In-Article Rectangle", "Sidebar Tall"),
}
USUAL_PLACEMENTS = ("Leaderboard", "In-Article Rectangle", "Mobile Sticky")

ALL = "all"
# (campaign, advertiser, price of 1,000 impressions in cents, price of a click in cents or 0, devices, countries,
#  weight, flight, budget in thousand dollars)
CAMPAIGNS = (
    ("Brightwell Always-On", "Brightwell Energy", 240, 0, ALL, ALL, 30, "whole", 400),
    ("Kestrel Bank Everyday", "Kestrel Bank", 210, 0, ALL, ALL, 28, "whole", 380),
    ("Fernhill Spring Range", "Fernhill Outdoor", 310, 0, "desktop,mobile", "US,GB,AU", 20, "whole", 250),
    ("Volta City Launch", "Volta Motors", 620, 0, "desktop,mobile,tablet", "US,DE,NL,SE", 22, "early", 320),
    ("Café Lumière Easter", "Café Lumière", 260, 0, "mobile,tablet", "FR,ES", 26, "whole", 95),
    ("Möbelhaus Ahorn Sale", "Möbelhaus Ahorn", 280, 0, "desktop,tablet", "DE,NL", 22, "whole", 140),
    ("Stellar+ New Season", "Stellar Streaming", 900, 0, "ctv", ALL, 40, "whole", 410),
    ("Stellar+ Finale", "Stellar Streaming", 950, 0, "ctv,tablet", "US,GB,AU,JP", 34, "late", 290),
    ("Pinegate Loans", "Pinegate Finance", 150, 85, "desktop,mobile", "US,GB", 16, "whole", 160),
    ("Orbit Air Weekend Fares", "Orbit Air", 330, 110, "desktop,mobile,tablet", "US,GB,DE,FR,ES", 18, "whole", 180),
    ("Tidal Phones T9", "Tidal Electronics", 420, 0, "mobile,tablet", "US,IN,BR,PH,JP", 24, "early", 360),
    ("Juno Skincare", "Juno Labs", 290, 0, "mobile", "US,FR,ES,BR", 18, "whole", 125),
    ("Summit Trail Boots", "Fernhill Outdoor", 300, 0, "desktop,mobile", "SE,NL,DE", 14, "late", 80),
    ("Quill Site Builder", "Quill Software", 270, 140, "desktop", "US,GB,AU,IN", 16, "whole", 65),
    ("Hanami Drinks", "Hanami Beverages", 250, 0, "desktop,mobile,ctv", "JP", 36, "whole", 150),
    ("Rio Verde Coffee", "Rio Verde", 190, 0, "mobile,desktop", "BR,ES", 24, "whole", 70),
    ("Monsoon Mart Deals", "Monsoon Mart", 130, 35, "mobile,desktop", "IN", 40, "whole", 110),
    ("Isla Telecom Prepaid", "Isla Telecom", 120, 25, "mobile", "PH", 40, "whole", 75),
    ("Galleon Games Preorder", "Galleon Games", 360, 0, "desktop,mobile,ctv", "US,GB,DE,FR,JP", 18, "early", 240),
    ("Galleon Games Launch", "Galleon Games", 400, 0, "desktop,mobile,ctv", "US,GB,DE,FR,JP", 18, "late", 260),
    ("Larkspur Insurance", "Larkspur Mutual", 340, 160, "desktop,tablet", "US,AU", 14, "whole", 210),
    ("Nimbus Cloud Summit", "Nimbus Cloud", 520, 0, "desktop", "US,GB,DE,NL,SE,IN", 12, "early", 175),
    ("Pantry Box Trial", "Pantry Box", 230, 95, "mobile,tablet", "US,GB,AU", 18, "whole", 100),
    ("Åre Ski Winter", "Åre Resorts", 350, 0, "desktop,mobile", "SE,NL,DE,GB", 12, "past", 60),
    ("Wander Stays", "Wander Travel", 300, 75, "desktop,mobile,tablet", ALL, 16, "whole", 300),
    ("Mercer Watches", "Mercer & Sons", 700, 0, "desktop,tablet,ctv", "US,GB,FR,JP", 10, "late", 190),
    ("Cobalt Tyres", "Cobalt Tyre Group", 260, 0, "desktop,mobile", "US,DE,BR", 14, "paused", 90),
)
FIRST_CAMPAIGN_ID = 3001
FIRST_ADVERTISER_ID = 701
# number of events whose revenue the budgets above always cover; larger runs have proportionally larger budgets
EVENTS_WITHIN_BUDGET = 4_000_000


@dataclass(frozen=True)
class AdUnit:
    ad_unit_id: str
    publisher: int
    placement: str


@dataclass(frozen=True)
class Campaign:
    campaign_id: int
    name: str
    advertiser_id: int
    advertiser: str
    impression_micros: int
    click_micros: int
    devices: tuple[str, ...]
    countries: tuple[str, ...]
    weight: int
    first_day: date
    last_day: date
    status: str
    budget_usd: int


@dataclass(frozen=True)
class Catalogue:
    start: date
    days: int
    ad_units: tuple[AdUnit, ...]
    campaigns: tuple[Campaign, ...]

    @property
    def last_day(self) -> date:
        return self.start + timedelta(days=self.days - 1)


def build(start: date, days: int, events_per_day: int, seed: int) -> Catalogue:
    """The catalogue of a run: always the same names, flights around the run's days, budgets by its size and seed."""
    ad_units = [
        (number, placement)
        for number, publisher in enumerate(PUBLISHERS)
        for placement in PLACEMENTS_OF.get(publisher.category, USUAL_PLACEMENTS)
    ]
    rng = stream(seed, "catalogue")
    advertisers = list(dict.fromkeys(row[1] for row in CAMPAIGNS))
    scale = max(1, -(-days * events_per_day // EVENTS_WITHIN_BUDGET))
    campaigns = []
    for number, (name, advertiser, cpm, cpc, devices, countries, weight, flight, budget) in enumerate(CAMPAIGNS):
        first_day, last_day, status = _flight(flight, start, days, int(rng.integers(0, 8)))
        campaigns.append(
            Campaign(
                campaign_id=FIRST_CAMPAIGN_ID + number,
                name=name,
                advertiser_id=FIRST_ADVERTISER_ID + advertisers.index(advertiser),
                advertiser=advertiser,
                impression_micros=cpm * 10,
                click_micros=cpc * 10_000,
                devices=DEVICES if devices == ALL else tuple(devices.split(",")),
                countries=tuple(COUNTRIES) if countries == ALL else tuple(countries.split(",")),
                weight=weight,
                first_day=first_day,
                last_day=last_day,
                status=status,
                budget_usd=scale * budget * 10 * int(rng.integers(90, 111)),
            )
        )
    return Catalogue(
        start=start,
        days=days,
        ad_units=tuple(AdUnit(f"au_{n + 1:04}", *unit) for n, unit in enumerate(ad_units)),
        campaigns=tuple(campaigns),
    )


def _flight(kind: str, start: date, days: int, slack: int) -> tuple[date, date, str]:
    """First day, last day and status; a flight that is over on the last day of the run is completed."""
    before, after = start - timedelta(days=7 + slack), start + timedelta(days=days + 6 + slack)
    middle = start + timedelta(days=days // 2)
    if kind == "past":
        return start - timedelta(days=60), start - timedelta(days=15 + slack), "completed"
    if kind == "early":
        ended = middle - timedelta(days=1)
        return before, ended, "completed"
    if kind == "late":
        return middle, after, "active"
    return before, after, "paused" if kind == "paused" else "active"


def runs_throughout(catalogue: Catalogue) -> list[int]:
    """Numbers of the campaigns that are active on all days of the run."""
    return [
        number
        for number, campaign in enumerate(catalogue.campaigns)
        if campaign.status == "active"
        and campaign.first_day <= catalogue.start
        and campaign.last_day >= catalogue.last_day
    ]


def publisher_weights(day: date) -> np.ndarray:
    """Weight of every hour of a UTC day (rows) and publisher (columns), by each publisher's own hour and weekday."""
    table = np.zeros((24, len(PUBLISHERS)), dtype=np.int64)
    for column, publisher in enumerate(PUBLISHERS):
        for hour in range(24):
            shift, local = divmod(hour * 2 + publisher.offset, 48)
            weekend = (day + timedelta(days=shift)).weekday() >= 5
            table[hour, column] = publisher.weight * LOCAL_HOURS[local // 2] * (publisher.weekend if weekend else 100)
    return table


def campaign_weights(catalogue: Catalogue, day: date) -> np.ndarray:
    """Weight of each campaign (columns) in each cell device x country (rows) on a day: targeting and flight."""
    table = np.zeros((len(DEVICES), len(COUNTRIES), len(catalogue.campaigns)), dtype=np.int64)
    for column, campaign in enumerate(catalogue.campaigns):
        if campaign.status != "paused" and campaign.first_day <= day <= campaign.last_day:
            rows = [DEVICES.index(device) for device in campaign.devices]
            cells = [list(COUNTRIES).index(country) for country in campaign.countries]
            table[np.ix_(rows, cells, [column])] = campaign.weight
    return table.reshape(-1, len(catalogue.campaigns))
