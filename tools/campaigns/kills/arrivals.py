"""What comes in before a command runs: files, objects, database changes, messages. The world records it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random

import psycopg

from tools.campaigns.kills import drops
from tools.campaigns.kills.world import CampaignWorld

START = datetime(2025, 10, 1, tzinfo=UTC)
FEW_WEEKS = 60 * 60 * 24 * 50
FIRST, END = date(2026, 3, 1), date(2026, 3, 3)
"""The days of the device readings."""
PARTITIONS = 3
TOPIC = "topic-of-the-campaign"
FILLED = (
    "insert into advertiser (name) values ('one'), ('two')",
    "insert into campaign (name, bid, budget, advertiser_id) values ('one', 2.50, 1000, 1), ('two', 0.01, 5, 2)",
    "insert into impressions (campaign_id) select 1 + i % 2 from generate_series(1, 12) as i",
)
CHANGES = (
    "insert into {table} (campaign_id, created_at) select 1, timestamp '2026-01-01' - {n} * interval '1 minute' "
    "from generate_series(1, {n} % 4 + 1)",
    "update {table} set created_at = timestamp '2025-01-01' + {n} * interval '1 s' where {some}",
    "update {table} set id = 100000 + {n} where {some}",
    "delete from {table} where {some}",
    "update campaign set bid = {n} where id = 1 + {n} % 2",
    "update advertiser set name = 'name {n}', updated_at = now()",
)


def drop(world: CampaignWorld, draw: Random, source: str) -> list[str]:
    """The arguments of scripts.land for a new drop of a source, dated before or after the landed ones."""
    number = len(world.come("drops")) + 1
    folder = world.path("drops") / str(number)
    taken = {at for _, _, at, _ in world.come("drops")}
    at = next(found for found in iter(lambda: drops.moment(draw, START, FEW_WEEKS), "") if found not in taken)
    counts = {"consent": drops.consent, "ad_serving": drops.ad_serving}[source](folder, draw, number)
    files = {name: [sha256((folder / name).read_bytes()).hexdigest(), count] for name, count in counts.items()}
    world.add("drops", source, str(folder), at, files)
    return [source, str(folder), "--delivered-at", at]


def objects(world: CampaignWorld, draw: Random) -> list[str]:
    """The arguments of scripts.land for a bucket with new objects, and with changed bytes of earlier ones."""
    if not world.bucket:
        raise AssertionError("unreachable")
    seen: set[str] = set()
    for _ in range(draw.randint(1, 3)):
        key, body, records = drops.reviews(draw, len(world.come("objects")) + 1)
        if key not in seen:  # if an object changes twice between two runs, only the last state can be fetched
            seen.add(key)
            at = datetime.fromisoformat(drops.moment(draw, START, FEW_WEEKS))
            world.bucket.put(f"drops/{key}", body, at)
            world.add("objects", key, sha256(body).hexdigest(), records)
    return ["reviews", "s3://deliveries/drops/"]


def changes(world: CampaignWorld, draw: Random) -> None:
    """Adds, changes or deletes rows of the database, or changes their keys; one transaction each."""
    with psycopg.connect(world.settings["POSTGRES_DSN"], autocommit=True) as connection:
        if not world.come("changes"):
            for statement in FILLED:
                connection.execute(statement)
        for _ in range(draw.randint(1, 4)):
            # a stopped round is drawn again: setting the same value twice would be two changes in the log
            [(number,)] = connection.execute("select txid_current()").fetchall()
            table = draw.choice(("impressions", "clicks"))
            some = f"id in (select id from {table} where id % 3 = {draw.randrange(3)} order by id limit 1)"
            statement = draw.choice(CHANGES).format(table=table, n=number, some=some)
            connection.execute(statement.encode())
            world.add("changes", statement)


def messages(world: CampaignWorld, draw: Random) -> None:
    world.add("messages", to_lake(draw))


def to_lake(draw: Random) -> int:
    """Brings readings to the lake, including repeated ones, other readings of a known key and invalid ones, and
    sometimes a repair. Returns the number of messages.
    """
    import pyarrow as pa

    from duckhouse.streaming.lake.iceberg import open_lake
    from duckhouse.streaming.offsets import Partition
    from duckhouse.streaming.rows import invalid, schema
    from duckhouse.streaming.running import stream_source

    source, entity = stream_source("telemetry")
    with open_lake(source, entity) as lake:
        there, rows = lake.offsets(), []
        reached = dict(there)
        for number in draw.sample(range(PARTITIONS), draw.randint(1, 2)):
            place = Partition(TOPIC, number)
            start = there.get(place, 0)
            reached[place] = start + draw.randint(1, 25)
            rows += [_message(draw, number, offset) for offset in range(start, reached[place])]
        moved = {place: offset for place, offset in reached.items() if there.get(place) != offset}
        lake.write(pa.Table.from_pylist(rows, schema=schema(entity)), {p: there[p] for p in moved if p in there}, moved)
        if draw.random() < 0.2:
            faulty = [row for table in lake.invalid() for row in invalid(table).to_pylist()]
            repaired = [_message(draw, row["_partition"], row["_offset"], is_valid=True) for row in faulty[:3]]
            lake.repair(pa.Table.from_pylist(repaired, schema=schema(entity)))
    return len(rows)


def _message(draw: Random, number: int, offset: int, *, is_valid: bool = False) -> dict[str, object]:
    produced = datetime(2026, 3, 3, tzinfo=UTC) + timedelta(seconds=offset)
    place = {
        "_topic_id": TOPIC, "_partition": number, "_offset": offset, "_produced_at": produced,
        "_consumed_at": produced, "_key": b"key",
    }  # fmt: skip
    if not is_valid and draw.random() < 0.05:
        return {**place, "_fault": "not_json", "_fault_detail": "", "_value": b"{"}
    at = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(seconds=37 * draw.randrange(4_000))
    return {
        **place, "device_id": f"sensor-{draw.randrange(5)}", "timestamp": at,
        "temperature": draw.choice((21.4, 21.5)), "humidity": 68.0, "firmware_version": "v1.2.0",
    }  # fmt: skip


@contextmanager
def sessions_over(world: CampaignWorld) -> Iterator[psycopg.Connection]:
    """A session, once those of killed commands have ended: the server notices a lost client only when it writes."""
    others = (
        "select count(*) from pg_stat_activity "
        "where usename = current_user and datname is not null and pid <> pg_backend_pid()"
    )
    with psycopg.connect(world.settings["POSTGRES_DSN"], autocommit=True) as connection:
        while connection.execute(others).fetchall() != [(0,)]:
            connection.execute("select pg_sleep(0.02)")
        yield connection
