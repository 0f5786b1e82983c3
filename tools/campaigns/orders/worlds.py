"""Small worlds of deliveries, one maker per source. A world has a few keys and days that no other world of its source
has, so that its deliveries correct, move and contradict one another.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from duckhouse.dbt_plugin.landed import RETRACTION
from duckhouse.landing.load import Outcome, load
from duckhouse.landing.zone import Zone
from duckhouse.sources import FILES, load_source
from duckhouse.streaming.deliver import deliver
from duckhouse.streaming.offsets import Partition
from duckhouse.warehouse.retract import retract
from tools.campaigns.orders import extractions
from tools.campaigns.orders.messages import LakeInMemory, Message, faulty, reading

Drop = dict[str, str]
"""The files of a delivery: their texts by path."""
Contents = Sequence[Any]
"""What each delivery of a world brings, in the order of their time."""


def ad_serving(draw: Random, world: int, deliveries: int) -> list[Drop]:
    def event() -> dict[str, Any]:
        key = draw.choice("1234")
        return {
            "event_id": f"w{world}-e{key}",
            "event_type": draw.choice(["impression", "impression", "click"]),
            "timestamp": f"{day + dt.timedelta(draw.choice([0, 1, 1, 2]))}T{draw.choice(['00:30', '23:30'])}:00Z",
            "publisher_id": draw.choice([f"w{world}-p1", f"w{world}-p1", f"w{world}-p2", None]),
            "ad_unit_id": draw.choice([f"w{world}-a1", None]),
            "campaign_id": draw.choice([f"w{world}-c1", None]),
            "is_filled": draw.random() < 0.7,
            "revenue_usd": draw.choice([None, 0.5, 1.25, -1, "oops"]),
        }

    def publisher() -> list[str]:
        zone = draw.choice(["America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Mars/Olympus", ""])
        return [f"w{world}-p{draw.choice('112')}", draw.choice(["One", ""]), zone]

    def drop(delivery: int) -> Drop:
        lines = [json.dumps(event()) + "\n" for _ in range(draw.randint(1, 5))]
        files = {f"events/w{world}-{draw.choice('ab')}.jsonl": "".join(lines) + "\n" * delivery}
        if draw.random() < 0.6:
            rows = [publisher() for _ in range(draw.randint(1, 2))]
            files["publishers.csv"] = _csv("publisher_id,publisher_name,timezone", rows)
        if draw.random() < 0.6:
            row = [f"w{world}-c1", draw.choice(["100", "250.5"]), str(day), draw.choice([str(day), ""])]
            files["campaigns.csv"] = _csv("campaign_id,budget_usd,start_date,end_date", [row])
        if draw.random() < 0.6:
            row = [f"w{world}-a1", f"w{world}-p{draw.choice('12')}", draw.choice(["Banner", "Video"])]
            files["ad_units.csv"] = _csv("ad_unit_id,publisher_id,ad_format", [row])
        return files

    day = _day(world)
    return [drop(delivery) for delivery in range(deliveries)]


CONSENT = (
    "EVENT_ID,USER_ID,TYPE,RATE,PARAMETERS,EVENT_TIME,WINDOW_START,APIKEY,CONSENT,COUNT,EXPERIMENT,SDK_TYPE,DOMAIN,"
    "DEPLOYMENT_ID,COUNTRY,REGION,BROWSER_FAMILY,DEVICE_TYPE"
)


def consent(draw: Random, world: int, deliveries: int) -> list[Drop]:
    def choice() -> dict[str, Any]:
        enabled = draw.sample(["cookies", 63, 1.0, "ads"], draw.randint(0, 3))
        return {"enabled": enabled, "disabled": ["geo"], "score": draw.choice([1, 1e300])}

    def event() -> list[str]:
        kind = draw.choice(["consent.asked", "consent.given", "pageview", "ui.action"])
        moment = f"{day + dt.timedelta(draw.choice([0, 0, 1]))} {draw.choice(['00:05', '12:00', '23:55'])}:00.000"
        said: dict[str, Any] = {"vendors": choice() if kind == "consent.given" else ["google", 63]}
        said |= {"created": moment.replace(" ", "T") + "Z", "updated": f"{day}T23:59:00Z"}
        return [
            f"w{world}-e{draw.choice('12345')}", f"w{world}-u{draw.choice('12')}", kind,
            draw.choice(["1.0", "0.2", "x"]), draw.choice([json.dumps(said), "", "{"]),
            draw.choice([moment, moment, moment, "soon"]), f"{day} 00:00:00.000",
            f"w{world}-c{draw.choice('112')}", draw.choice(["empty", "full"]), draw.choice(["1", "5"]), "", "sdk-web",
            "service.example", "aRV9g4BY", draw.choice(['"FR"', "FR"]), '"IDF"', "Chrome", "desktop",
        ]  # fmt: skip

    def drop(delivery: int) -> Drop:
        events = [event() for _ in range(draw.randint(1, 5))]
        files = {f"events/csv/events-company-w{world}.csv": _csv(CONSENT, events) + "\n" * delivery}
        if draw.random() < 0.6:
            row = [f"w{world}-c1", draw.choice(["Retail", "Media"]), "Media", draw.choice(["FR", "DE", ""])]
            header = "PUBLIC_API_KEY,INDUSTRY_BACK,INDUSTRY_FRONT,HQ_COUNTRY"
            files["country_and_industry/industry and country.csv"] = _csv(header, [row])
        return files

    day = _day(world)
    return [drop(delivery) for delivery in range(deliveries)]


REVIEWS = ",reviewerID,asin,reviewerName,helpful,reviewText,overall,summary,unixReviewTime,reviewTime"
PRODUCTS = "metadataid,asin,salesrank,imurl,categories,title,description,price,related,brand"


def reviews(draw: Random, world: int, deliveries: int) -> list[Drop]:
    def review(delivery: int) -> list[str]:
        moment = first + dt.timedelta(draw.choice([0, 1, 40]))
        seconds = str(int(moment.timestamp()))
        return [
            "0", f"w{world}-r{draw.choice('123')}", f"W{world}-P{draw.choice('12')}", f"Name {delivery}",
            draw.choice(["[0, 0]", "[2, 3]", "many"]), draw.choice(["", f"Text {delivery}"]),
            draw.choice(["1.0", "4.0", "5.0", "none"]), "Summary",
            draw.choice([seconds, seconds, "x"]), f"{moment:%m} {moment.day}, {moment:%Y}",
        ]  # fmt: skip

    def product() -> list[str]:
        categories = draw.choice(["[['Books']]", "[['Books', 'Travel'], ['Gifts']]", "[['Books'", ""])
        return [
            "", f"W{world}-P{draw.choice('12')}", draw.choice(["", "{'Books': 3}"]), "", categories, f"Title {world}",
            "", draw.choice(["", "1.50"]), "", f"w{world} {draw.choice(['Acme', 'ACME', 'Other', ''])}",
        ]  # fmt: skip

    def drop(delivery: int) -> Drop:
        found = [review(delivery) for _ in range(draw.randint(1, 5))]
        files = {f"jet_reviews/w{world}.csv": _csv(REVIEWS, found) + "\n" * delivery}
        if draw.random() < 0.6:
            files["jet_metadata/metadata.csv"] = _csv(PRODUCTS, [product() for _ in range(2)])
        return files

    first = dt.datetime(2000, 1, 30, 12, tzinfo=dt.UTC) + dt.timedelta(93 * world)
    return [drop(delivery) for delivery in range(deliveries)]


def ad_delivery(draw: Random, world: int, deliveries: int) -> list[dict[str, Any]]:
    """Records of each table: a delivery has what changed in the database since the previous one."""
    day = _day(world)
    there: dict[str, set[int]] = {table: set() for table in extractions.TABLES}

    def changed(table: str, keys: Sequence[int], upsert: Callable[[int], Mapping[str, Any]]) -> list[Any]:
        found = []
        for key in draw.sample(keys, draw.randint(0, len(keys))):
            if key in there[table] and draw.random() < 0.3:
                there[table].discard(key)
                found.append(extractions.deleted(key))
            else:
                there[table].add(key)
                found.append(upsert(key))
        return found

    def event(key: int) -> Mapping[str, Any]:
        at = f"{day + dt.timedelta(draw.choice([0, 1, 1]))} {draw.choice(['00:30', '23:30'])}"
        return extractions.event(key, draw.choice([at, at, at, None]), draw.choice([base + 1, base + 2, None]))

    def one(_: int) -> dict[str, Any]:
        return {
            "advertiser": changed(
                "advertiser", [base + 1, base + 2], lambda key: extractions.advertiser(key, name=draw.choice("ab"))
            ),
            "campaign": changed(
                "campaign",
                [base + 1, base + 2],
                lambda key: extractions.campaign(
                    key, advertiser_id=base + 1, budget=draw.choice(["100.00", "90.00"]), start_date=str(day)
                ),
            ),
            "impressions": changed("impressions", range(base + 1, base + 5), event),
            "clicks": changed("clicks", range(base + 1, base + 4), event),
        }

    base = 1000 * (world + 1)
    return [one(delivery) for delivery in range(deliveries)]


def telemetry(draw: Random, world: int, deliveries: int) -> list[list[Message]]:
    start = dt.datetime.combine(_day(world), dt.time(12), dt.UTC)
    partitions = [Partition(f"topic-w{world}", number) for number in range(2)]
    ends = dict.fromkeys(partitions, 0)

    def message() -> Message:
        partition = draw.choice(partitions)
        ends[partition] += 1
        produced = start + dt.timedelta(hours=draw.randint(0, 40))
        about = {"_produced_at": produced, "_consumed_at": produced, "_key": f"w{world}-d1".encode()}
        if draw.random() < 0.2:
            return faulty(partition, ends[partition] - 1, draw.choice(["not_json", "wrong_type"]), **about)
        said = {
            "device_id": f"w{world}-d{draw.choice('12')}",
            "timestamp": start + dt.timedelta(hours=draw.choice([0, 6, 13, 30])),
            "temperature": draw.choice([20.0, 20.5]),
            "firmware_version": draw.choice(["v1.2.0", "v1.10.0"]),
        }
        return reading(partition, ends[partition] - 1, **about, **said)

    return [[message() for _ in range(draw.randint(1, 8))] for _ in range(deliveries)]


MAKERS: dict[str, Callable[[Random, int, int], Contents]] = {
    "ad_serving": ad_serving,
    "consent": consent,
    "reviews": reviews,
    "ad_delivery": ad_delivery,
    "telemetry": telemetry,
}


def land(source: str, worlds: Sequence[Contents]) -> list[list[str]]:
    """Lands the deliveries of worlds, each world a few days after the previous one, and returns their ids by world."""
    lake = LakeInMemory()

    def landed(content: Any, at: dt.datetime) -> list[str]:
        if source == "ad_delivery":
            return [extractions.deliver(at.isoformat(), **content)]
        if source == "telemetry":
            lake.write(*content)
            outcomes = [deliver(load_source(source), delivered_at=at, dry_run=False, opened=lake.opened)]
        else:
            outcomes = _landed_files(source, content, at)
        return [outcome.delivery.id for outcome in outcomes if outcome.delivery]

    def moment(world: int, delivery: int) -> dt.datetime:
        return dt.datetime.combine(_day(world) + dt.timedelta(1 + delivery), dt.time(6), dt.UTC)

    return [
        [each for place, content in enumerate(contents) for each in landed(content, moment(world, place))]
        for world, contents in enumerate(worlds)
    ]


def taken_back(draw: Random, zone: Zone, worlds: Sequence[Sequence[str]]) -> list[list[str]]:
    """The same worlds; in half of those of files one delivery is retracted, at a later time: before, between or after
    the deliveries that follow it.
    """
    if zone.source.kind != FILES:
        return [[*world] for world in worlds]
    times = {each.id: each.delivered_at for each in zone.deliveries()}

    def drawn(world: Sequence[str]) -> list[str]:
        if draw.random() < 0.5:
            return [*world]
        wrong = draw.choice(world)
        at = times[wrong] + dt.timedelta(hours=draw.choice([6, 30, 54, 102]))
        outcome = retract(zone.source, wrong, [], reason="drawn", delivered_at=at, dry_run=False)
        return [*world, *([outcome.delivery.id] if outcome.delivery else [])]

    return list(map(drawn, worlds))


def is_retraction(delivery: str) -> bool:
    return delivery.endswith(RETRACTION)


def _landed_files(source: str, files: Drop, at: dt.datetime) -> list[Outcome]:
    with TemporaryDirectory(prefix="orders-") as drop:
        for name, text in files.items():
            path = Path(drop) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load(load_source(source), [Path(drop)], delivered_at=at, redelivery=False, dry_run=False)


def _day(world: int) -> dt.date:
    return dt.date(2026, 1, 1) + dt.timedelta(12 * world)


def _csv(header: str, rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue()
