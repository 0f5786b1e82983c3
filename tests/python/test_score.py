"""What the measure of the rules counts as found, missed, explained and false, on findings and truths of a few items."""

import json
from typing import Any

import pytest

from tools.scoring import scores
from tools.scoring.expectations import RULES
from tools.scoring.matching import Score, finding, planted
from tools.scoring.matching import score as score_findings

FIRST = "20260325T060000000000Z-aaaaaaaa"
ID = "0" * 31


def found(rule: str, key: str, *, prefix: str = "", day: str | None = None, observed: str = "", **evidence: Any) -> Any:
    row = {"rule_id": rule, "finding_key": key, "event_date": day, "observed": observed, "last_delivery_id": FIRST}
    return finding({**row, "evidence": json.dumps(evidence)}, prefix)


def of(scores: list[Score], rule: str, kind: str | None = None) -> Score:
    [one] = [one for one in scores if (one.rule_id, one.kind) == (rule, kind)]
    return one


def test_events_are_matched_by_their_id_however_it_is_spelled() -> None:
    faults = {"negative_revenue": {"kind": "negative_revenue", "ids": [ID + "1", ID + "2"]}}
    rule = "ad_serving__negative_revenue"
    dashed = f"{ID[:8]}-{ID[:4]}-{ID[:4]}-{ID[:4]}-{ID[:11]}1"
    scores = score_findings([found(rule, dashed), found(rule, ID + "3")], faults, "ad_serving")
    kind, sums = of(scores, rule, "negative_revenue"), of(scores, rule)
    assert (kind.planted, kind.found, kind.missed) == (2, 1, [f"id:{ID}2"])
    assert (sums.findings, sums.explained, sums.false) == (2, 1, [ID + "3"])


def test_reviews_are_matched_by_their_id() -> None:
    fault = {"records": [{"file": "jet_reviews/a.csv", "row": 7, "review_id": ID + "1"}]}
    assert planted(fault, "item") == [{"at:jet_reviews/a.csv#7", f"id:{ID}1"}]


def test_records_without_an_id_are_matched_by_their_place_and_delivery() -> None:
    rule = "ad_serving__rejected_record"
    faults = {"malformed_line": {"kind": "malformed_line", "where": {"redelivery/events/a.jsonl": [7]}}}
    at = {"_source_file": "events/a.jsonl", "_source_row": 7}
    again = score_findings([found(rule, "x", prefix="redelivery/", **at)], faults, "ad_serving")
    assert of(again, rule, "malformed_line").found == 1
    first = score_findings([found(rule, "x", **at)], faults, "ad_serving")
    assert (of(first, rule, "malformed_line").found, of(first, rule).explained) == (0, 0)


def test_cells_are_matched_by_the_key_that_they_make() -> None:
    fault = {"cells": [{"day": "2026-03-13", "hours": [14, 15]}]}
    assert planted(fault, RULES["ad_serving__missing_hours"].finds["missing_hours"]) == [
        {"key:2026-03-13|14"},
        {"key:2026-03-13|15"},
    ]
    rule = "ad_serving__empty_column"
    column = {"column_lost": {"cells": [{"file": "events/a.jsonl", "column": "bid_floor_usd"}]}}
    scores = score_findings([found(rule, f"{FIRST}/events/a.jsonl/bid_floor_usd")], column, "ad_serving")
    assert (of(scores, rule, "column_lost").found, of(scores, rule).explained) == (1, 1)


def test_members_are_matched_by_a_key_without_its_delivery() -> None:
    cell = {"product_id": "B1", "before": "10", "after": "100"}
    faults = {"price_jump": {"cells": [cell]}, "product_changed": {"cells": [cell, {"product_id": "B2"}]}}
    jump, change = "reviews__price_jump", "reviews__dimension_changed"
    findings = [found(jump, f"B1|{FIRST}"), found(jump, f"B11|{FIRST}"), found(change, f"products/B1/{FIRST}")]
    scores = score_findings(findings, faults, "reviews")
    assert (of(scores, jump, "price_jump").found, of(scores, jump).false) == (1, [f"B11|{FIRST}"])
    assert of(scores, change, "product_changed").missed == ["member:products/B2"]


def test_what_a_rule_also_sees_explains_a_finding_and_is_not_asked_for() -> None:
    rule = "ad_serving__out_of_flight"
    faults = {"future_timestamp": {"ids": [ID + "1"]}, "campaign_out_of_flight": {"ids": [ID + "2"]}}
    scores = score_findings([found(rule, ID + "1")], faults, "ad_serving")
    assert [one.kind for one in scores if one.rule_id == rule] == ["campaign_out_of_flight", None]
    assert (of(scores, rule).explained, of(scores, rule, "campaign_out_of_flight").found) == (1, 0)


def test_what_lies_in_the_nature_of_the_data_is_never_false() -> None:
    rule = "consent__volume_readings_contradict"
    assert of(score_findings([found(rule, "a|pageview")], {}, "consent"), rule).false_count == 0


@pytest.mark.parametrize(
    ("one", "missed"),
    [
        (Score("ad_serving__negative_revenue", "negative_revenue", planted=100, found=100), []),
        (Score("ad_serving__negative_revenue", "negative_revenue", planted=100, found=99), ["recall"]),
        (Score("ad_serving__negative_revenue", "negative_revenue"), ["recall"]),
        (Score("ad_serving__click_burst", "click_burst", planted=100, found=95), []),
        (Score("ad_serving__click_burst", "click_burst", planted=100, found=94), ["recall"]),
        (Score("ad_serving__click_burst", None, findings=100, explained=95), []),
        (Score("ad_serving__click_burst", None, findings=100, explained=94), ["precision"]),
        (Score("ad_serving__click_burst", None), []),
    ],
)
def test_goals_are_those_of_the_scope(one: Score, missed: list[str]) -> None:
    clean = [{(one.rule_id, None): Score(one.rule_id, None)}]
    goals = scores.judge({(one.rule_id, one.kind): one}, clean, scores.rules())["missed_goals"]
    assert [word for word in ("recall", "precision") for goal in goals if word in goal] == missed


@pytest.mark.parametrize(("errors", "missed"), [(0, 0), (1, 0), (2, 1)])
def test_a_clean_data_set_may_have_one_false_error(errors: int, missed: int) -> None:
    error = Score("ad_serving__click_burst", None, findings=errors)
    warning = Score("ad_serving__flat_day", None, findings=9)
    clean = [{(one.rule_id, None): one for one in (error, warning)}]
    assert len(scores.judge({}, clean, scores.rules())["missed_goals"]) == missed


def test_each_rule_says_what_it_must_find() -> None:
    assert set(RULES) == set(scores.rules())
