"""The chapters on data quality and invalid traffic: figures of the findings, and what to do about each."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from xml.etree.ElementTree import Element

import duckdb
import pytest

from duckhouse import generated
from support.consent import records
from support.drops import NO_TESTS, deliver, event, keep, report_after
from support.pages import Page, read_page, text_of
from support.warehouse import Warehouse

HOSTILE = "<script>alert('1')</script> & \"Sons\""
DEAREST = {f"ad_serving__{name}" for name in ("unknown_ad_unit", "unknown_type", "unknown_publisher")}
FAULTLESS = {"publisher_id": 101, "ad_unit_id": "au_0001", "site_domain": "harbourledger.example", "bid_floor_usd": 0.1}
UNKNOWN_TYPE = "ad_serving__unknown_type"
LABELS = {"ad_serving": "Ad serving", "consent": "Consent"}


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
    wrong, mended = (event("mended", "2026-02-24T11:00:00Z", amount, **FAULTLESS) for amount in (-1, 0.5))
    deliver(shared_house, "2026-03-27T06:00:00Z", [dear, wrong])
    deliver(shared_house, "2026-03-28T06:00:00Z", [mended])
    house.dbt("dev", "build", *NO_TESTS)
    return house


@pytest.fixture(scope="module")
def page(house: Warehouse) -> Page:
    out = house.folder / "report.html"
    house.run("report", "--out", out)
    return read_page(out)


@pytest.fixture(scope="module")
def sections(page: Page) -> dict[str, Element]:
    """What the page has of each rule, in its order."""
    return of_rules(page)


@pytest.fixture(scope="module")
def findings(house: Warehouse) -> list[dict]:
    return records(house, "quality.fct_dq_findings")


@pytest.fixture(scope="module")
def changed(house: Warehouse) -> Callable[[str, str], Page]:
    """The page after something was done to a copy of the marts."""
    return lambda stage, statements: Page(report_after(house, stage, statements))


def of_rules(page: Page) -> dict[str, Element]:
    folded = [(one, one.find("div")) for one in page.chapter("Data quality").iter("details")]
    return {body.attrib["id"]: one for one, body in folded if body is not None and "__" in body.get("id", "")}


def facts_of(section: Element) -> dict[str, list[str]]:
    """By the name of a fact, its value and its note."""
    facts = section.iterfind(".//dl/div")
    return {text_of(fact.find("dt")): [text_of(one) for one in fact.iterfind("dd")] for fact in facts}


def rules() -> dict[str, dict[str, str]]:
    return {rule.rule_id: {**rule.words, "rule_id": rule.rule_id, "source": rule.source} for rule in generated.rules()}


def open_findings(findings: list[dict], rule_id: str) -> list[dict]:
    return [one for one in findings if one["rule_id"] == rule_id and one["is_open"]]


def open_figures(findings: list[dict], rule_id: str) -> tuple[int, int, Decimal | None]:
    """How many findings of a rule are open, their records and their money."""
    found = open_findings(findings, rule_id)
    amounts = [abs(one["impact_amount"]) for one in found if one["impact_amount"] is not None]
    return len(found), sum(one["record_count"] for one in found), sum(amounts, Decimal(0)) if amounts else None


def dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}" if amount == 0 or amount >= 1 else f"${amount:,.6f}"


def test_each_rule_that_found_something_has_a_section(sections: dict[str, Element], findings: list[dict]) -> None:
    assert sections.keys() == {one["rule_id"] for one in findings}
    assert len(sections) > 40


def test_a_section_says_what_why_how_many_and_what_to_do(sections: dict[str, Element], findings: list[dict]) -> None:
    known = rules()
    for rule_id, section in sections.items():
        text, rule = text_of(section), known[rule_id]
        count, number, money = open_figures(findings, rule_id)
        closed = sum(1 for one in findings if one["rule_id"] == rule_id and not one["is_open"])
        for part in (rule["title"], rule["why"], rule["fix"], rule["owner"], rule["severity"], f"{count:,} open"):
            assert " ".join(part.split()) in text, rule_id
        assert (f"{closed:,} fixed" in text) == (closed > 0), rule_id
        assert (f"{number:,} record" in text) == (count > 0), rule_id
        assert (money is None) or dollars(money) in text, rule_id


def test_rules_are_ranked_by_money_severity_and_records_and_what_the_pipeline_fixes_comes_last(
    page: Page, sections: dict[str, Element], findings: list[dict]
) -> None:
    ranks = [open_figures(findings, rule_id) for rule_id in sections]
    severities = [rules()[rule_id]["severity"] for rule_id in sections]
    order = [
        (severity == "information", -(money or 0), severity, -number)
        for severity, (_, number, money) in zip(severities, ranks, strict=True)
    ]
    assert order == sorted(order)
    assert set(list(sections)[: len(DEAREST)]) == DEAREST
    assert {severity for is_last, _, severity, _ in order if not is_last} == {"error", "warning"}
    ranking = page.table("What was found?")
    assert [[row[4], row[6]] for row in ranking] == [[f"{count:,}", f"{number:,}"] for count, number, _ in ranks]
    assert [row[5] for row in ranking] == ["" if money is None else dollars(money) for *_, money in ranks]


def test_the_query_of_a_section_gives_its_findings(
    house: Warehouse, sections: dict[str, Element], findings: list[dict]
) -> None:
    for rule_id, section in sections.items():
        [query] = [text_of(code) for code in section.iter("code")]
        assert len(house.rows(query)) == open_figures(findings, rule_id)[0], rule_id


def test_the_example_is_the_dearest_open_finding_with_its_evidence(
    sections: dict[str, Element], findings: list[dict]
) -> None:
    for rule_id, section in sections.items():
        text = text_of(section)
        found = open_findings(findings, rule_id)
        assert ("For example" in text) == bool(found), rule_id
        assert '{"' not in text, rule_id
        assert '":' not in text, rule_id
    key, evidence = facts_of(sections[UNKNOWN_TYPE])["Key"]
    assert key == "dear"
    for part in ("source file: events/day.jsonl", "source row: 1"):
        assert part in evidence


def test_what_to_do_first_goes_by_money_and_leaves_out_what_the_pipeline_fixes(
    house: Warehouse, findings: list[dict]
) -> None:
    known = rules()
    ranked = sorted(
        (
            (-(money or 0), known[rule_id]["severity"], -number, rule_id)
            for rule_id in {one["rule_id"] for one in findings}
            for count, number, money in [open_figures(findings, rule_id)]
            if count and known[rule_id]["severity"] != "information"
        ),
    )
    actions = records(house, "reporting.rpt_quality_actions")
    assert [one["rule_id"] for one in sorted(actions, key=lambda one: one["rank"])] == [rule for *_, rule in ranked]
    assert sorted(one["rank"] for one in actions) == list(range(1, len(ranked) + 1))
    for one in actions:
        days = [finding["event_date"] for finding in open_findings(findings, one["rule_id"]) if finding["event_date"]]
        assert (one["first_day"], one["last_day"]) == (min(days, default=None), max(days, default=None))
        assert (one["action"], one["owner"]) == (known[one["rule_id"]]["fix"], known[one["rule_id"]]["owner"])


def test_a_finding_that_was_mended_is_no_example(sections: dict[str, Element], findings: list[dict]) -> None:
    [mended] = [one for one in findings if one["rule_id"] == "ad_serving__negative_revenue" and not one["is_open"]]
    assert mended["finding_key"] == "mended"
    assert facts_of(sections["ad_serving__negative_revenue"])["Key"][0] != "mended"


def test_hostile_text_is_escaped(page: Page, sections: dict[str, Element], findings: list[dict]) -> None:
    assert len(list(page.root.iter("script"))) == 1
    assert HOSTILE.lower() in text_of(sections[UNKNOWN_TYPE]).lower()
    [unmapped] = [
        one for one in findings if one["rule_id"] == "ad_serving__unmapped_columns" and "Sons" in one["finding_key"]
    ]
    assert json.loads(unmapped["evidence"])["column_name"] == HOSTILE


def test_hostile_evidence_is_escaped(changed: Callable[[str, str], Page]) -> None:
    evidence = json.dumps({"<script>name": HOSTILE, "lines": "one\ntwo"}).replace("'", "''")
    hostile = HOSTILE.replace("'", "''")
    written = changed(
        "hostile",
        f"update quality.fct_dq_findings set evidence = '{evidence}', observed = '{hostile}', expected = '{hostile}', "
        f"finding_key = finding_key || '{hostile}'",
    )
    assert len(list(written.root.iter("script"))) == 1
    assert f"<script>name: {HOSTILE}" in written.text
    assert f"{HOSTILE}, expected: {HOSTILE}" in written.text


def test_the_scorecard_adds_up_to_the_findings(house: Warehouse, page: Page, findings: list[dict]) -> None:
    events = dict(
        house.rows(
            "select 'Ad serving', count(*) from marts.fct_ad_events union all "
            "select 'Consent', count(*) from marts.fct_consent_events"
        )
    )
    rows = {row[0]: row for row in page.table("Which systems have open errors?")}
    assert rows.keys() == events.keys()
    for source, row in rows.items():
        own = [one for one in findings if LABELS[one["source"]] == source]
        severities = Counter(one["severity"] for one in own if one["is_open"])
        money = sum(abs(one["impact_amount"] or 0) for one in own if one["is_open"] and one["severity"] == "error")
        counts = [events[source], *(severities[name] for name in ("error", "warning", "information"))]
        assert [row[1], *row[3:6]] == [f"{count:,}" for count in counts]
        assert row[6] == f"{sum(1 for one in own if not one['is_open']):,}"
        assert row[7] == (dollars(money) if money else "")


def test_events_without_fault_are_a_share_of_all(house: Warehouse, page: Page) -> None:
    for label, shown in ((row[0], row[2]) for row in page.table("Which systems have open errors?")):
        [(share,)] = house.rows(
            "select sum(share_without_fault * events) / sum(events) from quality.agg_dq_scorecard "
            f"where source = '{label.lower().replace(' ', '_')}' and events > 0"
        )
        assert shown == f"{share:.2%}"


def test_events_at_fault_are_those_with_an_open_finding(house: Warehouse, findings: list[dict]) -> None:
    at_fault: dict[tuple, set[str]] = {}
    for one in findings:
        if one["is_about_event"] and one["is_open"] and one["severity"] != "information":
            at_fault.setdefault((one["source"], one["event_date"]), set()).add(one["finding_key"])
    assert not any("mended" in keys for keys in at_fault.values())
    counted = {
        (source, day): number
        for source, day, number in house.rows(
            "select source, event_date, events_at_fault from quality.agg_dq_scorecard where events_at_fault > 0"
        )
    }
    assert counted == {day: len(events) for day, events in at_fault.items()}


def test_rules_that_found_nothing_are_named_in_one_line(page: Page, findings: list[dict]) -> None:
    quiet = [rule for rule_id, rule in rules().items() if rule_id not in {one["rule_id"] for one in findings}]
    line = text_of(page.section("What was looked for and not found?"))
    assert f"Nothing was found by {len(quiet)} rules. " in line
    assert all(rule["title"] in line for rule in quiet)


def test_trends_are_of_findings_by_day(sections: dict[str, Element], findings: list[dict]) -> None:
    """The four days of the generated events; strays of broken clocks are not drawn."""
    rule_id = "ad_serving__text_respelled"
    by_day = Counter(str(one["event_date"]) for one in open_findings(findings, rule_id))
    days = ("2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26")
    text = text_of(sections[rule_id])
    assert f"2026-02-23 to 2026-02-26, at most {max(by_day[day] for day in days)} a day" in text
    bars = [one for one in sections[rule_id].iter() if one.tag.endswith("rect")]
    assert len(bars) == sum(1 for day in days if by_day[day]) > 1


def test_systems_say_what_is_behind_them(house: Warehouse, findings: list[dict]) -> None:
    """Period, deliveries and headline of the two systems against what was landed; three others have no row."""
    systems = {one["source"]: one for one in records(house, "reporting.rpt_quality_systems")}
    assert systems.keys() == LABELS.keys()
    [(revenue, read)] = house.rows(
        "select (select sum(revenue_usd) from marts.fct_ad_events), "
        "(select sum(records_read) from staging.stg_ad_serving__files where entity = 'events')"
    )
    ads = systems["ad_serving"]
    assert (str(ads["first_day"]), str(ads["last_day"])) == ("2026-02-23", "2026-02-26")
    assert (str(ads["last_delivery_at"]), ads["last_delivery_records"]) == ("2026-03-28 06:00:00", 1)
    assert (ads["headline_name"], ads["headline_value"]) == ("Revenue", f"${revenue:,.2f}")
    assert (ads["records_read"], ads["records_unaccounted"], ads["is_complete"]) == (read, 0, True)
    errors = [
        one for one in findings if one["source"] == "ad_serving" and one["is_open"] and one["severity"] == "error"
    ]
    assert (ads["open_errors"], ads["is_right"]) == (len(errors), False)
    assert ads["impact_amount"] == sum(abs(one["impact_amount"] or 0) for one in errors)
    consent = systems["consent"]
    assert (consent["headline_name"], consent["impact_currency"]) == ("Opt-in rate", None)
    assert re.fullmatch(r"\d+\.\d% \(\d+\.\d% to \d+\.\d%\)", consent["headline_value"])


def test_deliveries_say_what_became_of_their_records(house: Warehouse) -> None:
    """Of the two by hand: the first mended record is replaced by the second one's."""
    shown = [
        (
            str(one["delivered_at"]),
            one["records_current"],
            one["records_replaced"],
            one["adds_up"],
            str(one["latest_day"]),
        )
        for one in records(house, "reporting.rpt_quality_deliveries", "source = 'ad_serving' and files = 1")
    ]
    assert sorted(shown) == [
        ("2026-03-27 06:00:00", 1, 1, True, "2026-02-24"),
        ("2026-03-28 06:00:00", 1, 0, True, "2026-02-24"),
    ]


def test_a_record_that_nothing_accounts_for_makes_its_system_incomplete(house: Warehouse) -> None:
    lost = keep(house, "lost")
    with duckdb.connect(str(lost.duckdb)) as connection:
        connection.execute(
            "update quality.fct_ad_event_records set records_current = records_current - 1 "
            "where _delivered_at = '2026-03-28 06:00:00'"
        )
    [system] = records(lost, "reporting.rpt_quality_systems", "source = 'ad_serving'")
    assert (system["records_unaccounted"], system["is_complete"]) == (1, False)
    unexplained = records(lost, "reporting.rpt_quality_deliveries", "not adds_up")
    assert [str(one["delivered_at"]) for one in unexplained] == ["2026-03-28 06:00:00"]


def test_a_system_is_late_where_it_is_further_behind_than_usual(house: Warehouse) -> None:
    """Three deliveries more, each a day after the day that it brings: the last one is 30 days behind, 29 too many."""
    daily = keep(house, "daily")
    with duckdb.connect(str(daily.duckdb)) as connection:
        for day in (24, 25, 26):
            delivery, brought = f"202602{day}T060000Z", f"2026-02-{day - 1}"
            connection.execute(
                "insert into staging.stg_ad_serving__files by name "
                f"select * replace ('{delivery}' as _delivery_id, timestamp '2026-02-{day} 06:00:00' as _delivered_at) "
                "from staging.stg_ad_serving__files limit 1"
            )
            connection.execute(
                "insert into intermediate.int_ad_serving__delivery_touches by name "
                f"select '{delivery}' as _delivery_id, '{delivery}' as delivery_id, date '{brought}' as record_date, "
                f"date '{brought}' as event_date"
            )
    columns = "days_behind, usual_days_behind, days_late, is_on_time"
    query = f"select {columns} from reporting.rpt_quality_systems where source = 'ad_serving'"
    assert daily.rows(query) == [(30, 1, 29, False)]
    assert house.rows(query) == [(30, None, None, None)]


def test_days_of_broken_clocks_are_outside_of_the_period(house: Warehouse) -> None:
    days = records(house, "reporting.rpt_quality_scorecard", "source = 'ad_serving' and events > 0")
    inside = {str(one["event_date"]) for one in days if one["is_in_period"]}
    assert inside == {"2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26"}
    later = {one["event_date"] for one in days if one["is_after_last_delivery"]}
    assert later == {one["event_date"] for one in days if str(one["event_date"]) > "2026-03-28"}


def test_traffic_is_led_from_gross_to_billable(house: Warehouse, page: Page) -> None:
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
    rows = {row[0]: row[1:6] for row in page.table("How much is taken off between gross and billable?")}
    assert counted["record"] > 0 < counted["general_invalid"]
    assert rows["events"] == [f"{counted[name]:,}" for name in steps]
    assert rows["revenue"] == [dollars(amounts[name]) for name in steps]


def test_signals_are_counted_by_event(house: Warehouse, page: Page) -> None:
    counted = dict(
        house.rows("select rule_id, count(*) from intermediate.int_ad_serving__traffic_signals group by all")
    )
    points = house.rows("select rule_id, traffic_class, points from staging.invalid_traffic_signals")
    known = rules()
    shown = [(row[0], row[1], row[4], row[5]) for row in page.table("Which signals make traffic invalid?")]
    assert sorted(shown) == sorted(
        (known[rule_id]["title"], f"{counted.get(rule_id, 0):,}", str(number), traffic_class)
        for rule_id, traffic_class, number in points
    )
    assert counted


def test_consent_shows_how_many_events_are_in_open_errors(house: Warehouse, page: Page) -> None:
    [(stored,)] = house.rows(
        "select sum(events_stored) from marts.fct_consent_events where event_id in (select finding_key from "
        "quality.fct_dq_findings where source = 'consent' and severity = 'error' and is_open)"
    )
    assert page.facts("Consent")["Stored events in open errors"].split()[0] == f"{stored:,}"
    assert stored > 0


def test_nothing_found_is_said(changed: Callable[[str, str], Page]) -> None:
    written = changed(
        "nothing",
        "delete from quality.fct_dq_findings; "
        "update quality.agg_dq_scorecard set findings_error = 0, findings_warning = 0, findings_information = 0, "
        "findings_mended = 0, events_at_fault = 0, impact_amount = 0",
    )
    assert "No rule found anything." in written.text
    assert [row[2] for row in written.table("Which systems have open errors?")] == ["100.00%", "100.00%"]
    assert of_rules(written) == {}


def test_all_links_lead_to_a_place_on_the_page(page: Page) -> None:
    addresses = page.addresses()
    assert {address.removeprefix("#") for address in addresses} <= set(page.ids())
    assert all(address.startswith("#") for address in addresses)
