"""Alerts on both targets: what is new is announced once, whatever the endpoint does and whenever a sender is killed."""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from duckhouse.alerts import news, webhook
from duckhouse.alerts.differences import differences
from duckhouse.alerts.standing import Situation, Standing
from duckhouse.dbt_plugin.blocks import BesideCopy, Block, BlockPlace, Failure, Finding, InTable
from duckhouse.settings import PROJECT, clickhouse, landing_dir, published_path
from duckhouse.state import state_path
from duckhouse.warehouse.connection import connect
from scripts import alert
from support.announcing import PATH, Endpoint, Rows, endpoint, publish
from support.dbt import environment
from support.warehouse import Warehouse, called

HOSTILE = "<!channel> & <https://evil.example|click>\n\x1b[31mred"
DOUBLE: dict[str, Any] = {
    "rule_id": "ad_serving_double", "source": "ad_serving", "source_label": "ad serving",
    "title": "Event delivered twice", "severity": "error", "fix": "Ask the sender.", "open_findings": 2,
    "impact_currency": "USD",
}  # fmt: skip
RATES = DOUBLE | {
    "rule_id": "consent_rates", "source": "consent", "source_label": "consent", "title": "Rate out of line",
    "severity": "warning", "fix": "Look at the export.", "open_findings": 1, "impact_currency": None,
}  # fmt: skip
FIRST = {
    "finding_id": "f1", "rule_id": "ad_serving_double", "severity": "error", "is_open": True, "record_count": 2,
    "impact_amount": Decimal("-1000.5"),
}  # fmt: skip
SECOND = FIRST | {"finding_id": "f2", "record_count": 3, "impact_amount": Decimal("234")}
OF_RATES = FIRST | {"finding_id": "f3", "rule_id": "consent_rates", "severity": "warning", "impact_amount": None}
SILENT = FIRST | {"finding_id": "f4", "severity": "information"}
ON_TIME = {"source": "consent", "label": "consent", "days_late": 0, "last_day": date(2026, 3, 30)}


@pytest.fixture(params=["dev", "prod"])
def target(request: pytest.FixtureRequest, shared_house: Warehouse, tmp_path: Path) -> Iterator[str]:
    """A target with a landing zone of its own; nothing is sent unless a test says where."""
    own = {"DUCKHOUSE_LANDING": str(tmp_path / "landing"), "DUCKHOUSE_DUCKDB": str(tmp_path / "shop.duckdb")}
    others = {"DUCKHOUSE_ALERT_WEBHOOK": "", "CLICKHOUSE_PREFIX": f"shop{abs(hash(tmp_path))}"}
    with environment({**shared_house.env, **own, **others}):
        yield request.param


@pytest.fixture
def sent() -> Iterator[Endpoint]:
    with endpoint() as found, environment({"DUCKHOUSE_ALERT_WEBHOOK": found.address}):
        yield found


def views(*findings: dict[str, Any], systems: tuple[dict[str, Any], ...] = (ON_TIME,), **others: Any) -> Rows:
    return {
        "rpt_quality_rules": [DOUBLE, RATES],
        "rpt_quality_findings": list(findings),
        "rpt_quality_systems": list(systems),
        **others,
    }


def announced(target: str, *options: str, code: int = 0) -> str:
    """What the command prints, on both streams; the secret of the endpoint is never in it."""
    done = called(lambda: alert.main(["--target", target, *options]))
    assert done.returncode == code, done.stdout + done.stderr
    assert PATH not in done.stdout + done.stderr
    return done.stdout + done.stderr


def titles(target: str) -> list[str]:
    """What would be announced, and is from now on."""
    found = json.loads(announced(target, "--json") or '{"alerts": []}')
    return [alert["title"] for alert in found["alerts"]]


def test_what_is_new_is_announced_once(target: str, sent: Endpoint) -> None:
    publish(target, views(FIRST, OF_RATES, SILENT))
    assert "2 alerts" in announced(target)
    assert sent.texts() == [
        f"duckhouse {target}: 2 alerts\n"
        "error: ad serving: Event delivered twice: 1 finding opened, 2 open; 2 records, $1,000.50\n"
        "to do: Ask the sender.\n"
        "warning: consent: Rate out of line: 1 finding opened, 1 open; 2 records\n"
        "to do: Look at the export."
    ]
    assert announced(target) == ""
    publish(target, views(SECOND, OF_RATES, FIRST | {"is_open": False}))
    announced(target)
    assert sent.texts() == [
        f"duckhouse {target}: 2 alerts\n"
        "error: ad serving: Event delivered twice: 1 finding opened, 2 open; 3 records, $234.00\n"
        "to do: Ask the sender.\n"
        "error: ad serving: Event delivered twice: 1 finding closed, 2 open; 2 records, $1,000.50"
    ]
    assert announced(target) == ""
    assert (sent.paths, len(set(sent.ids)), sent.texts()) == ([PATH, PATH], 2, [])


def test_the_first_run_sums_up_each_system_where_many_rules_found_something() -> None:
    def opened(number: int, severity: str) -> tuple[str, SimpleNamespace, Situation]:
        rule = f"rule_{number:02}"
        told = {**DOUBLE, "rule_id": rule, "title": f"Fault {number}", "severity": severity}
        return rule, SimpleNamespace(**told), Situation("finding", f"f{number}", rule, records=number)

    found = [opened(number, "error" if number < 9 else "warning") for number in range(11)]
    rules = {rule: words for rule, words, _ in found}
    conditions = [condition for *_, condition in found]
    now = Standing({"finding"}, conditions, rules=rules)
    [summed] = differences("dev", {}, now)
    assert summed.title == "ad serving: 11 findings opened: 9 rules with errors, 2 rules with warnings"
    assert [line.split(": ")[2] for line in summed.details[:-1]] == ["Fault 8", "Fault 7", "Fault 6"]
    few = replace(now, conditions=conditions[:10])
    assert len(differences("dev", {}, few)) == 10
    known = {conditions[0].identity: conditions[0]}
    assert len(differences("dev", known, now)) == 10


def test_without_an_endpoint_alerts_are_printed_once(target: str) -> None:
    publish(target, views(FIRST))
    would = announced(target, "--dry-run")
    assert would.startswith(
        f"{target}, not sent: 1 alert\n  error: ad serving: Event delivered twice: 1 finding opened"
    )
    assert [each.kind for each in news(target)] == ["opened"]
    assert announced(target).splitlines()[1:] == would.splitlines()[1:]
    assert (announced(target), announced(target, "--dry-run"), news(target)) == ("", "", [])


def test_a_document_has_the_figures(target: str) -> None:
    publish(target, views(FIRST, SECOND))
    document = json.loads(announced(target, "--json"))
    assert (document["target"], len(document["id"])) == (target, 36)
    [told] = document["alerts"]
    assert (told["kind"], told["subject"], told["details"]) == (
        "opened",
        "ad_serving_double",
        ["to do: Ask the sender."],
    )
    assert told["figures"] == {
        "source": "ad_serving", "severity": "error", "findings": 2, "open_findings": 2, "records": 5,
        "amount": "1234.500000", "currency": "USD",
    }  # fmt: skip


def test_what_is_acknowledged_is_announced_as_such_and_again_when_that_ends(target: str) -> None:
    publish(target, views(FIRST, SECOND | {"is_acknowledged": True}))
    assert titles(target) == [
        "error: ad serving: Event delivered twice: 1 finding opened, 2 open; 2 records, $1,000.50"
    ]
    publish(target, views(FIRST | {"is_acknowledged": True}, SECOND))
    assert titles(target) == [
        "error: ad serving: Event delivered twice: 1 finding opened, 2 open; 3 records, $234.00",
        "error: ad serving: Event delivered twice: 1 finding acknowledged, 2 open; 2 records, $1,000.50",
    ]


def test_systems_that_are_late_or_nobody_looks_at(target: str) -> None:
    look = landing_dir() / "consent" / "looked_at.txt"
    look.parent.mkdir(parents=True)
    (landing_dir() / "gone").mkdir()
    (landing_dir() / "gone" / look.name).write_text("2026-01-01T00:00:00Z")  # a source that is no longer declared
    now = datetime.now(UTC)
    look.write_text((now - timedelta(hours=25)).isoformat())
    publish(target, views(systems=(ON_TIME | {"days_late": 2},)))
    since = (now - timedelta(hours=25)).isoformat(sep=" ", timespec="minutes")
    assert titles(target) == [
        "consent is 2 days late: its last day is 2026-03-30",
        f"nobody looked for data of consent since {since}",
    ]
    publish(target, views(systems=(ON_TIME | {"days_late": 3},)))
    assert titles(target) == []
    look.write_text(now.isoformat())
    publish(target, views(systems=(ON_TIME,)))
    assert titles(target) == ["consent is on time again", "consent is looked at again"]


def test_restatements_from_the_percentage_on(target: str) -> None:
    of_revenue = {"publication": "restatement", "delivery_id": "d2", "publisher_id": "p1", "publisher_name": "Paper"}
    revenue = [
        of_revenue | {"revenue_usd_before": Decimal(1000), "revenue_usd_difference": Decimal("10")},  # 1 %
        of_revenue | {"revenue_usd_before": Decimal(100), "revenue_usd_difference": Decimal("-2.5"),
                      "event_date": date(2026, 3, 2)},
        of_revenue | {"revenue_usd_before": Decimal(1000), "revenue_usd_difference": Decimal("9.999999"),
                      "publisher_id": "below"},
        of_revenue | {"publication": "first", "delivery_id": "d1"},
    ]  # fmt: skip
    of_rates = {"publication": "restatement", "delivery_id": "d3", "company_id": None, "opt_in_rate_before": 0.5}
    rates = [of_rates | {"opt_in_rate": 0.4875}, of_rates | {"opt_in_rate": 0.505, "company_id": "below"}]
    both = {"rpt_ad_serving_restatements": revenue, "rpt_consent_restatements": rates}
    publish(target, views(**both))
    assert announced(target).splitlines()[1:] == [
        "  delivery d2 restates the revenue of 2 days (2 figures) by +$10.000000 and -$2.500000",
        "    the largest change: Paper on 2026-03-01, from $1,000.00 to $1,010.00",
        "  delivery d3 restates the opt-in rate of 1 day (1 figure)",
        "    the largest change: (none) on 2026-03-01, from 50.0% to 48.8%",
    ]
    publish(target, views())
    publish(target, views(**both))
    assert announced(target) == ""
    with environment({"DUCKHOUSE_ALERT_PERCENT": "x"}):
        assert announced(target, code=1) == "error: DUCKHOUSE_ALERT_PERCENT='x' is not a number, 0 or more\n"


def blocking(target: str) -> BlockPlace:
    if target == "dev":
        return BesideCopy(PROJECT / published_path())
    client = connect()

    def ask(sql: str) -> Any:
        return client.query(sql).result_rows if sql.startswith("select") else client.command(sql)

    client.command(f"create database if not exists {clickhouse().prefix}_audit_builds")
    return InTable(ask, f"{clickhouse().prefix}_audit")


def test_a_blocked_build_and_its_end(target: str) -> None:
    at = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1)
    cut = Finding("dq_cut", "File cut off", "events-1.jsonl", "5 records, expected: 9", "Ask for the file again.", 5)
    other = Finding("dq_cut", "File cut off", "events-2.jsonl", "1 record, expected: 9", "Ask for the file again.", 1)
    publish(target, views())
    blocking(target).write(Block(at, {"test.gate": Failure([cut])}))
    since, _, *details = announced(target).splitlines()[1:]
    began = at.isoformat(sep=" ", timespec="minutes")
    assert since == f"  {target}: Blocked since {began} UTC by 1 finding: nothing new is published."
    assert details == [
        "    File cut off (dq_cut)", "      events-1.jsonl: 5 records, expected: 9", "      Ask for the file again.",
    ]  # fmt: skip
    assert announced(target) == ""
    blocking(target).write(Block(at, {"test.gate": Failure([cut, other])}))
    assert announced(target).splitlines()[3:] == [details[0], "      events-2.jsonl: 1 record, expected: 9", details[2]]
    blocking(target).remove()
    assert titles(target) == [f"{target}: builds are no longer blocked: the last one passed"]
    assert announced(target) == ""


def test_a_first_build_that_is_blocked_is_announced(target: str) -> None:
    assert "nothing is published" in announced(target, code=1) or target == "prod"
    at = datetime.now(UTC).replace(tzinfo=None)
    blocking(target).write(Block(at, {"test.gate": Failure([], 3)}))
    assert [title.split(" since ")[0] for title in titles(target)] == [f"{target}: Blocked"]


# ---------- the endpoint


@pytest.fixture
def one(shared_house: Warehouse, tmp_path: Path) -> Iterator[str]:
    """Target dev with one new finding."""
    own = {"DUCKHOUSE_LANDING": str(tmp_path / "landing"), "DUCKHOUSE_DUCKDB": str(tmp_path / "shop.duckdb")}
    with environment({**shared_house.env, **own, "DUCKHOUSE_ALERT_WEBHOOK": ""}):
        publish("dev", views(FIRST))
        yield "dev"


@pytest.mark.parametrize(("status", "why"), [(503, "it answers 503"), (404, "it answers 404"), (302, "it answers 302")])
def test_what_an_endpoint_refuses_is_kept_for_the_next_run(one: str, sent: Endpoint, status: int, why: str) -> None:
    sent.status = status
    kept = f"error: the endpoint of DUCKHOUSE_ALERT_WEBHOOK: {why}; 1 message is kept for the next run\n"
    assert announced(one, code=1) == kept
    publish(one, views(FIRST, SECOND))
    assert announced(one, code=1) == kept.replace("1 message is", "2 messages are")
    waiting = [
        line for line in announced(one, "--list").splitlines() if line.endswith(": 1 alert, kept for the next run")
    ]
    assert len(waiting) == 2
    sent.bodies.clear()
    sent.status = 200
    announced(one)
    assert [text.count("1 finding opened") for text in sent.texts()] == [1, 1]
    assert (sent.ids[0], announced(one)) == (sent.ids[1], "")
    assert [line[-9:] for line in announced(one, "--list").splitlines()[::3]] == [": 1 alert"]


def test_an_endpoint_that_is_away_is_asked_once_in_a_run(one: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}{PATH}"
        with environment({"DUCKHOUSE_ALERT_WEBHOOK": address}):
            told = "error: the endpoint of DUCKHOUSE_ALERT_WEBHOOK: it does not answer (Connection refused); "
            assert announced(one, code=1) == f"{told}1 message is kept for the next run\n"
            publish(one, views(FIRST, SECOND))
            assert announced(one, code=1) == f"{told}2 messages are kept for the next run\n"


@pytest.mark.parametrize(("status", "why"), [(None, "it broke off (RemoteDisconnected)"), (502, "it answers 502")])
def test_a_message_that_may_have_arrived_is_listed_and_not_sent_again(
    one: str, sent: Endpoint, status: int | None, why: str
) -> None:
    sent.status = status
    told = announced(one, code=1)
    assert (
        f"may have arrived or not ({why}): they are not sent again; python -m scripts.alert --target dev --list" in told
    )
    sent.status = 200
    assert announced(one) == ""
    assert len(sent.bodies) == 1
    heading, opened, _ = announced(one, "--list").splitlines()
    assert heading.endswith(": 1 alert, may have arrived or not")
    assert "Event delivered twice: 1 finding opened" in opened


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://hooks.example.org/secret", "alerts leave this machine by https only: write https://"),
        ("https://user:secret@hooks.example.org/", "write it without user and password"),
        ("hooks.example.org/secret", "is not an address: write https://HOST/PATH"),
        ("ftp://hooks.example.org/secret", "is not an address: write https://HOST/PATH"),
        ("https://hooks.example.org/the secret", "is not an address: write https://HOST/PATH"),
        ("https://hooks.example.org:x/secret", "is not an address: write https://HOST/PATH"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_secret(one: str, address: str, told: str) -> None:
    with environment({"DUCKHOUSE_ALERT_WEBHOOK": address}):
        said = announced(one, code=1)
    assert told in said
    assert said.count("\n") == 1
    assert "secret" not in said.replace("is the secret of a webhook", "")
    assert "1 finding opened" in announced(one)


def test_names_from_data_are_only_text(one: str, sent: Endpoint) -> None:
    publish(one, {**views(FIRST), "rpt_quality_rules": [DOUBLE | {"title": HOSTILE, "fix": "x" * 5000}]})
    printed = announced(one)
    assert "\x1b" not in printed
    [text] = sent.texts()
    assert (
        "error: ad serving: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;\\n\\x1b[31mred: 1 finding opened"
        in text
    )
    assert max(map(len, text.splitlines())) == webhook.MOST_CHARACTERS


def test_a_message_is_within_what_slack_takes() -> None:
    documents = [{"title": "&" * 3000, "details": ["<" * 3000] * 30} for _ in range(200)]
    body = webhook.body(webhook.Message("1", "dev", "", "waiting", documents))
    assert len(body["blocks"]) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in body["blocks"])
    assert all(block["text"]["verbatim"] for block in body["blocks"][1:])
    assert body["blocks"][-1]["text"]["text"] == "and 180 more alerts: python -m scripts.alert --target dev --list"


def test_two_senders_at_once_are_one(one: str) -> None:
    from duckhouse.alerts.outbox import opened

    with opened(one):
        assert announced(one, code=1) == "error: another process is sending alerts: wait for it to end\n"
    assert "1 finding opened" in announced(one)


def test_state_is_for_its_owner_and_a_broken_one_is_told(one: str) -> None:
    announced(one)
    state = state_path("alerts.sqlite")
    assert (state.stat().st_mode & 0o777, state.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    state.write_bytes(b"no database" * 100)
    assert announced(one, code=1) == (
        f"error: {state}: file is not a database; free some space, or move the file away: then all that stands is "
        "announced again\n"
    )


def test_a_sender_that_is_killed_sends_nothing_twice(one: str, sent: Endpoint, tmp_path: Path) -> None:
    """Right before and after each statement and each step of the connection."""
    done = subprocess.run(
        [sys.executable, "-m", "support.alert_kills", str(tmp_path / "zones")],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(PROJECT), str(PROJECT / "plugins"), "."))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(runs) > 30
    arrived = Counter(sent.ids)
    assert set(arrived.values()) == {1}
    # each finding has arrived, or is listed as one that may have
    assert len(arrived) + sum(run["unknown"] for run in runs) >= len(runs)
    assert len(arrived) <= len(runs)
    assert {run["again"] for run in runs} == {0, 1}
    assert all(run["waiting"] == 0 and run["again"] == run["unknown"] for run in runs)
