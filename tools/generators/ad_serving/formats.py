"""How events are spelled: the shapes that the ad server's export had over time, as JSON lines or Parquet columns."""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving.catalogue import Catalogue
from tools.generators.ad_serving.events import NONE, PLACES, Events
from tools.generators.texts import HEX, fixed, hex_text, time_text

SDK_VERSION = "5.2.0"


@dataclass(frozen=True)
class Era:
    """One shape of the text export. `geo` names the keys of country and region, or is ("geo",) when nested."""

    suffix: str
    dashed: bool
    time_key: str
    time_style: str
    geo: tuple[str, ...]
    text_revenue: bool = False
    sdk_version: bool = False


TEXT_ERAS = (
    Era(".jsonl", False, "timestamp", "zulu", ("country_code", "region")),
    Era(".jsonl.gz", False, "timestamp", "offset", ("country_code", "region")),
    Era(".jsonl", True, "event_timestamp", "space", ("geo",)),
    Era(".jsonl", True, "ts", "epoch", ("geo",)),
    Era(".jsonl.gz", True, "timestamp", "zulu", ("country", "geo_region")),
    Era(".jsonl", False, "timestamp", "zulu", ("geo_country", "geo_region"), sdk_version=True),
)
PARQUET_ERA = Era(".parquet", False, "timestamp", "zulu", ("country_code", "region"))
# the file of the third (or only) era that quotes its amounts
TEXT_REVENUE_ERA = 2


def eras(days: int) -> list[Era]:
    """The era of each day: text for the first 60 % of days, in blocks, then Parquet."""
    text_days = -(-days * 3 // 5)
    numbers = [day * len(TEXT_ERAS) // text_days for day in range(text_days)]
    quoted = numbers.index(TEXT_REVENUE_ERA) if TEXT_REVENUE_ERA in numbers else 0
    chosen = [TEXT_ERAS[number] for number in numbers]
    chosen[quoted] = Era(**{**vars(chosen[quoted]), "text_revenue": True})
    return chosen + [PARQUET_ERA] * (days - text_days)


def money_text(micros: np.ndarray) -> pa.Array:
    """Micro-dollars as exact decimal text with six places."""
    wide = np.ascontiguousarray(np.stack([micros, micros >> 63], axis=1))
    decimals = pa.Array.from_buffers(pa.decimal128(18, 6), len(micros), [None, pa.py_buffer(wide)])
    return decimals.cast(pa.string())


def money_number(micros: np.ndarray) -> pa.Array:
    """Micro-dollars as a JSON writer prints the number: the shortest text of the nearest double, which is exact."""
    return pa.array(micros / 1_000_000).cast(pa.string())


def json_lines(events: Events, catalogue: Catalogue, era: Era) -> pa.Array:
    """One JSON object per row, each with its newline; absent fields are left out, unsettled revenue is null."""
    columns = _text_columns(events, catalogue, era)
    times = columns["timestamp"]
    if era.time_style == "epoch":
        bare = np.ones(len(events), dtype=bool)
        bare[list(events.text.get("timestamp", {}))] = False
        times = pc.if_else(pa.array(bare), times, _join('"', times, '"'))
    else:
        times = _join('"', times, '"')
    amounts = _join('"', money_text(events.revenue), '"') if era.text_revenue else money_number(events.revenue)
    if events.unsettled.any():
        amounts = pc.if_else(pa.array(events.unsettled), "null", amounts)
    unreadable = {row: json.dumps(text) for row, text in events.text.get("revenue_usd", {}).items()}
    amounts = _overwritten(amounts, unreadable)
    has_campaign = pa.array(events.campaign != 0)
    pieces = [
        '{"event_id":',
        _quoted_or_null(columns["event_id"]),
        _join(',"event_type":"', columns["event_type"], '"'),
        _join(f',"{era.time_key}":', pc.fill_null(times, "null")),
        ',"publisher_id":',
        pa.array(events.publisher).cast(pa.string()),
        _join(',"site_domain":"', columns["site_domain"], '","ad_unit_id":"', columns["ad_unit_id"], '"'),
        pc.if_else(
            has_campaign,
            _join(
                ',"campaign_id":',
                pa.array(events.campaign).cast(pa.string()),
                ',"advertiser_id":',
                pa.array(events.advertiser).cast(pa.string()),
            ),
            "",
        ),
        _join(',"device_type":"', columns["device_type"], '"'),
        *_geo_pieces(columns, era),
        _join(',"browser":"', columns["browser"], '"'),
        ',"revenue_usd":',
        amounts,
        pc.if_else(pa.array(events.floor != NONE), _join(',"bid_floor_usd":', money_number(events.floor)), ""),
        pc.if_else(pa.array(events.filled), ',"is_filled":true', ',"is_filled":false'),
        f',"sdk_version":"{SDK_VERSION}"}}\n' if era.sdk_version else "}\n",
    ]
    return _join(*pieces)


PARQUET_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("timestamp", pa.string()),
        ("publisher_id", pa.int32()),
        ("site_domain", pa.string()),
        ("ad_unit_id", pa.string()),
        ("campaign_id", pa.int32()),
        ("advertiser_id", pa.int32()),
        ("device_type", pa.string()),
        ("country_code", pa.string()),
        ("region", pa.string()),
        ("browser", pa.string()),
        ("placement_quality_score", pa.float32()),
        ("revenue_usd", pa.float64()),
        ("bid_floor_usd", pa.float64()),
        ("is_filled", pa.bool_()),
    ]
)


def parquet_table(events: Events, catalogue: Catalogue) -> pa.Table:
    """The later, typed export. Amounts are the doubles nearest to the exact ones."""
    unfilled = events.campaign == 0
    columns = _text_columns(events, catalogue, PARQUET_ERA) | {
        "publisher_id": pa.array(events.publisher, pa.int32()),
        "campaign_id": pa.array(events.campaign, pa.int32(), mask=unfilled),
        "advertiser_id": pa.array(events.advertiser, pa.int32(), mask=unfilled),
        "placement_quality_score": pa.array((events.score / 1000).astype(np.float32)),
        "revenue_usd": pa.array(events.revenue / 1_000_000, mask=events.unsettled),
        "bid_floor_usd": pa.array(events.floor / 1_000_000, mask=events.floor == NONE),
        "is_filled": pa.array(events.filled),
    }
    columns["country_code"] = columns.pop("country")
    return pa.table([columns[name] for name in PARQUET_SCHEMA.names], schema=PARQUET_SCHEMA)


DIAGNOSTICS_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("event_id", "user_id_hash", "ip_prefix", "user_agent", "bid_request_id")]
)


def diagnostics_table(events: Events) -> pa.Table:
    """The technical identity of events; an impression and what follows it share the auction."""
    user = events.user.astype("<u8").view(np.uint8).reshape(-1, 8)
    request = events.request.astype("<u8").view(np.uint8).reshape(-1, 8)
    octets = pa.array([str(number) for number in range(256)])
    network = 11 + 16 * events.country + user[:, 0] % 16
    columns = {
        "event_id": hex_text(events.ids, events.dashed),
        "user_id_hash": fixed(HEX[user].reshape(-1, 16)),
        "ip_prefix": _join(octets.take(pa.array(network)), ".", *_octets(octets, user[:, 1:3]), "0/24"),
        "user_agent": _vocabulary([agent for _, agent in market.BROWSERS.values()], events.browser),
        "bid_request_id": fixed(HEX[np.hstack([request, request ^ user])].reshape(-1, 32)),
    }
    for name in ("ip_prefix", "user_agent"):
        columns[name] = _overwritten(columns[name], events.text.get(name, {}))
    return pa.table(columns, schema=DIAGNOSTICS_SCHEMA)


def _octets(octets: pa.Array, columns: np.ndarray) -> list[pa.Array | str]:
    first, second = (octets.take(pa.array(np.ascontiguousarray(column))) for column in columns.T)
    return [first, ".", second, "."]


def _text_columns(events: Events, catalogue: Catalogue, era: Era) -> dict[str, pa.Array]:
    columns = {
        "event_id": hex_text(events.ids, events.dashed),
        "event_type": _vocabulary(market.EVENT_TYPES, events.kind),
        "timestamp": time_text(events.at, era.time_style),
        "site_domain": _vocabulary([publisher.domain for publisher in market.PUBLISHERS], events.domain),
        "ad_unit_id": _vocabulary([unit.ad_unit_id for unit in catalogue.ad_units], events.ad_unit),
        "device_type": _vocabulary(market.DEVICES, events.device),
        "browser": _vocabulary(list(market.BROWSERS), events.browser),
        "country": _vocabulary(list(market.COUNTRIES), events.country),
        "region": _vocabulary([region for _, region, _ in PLACES], events.place),
        "city": _vocabulary([city for _, _, city in PLACES], events.place),
    }
    return {name: _overwritten(values, events.text.get(name, {})) for name, values in columns.items()}


def _overwritten(values: pa.Array, cells: dict[int, str | None]) -> pa.Array:
    """The values, replaced by row with what a fault writes."""
    if not cells:
        return values
    mask = np.zeros(len(values), dtype=bool)
    rows = sorted(cells)
    mask[rows] = True
    return pc.replace_with_mask(values, pa.array(mask), pa.array([cells[row] for row in rows], pa.string()))


def _geo_pieces(columns: dict[str, pa.Array], era: Era) -> list[pa.Array]:
    country, region, city = columns["country"], columns["region"], columns["city"]
    if era.geo == ("geo",):
        return [_join(',"geo":{"country":"', country, '","region":"', region, '","city":"', city, '"}')]
    return [_join(f',"{era.geo[0]}":"', country, f'","{era.geo[1]}":"', region, '"')]


def _vocabulary(words: list[str] | tuple[str, ...], numbers: np.ndarray) -> pa.Array:
    return pa.array(list(words)).take(pa.array(numbers))


def _join(*pieces: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*pieces, "")


def _quoted_or_null(values: pa.Array) -> pa.Array:
    return pc.fill_null(_join('"', values, '"'), "null")
