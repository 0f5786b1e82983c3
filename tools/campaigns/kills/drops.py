"""Small random files of sources: corrected, repeated, late and faulty records. Each function returns the number of
records that are not blank, by the name of each file that it writes.
"""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random

EVENT_COLUMNS = (
    "EVENT_ID", "USER_ID", "TYPE", "RATE", "PARAMETERS", "EVENT_TIME", "WINDOW_START", "APIKEY", "CONSENT", "COUNT",
    "EXPERIMENT", "SDK_TYPE", "DOMAIN", "DEPLOYMENT_ID", "COUNTRY", "REGION", "BROWSER_FAMILY", "DEVICE_TYPE",
)  # fmt: skip
COMPANY_COLUMNS = ("PUBLIC_API_KEY", "INDUSTRY_BACK", "INDUSTRY_FRONT", "HQ_COUNTRY")
REVIEW_COLUMNS = (
    "", "reviewerID", "asin", "reviewerName", "helpful", "reviewText", "overall", "summary", "unixReviewTime",
    "reviewTime",
)  # fmt: skip
CUT_OFF = '"cut off\n'
WINDOW = "2025-09-05 10:00:00.000"


def consent(folder: Path, draw: Random, number: int) -> dict[str, int]:
    """Events of a few ids, so that deliveries correct each other, and sometimes the list of companies."""
    events = [_consent_event(draw, f"e{draw.randrange(40)}") for _ in range(draw.randint(3, 12))]
    events.append(_consent_event(draw, f"of delivery {number}"))
    events.append(_consent_event(draw, draw.choice(("", "timeless")), at=draw.choice(("soon", WINDOW))))
    is_cut = draw.random() < 0.3
    text = _csv(EVENT_COLUMNS, events) + (CUT_OFF if is_cut else "")
    counts = {_written(folder, f"events/csv/events-company-{draw.randint(1, 3)}.csv", text): len(events) + is_cut}
    if draw.random() < 0.5:
        companies = [
            ("one", draw.choice(("Sport", "Services")), "Services", "France"),
            ("two", "Sport", "Sport", "Spain"),
            (f"of delivery {number}", "Sport", "Sport", "Peru"),
        ]
        name = "country_and_industry/industry and country.csv"
        counts[_written(folder, name, _csv(COMPANY_COLUMNS, companies))] = len(companies)
    return counts


def ad_serving(folder: Path, draw: Random, number: int) -> dict[str, int]:
    """Events of some days as JSON lines, with an invalid line and a blank one, and publishers."""
    events = [
        {
            "event_id": draw.choice((f"e{draw.randrange(30)}", f"of delivery {number}")),
            "timestamp": f"2026-03-{draw.randint(1, 9):02}T{draw.randrange(24):02}:00:00Z",
            "event_type": "impression",
            "publisher_id": draw.randint(1, 3),
            "ad_unit_id": "au_1",
            "is_filled": True,
            "revenue_usd": draw.choice((None, 0.000001, 1.25)),
        }
        for _ in range(draw.randint(2, 9))
    ]
    lines = [*map(json.dumps, events), "{bad", "", json.dumps({"event_id": f"last of {number}"})]
    counts = {_written(folder, f"events/{draw.choice('abc')}.jsonl", "\n".join(lines) + "\n"): len(lines) - 1}
    if draw.random() < 0.5:
        rows = [(1, f"of delivery {number}"), (2, "two")]
        counts[_written(folder, "publishers.csv", _csv(("publisher_id", "publisher_name"), rows))] = len(rows)
    return counts


def reviews(draw: Random, number: int) -> tuple[str, bytes, int]:
    """The key of an object, which may already exist with other bytes, its new bytes, and its records."""
    rows = []
    for place in range(draw.randint(1, 6)):
        day = datetime(2014, draw.randint(1, 12), draw.randint(1, 28), tzinfo=UTC)
        reviewer, product = f"A{draw.randrange(9)}", f"B{draw.randrange(4)}"
        rows.append(
            (place, reviewer, product, f"of object {number}", "[0, 1]", "Good.", f"{draw.randint(1, 5)}.0", "s",
             int(day.timestamp()), f"{day:%m} {day.day}, {day:%Y}")
        )  # fmt: skip
    is_cut = draw.random() < 0.2
    text = _csv(REVIEW_COLUMNS, rows) + (CUT_OFF if is_cut else "")
    return f"jet_reviews/{draw.choice('abcdef')}.csv", text.encode(), len(rows) + is_cut


def moment(draw: Random, first: datetime, seconds: int) -> str:
    """A time up to the given number of seconds after the first, in the format of a delivery's date."""
    return (first + timedelta(seconds=draw.randrange(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")


def _consent_event(draw: Random, identity: str, at: str = "") -> tuple[str, ...]:
    kind = draw.choice(("consent.asked", "consent.given", "pageview"))
    return (
        identity,
        f"user {draw.randrange(4)}",
        kind,
        draw.choice(("1.0", "0.2", "0")),
        json.dumps({"purposes": {"enabled": ["cookies"], "disabled": []}}) if kind == "consent.given" else "",
        at or f"2025-09-{draw.randint(4, 7):02} {draw.randrange(24):02}:00:00.000",
        WINDOW,
        draw.choice(("one", "two", "unlisted")),
        draw.choice(("full opt-in", "opt-out", "empty")),
        draw.choice(("1", "5", "")),
        "", "sdk-web", "service.example", "aRV9g4BY", '"FR"', '"IDF"', "Chrome", "desktop",
    )  # fmt: skip


def _csv(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name
