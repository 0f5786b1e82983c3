"""From PostgreSQL to marts on both engines: whatever happens to source and extraction, marts hold the truth."""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database
from duckhouse.extraction.run import extract
from duckhouse.settings import PROJECT
from duckhouse.sources import load_source
from support.dbt import environment
from support.drops import NO_TESTS
from support.postgres import SOURCE, dsn_of, new_database
from support.warehouse import Warehouse
from tools.generators.ad_delivery.churn import churn, late_transaction
from tools.generators.ad_delivery.commands import batch

SEEDS = (1, 2)
STEPS, SETTLED_EVERY = 10, 5
KILLED_AT_MOST = 40
WAYS = ("compare", "cdc", "full")

# Every version of a campaign, with the time of its commit; and those that the extraction could see.
AUDIT = """
    create schema audit;
    create table audit.log (seq serial, like campaign);
    create function audit.remember() returns trigger language plpgsql as $$
        begin insert into audit.log select nextval('audit.log_seq_seq'), new.*; return new; end
    $$;
    create trigger remember after insert or update on campaign for each row execute function audit.remember();
    create table audit.seen (seq serial, campaign_id int, bid numeric(10, 2), budget numeric(10, 2), at timestamp);
"""
SEEN_BY_COMPARING = """
    insert into audit.seen (campaign_id, bid, budget, at)
    select id, bid, budget, %(at)s from campaign
"""
SEEN_IN_THE_LOG = """
    insert into audit.seen (campaign_id, bid, budget, at)
    select id, bid, budget, pg_xact_commit_timestamp(xmin) at time zone 'UTC'
    from audit.log where seq > %(logged)s order by seq
"""
EVENTS = """
    select campaign_id, created_at, 1 as impressions, 0 as clicks from impressions
    union all
    select campaign_id, created_at, 0, 1 from clicks
"""
DAILY = f"""
    with activity as (
        select campaign_id, created_at::date as day, sum(impressions) as impressions, sum(clicks) as clicks
        from ({EVENTS}) as events where created_at is not null group by 1, 2
    ),
    last_day as (select %(at)s::date as day),
    flights as (
        select campaign.id as campaign_id, series::date as day
        from campaign, last_day, generate_series(
            coalesce(start_date, created_at::date), least(coalesce(end_date, last_day.day), last_day.day), '1 day'
        ) as series
    ),
    days as (select campaign_id, day from flights union select campaign_id, day from activity),
    figures as (
        select
            days.campaign_id, days.day, coalesce(impressions, 0) as impressions, coalesce(clicks, 0) as clicks,
            version.bid, version.budget, coalesce(impressions * version.bid / 1000, 0) as spend
        from days
        left join activity on activity.campaign_id is not distinct from days.campaign_id and activity.day = days.day
        left join lateral (
            select bid, budget from audit.seen where seen.campaign_id = days.campaign_id
            order by at < days.day + 1 desc, case when at < days.day + 1 then seq else -seq end desc limit 1
        ) as version on true
    )
    select
        campaign_id, day, impressions, clicks, bid, spend,
        budget - sum(spend) over (partition by campaign_id order by day) as budget_left
    from figures
"""
HOURLY = f"""
    select campaign_id, created_at::date, extract(hour from created_at)::int, sum(impressions), sum(clicks)
    from ({EVENTS}) as events where created_at is not null group by 1, 2, 3
"""
CAMPAIGNS = "select id, name, advertiser_id, bid, budget, start_date, end_date, created_at from campaign"


@dataclass
class Delivery:
    """A database, its landing zone and marts, and what the extraction had the chance to see of it."""

    house: Warehouse
    database: Database
    slot: str
    at: dt.datetime | None = None
    follows: bool = False
    logged: int = 0
    late: list[Any] = field(default_factory=list)

    def truth(self, query: str) -> list[tuple]:
        with self.database.connect() as connection:
            return connection.execute(query, {"at": self.at}).fetchall()

    def extract(self, mode: str) -> None:
        with environment(self.house.env):
            result = extract(load_source(SOURCE), self.database, mode, self.slot)
        assert all(table.is_reconciled for table in result.tables), result
        self.at = result.delivery.delivered_at.replace(tzinfo=None)
        with self.database.connect() as connection:
            query = SEEN_IN_THE_LOG if mode == "cdc" and self.follows else SEEN_BY_COMPARING
            connection.execute(query, {"at": self.at, "logged": self.logged})
            [self.logged] = connection.execute("select coalesce(max(seq), 0) from audit.log").fetchone()
        self.follows = self.follows or mode == "cdc"

    def extract_and_be_killed(self, mode: str, at_step: int) -> None:
        """Kills the command at one of its statements or file operations; where it has fewer, it ends well."""
        option = [] if mode == "compare" else [f"--{mode}"]
        script = KILLED.format(project=str(PROJECT), at_step=at_step, arguments=[*option, "--slot", self.slot])
        env = {**os.environ, **self.house.env, **dsn_of(self.database)}
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=env, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr

    def assert_marts_hold_the_truth(self, *options: str) -> None:
        self.house.build(*options)
        assert self.house.differences() == []
        assert ordered(
            self.mart("fct_ad_delivery_hourly", "campaign_id, event_date, hour, impressions, clicks")
        ) == ordered(self.truth(HOURLY))
        columns = "campaign_id, event_date, impressions, clicks, bid_usd, spend_usd, budget_left_usd"
        assert ordered(self.mart("fct_ad_delivery_daily", columns)) == ordered(self.truth(DAILY))
        columns = "campaign_id, campaign_name, advertiser_id, bid_usd, budget_usd, start_date, end_date, created_at"
        standing = "dim_ad_delivery_campaigns where not is_deleted"
        assert ordered(self.mart(standing, columns)) == ordered(self.truth(CAMPAIGNS))
        standing = "dim_ad_delivery_advertisers where not is_deleted"
        assert ordered(self.mart(standing, "advertiser_id, advertiser_name")) == ordered(
            self.truth("select id, name from advertiser")
        )
        aside = self.mart("fct_ad_delivery_set_aside", "event_type, campaign_id")
        timeless = " union all ".join(
            f"select '{name}', campaign_id from {table} where created_at is null"
            for name, table in (("impression", "impressions"), ("click", "clicks"))
        )
        assert ordered(aside) == ordered(self.truth(timeless))
        for ctr, clicks, impressions in self.mart("fct_ad_delivery_daily", "ctr, clicks, impressions"):
            assert ctr == (clicks / impressions if impressions else None)

    def mart(self, relation: str, columns: str) -> list[tuple]:
        return self.house.rows(f"select {columns} from marts.{relation}")


KILLED = """
    import os, signal, sys
    sys.path.insert(0, {project!r})
    import psycopg
    from scripts import extract_postgres

    left = {at_step}

    def deadly(original):
        def call(*arguments, **options):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)
        return call

    psycopg.Cursor.execute = deadly(psycopg.Cursor.execute)
    for name in ("fsync", "rename", "unlink"):
        setattr(os, name, deadly(getattr(os, name)))
    sys.argv[1:] = {arguments!r}
    extract_postgres.main()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def ordered(rows: list[tuple]) -> list[tuple]:
    exact = [tuple(value.normalize() if isinstance(value, Decimal) else value for value in row) for row in rows]
    return sorted(exact, key=repr)


@pytest.fixture
def delivery(postgres: Embedded, house: Warehouse) -> Delivery:
    database = new_database(postgres)
    with database.connect() as connection:
        connection.execute(AUDIT)
        [name] = connection.execute("select current_database()").fetchone()
    return Delivery(replace(house, source="ad_delivery"), database, f"slot_{name}")


def draw_step(delivery: Delivery, rng: random.Random, held: ExitStack) -> None:
    """Something happens in the source, or an extraction is killed."""
    seed = rng.randrange(2**32)
    what = rng.choice(("batch", "churn", "churn", "late", "late", "killed"))
    if what == "batch":
        batch(delivery.database, advertisers=1, campaigns=2, impressions=60, ctr=Decimal("0.1"), seed=seed)
    elif what == "churn":
        amounts = {"edits": 3, "silent_edits": 6, "deletes": 6, "late_commits": 3, "new_rows": 20}
        churn(delivery.database, np.random.default_rng(seed), **amounts)
    elif what == "killed":
        delivery.extract_and_be_killed(rng.choice(WAYS), rng.randint(1, KILLED_AT_MOST))
    elif delivery.late:
        getattr(delivery.late.pop(), rng.choice(("commit", "commit", "rollback")))()
    else:
        late = late_transaction(delivery.database, np.random.default_rng(seed))
        delivery.late.append(held.enter_context(late))


@pytest.mark.parametrize("seed", SEEDS)
def test_marts_hold_the_truth_of_the_source_whatever_happens(delivery: Delivery, seed: int) -> None:
    rng = random.Random(seed)
    batch(delivery.database, advertisers=2, campaigns=2, impressions=80, ctr=Decimal("0.1"), seed=seed)
    with ExitStack() as held:
        for step in range(1, STEPS + 1):
            draw_step(delivery, rng, held)
            if rng.random() < 0.5 or step % SETTLED_EVERY == 0:
                delivery.extract(rng.choice(WAYS))
            if step % SETTLED_EVERY == 0:
                delivery.assert_marts_hold_the_truth(*NO_TESTS)


def test_a_generator_run_twice_within_minutes_loses_nothing(delivery: Delivery) -> None:
    for seed in (1, 2):
        batch(delivery.database, advertisers=2, campaigns=3, impressions=100, ctr=Decimal("0.1"), seed=seed)
        delivery.extract("compare")
    delivery.assert_marts_hold_the_truth()
    assert delivery.mart("fct_ad_delivery_daily", "sum(impressions), sum(clicks)") == [(1200, 120)]


def test_five_edits_between_runs_are_five_versions_in_the_log_and_one_by_comparing(delivery: Delivery) -> None:
    batch(delivery.database, advertisers=1, campaigns=2, impressions=1, ctr=Decimal(0), seed=1)
    delivery.extract("cdc")
    bids = [Decimal(cents) / 100 for cents in (900, 901, 902, 903, 904)]
    for way, campaign in (("cdc", 1), ("compare", 2)):
        for bid in bids:
            with delivery.database.connect() as connection:
                connection.execute("update campaign set bid = %s where id = %s", [bid, campaign])
        delivery.extract(way)
    delivery.house.build(*NO_TESTS)
    versions = "dim_ad_delivery_campaigns_history where version_number > 1 order by campaign_id, valid_from"
    found = delivery.mart(versions, "campaign_id, bid_usd")
    assert found == [*((1, bid) for bid in bids), (2, bids[-1])]
    assert delivery.house.differences() == []
