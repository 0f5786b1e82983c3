"""A delivery that was taken back counts as if it had never come; what was published stays known."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from duckhouse.cli import UserError
from duckhouse.landing.zone import Zone as SourceZone
from duckhouse.settings import environment
from duckhouse.sources import load_source
from duckhouse.warehouse.connection import connect
from scripts import land as command
from support import consent, reviews
from support.drops import NO_TESTS, csv_of, deliver, event
from support.landing import Zone
from support.warehouse import Warehouse, warehouse
from tools.campaigns.orders.shelf import prune, reveal

SOURCES = ("ad_serving", "consent", "reviews")
READ = (
    *("rpt_ad_serving_days", "rpt_ad_serving_deliveries", "rpt_ad_serving_restatements"),
    "rpt_ad_serving_changed_events",
    *("rpt_consent_records", "rpt_consent_restatements", "rpt_reviews_records"),
)
BUILT = (
    *("resource_type:seed", "dim_dq_rules", "fct_dq_findings", *READ, "+rpt_ad_serving_changed_events"),
    *(f"+path:models/{layer}/{source}" for source in SOURCES for layer in ("marts", "quality")),
)
WRONG = "wrong"  # of the deliveries, the one that is taken back
REASON = "amounts in cents"

PUBLISHERS = "publisher_id,publisher_name,timezone"
AD_SERVING = {
    "first": (
        9,
        [
            event("kept", "2026-01-08T10:00:00Z", 1),
            event("raised", "2026-01-08T11:00:00Z", 2),
            event("moved", "2026-01-08T12:00:00Z", 4),
        ],
        csv_of(PUBLISHERS, "1,One,Europe/Paris"),
    ),
    WRONG: (
        10,
        [
            event("raised", "2026-01-08T11:00:00Z", 200),
            event("moved", "2026-01-07T12:00:00Z", 400),
            event("strange", "2026-01-06T12:00:00Z", 800),
            event("corrected", "2026-01-08T13:00:00Z", 1600),
            event("", "2026-01-08T14:00:00Z", 3200),
            event("negative", "2026-01-08T15:00:00Z", -1),
        ],
        csv_of(PUBLISHERS, "1,Another,Asia/Tokyo", "2,Two,UTC"),
    ),
    "last": (
        12,
        [event("corrected", "2026-01-08T13:00:00Z", None), event("late", "2026-01-08T16:00:00Z", 0.25)],
        csv_of(PUBLISHERS, "1,One,UTC"),
    ),
}
COMPANY = ("shop", "Retail", "Retail", "France")
CONSENT = {
    "first": [
        consent.event("a", "shop", "consent.asked", "2026-01-08 10:00:00.000"),
        consent.event("b", "shop", "pageview", "2026-01-08 10:30:00.000", rate="0.5"),
    ],
    WRONG: [
        consent.event("b", "shop", "pageview", "2026-01-07 10:30:00.000", rate="0.1", count="10"),
        consent.event("c", "shop", "consent.given", "2026-01-08 11:00:00.000", consent="full opt-in"),
        consent.event("d", "shop", "pageview", "never"),
    ],
    "last": [consent.event("c", "shop", "consent.given", "2026-01-08 11:00:00.000", consent="opt-out")],
}
REVIEWS = {
    "first": [reviews.review("ada", "B000000001", "2014-05-20", "5.0")],
    WRONG: [
        reviews.review("ada", "B000000001", "2014-05-20", "1.0"),
        reviews.review("ben", "B000000002", "2014-04-20", "1.0"),
        reviews.review("ben", "B000000002", "2014-05-10", "1.0"),  # a day of a month that has others
        reviews.review("", "B000000002", "2014-04-20", "1.0"),
    ],
    "last": [reviews.review("cem", "B000000001", "2014-05-21", "4.0")],
}


def land(house: Warehouse, *which: str) -> None:
    """Lands these deliveries of each source, of the same days and bytes in every warehouse."""
    for name in which:
        day, events, publishers = AD_SERVING[name]
        deliver(house, day, events, publishers=publishers)
        companies = [COMPANY] if name != WRONG else [("shop", "Games", "Games", "Spain"), ("other", "", "", "")]
        consent.deliver(replace(house, source="consent"), day, CONSENT[name], companies)
        product = reviews.product("B000000001", brand="Acme" if name != WRONG else "Wrong")
        reviews.deliver(
            replace(house, source="reviews"), f"2026-01-{day:02}T06:00:00Z", {f"{name}.csv": REVIEWS[name]}, [product]
        )


def ids(house: Warehouse, source: str, prefix: str) -> list[str]:
    """Deliveries whose ids begin with a day."""
    folders = (house.folder / "landing" / source).glob(f"delivery={prefix}*")
    return sorted(folder.name.removeprefix("delivery=") for folder in folders)


@dataclass(frozen=True)
class Worlds:
    """Where the wrong delivery was built and then taken back, and where it never came."""

    taken: Warehouse
    never: Warehouse


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    with warehouse() as taken, warehouse() as never:
        land(taken, "first", WRONG, "last")
        build_both(taken)
        for source in SOURCES:
            [wrong] = ids(taken, source, "20260110")
            at = ("--delivered-at", "2026-01-15T06:00:00Z")
            taken.run("land", source, "--retract", wrong, "--reason", REASON, *at)
        build_both(taken)
        land(never, "first", "last")
        never.dbt("dev", "build", *NO_TESTS, "--select", *BUILT)
        yield Worlds(taken, never)


def build_both(house: Warehouse) -> None:
    house.run("push", *SOURCES)
    for target in ("dev", "prod"):
        house.dbt(target, "build", *NO_TESTS, "--select", *BUILT)


# What is about deliveries and what they did, which a retraction does not undo.
OF_DELIVERIES = {
    "fct_ad_events_as_of", "fct_revenue_restatements", "fct_ad_event_records", "rpt_ad_serving_deliveries",
    "rpt_ad_serving_restatements", "rpt_ad_serving_changed_events", "rpt_ad_serving_days",
    "fct_consent_company_daily_as_of", "fct_consent_restatements",
    "fct_consent_event_records", "rpt_consent_restatements", "rpt_consent_records", "fct_product_review_records",
    "rpt_reviews_records",
}  # fmt: skip


def published(house: Warehouse) -> dict[str, list[tuple]]:
    """Published rows on dev, without the versions of days, which count deliveries."""
    tables = house.rows(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('marts', 'quality', 'reporting') order by all"
    )
    return {
        name: house.rows(f"select columns(c -> c <> '_day_version') from {schema}.{name} order by all")
        for schema, name in tables
    }


def test_everything_but_the_history_of_figures_is_as_if_it_had_never_come(worlds: Worlds) -> None:
    ours, theirs = published(worlds.taken), published(worlds.never)
    assert ours.keys() == theirs.keys() >= OF_DELIVERIES
    apart = {name for name in ours if ours[name] != theirs[name]}
    assert apart == OF_DELIVERIES


def test_both_engines_have_the_same_rows(worlds: Worlds) -> None:
    assert [result for result in worlds.taken.parity("--select", *BUILT) if not result["equal"]] == []


def test_the_restatement_names_the_delivery_and_the_reason(worlds: Worlds) -> None:
    """Of 8 January: raised 2 to 200 and back, corrected 1600 to 0, negative -1 to nothing."""
    [wrong] = ids(worlds.taken, "ad_serving", "20260110")
    rows = worlds.taken.rows(
        "select event_date, revenue_usd_before, revenue_usd_after, revenue_usd_difference, events_retracted, "
        "events_restored, retracted_delivery_id, retraction_reason from reporting.rpt_ad_serving_restatements "
        "where retraction_reason is not null order by all"
    )
    days = [(day, Decimal(before), Decimal(after)) for day, before, after in (("06", 800, 0), ("07", 400, 0))]
    assert [(str(row[0])[-2:], row[1], row[2]) for row in rows[:2]] == days
    [eighth] = rows[2:]
    assert eighth[1:4] == (Decimal("1800.25"), Decimal("7.25"), Decimal("-1793.00"))
    assert [row[4:6] for row in rows] == [(1, 0), (1, 0), (2, 2)]
    assert {row[6:] for row in rows} == {(wrong, REASON)}


def test_each_event_of_the_retraction_has_its_amount_before_and_after(worlds: Worlds) -> None:
    """The amount of `corrected` came with the delivery, although a later record of the event says NULL."""
    found = worlds.taken.rows(
        "select event_id, day(event_date), cause, revenue_usd_before, revenue_usd_after, revenue_usd_difference "
        "from reporting.rpt_ad_serving_changed_events where delivery_id like '%-retraction' order by all"
    )
    assert found == [
        ("corrected", 8, "retracted", 1600, 0, -1600),
        ("moved", 7, "retracted", 400, None, -400),
        ("moved", 8, "restored", None, 4, 4),
        ("negative", 8, "retracted", -1, None, 1),
        ("raised", 8, "restored", 200, 2, -198),
        ("strange", 6, "retracted", 800, None, -800),
    ]


def test_sums_of_movements_are_the_figures_now(worlds: Worlds) -> None:
    query = "select event_date, sum(revenue_usd) from {} group by event_date having sum(revenue_usd) <> 0 order by all"
    moved = worlds.taken.rows(query.format("intermediate.int_ad_serving__record_ledger"))
    assert moved == worlds.taken.rows(query.format("marts.fct_ad_events"))
    assert [(day.day, revenue) for day, revenue in moved] == [(8, Decimal("7.25"))]


@pytest.mark.parametrize(
    ("records", "landed"),
    [("fct_ad_event_records", 6), ("fct_consent_event_records", 3), ("fct_product_review_records", 4)],
)
def test_each_record_of_the_delivery_is_retracted(worlds: Worlds, records: str, landed: int) -> None:
    fates = "sum(columns('^records_(current|replaced.*|set_aside)$'))"
    query = f"select {{}} from quality.{records} where _delivery_id like '20260110%'"
    [read] = worlds.taken.rows(query.format("sum(records_landed), sum(records_retracted)"))
    assert read == (landed, landed)
    assert set(*worlds.taken.rows(query.format(fates))) == {0}


def test_what_was_taken_back_is_kept_beside_staging(worlds: Worlds) -> None:
    for source, table, number in (("ad_serving", "events", 6), ("consent", "events", 3), ("reviews", "products", 1)):
        name = f"staging.stg_{source}__{table}"
        kept = f"select count(*), min(_delivery_id)[:8] from {name}__retracted"
        assert worlds.taken.rows(kept) == [(number, "20260110")]
        assert worlds.taken.rows(f"select count(*) from {name} where _delivery_id like '20260110%'") == [(0,)]


def test_a_delivery_that_only_clickhouse_has_can_be_taken_back(worlds: Worlds) -> None:
    """Staged by a build, then pruned from landing and from the raw tables; or pushed only; or nowhere known."""
    [first] = ids(worlds.taken, "reviews", "20260109")
    house = replace(worlds.taken, name="none")  # without a file of DuckDB
    pushed = f"{first[:-8]}00000000"
    why = ("--reason", "wrong", "--dry-run")
    with environment(house.env):
        zone, client, shelf = SourceZone(load_source("reviews")), connect(), house.folder / "pruned"
        prune(client, zone, shelf, [first])
        client.command(f"insert into raw_reviews._deliveries (delivery_id) values ('{pushed}')")
        for delivery in (first, pushed):
            told = house.run("land", "reviews", "--retract", delivery, *why).stdout
            assert told.splitlines() == [
                f"would retract {delivery}",
                f"  {delivery} is no longer in landing: what staging keeps of it is retracted",
            ]
        unknown = house.run("land", "reviews", "--retract", f"{first[:-8]}ffffffff", *why, code=1).stderr
        assert f"nor staged in {house.duckdb} or on ClickHouse at 127.0.0.1:{house.clickhouse_port}\n" in unknown
        silent = replace(house, clickhouse_port=1).run("land", "reviews", "--retract", first, *why, code=1).stderr
        assert "127.0.0.1:1, where nothing answers: python -m scripts.clickhouse starts the embedded one\n" in silent
        reveal(zone, shelf, [first])


# ---------- landing


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    monkeypatch.setenv("DUCKHOUSE_DUCKDB", str(tmp_path / "none.duckdb"))
    return Zone(tmp_path, monkeypatch)


def retract(zone: Zone, delivery: str, *, at: str | None = "2026-03-26", reason: str = "wrong") -> str:
    """What the command says."""
    given = ["--delivered-at", at] if at else []
    try:
        command.main(["shop", "--retract", delivery, "--reason", reason, "--json", *given])
    except UserError as error:
        return str(error)
    return ""


def landed(zone: Zone) -> list[str]:
    return [name.removeprefix("delivery=") for name in zone.manifests()]


def test_the_same_bytes_land_again_after_a_retraction(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.land()
    [first] = landed(zone)
    assert "nothing new" in zone.land().out
    assert retract(zone, first) == ""
    assert zone.land().code == 0
    again = set(landed(zone)) - {first}
    assert sorted(name.partition("-")[0] for name in again) == ["20260325T060000000000Z", "20260326T000000000000Z"]
    assert "nothing new" in zone.land().out


REFUSALS: dict[str, tuple[Callable[[str], str], dict[str, str], str]] = {
    "no such delivery": (lambda _: "20260101T000000000000Z-00000000", {}, "no delivery of shop"),
    "no reason": (lambda first: first, {"reason": "  "}, "say why"),
    "before the delivery": (lambda first: first, {"at": "2026-03-25T06:00:00Z"}, "is not older"),
    "a path in its place": (lambda _: "../../x", {}, "no delivery of shop"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_with_one_line(zone: Zone, case: str) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.land()
    named, words, told = REFUSALS[case]
    said = retract(zone, named(landed(zone)[0]), **words)
    assert told in said and "\n" not in said
    assert len(landed(zone)) == 1


def test_neither_twice_nor_of_a_retraction(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.land()
    [first] = landed(zone)
    assert retract(zone, first, at=None) == ""
    [_, retraction] = landed(zone)
    assert f"{retraction} has retracted it already" in retract(zone, first)
    assert "is a retraction" in retract(zone, retraction)
    assert landed(zone) == [first, retraction]


def test_a_dry_run_says_what_would_count_no_longer_and_writes_nothing(
    zone: Zone, capsys: pytest.CaptureFixture[str]
) -> None:
    zone.file("people.csv", "id\n1\n2\n")
    zone.land()
    [first] = landed(zone)
    command.main(["shop", "--retract", first, "--reason", "wrong", "--dry-run"])
    said = capsys.readouterr().out
    assert said.startswith(
        f"would retract {first}\n  these count no longer, once it is built: people (1 file, 2 records)"
    )
    assert landed(zone) == [first]


@pytest.mark.parametrize("source", ["ad_delivery", "telemetry"])
def test_what_does_not_come_as_files_is_corrected_at_its_source(source: str) -> None:
    with pytest.raises(UserError, match=f"{source} is of kind .*nothing is retracted"):
        command.main([source, "--retract", "20260101T000000000000Z-00000000", "--reason", "wrong"])
