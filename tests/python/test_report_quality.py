"""The chapters on data quality and invalid traffic: figures of the findings, and what to do about each."""

import html
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from duckhouse import generated
from support.consent import records
from support.drops import NO_TESTS, deliver, event, report_after
from support.warehouse import Warehouse

HOSTILE = "<script>alert('1')</script> & \"Sons\""
DEAREST = {f"ad_serving__{name}" for name in ("late_events", "unknown_ad_unit", "unknown_type", "unknown_publisher")}
UNKNOWN_TYPE = "ad_serving__unknown_type"


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    """Generated deliveries of both sources, then two by hand: a dear event of a hostile type, a mended amount."""
    house, folder = replace(shared_house, source="all"), shared_house.folder
    seed = ("--seed", "9")
    house.run("tools.generate", "ad_serving", "--days", "4", "--events-per-day", "200", *seed, "--out", folder / "ad")
    few = ("--companies", "6", "--active", "3", "--events-per-company", "400")
    house.run("tools.generate", "consent", *few, *seed, "--out", folder / "consent")
    house.run("land", "ad_serving", folder / "ad", "--delivered-at", "2026-03-25T06:00:00Z")
    house.run("land", "consent", folder / "consent", "--delivered-at", "2025-09-09T06:00:00Z")
    dear = event("dear", "2026-02-24T10:00:00Z", 5000, event_type=HOSTILE) | {HOSTILE: "not in the contract"}
    mended = "2026-02-24T11:00:00Z"
    deliver(shared_house, "2026-03-27T06:00:00Z", [dear, event("mended", mended, -1)])
    deliver(shared_house, "2026-03-28T06:00:00Z", [event("mended", mended, 0.5)])
    house.dbt("dev", "build", *NO_TESTS)
    return house


@pytest.fixture(scope="module")
def page(house: Warehouse) -> str:
    out = house.folder / "report.html"
    house.run("report", "--out", out)
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sections(page: str) -> dict[str, str]:
    """What the page has of each rule, in its order."""
    return dict(re.findall(r'<details id="(\w+__\w+)"(.*?)</details>', page, re.DOTALL))


@pytest.fixture(scope="module")
def findings(house: Warehouse) -> list[dict]:
    return records(house, "quality.fct_dq_findings")


@pytest.fixture(scope="module")
def changed(house: Warehouse) -> Callable[[str, str], str]:
    """The page after something was done to a copy of the marts."""
    return partial(report_after, house)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def rules() -> dict[str, dict[str, str]]:
    return {rule.rule_id: {**rule.words, "rule_id": rule.rule_id, "source": rule.source} for rule in generated.rules()}


def open_figures(findings: list[dict], rule_id: str) -> tuple[int, int, Decimal | None]:
    """How many findings of a rule are open, their records and their money."""
    found = [one for one in findings if one["rule_id"] == rule_id and one["is_open"]]
    amounts = [abs(one["impact_amount"]) for one in found if one["impact_amount"] is not None]
    return len(found), sum(one["record_count"] for one in found), sum(amounts, Decimal(0)) if amounts else None


def dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}" if amount == 0 or amount >= 1 else f"${amount:,.6f}"


def table_after(page: str, title: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    body = page.split(f"<h2>{title}</h2>", 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[text_of(cell) for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)] for row in rows]


def test_each_rule_that_found_something_has_a_section(sections: dict[str, str], findings: list[dict]) -> None:
    assert sections.keys() == {one["rule_id"] for one in findings}
    assert len(sections) > 40


def test_a_section_says_what_why_how_many_and_what_to_do(sections: dict[str, str], findings: list[dict]) -> None:
    known = rules()
    for rule_id, markup in sections.items():
        text, rule = text_of(markup), known[rule_id]
        count, number, money = open_figures(findings, rule_id)
        mended = sum(1 for one in findings if one["rule_id"] == rule_id and not one["is_open"])
        for part in (rule["title"], rule["why"], rule["fix"], rule["owner"], rule["severity"], f"{count:,} open"):
            assert part in text, rule_id
        assert (f"{mended:,} mended" in text) == (mended > 0), rule_id
        assert (f"{number:,} record" in text) == (count > 0), rule_id
        assert (money is None) or dollars(money) in text, rule_id


def test_rules_are_ranked_by_money_and_then_by_records(
    page: str, sections: dict[str, str], findings: list[dict]
) -> None:
    ranks = [open_figures(findings, rule_id) for rule_id in sections]
    order = [(money or 0, number) for _, number, money in ranks]
    assert order == sorted(order, reverse=True)
    assert set(list(sections)[: len(DEAREST)]) == DEAREST
    ranking = table_after(page, "What was found")
    assert [[row[2], row[4]] for row in ranking] == [[f"{count:,}", f"{number:,}"] for count, number, _ in ranks]
    assert [row[3] for row in ranking] == ["" if money is None else dollars(money) for *_, money in ranks]


def test_errors_are_open_and_the_rest_is_folded(sections: dict[str, str], findings: list[dict]) -> None:
    still_open = {one["rule_id"] for one in findings if one["is_open"] and one["severity"] == "error"}
    assert {rule_id for rule_id, markup in sections.items() if markup.startswith(" open>")} == still_open


def test_the_query_of_a_section_gives_its_findings(
    house: Warehouse, sections: dict[str, str], findings: list[dict]
) -> None:
    for rule_id, markup in sections.items():
        [query] = re.findall(r"<code>(.*?)</code>", markup)
        assert len(house.rows(html.unescape(query))) == open_figures(findings, rule_id)[0], rule_id


def test_examples_are_the_dearest_with_their_evidence(sections: dict[str, str], findings: list[dict]) -> None:
    """At most three of a rule; keys, observed and evidence as they are, save for texts that are cut."""
    for rule_id, markup in sections.items():
        found = [one for one in findings if one["rule_id"] == rule_id and one["is_open"]]
        shown = [text_of(item) for item in re.findall(r"<li>(.*?)</li>", markup, re.DOTALL)]
        assert len(shown) == min(3, len(found)), rule_id
        assert not any(mark in item for item in shown for mark in ('{"', '":')), rule_id
    [example] = [
        text_of(item) for item in re.findall(r"<li>(.*?)</li>", sections[UNKNOWN_TYPE], re.DOTALL) if "5,000" in item
    ]
    assert "key dear · 2026-02-24 · $5,000.00" in example
    assert "source file: events/day.jsonl" in example
    assert "source row: 1" in example


def test_a_finding_that_was_mended_is_no_example(sections: dict[str, str], findings: list[dict]) -> None:
    [mended] = [one for one in findings if one["rule_id"] == "ad_serving__negative_revenue" and not one["is_open"]]
    assert mended["finding_key"] == "mended"
    assert "key mended" not in sections["ad_serving__negative_revenue"]


def test_hostile_text_is_escaped(page: str, sections: dict[str, str], findings: list[dict]) -> None:
    assert "<script" not in page
    assert html.escape(HOSTILE.lower()) in sections[UNKNOWN_TYPE].lower()
    [unmapped] = [
        one for one in findings if one["rule_id"] == "ad_serving__unmapped_columns" and "Sons" in one["finding_key"]
    ]
    assert json.loads(unmapped["evidence"])["column_name"] == HOSTILE


def test_hostile_evidence_is_escaped(changed: Callable[[str, str], str]) -> None:
    evidence = json.dumps({"<script>name": HOSTILE, "lines": "one\ntwo"}).replace("'", "''")
    hostile = HOSTILE.replace("'", "''")
    written = changed(
        "hostile",
        f"update quality.fct_dq_findings set evidence = '{evidence}', observed = '{hostile}', expected = '{hostile}', "
        f"finding_key = finding_key || '{hostile}'",
    )
    assert "<script" not in written
    assert html.escape(f"<script>name: {HOSTILE}") in written
    assert f"<strong>{html.escape(HOSTILE)}</strong>, expected: {html.escape(HOSTILE)}" in written


def test_the_scorecard_adds_up_to_the_findings(house: Warehouse, page: str, findings: list[dict]) -> None:
    events = dict(
        house.rows(
            "select 'ad serving', count(*) from marts.fct_ad_events union all "
            "select 'consent', count(*) from marts.fct_consent_events"
        )
    )
    rows = {row[0]: row for row in table_after(page, "Scorecard")}
    assert rows.keys() == events.keys()
    for source, row in rows.items():
        own = [one for one in findings if one["source"].replace("_", " ") == source]
        severities = Counter(one["severity"] for one in own if one["is_open"])
        money = sum(abs(one["impact_amount"] or 0) for one in own if one["is_open"] and one["severity"] == "error")
        counts = [events[source], *(severities[name] for name in ("error", "warning", "information"))]
        assert [row[1], *row[3:6]] == [f"{count:,}" for count in counts]
        assert row[6] == f"{sum(1 for one in own if not one['is_open']):,}"
        assert row[7] == (dollars(money) if money else "")


def test_events_without_fault_are_a_share_of_all(house: Warehouse, page: str) -> None:
    for source, shown in ((row[0], row[2]) for row in table_after(page, "Scorecard")):
        [(share,)] = house.rows(
            "select sum(share_without_fault * events) / sum(events) from quality.agg_dq_scorecard "
            f"where source = '{source.replace(' ', '_')}' and events > 0"
        )
        assert shown == f"{share:.2%}"


def test_events_at_fault_are_those_with_an_open_finding(house: Warehouse, findings: list[dict]) -> None:
    at_fault: dict[tuple, set[str]] = {}
    for one in findings:
        if one["is_about_event"] and one["is_open"] and one["severity"] != "information":
            at_fault.setdefault((one["source"], one["event_date"]), set()).add(one["finding_key"])
    counted = {
        (source, day): number
        for source, day, number in house.rows(
            "select source, event_date, events_at_fault from quality.agg_dq_scorecard where events_at_fault > 0"
        )
    }
    assert counted == {day: len(events) for day, events in at_fault.items()}


def test_rules_that_found_nothing_are_named_in_one_line(page: str, findings: list[dict]) -> None:
    quiet = [rule for rule_id, rule in rules().items() if rule_id not in {one["rule_id"] for one in findings}]
    [line] = re.findall(r"<p>(Nothing was found by .*?)</p>", page)
    assert html.unescape(line).startswith(f"Nothing was found by {len(quiet)} rules. ")
    assert all(rule["title"] in html.unescape(line) for rule in quiet)


def test_trends_are_of_findings_by_day(sections: dict[str, str], findings: list[dict]) -> None:
    """The four days of the generated events; strays of broken clocks are not drawn."""
    rule_id = "ad_serving__text_respelled"
    by_day = Counter(str(one["event_date"]) for one in findings if one["rule_id"] == rule_id and one["is_open"])
    days = ("2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26")
    assert f"2026-02-23 to 2026-02-26, at most {max(by_day[day] for day in days)} a day" in sections[rule_id]
    assert sections[rule_id].count("<rect") == sum(1 for day in days if by_day[day]) > 1


def test_traffic_is_led_from_gross_to_billable(house: Warehouse, page: str) -> None:
    counted: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for reason, traffic, revenue in house.rows(
        "select invalid_record_reason, traffic_class, events.revenue_usd from marts.fct_ad_events as events "
        "left join quality.fct_ad_invalid_traffic using (event_id)"
    ):
        step = "record" if reason else traffic if traffic in ("general_invalid", "suspect") else "billable"
        for name in ("gross", step):
            counted[name] += 1
            amounts[name] += revenue
    steps = ("gross", "record", "general_invalid", "suspect", "billable")
    rows = {row[0]: row[1:6] for row in table_after(page, "From gross to billable")}
    assert counted["record"] > 0 < counted["general_invalid"]
    assert rows["events"] == [f"{counted[name]:,}" for name in steps]
    assert rows["revenue"] == [dollars(amounts[name]) for name in steps]


def test_signals_are_counted_by_event(house: Warehouse, page: str) -> None:
    counted = dict(
        house.rows("select rule_id, count(*) from intermediate.int_ad_serving__traffic_signals group by all")
    )
    points = house.rows("select rule_id, traffic_class, points from staging.invalid_traffic_signals")
    known = rules()
    shown = [(row[0], row[1], row[3], row[4]) for row in table_after(page, "Signals")]
    assert sorted(shown) == sorted(
        (known[rule_id]["title"], f"{counted.get(rule_id, 0):,}", str(number), traffic_class)
        for rule_id, traffic_class, number in points
    )
    assert counted


def test_contradictions_of_consent_are_its_findings(page: str, findings: list[dict]) -> None:
    found = [one["finding_key"] for one in findings if one["rule_id"] == "consent__volume_readings_contradict"]
    assert [row[0] for row in table_after(page, "Readings that contradict each other")] == sorted(found)
    assert found
    statuses = [one for one in findings if one["rule_id"] == "consent__status_contradicts_choices" and one["is_open"]]
    shown = table_after(page, "Choices that contradict themselves")
    assert sum(int(row[2]) for row in shown) == len(statuses) > 0


def test_nothing_found_is_said(changed: Callable[[str, str], str]) -> None:
    written = changed(
        "nothing",
        "delete from quality.fct_dq_findings; "
        "update quality.agg_dq_scorecard set findings_error = 0, findings_warning = 0, findings_information = 0, "
        "findings_mended = 0, events_at_fault = 0, impact_amount = 0",
    )
    assert "No rule found anything." in written
    assert f"Nothing was found by {len(rules())} rules." in written
    assert [row[2] for row in table_after(written, "Scorecard")] == ["100.00%", "100.00%"]
    assert re.findall(r'<details id="', written) == []


def test_sources_are_shown_without_their_rules(changed: Callable[[str, str], str]) -> None:
    written = changed(
        "unbuilt",
        "drop table quality.agg_dq_scorecard; drop table quality.fct_dq_findings; "
        "drop table quality.fct_ad_gross_to_billable_daily",
    )
    assert written.count("Data quality is left out: its rules were not built.") == 1
    assert "Scorecard" not in written
    assert "From gross to billable" not in written
    assert "Choices per notice shown" in written
    assert "Readings that contradict each other" not in written


def test_all_links_lead_to_a_place_on_the_page(page: str) -> None:
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(re.findall(r' id="([^"]*)"', page))
    assert re.findall(r'(?:src|href)="(?!#)', page) == []
