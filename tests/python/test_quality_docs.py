"""docs/quality.md says what the rules are, and every rule is known in each place that has to know it."""

import re
from collections import Counter

import pytest
import yaml

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from tools.scoring import rules

PAGE = rules.PAGE.read_text(encoding="utf-8")
RULES = {rule["rule_id"] for rule in rules.read_rules()}
BY_SEED = {
    "rule_id": "shop__free_lunch",
    "source": "shop",
    "entity": "orders",
    "scope": "aggregate",
    "title": "A free lunch",
    "why": "Somebody pays.",
    "severity": "warning",
    "action": "keep",
    "owner": "finance",
    "mend": "Send the bill.",
}


def of_models() -> Counter[str]:
    return Counter(path.stem.removeprefix("dq_") for path in PROJECT.glob("models/quality/*/rules/*.sql"))


def of_descriptions() -> Counter[str]:
    entries = [
        model
        for path in PROJECT.glob(rules.DESCRIPTIONS)
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    ]
    return Counter(model["name"].removeprefix("dq_") for model in entries if model["description"].strip())


def of_findings() -> Counter[str]:
    query = (PROJECT / "models/quality/fct_dq_findings.sql").read_text(encoding="utf-8")
    [rules] = re.findall(r"set rules = \[(.*?)\]", query, re.DOTALL)
    return Counter(re.findall(r"'(\w+)'", rules))


def page(*lines: str) -> str:
    return "\n".join(["# By hand", *lines, "after", ""])


@pytest.mark.parametrize("known", [of_models, of_descriptions, of_findings])
def test_a_rule_of_the_seed_is_known_everywhere_and_the_other_way_round(known) -> None:
    assert known() == Counter(RULES)


def test_rules_are_gathered_in_order() -> None:
    assert list(of_findings()) == sorted(RULES)


def test_a_rule_lies_with_its_source() -> None:
    for path in PROJECT.glob("models/quality/*/rules/dq_*.sql"):
        assert path.stem.startswith(f"dq_{path.parts[-3]}__")


def test_a_source_with_rules_is_in_the_list_of_sources_and_the_other_way_round() -> None:
    listed = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["sources"]
    assert listed.keys() == {rule_id.split("__")[0] for rule_id in RULES}


def test_the_page_is_current() -> None:
    written = rules.rewritten(PAGE, rules.read_rules(), rules.read_descriptions())
    assert written == PAGE, "run python -m tools.quality_docs"


def test_the_page_has_a_section_for_each_rule() -> None:
    assert Counter(re.findall(r"^`(\w+__\w+)` · ", PAGE, re.MULTILINE)) == Counter(RULES)


def test_links_of_the_contents_lead_to_a_heading() -> None:
    headings = {rules.anchor(text) for text in re.findall(r"^### (.+)$", PAGE, re.MULTILINE)}
    links = re.findall(r"\]\(#([\w-]+)\)", PAGE)
    assert len(links) == len(set(links)) > 5
    assert set(links) <= headings


def test_each_threshold_is_told_with_its_value() -> None:
    known = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    thresholds = {
        name: str(value) for name, value in known.items() if name.startswith("dq_") or name == "suspect_score"
    }
    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| ", PAGE, re.MULTILINE))
    assert thresholds.keys() <= told.keys()
    assert told["dq_robot_user_agents"] == "a pattern"
    assert {name: told[name] for name in thresholds if told[name] != "a pattern"} == {
        name: value for name, value in thresholds.items() if name != "dq_robot_user_agents"
    }


def test_a_section_is_written_between_the_markers_alone() -> None:
    old = page(rules.START, "out of date", rules.END)
    written = rules.rewritten(old, [BY_SEED], {"shop__free_lunch": "One row per lunch."})
    assert written.startswith("# By hand\n<!--")
    assert written.endswith("-->\nafter\n")
    assert "out of date" not in written
    assert "- **Shop**: [aggregates](#shop-aggregates) (1)" in written
    for line in (
        "### Shop: aggregates",
        "#### A free lunch",
        "`shop__free_lunch` · warning · keep · finance",
        "**Flagged:** One row per lunch.",
        "**Why:** Somebody pays.",
        "**To mend:** Send the bill.",
        "select * from quality.fct_dq_findings where rule_id = 'shop__free_lunch' and is_open",
    ):
        assert f"\n{line}\n" in written
    again = rules.rewritten(written, [BY_SEED], {"shop__free_lunch": "One row per lunch."})
    assert again == written


def test_a_rule_without_a_description_is_refused() -> None:
    with pytest.raises(UserError, match="shop__free_lunch"):
        rules.rewritten(page(rules.START, rules.END), [BY_SEED], {})


@pytest.mark.parametrize("lines", [(), (rules.START,), (rules.END, rules.START)])
def test_a_page_without_its_markers_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="rules"):
        rules.rewritten(page(*lines), [], {})
