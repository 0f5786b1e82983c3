"""Keys of any size, sign and spread: what a run costs follows the rows, and no key is misread."""

import json
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.extraction import plan, queries, ranges
from duckhouse.extraction.known import load_known
from duckhouse.extraction.ranges import FIRST_KEY, LAST_KEY, Cutter, KeySpan, grouped
from duckhouse.extraction.tables import SourceTable
from duckhouse.landing.zone import Zone
from duckhouse.sources import load_source
from support.postgres import SOURCE, Extraction, counts, make_ranges_small

EXTREME = [FIRST_KEY, FIRST_KEY + 1, -(2**32), -(2**31) - 1, -1, 0, 1, 2**31, 2**53 + 1, LAST_KEY - 1, LAST_KEY]
SNOWFLAKES = [(1_700_000_000_000 + number * 977) << 22 for number in range(40)]


@pytest.fixture
def wide(shop: Extraction) -> Extraction:
    """The keys of clicks may have 64 bits, and none is there."""
    shop.sql("truncate clicks; alter table clicks alter column id type bigint")
    return shop


def check_ranges(shop: Extraction) -> None:
    """The ranges that are noted cover all keys, hold what they say, and are as few as rows ask for."""
    zone = Zone(load_source(SOURCE))
    newest = zone.deliveries()[-1]
    known = load_known(zone, newest)
    for entity, noted in known.tables.items():
        table = known.table(entity)
        assert [range_.low for range_ in noted][:1] in ([], [FIRST_KEY])
        assert all(one.low < next_.low for one, next_ in pairwise(noted))
        for place, range_ in enumerate(noted):
            keys, _ = table.read(place)
            assert 0 < len(keys) == range_.digest.rows <= ranges.MOST_ROWS
            assert (keys[:-1] < keys[1:]).all()
            assert (table.between(table.span(place))[0] == keys).all(), "keys lie in the span of their range"
        assert len(noted) <= 2 * table.digest(len(noted)).rows // ranges.RANGE_ROWS + 2


@pytest.mark.parametrize("mode", ["compare", "full", "cdc"])
@pytest.mark.parametrize("keys", [EXTREME, SNOWFLAKES], ids=["extreme", "snowflakes"])
def test_keys_of_64_bits_land_change_and_go_by_each_way(
    wide: Extraction, monkeypatch: pytest.MonkeyPatch, mode: str, keys: list[int]
) -> None:
    make_ranges_small(monkeypatch, 3)
    wide.run(mode)
    wide.sql("insert into clicks (id) select unnest(%s::bigint[])", keys[::2])
    wide.check(found := wide.run(mode))
    assert wide.changes(found) == {"clicks": [("upsert", key) for key in keys[::2]]}
    wide.sql("insert into clicks (id) select unnest(%s::bigint[])", keys[1::2])
    wide.check(found := wide.run(mode))
    assert counts(found) == {"clicks": (len(keys[1::2]), 0, 0)}
    for some in (keys[:1], keys[-1:], keys[3:7], keys[::3]):
        wide.sql("update clicks set campaign_id = coalesce(campaign_id, 0) %% 3 + 1 where id = any(%s)", some)
        wide.check(found := wide.run(mode))
        assert sorted(wide.changes(found)["clicks"]) == [("upsert", key) for key in some]
        check_ranges(wide)
    for some in (keys[4:6], keys[:1], keys[-1:], keys[1:4] + keys[6:-1]):
        wide.sql("delete from clicks where id = any(%s)", some)
        wide.check(found := wide.run(mode))
        assert sorted(wide.changes(found)["clicks"]) == [("delete", key) for key in some]
        check_ranges(wide)
    assert found.tables[-1].known_rows == 0


@pytest.mark.parametrize("seed", range(4))
def test_ranges_that_grow_are_split_and_those_that_shrink_are_merged(
    wide: Extraction, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    make_ranges_small(monkeypatch, 5)
    lot = random.Random(seed)
    pools = [range(-50, 300), SNOWFLAKES, EXTREME, [lot.randrange(FIRST_KEY, LAST_KEY) for _ in range(60)]]
    for _ in range(12):
        some = lot.choice(pools)
        keys = lot.sample(list(some), lot.randint(1, len(some)))
        change = lot.choice([
            "insert into clicks (id) select unnest(%s::bigint[]) on conflict do nothing",
            "insert into clicks (id) select unnest(%s::bigint[]) on conflict do nothing",
            "update clicks set campaign_id = coalesce(campaign_id, 0) %% 3 + 1 where id = any(%s::bigint[])",
            "delete from clicks where id = any(%s::bigint[])",
            "delete from clicks where not id = any(%s::bigint[])",
        ])  # fmt: skip
        wide.sql(change, keys)
        wide.check(wide.run(lot.choice(["compare", "compare", "full", "cdc"])))
        check_ranges(wide)


def test_many_rows_by_the_log_between_two_known_ones_are_split(
    wide: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ranges_small(monkeypatch, 10)
    wide.sql("insert into clicks (id) values (%s), (%s)", FIRST_KEY, LAST_KEY)
    wide.run("cdc")
    wide.sql("insert into clicks (id) select i * 1000003 from generate_series(-200, 200) as i")
    wide.check(wide.run("cdc"))
    check_ranges(wide)
    wide.sql("truncate clicks")
    wide.sql("insert into clicks (id) values (1)")
    wide.check(wide.run("cdc"))
    check_ranges(wide)
    assert wide.changes(wide.run("full")) == {}


# ---------------------------------------------------------------- what it costs

ROWS = 100_000


def statements(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any]) -> int:
    count = 0
    execute = psycopg.Cursor.execute

    def counted(cursor: psycopg.Cursor, *arguments: object, **options: object) -> psycopg.Cursor:
        nonlocal count
        count += 1
        return execute(cursor, *arguments, **options)

    with monkeypatch.context() as counting:
        counting.setattr(psycopg.Cursor, "execute", counted)
        run()
    return count


@pytest.mark.parametrize("spread", ["i", "i * 4194304::bigint * 977", "i / 50 * 1000000000::bigint + i % 50"])
def test_statements_and_ranges_follow_the_rows_and_not_the_spread_of_keys(
    wide: Extraction, monkeypatch: pytest.MonkeyPatch, spread: str
) -> None:
    wide.run("cdc")
    usual = {mode: statements(monkeypatch, lambda mode=mode: wide.run(mode)) for mode in ("compare", "full", "cdc")}
    wide.sql(f"insert into clicks (id) select {spread} from generate_series(1, {ROWS}) as i")
    most = {"compare": 8, "full": 8, "cdc": 8}
    for mode, more in most.items():
        assert statements(monkeypatch, lambda mode=mode: wide.run(mode)) <= usual[mode] + more, mode
        wide.sql(
            "update clicks set campaign_id = coalesce(campaign_id, 0) % 3 + 1 where id in (select min(id) from clicks)"
        )
    wide.check(wide.run())
    check_ranges(wide)
    [notes] = (wide.zone / ".known").glob("*.json")
    entries = json.loads(notes.read_text())["tables"]["clicks"]
    assert len(entries) <= 3
    assert sum(entry["rows"] for entry in entries.values()) == ROWS


def keys_in(keys: list[int]) -> Callable[[KeySpan, int], int | None]:
    def key_at(span: KeySpan, place: int) -> int | None:
        within = [key for key in keys if key >= span.low and (span.high is None or key < span.high)]
        return within[place] if place < len(within) else None

    return key_at


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [LAST_KEY],
        list(range(100)),
        list(range(LAST_KEY - 50, LAST_KEY + 1)),
        [FIRST_KEY, *range(40), *range(1000, 2000, 100), *range(5000, 5060), LAST_KEY],
        [number**5 for number in range(-60, 60)],
    ],
    ids=["none", "one", "dense", "dense to the last key", "in turns", "sparse"],
)
def test_chunks_are_a_span_and_hold_few_rows(monkeypatch: pytest.MonkeyPatch, keys: list[int]) -> None:
    make_ranges_small(monkeypatch, 10)
    cutter = Cutter(keys_in(keys))
    for span in (KeySpan(), KeySpan(-7, 5100)):
        chunks = []
        for chunk in cutter.chunks(span):
            chunks.append(chunk)
            rows = [key for key in keys if key >= chunk.low and (chunk.high is None or key < chunk.high)]
            assert len(rows) <= ranges.MOST_ROWS
            cutter.saw(len(rows), 8 * len(rows))
        assert (chunks[0].low, chunks[-1].high) == (span.low, span.high)
        assert all(one.high == next_.low for one, next_ in pairwise(chunks))
        assert len(chunks) <= 3 * len(keys) // ranges.RANGE_ROWS + 3


@pytest.mark.parametrize("keys", [range(100), range(0, 1000, 10)], ids=["dense", "sparse"])
def test_chunks_of_long_rows_hold_fewer(monkeypatch: pytest.MonkeyPatch, keys: range) -> None:
    make_ranges_small(monkeypatch, 20)
    cutter = Cutter(keys_in(list(keys)))
    held = []
    for chunk in cutter.chunks(KeySpan()):
        held.append(len([key for key in keys if key >= chunk.low and (chunk.high is None or key < chunk.high)]))
        cutter.saw(held[-1], held[-1] * ranges.CHUNK_BYTES // 4)
    assert held[0] <= 30
    assert max(held[1:]) <= 6
    assert len(held) < 25


def test_rows_that_the_server_cannot_send_at_once_come_in_parts(
    shop: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = queries.rows

    def of_three(table: SourceTable, span: KeySpan) -> sql.Composed:
        if shop.value(queries.count(table, span)) > 3:
            return sql.SQL("select repeat('x', {})").format(2**30)
        return rows(table, span)

    monkeypatch.setattr(queries, "rows", of_three)
    shop.check(shop.run())


def test_spans_that_touch_and_are_small_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    make_ranges_small(monkeypatch, 10)
    spans = [(KeySpan(0, 10), 4), (KeySpan(10, 20), 6), (KeySpan(20, 30), 1), (KeySpan(40, 50), 1), (KeySpan(50), 9)]
    assert list(grouped(spans)) == [(KeySpan(0, 20), 10), (KeySpan(20, 30), 1), (KeySpan(40), 10)]
    assert list(grouped([])) == []


# ---------------------------------------------------------------- notes of the version before


def write_former_notes(zone: Path) -> None:
    """The notes as the version before wrote them: a range is what has the same upper 48 bits."""
    known = load_known(Zone(load_source(SOURCE)), Zone(load_source(SOURCE)).deliveries()[-1])
    [path] = (zone / ".known").glob("*.json")
    document = json.loads(path.read_text())
    document.pop("format")
    document["slot"] = {**document["slot"], "publication": document["slot"]["version"]}
    document["slot"].pop("version")
    for name in known.tables:
        keys, hashes = known.table(name).between(KeySpan())
        document["tables"][name] = {}
        file = f"{name}-before.parquet"
        schema = pa.schema([("id", pa.int64()), ("hash", pa.int64())])
        with pq.ParquetWriter(zone / ".known" / file, schema) as writer:
            for number in sorted(set((keys >> 16).tolist())):
                here = keys >> 16 == number
                writer.write_table(pa.table([keys[here], hashes[here]], schema=schema))
                document["tables"][name][str(number)] = {
                    "rows": int(here.sum()),
                    "hashes": int(np.bitwise_xor.reduce(hashes[here])),
                    "place": [file, len(document["tables"][name])],
                }
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("mode", ["compare", "full", "cdc"])
def test_notes_of_the_version_before_are_read_right(
    wide: Extraction, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    wide.sql("create publication duckhouse for table advertiser, campaign, impressions, clicks")
    wide.sql("insert into clicks (id) select unnest(%s::bigint[])", [*EXTREME, *SNOWFLAKES, *range(100, 120)])
    with monkeypatch.context() as before:
        before.setattr(plan, "own_name", lambda _: "duckhouse")
        wide.run("cdc")
    write_former_notes(wide.zone)
    wide.sql("update clicks set campaign_id = 1 where id in (%s, %s, 105)", FIRST_KEY, LAST_KEY)
    wide.sql("delete from clicks where id in (0, %s)", SNOWFLAKES[5])
    wide.check(found := wide.run(mode))
    assert counts(found) == {"clicks": (0, 3, 2)}
    assert found.notes == [] or mode != "cdc"
    for again in ("compare", "full", "cdc"):
        wide.check(found := wide.run(again))
        assert wide.changes(found) == {}
    check_ranges(wide)


def test_notes_of_a_later_version_are_refused_with_the_fix(shop: Extraction) -> None:
    path = shop.zone / ".known" / f"{shop.run().delivery.id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))
    with pytest.raises(UserError, match=r"not readable \(format 3, of another version\): remove it and run .* --full"):
        shop.run()
