"""The generator of the ad delivery database, on the real server: what its commands write and what churn does."""

import io
import json
import struct
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pytest

from duckhouse import cli
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database
from duckhouse.settings import PROJECT
from support.postgres import new_database, postgres_server
from tools import generate as command
from tools.generators.ad_delivery import churn as changes
from tools.generators.ad_delivery import rows

TABLES = ("advertiser", "campaign", "impressions", "clicks")
MINUTE = timedelta(minutes=1)
BACK_DATED = 8 * 24 * 60  # minutes
NOTHING = {"--edits": 0, "--silent-edits": 0, "--deletes": 0, "--late-commits": 0, "--new-rows": 0}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


Generate = Callable[..., Done]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture
def database(server: Embedded) -> Database:
    return new_database(server)


@pytest.fixture
def generate(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Generate:
    monkeypatch.setenv("POSTGRES_DSN", database.conninfo)

    def run(*arguments: Any, answer: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["generate", "ad_delivery", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        with pytest.raises(SystemExit) as stopped:
            cli.run(command.main)
        return Done(stopped.value.code, *capsys.readouterr())

    return run


def ask(database: Database, query: str, *parameters: Any) -> list[tuple]:
    """The rows of a query; none of a statement, which is committed."""
    with database.connect() as connection:
        cursor = connection.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def column(database: Database, query: str) -> list:
    return [value for (value,) in ask(database, query)]


def counts(database: Database) -> dict[str, int]:
    return {table: column(database, f"select count(*) from {table}")[0] for table in TABLES}


def contents(database: Database) -> dict[str, list[tuple]]:
    return {table: ask(database, f"select * from {table} order by id") for table in TABLES}


def of(advertisers: int, campaigns: int, impressions: int, clicks: int) -> dict[str, int]:
    return dict(zip(TABLES, (advertisers, campaigns, impressions, clicks), strict=True))


def minutes_ago(times: list[datetime], now: datetime) -> list[int]:
    """The times as whole minutes before `now`."""
    parts = [divmod(now - at, MINUTE) for at in times]
    assert all(rest == timedelta() for _, rest in parts)
    return [minutes for minutes, _ in parts]


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


# ---------- batch


def test_a_batch_without_options_is_2_advertisers_6_campaigns_600_impressions_60_clicks(database, generate):
    done = generate("batch")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "ad_delivery: 2 advertisers (ids 1 to 2), 6 campaigns (ids 1 to 6), 600 impressions and 60 clicks made\n"
    )
    assert counts(database) == of(2, 6, 600, 60)
    for table, each in (("impressions", 100), ("clicks", 10)):
        per_campaign = f"select campaign_id, count(*) from {table} group by 1 order by 1"
        assert ask(database, per_campaign) == [(campaign, each) for campaign in range(1, 7)]
    assert ask(database, "select id, name from advertiser order by id") == [(1, "Advertiser A"), (2, "Advertiser B")]
    assert ask(database, "select advertiser_id, name from campaign order by id") == [
        (1, "Campaign_1_1"),
        (1, "Campaign_1_2"),
        (1, "Campaign_1_3"),
        (2, "Campaign_2_1"),
        (2, "Campaign_2_2"),
        (2, "Campaign_2_3"),
    ]


def test_a_batch_takes_its_sizes_and_tells_ids_to_machines(database, generate):
    generate("advertisers", "--count", 3)
    sizes = ("--advertisers", 1, "--campaigns", 2, "--impressions", 30, "--ctr", 0.5)
    assert generate("batch", *sizes, "--json").json == {
        "advertisers": 1,
        "campaigns": 2,
        "impressions": 60,
        "clicks": 30,
        "advertiser_ids": [4],
        "campaign_ids": [1, 2],
    }
    assert counts(database) == of(4, 2, 60, 30)
    assert column(database, "select distinct advertiser_id from campaign") == [4]


@pytest.mark.parametrize("sizes", [("--advertisers", 0), ("--campaigns", 0), ("--impressions", 0), ("--ctr", 0)])
def test_a_batch_may_have_none_of_something(database, generate, sizes):
    made = generate("batch", *sizes, "--json").json
    advertisers = 0 if "--advertisers" in sizes else 2
    campaigns = 0 if "--campaigns" in sizes else 3 * advertisers
    impressions = 0 if "--impressions" in sizes else 100 * campaigns
    clicks = 0 if "--ctr" in sizes else impressions // 10
    assert counts(database) == of(advertisers, campaigns, impressions, clicks)
    told = [made[name] for name in ("advertisers", "campaigns", "impressions", "clicks")]
    assert told == [advertisers, campaigns, impressions, clicks]


def test_a_batch_over_several_copies_equals_one_of_one_copy(database, generate, server, monkeypatch):
    other = new_database(server)
    sizes = ("--advertisers", 2, "--campaigns", 2, "--impressions", 50, "--ctr", 0.3)
    monkeypatch.setattr(rows, "CHUNK", 35)
    generate("batch", *sizes)
    monkeypatch.setenv("POSTGRES_DSN", other.conninfo)
    monkeypatch.setattr(rows, "CHUNK", 1000)
    generate("batch", *sizes)
    for made in (database, other):
        assert counts(made) == of(2, 4, 200, 60)
        assert ask(made, "select campaign_id, count(*) from clicks group by 1 order by 1") == [
            (campaign, 15) for campaign in range(1, 5)
        ]
        for campaign in range(1, 5):
            assert_clicks_are_on_distinct_impressions(made, campaign)


def assert_clicks_are_on_distinct_impressions(database: Database, campaign: int) -> None:
    """Gives each click, the earliest first, the earliest impression that it can be of and that has none."""
    where = f"where campaign_id = {campaign} order by created_at"
    shown = column(database, f"select created_at from impressions {where}")
    for clicked in column(database, f"select created_at from clicks {where}"):
        while clicked - shown[0] > timedelta(seconds=120):
            shown.pop(0)
        assert clicked - shown.pop(0) >= timedelta(seconds=1)


def test_values_of_campaigns_have_the_ranges_of_the_application(database, generate):
    before = utc_now()
    generate("batch", "--advertisers", 1, "--campaigns", 3000, "--impressions", 0)
    columns = "bid, budget, start_date, end_date, updated_at, created_at"
    bids, budgets, starts, ends, updated, created = zip(*ask(database, f"select {columns} from campaign"), strict=True)
    assert Decimal("0.50") <= min(bids) < Decimal("0.55")
    assert Decimal("4.95") < max(bids) <= Decimal("5.00")
    assert Decimal("50.00") <= min(budgets) < Decimal("51.00")
    assert Decimal("499.00") < max(budgets) <= Decimal("500.00")
    assert abs(sum(bids) / 3000 - Decimal("2.75")) < Decimal("0.12")  # five standard errors
    assert abs(sum(budgets) / 3000 - 275) < 12
    assert {end - start for start, end in zip(starts, ends, strict=True)} == {timedelta(n) for n in range(7, 31)}
    assert set(starts) <= {before.date(), utc_now().date()}
    assert updated == created
    assert before - timedelta(seconds=1) < updated[0] < utc_now() + timedelta(seconds=1)


def test_names_of_advertisers_go_on_after_z_and_start_with_a_on_each_call(database, generate):
    generate("advertisers", "--count", 28)
    generate("advertisers")
    names = column(database, "select name from advertiser order by id")
    assert names[:2] == ["Advertiser A", "Advertiser B"]
    assert names[25:] == ["Advertiser Z", "Advertiser AA", "Advertiser AB", "Advertiser A"]
    assert [rows.advertiser_name(n) for n in (52, 53, 702, 703)] == [
        "Advertiser AZ",
        "Advertiser BA",
        "Advertiser ZZ",
        "Advertiser AAA",
    ]
    assert column(database, "select count(*) from advertiser where updated_at = created_at") == [29]


def test_what_fails_half_way_writes_nothing(database, generate):
    ask(database, "alter table clicks add constraint no_clicks check (false)")
    done = generate("batch")
    assert done.code == 1
    assert done.err.startswith("error: PostgreSQL at ")
    assert "no_clicks" in done.err
    assert done.err.count("\n") == 1
    assert counts(database) == of(0, 0, 0, 0)


# ---------- campaigns, impressions, clicks


def test_campaigns_impressions_and_clicks_one_by_one(database, generate):
    generate("advertisers", "--count", 2)
    assert generate("campaigns", "--advertiser-id", 2, "--count", 2).out == (
        "ad_delivery: 2 campaigns (ids 1 to 2) of advertiser 2 made\n"
    )
    assert generate("campaigns", "--advertiser-id", 1).out == "ad_delivery: 1 campaign (id 3) of advertiser 1 made\n"
    assert generate("impressions", "--campaign-id", 2).out == "ad_delivery: 100 impressions of campaign 2 made\n"
    assert generate("clicks", "--campaign-id", 2).out == "ad_delivery: 10 clicks of campaign 2 made\n"
    assert generate("impressions", "--campaign-id", 1, "--count", 7, "--json").json == {
        "campaign_id": 1,
        "impressions": 7,
    }
    assert generate("clicks", "--campaign-id", 1, "--ratio", 0.5, "--json").json == {"campaign_id": 1, "clicks": 3}
    assert counts(database) == of(2, 3, 107, 13)
    assert ask(database, "select id, advertiser_id, name from campaign order by id") == [
        (1, 2, "Campaign_2_1"),
        (2, 2, "Campaign_2_2"),
        (3, 1, "Campaign_1_1"),
    ]
    assert ask(database, "select campaign_id, count(*) from clicks group by 1 order by 1") == [(1, 3), (2, 10)]


def test_impressions_are_back_dated_by_whole_minutes_of_up_to_8_days(database, generate):
    generate("batch", "--advertisers", 1, "--campaigns", 1, "--impressions", 20_000, "--ctr", 0)
    (now,) = column(database, "select updated_at from campaign")
    ago = minutes_ago(column(database, "select created_at from impressions"), now)
    assert min(ago) >= 0
    assert max(ago) < BACK_DATED
    by_day = Counter(minutes // (24 * 60) for minutes in ago)
    assert sorted(by_day) == list(range(8))
    assert max(abs(shown - 2500) for shown in by_day.values()) < 240  # five standard deviations
    assert {minutes % 60 for minutes in ago} == set(range(60))


def sparse_impressions(database: Database, impressions: int) -> None:
    """A campaign whose impressions are ten minutes apart, so that a click tells of which one it is."""
    ask(database, "insert into campaign (name, bid, budget) values ('sparse', 1, 100)")
    query = """
        insert into impressions (campaign_id, created_at)
        select 1, timestamp '2026-03-01' + n * interval '10 minutes' from generate_series(0, %s - 1) as numbers (n)
    """
    ask(database, query, impressions)


def clicked_places(database: Database) -> list[tuple[int, timedelta]]:
    """Of each click the place of its impression and the time between."""
    first = datetime(2026, 3, 1)
    clicked = column(database, "select created_at from clicks order by id")
    return [divmod(at - first, timedelta(minutes=10)) for at in clicked]


@pytest.mark.parametrize(("ratio", "clicks"), [("0.5", 500), ("1", 1000), ("0.29", 290), ("0.0019", 1), ("0", 0)])
def test_clicks_are_on_distinct_impressions_and_seconds_after_them(database, generate, monkeypatch, ratio, clicks):
    monkeypatch.setattr(rows, "CHUNK", 64)
    sparse_impressions(database, 1000)
    assert generate("clicks", "--campaign-id", 1, "--ratio", ratio, "--json").json["clicks"] == clicks
    places = clicked_places(database)
    assert len(places) == len({place for place, _ in places}) == clicks
    assert all(0 <= place < 1000 and 1 <= delay.total_seconds() <= 120 for place, delay in places)
    if clicks == 500:
        delays = [delay.total_seconds() for _, delay in places]
        assert min(delays) < 8
        assert max(delays) > 112
        halves = Counter(place < 500 for place, _ in places)
        assert abs(halves[True] - 250) < 40  # five standard deviations


def test_clicks_are_drawn_again_from_all_impressions(database, generate):
    sparse_impressions(database, 1000)
    for _ in range(2):
        generate("clicks", "--campaign-id", 1, "--ratio", 0.5)
    times_clicked = Counter(Counter(place for place, _ in clicked_places(database)).values())
    assert times_clicked[1] + 2 * times_clicked[2] == 1000
    assert abs(times_clicked[2] - 250) < 40


def test_clicks_count_and_draw_from_the_same_rows(database, generate, monkeypatch):
    sparse_impressions(database, 1000)
    progress = rows.progress

    def meanwhile(**options):
        ask(database, "insert into impressions (campaign_id, created_at) select 1, now() from generate_series(1, 500)")
        return progress(**options)

    monkeypatch.setattr(rows, "progress", meanwhile)
    assert generate("clicks", "--campaign-id", 1, "--ratio", 1, "--json").json["clicks"] == 1000
    assert {place for place, _ in clicked_places(database)} == set(range(1000))


def test_impressions_without_a_time_can_be_clicked(database, generate):
    sparse_impressions(database, 0)
    ask(database, "insert into impressions (campaign_id, created_at) values (1, null), (1, 'infinity'), (null, now())")
    before = utc_now()
    assert generate("clicks", "--campaign-id", 1, "--ratio", 1, "--json").json["clicks"] == 2
    clicked = column(database, "select created_at from clicks")
    assert all(timedelta() < at - before < timedelta(seconds=125) for at in clicked)


def test_times_are_utc_whatever_the_zone_of_the_database(database, generate):
    (name,) = column(database, "select current_database()")
    ask(database, f"alter database {name} set timezone = 'Pacific/Kiritimati'")
    generate("batch", "--advertisers", 1, "--campaigns", 1, "--impressions", 1, "--ctr", 1)
    query = "select a.updated_at, c.updated_at, c.created_at from advertiser as a, campaign as c"
    assert all(abs(at - utc_now()) < timedelta(minutes=1) for at in ask(database, query)[0])


def test_memory_does_not_grow_with_the_rows(database, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK", 20_000)
    sparse_impressions(database, 0)
    peaks = []
    for size in (40_000, 200_000):
        with database.connect() as connection:
            tracemalloc.start()
            rows.add_impressions(connection, np.random.default_rng(1), [1], size, clicks_each=size // 10)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    with database.connect() as connection:
        tracemalloc.start()
        rows.add_clicks(connection, np.random.default_rng(1), 1, Decimal("0.5"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert counts(database) == of(0, 1, 240_000, 24_000 + 120_000)
    assert peaks[1] < 1.2 * peaks[0]
    assert max(peaks) < 20 << 20


# ---------- seeds


def drawn(database: Database) -> list[list[tuple]]:
    """What a batch draws, times relative to that of its transaction."""
    (now,) = column(database, "select min(updated_at) from advertiser")
    campaigns = ask(database, "select bid, budget, end_date - start_date from campaign order by id")
    times = [ask(database, f"select created_at from {table} order by id") for table in ("impressions", "clicks")]
    return [campaigns, *([at - now for (at,) in of_table] for of_table in times)]


def test_the_same_seed_draws_the_same_relative_to_now(server, generate, monkeypatch):
    made = []
    for seed in (["--seed", 5], ["--seed", 5], ["--seed", 6], [], []):
        database = new_database(server)
        monkeypatch.setenv("POSTGRES_DSN", database.conninfo)
        generate("batch", *seed)
        generate("clicks", "--campaign-id", 3, "--ratio", 0.2, *seed)
        made.append(drawn(database))
    assert made[0] == made[1]
    for first, second in ((0, 2), (0, 3), (3, 4)):
        assert all(ours != theirs for ours, theirs in zip(made[first], made[second], strict=True))


# ---------- stats and reset


def test_stats_count_each_table_by_itself(database, generate):
    ask(
        database,
        """
        insert into advertiser (name) values ('First'), ('Second');
        insert into campaign (name, bid, budget, advertiser_id)
            values ('Shown', 1, 1, 2), ('Never shown', 1, 1, 1), (E'Of\\n nobody', 1, 1, null);
        insert into impressions (campaign_id) values (1), (1), (1), (1), (3), (null);
        insert into clicks (campaign_id) values (1), (1), (1), (2)
        """,
    )
    assert generate("stats", "--json").json == {
        "advertisers": 2,
        "campaigns": 3,
        "impressions": 6,
        "clicks": 4,
        "ctr": 0.666667,
        "by_campaign": [
            {"id": 1, "name": "Shown", "advertiser": "Second", "impressions": 4, "clicks": 3, "ctr": 0.75},
            {"id": 2, "name": "Never shown", "advertiser": "First", "impressions": 0, "clicks": 1, "ctr": None},
            {"id": 3, "name": "Of\n nobody", "advertiser": None, "impressions": 1, "clicks": 0, "ctr": 0.0},
        ],
    }
    assert generate("stats").out == (
        "ad_delivery: 2 advertisers, 3 campaigns, 6 impressions, 4 clicks, CTR 66.67%\n"
        "campaign  name         advertiser  impressions  clicks     CTR\n"
        "       1  Shown        Second                4       3  75.00%\n"
        "       2  Never shown  First                 0       1       -\n"
        "       3  Of nobody    -                     1       0   0.00%\n"
    )


def test_stats_of_nothing(generate):
    assert generate("stats").out == "ad_delivery: 0 advertisers, 0 campaigns, 0 impressions, 0 clicks, CTR -\n"


@pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", "Yes\n", ""])
def test_reset_deletes_nothing_without_a_yes(database, generate, answer):
    generate("batch")
    before = contents(database)
    done = generate("reset", answer=answer)
    assert (done.code, done.out) == (0, "ad_delivery: cancelled, nothing is deleted\n")
    assert contents(database) == before


@pytest.mark.parametrize(("arguments", "answer", "asked"), [((), "yes\n", True), (("--yes",), "no\n", False)])
def test_reset_deletes_all_rows_and_ids_go_on(database, generate, arguments, answer, asked):
    generate("batch")
    done = generate("reset", *arguments, answer=answer)
    assert (done.code, done.out) == (
        0,
        "ad_delivery: 2 advertisers, 6 campaigns, 600 impressions, 60 clicks deleted\n",
    )
    assert done.err.endswith("Type yes to go on: ") is asked
    assert counts(database) == of(0, 0, 0, 0)
    generate("batch")
    assert [column(database, f"select min(id) from {table}") for table in TABLES] == [[3], [7], [601], [61]]


def test_reset_as_json(generate):
    generate("batch")
    cancelled = generate("reset", "--json", answer="no\n")
    assert json.loads(cancelled.out) == {"cancelled": True}
    assert generate("reset", "--yes", "--json").json == {
        "advertisers": 2,
        "campaigns": 6,
        "impressions": 600,
        "clicks": 60,
    }


# ---------- errors


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["campaigns", "--advertiser-id", "99"], 1, "there is no advertiser 99"),
        (["impressions", "--campaign-id", "99"], 1, "there is no campaign 99"),
        (["clicks", "--campaign-id", "99"], 1, "there is no campaign 99"),
        (["clicks", "--campaign-id", "1", "--ratio", "1.01"], 2, "--ratio: '1.01' is not a number from 0 to 1"),
        (["clicks", "--campaign-id", "1", "--ratio", "-0.1"], 2, "--ratio: '-0.1' is not a number from 0 to 1"),
        (["batch", "--ctr", "2"], 2, "--ctr: '2' is not a number from 0 to 1"),
        (["batch", "--ctr", "nan"], 2, "--ctr: 'nan' is not a number from 0 to 1"),
        (["batch", "--ctr", "few"], 2, "--ctr: 'few' is not a number from 0 to 1"),
        (["batch", "--advertisers", "-1"], 2, "--advertisers: '-1' is not a whole number"),
        (["batch", "--impressions", "1.5"], 2, "--impressions: '1.5' is not a whole number"),
        (["advertisers", "--count", "-1"], 2, "--count: '-1' is not a whole number"),
        (["campaigns"], 2, "required: --advertiser-id"),
        (["impressions"], 2, "required: --campaign-id"),
        (["clicks"], 2, "required: --campaign-id"),
        (["clicks", "--campaign-id", "2147483648"], 2, "'2147483648' is not a whole number"),
        (["churn", "--edits", "-1"], 2, "--edits: '-1' is not a whole number"),
        (["churn"], 1, "there is no campaign: make some"),
        (["merge"], 2, "invalid choice: 'merge'"),
        ([], 2, "required: COMMAND"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(database, generate, arguments, code, said):
    done = generate(*arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert counts(database) == of(0, 0, 0, 0)


def test_no_server_is_one_line(generate, monkeypatch):
    monkeypatch.setenv("POSTGRES_DSN", "postgresql://someone:secret@127.0.0.1:1/nowhere")
    done = generate("batch")
    assert done.code == 1
    assert done.err.startswith("error: PostgreSQL at 127.0.0.1:1/nowhere: ")
    assert done.err.count("\n") == 1
    assert "secret" not in done.err


def test_a_database_without_the_tables_is_one_line(database, generate):
    ask(database, "drop table clicks")
    done = generate("stats")
    assert done.code == 1
    assert 'relation "clicks" does not exist' in done.err
    assert "python -m scripts.postgres --migrate" in done.err
    assert done.err.count("\n") == 1


def test_other_sources_need_no_driver_of_postgresql():
    program = """if True:
        import sys
        sys.modules["psycopg"] = None
        from tools import generate
        from duckhouse.cli import run
        run(generate.main)
    """
    call = [sys.executable, "-c", program]
    done = subprocess.run([*call, "ad_delivery", "stats"], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "error: psycopg is not installed: pip install -c constraints.txt '.[postgres]', or make setup\n",
    )
    assert subprocess.run([*call, "consent", "--help"], cwd=PROJECT, capture_output=True).returncode == 0


# ---------- churn


@dataclass(frozen=True)
class Change:
    """A row that the write-ahead log says was changed, in the order of commits."""

    transaction: int
    operation: str
    table: str
    before: dict[str, str | None]
    after: dict[str, str | None]

    @property
    def changed(self) -> set[str]:
        return {name for name in self.after if self.after[name] != self.before[name]}


class Log:
    """What pgoutput says: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html"""

    def __init__(self, database: Database):
        self.database = database
        tables = "".join(f"alter table {table} replica identity full;" for table in TABLES)
        ask(database, f"create publication changes for all tables; {tables}")
        (self.slot,) = column(database, "select 'changes_of_' || current_database()")
        ask(database, "select pg_create_logical_replication_slot(%s, 'pgoutput')", self.slot)

    def read(self) -> list[Change]:
        query = """
            select xid::text::bigint, data
            from pg_logical_slot_get_binary_changes(
                %s, null, null, 'proto_version', '1', 'publication_names', 'changes'
            )
        """
        relations: dict[int, tuple[str, list[str]]] = {}
        found = []
        for transaction, message in ask(self.database, query, self.slot):
            kind, body = chr(message[0]), message[1:]
            if kind == "R":
                key, name, names = self._relation(body)
                relations[key] = (name, names)
            elif kind in "IUD":
                table, names = relations[struct.unpack_from(">I", body)[0]]
                before, after, at = {}, {}, 4
                while at < len(body):
                    is_new = body[at : at + 1] == b"N"
                    values, at = self._tuple(body, at + 1)
                    (after if is_new else before).update(zip(names, values, strict=True))
                found.append(Change(transaction, kind, table, before, after))
        ask(self.database, "select pg_drop_replication_slot(%s)", self.slot)
        return found

    @staticmethod
    def _relation(body: bytes) -> tuple[int, str, list[str]]:
        _, name, rest = body[4:].split(b"\0", 2)
        names, at = [], 3
        while at < len(rest):
            end = rest.index(b"\0", at + 1)
            names.append(rest[at + 1 : end].decode())
            at = end + 9
        return struct.unpack_from(">I", body)[0], name.decode(), names

    @staticmethod
    def _tuple(body: bytes, at: int) -> tuple[list[str | None], int]:
        values = []
        (columns,) = struct.unpack_from(">H", body, at)
        at += 2
        for _ in range(columns):
            kind = body[at : at + 1]
            at += 1
            if kind == b"t":
                (size,) = struct.unpack_from(">I", body, at)
                values.append(body[at + 4 : at + 4 + size].decode())
                at += 4 + size
            else:
                assert kind == b"n"
                values.append(None)
        return values, at


def last_ids(database: Database) -> dict[str, int]:
    """The id that each table gave last."""
    return {table: column(database, f"select last_value from {table}_id_seq")[0] for table in TABLES}


@pytest.mark.parametrize("seed", [1, 2])
def test_churn_does_what_it_says(database, generate, seed):
    generate("batch", "--seed", seed)
    generate("campaigns", "--advertiser-id", 1, "--count", 100)  # without rows
    log, ids = Log(database), last_ids(database)
    options = ("--edits", 60, "--silent-edits", 90, "--deletes", 40, "--late-commits", 30, "--new-rows", 200)
    done = generate("churn", *options, "--seed", seed, "--json").json
    found = log.read()

    assert (done["edits"], done["silent_edits"], done["deletes"], done["new_rows"]) == (60, 90, 40, 200)
    assert done["late_commits"] + done["rollbacks"] == 30
    assert min(done["late_commits"], done["rollbacks"]) > 0
    of_kind = {kind: [change for change in found if change.operation == kind] for kind in "IUD"}
    assert Counter(change.table for change in of_kind["I"]) == done["inserted"]
    assert Counter(change.table for change in of_kind["D"]) == done["deleted"]
    assert set(done["deleted"]) == {"campaign", "impressions", "clicks"}

    edited = Counter()
    for change in of_kind["U"]:
        (name,) = change.changed - {"updated_at"}
        edited[f"{change.table}.{name}"] += 1
    assert edited == done["updated"]
    assert set(edited) == {
        "campaign.bid",
        "campaign.budget",
        "campaign.name",
        "advertiser.name",
        "impressions.campaign_id",
        "impressions.created_at",
    }
    stamped = [change for change in of_kind["U"] if "updated_at" in change.changed]
    assert len(stamped) == done["edits"]
    assert len(of_kind["U"]) - len(stamped) == done["silent_edits"]
    assert len({change.transaction for change in of_kind["U"]}) == 150
    for name in ("campaign_id", "created_at"):
        assert None in {change.after[name] for change in of_kind["U"] if name in change.changed}
    assert all(Decimal("0.5") <= Decimal(c.after["bid"]) <= 5 for c in of_kind["U"] if "bid" in c.changed)
    assert all(50 <= Decimal(c.after["budget"]) <= 500 for c in of_kind["U"] if "budget" in c.changed)

    for table in ("impressions", "clicks"):
        committed = [int(change.after["id"]) for change in of_kind["I"] if change.table == table]
        overtaken = sum(key < max(committed[:place], default=0) for place, key in enumerate(committed))
        assert overtaken == done["late_commits"]
        assert last_ids(database)[table] - ids[table] - len(committed) == done["rollbacks"]
    assert done["inserted"]["impressions"] + done["inserted"]["clicks"] == 200 + 2 * 30 + 2 * done["late_commits"]


def test_churn_adds_back_dated_rows_to_old_campaigns(database, generate):
    generate("batch")
    before = utc_now()
    generate("churn", *arguments(NOTHING | {"--new-rows": 500}))
    shown = ask(database, "select campaign_id, created_at from impressions where id > 600")
    assert len(shown) + counts(database)["clicks"] - 60 == 500
    assert 400 < len(shown) < 490
    assert {campaign for campaign, _ in shown} == set(range(1, 7))
    ago = [(before - at).total_seconds() / 86400 for _, at in shown]
    assert max(ago) > 7
    assert min(ago) < 1
    assert max(ago) <= 8


def test_churn_of_nothing_changes_nothing(database, generate):
    generate("batch")
    before = contents(database)
    assert generate("churn", *arguments(NOTHING)).out == (
        "ad_delivery: 0 edits, 0 silent edits, 0 deletes, 0 late commits, 0 rollbacks, 0 new rows\n"
    )
    assert contents(database) == before


def test_churn_by_default(generate):
    generate("batch")
    done = generate("churn", "--json").json
    assert (done["edits"], done["silent_edits"], done["deletes"], done["new_rows"]) == (10, 10, 10, 100)
    assert done["late_commits"] + done["rollbacks"] == 10


def test_churn_deletes_campaigns_without_rows_but_the_last(database, generate):
    generate("batch", "--advertisers", 1, "--impressions", 0)
    done = generate("churn", *arguments(NOTHING | {"--deletes": 9}), "--json").json
    assert (done["deletes"], done["deleted"]) == (2, {"campaign": 2})
    assert counts(database) == of(1, 1, 0, 0)


def test_churn_waits_for_no_transaction_that_is_open(database, generate):
    campaign = "insert into campaign (name, bid, budget) values ('without rows', 1, 1)"
    (name,) = column(database, "select current_database()")
    ask(database, f"alter database {name} set lock_timeout = '5s'")
    ask(database, campaign)
    with changes.late_transaction(database) as late:
        for _ in range(2):
            ask(database, campaign)
        done = generate("churn", *arguments(NOTHING | {"--deletes": 5, "--edits": 20}), "--json").json
        assert (done["edits"], done["deleted"]) == (20, {"campaign": 2})
        late.commit()
    assert ask(database, "select campaign_id from impressions") == ask(database, "select id from campaign") == [(1,)]


def arguments(options: dict[str, int]) -> list[str | int]:
    return [word for option in options.items() for word in option]


def test_an_edit_sets_updated_at_and_a_silent_one_leaves_it(database, generate):
    generate("batch")
    rng = np.random.default_rng(3)
    for is_silent in (False, True):
        before = contents(database)
        with database.connect() as connection:
            place = changes.edit(connection, rng, (("campaign", "bid"),), is_silent=is_silent)
        assert place[:2] == ("campaign", "bid")
        after = contents(database)
        ((old, new),) = [pair for pair in zip(before["campaign"], after["campaign"], strict=True) if pair[0] != pair[1]]
        assert old[2] != new[2]
        assert (old[7] == new[7]) is is_silent
        assert {table: rows_ for table, rows_ in after.items() if table != "campaign"} == {
            table: rows_ for table, rows_ in before.items() if table != "campaign"
        }


def test_an_amount_that_is_edited_is_another_and_in_range():
    rng = np.random.default_rng(1)
    for before in (Decimal("0.50"), Decimal("5.00"), Decimal("0.00"), Decimal("99.99")):
        after = {changes._another_amount(rng, before, 50, 500) for _ in range(3000)}
        assert before not in after
        assert min(after) >= Decimal("0.50")
        assert max(after) <= Decimal("5.00")


def test_edits_of_empty_tables_are_none(database):
    rng = np.random.default_rng(1)
    with database.connect() as connection:
        assert changes.edit(connection, rng, changes.SILENT_EDITS, is_silent=True) is None
        assert changes.delete(connection, rng) is None


def test_a_late_transaction_commits_lower_ids_after_higher_ones(database, generate):
    generate("batch")
    with changes.late_transaction(database, np.random.default_rng(4)) as late:
        with database.connect() as connection:
            changes.add_rows(connection, np.random.default_rng(5), impressions=1, clicks=1)
        for table in ("impressions", "clicks"):
            ids = column(database, f"select id from {table}")
            assert max(ids) > late.ids[table]
            assert late.ids[table] not in ids
        late.commit()
    for table, key in late.ids.items():
        assert column(database, f"select count(*) from {table} where id = {key}") == [1]
    assert counts(database)["impressions"] == 602


def test_a_late_transaction_may_bring_a_campaign_with_or_without_rows(database, generate):
    generate("batch")
    brought = set()
    for seed in range(20):
        with changes.late_transaction(database, np.random.default_rng(seed)) as late:
            late.commit()
        owners = {
            column(database, f"select campaign_id from {table} where id = {late.ids[table]}")[0]
            for table in ("impressions", "clicks")
        }
        assert len(owners) == 1
        campaign = late.ids.get("campaign")
        brought.add("none" if campaign is None else "theirs" if owners == {campaign} else "without rows")
    assert brought == {"none", "theirs", "without rows"}


@pytest.mark.parametrize("end", ["left", "rolled back", "failed"])
def test_a_late_transaction_that_is_not_committed_leaves_a_gap(database, generate, end):
    generate("batch")
    before = contents(database)
    try:
        with changes.late_transaction(database) as late:
            if end == "rolled back":
                late.rollback()
            if end == "failed":
                raise KeyError
    except KeyError:
        assert end == "failed"
    assert contents(database) == before
    assert last_ids(database)["impressions"] == late.ids["impressions"] == 601


def test_names_that_churn_gives_are_hard_to_write_as_text(database, generate):
    generate("batch")
    generate("churn", *arguments(NOTHING | {"--edits": 200}), "--seed", 1)
    names = "".join(column(database, "select name from campaign union all select name from advertiser"))
    assert sum(character in names for character in "\t\n\\\"';,é📣ö") >= 5


def test_churn_plants_faults_and_tells_the_truth_about_them(database, generate, tmp_path):
    generate("batch", "--advertisers", 2, "--campaigns", 2, "--impressions", 300)
    before = counts(database)
    done = generate("churn", *arguments(NOTHING | {"--silent-edits": 40}), "--seed", 3, "--faults", tmp_path, "--json")
    truth = json.loads((tmp_path / "truth.json").read_text())
    faults = {fault["kind"]: fault["cells"] for fault in truth["faults"]}
    assert done.json["faults"] == sum(fault["count"] for fault in truth["faults"])
    assert (truth["source"], truth["seed"], truth["clean"]) == ("ad_delivery", 3, False)

    def shown(table: str, cell: dict[str, Any]) -> int:
        where = "campaign_id = %s and created_at::date = %s"
        return ask(database, f"select count(*) from {table} where {where}", cell["campaign_id"], cell["day"])[0][0]

    for cell in faults["clicks_above_impressions"]:
        assert shown("clicks", cell) > shown("impressions", cell)
    columns = "id, bid, budget, start_date, end_date"
    campaigns = {key: row for key, *row in ask(database, f"select {columns} from campaign")}
    for kind in ("after_end", "before_start", "back_dated", "budget_passed", "nan_bid"):
        for cell in faults[kind]:
            bid, budget, start, end = campaigns[cell["campaign_id"]]
            assert shown("impressions", cell) == 100
            assert {
                "after_end": str(end) < cell["day"],
                "before_start": cell["day"] < str(start - timedelta(days=8)),
                "back_dated": cell["day"] < str(utc_now().date() - timedelta(days=8)),
                "budget_passed": float(bid) / 10 > float(budget),
                "nan_bid": bid.is_nan(),
            }[kind]
    for kind, condition in (
        ("null_time", "created_at is null"),
        ("infinite_time", "created_at = 'infinity'"),
        ("future_time", "created_at > localtimestamp + interval '1 day' and isfinite(created_at)"),
        ("orphan_event", "campaign_id is null"),
    ):
        keys = {f"impression-{key}" for key in column(database, f"select id from impressions where {condition}")}
        assert {cell["event_id"] for cell in faults[kind]} <= keys
    [campaign], [advertiser] = faults["deleted_campaign"], faults["deleted_advertiser"]
    assert campaign["campaign_id"] not in campaigns
    events = "select count(*) from impressions where campaign_id = %s"
    assert ask(database, events, campaign["campaign_id"]) != [(0,)]
    assert advertiser["advertiser_id"] not in column(database, "select id from advertiser")
    assert advertiser["advertiser_id"] in column(database, "select advertiser_id from campaign")
    assert len(faults["silent_edit"]) == 40
    assert before["advertiser"] - counts(database)["advertiser"] == 1
    with pytest.raises(psycopg.errors.ForeignKeyViolation):  # the constraints are back
        ask(database, "insert into impressions (campaign_id) values (999)")
    at_infinity = [("impressions", "created_at")]
    ask(database, "delete from impressions where isfinite(created_at) or created_at is null")
    with database.connect() as connection:
        edited = changes.edit(connection, np.random.default_rng(1), at_infinity, is_silent=True)
    assert edited.after < utc_now()


def test_faults_need_rows_to_delete_and_a_folder_of_their_own(database, generate, tmp_path):
    (tmp_path / "held").touch()
    generate("batch", "--advertisers", 1)
    taken = generate("churn", "--faults", tmp_path)
    assert (taken.code, taken.err) == (1, f"error: --out {tmp_path} is not empty; name another folder or remove it\n")
    few = generate("churn", *arguments(NOTHING), "--faults", tmp_path / "new")
    assert few.code == 1
    assert few.err == (
        "error: --faults: there are too few campaigns with impressions, or advertisers with campaigns: make some with "
        "python -m tools.generate ad_delivery batch\n"
    )
