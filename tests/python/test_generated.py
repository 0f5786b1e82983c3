"""What is written from the YAML of sources and rules: the list that models gather by, and the catalogue of rules."""

import csv
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from duckhouse import generated
from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from support.dbt import told_by_dbt
from tools.generated import main

PAGE = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")
RULES = generated.rules()

SHARED = {
    "flags": "File with blank lines.",
    "entity": "files",
    "scope": "file",
    "title": "Blank lines",
    "why": "Counts differ.",
    "severity": "information",
    "action": "keep",
    "fix": "Nothing to do.",
}
LUNCH = {
    "entity": "orders",
    "scope": "aggregate",
    "title": "A free lunch",
    "why": "Somebody pays.",
    "severity": "warning",
    "action": "keep",
    "owner": "finance",
    "fix": "Send the bill.",
}


def shop(folder: Path, lunch: dict[str, str] | None = None, changed: dict[str, str] | None = None) -> Path:
    """A made-up project: a source, a rule of its own, a shared rule of which `changed` says otherwise."""
    files = {
        "staging/shop/_shop__sources.yml": {
            "sources": [{"name": "shop", "config": {"meta": {"events": "fct_orders", "currency": "EUR"}}}]
        },
        "marts/shop/fct_orders.yml": {
            "groups": [{"name": "shop", "owner": {"name": "sales"}}],
            "models": [{"name": "fct_orders", "config": {"meta": {"grain": ["order_id"]}}}],
        },
        "quality/dim_dq_rules.yml": {
            "models": [{"name": "dim_dq_rules", "config": {"meta": {"shared_rules": {"blank_lines": SHARED}}}}]
        },
        "quality/shop/_gathered.yml": {
            "models": [{"name": "dq_shop_records", "config": {"meta": {"rules": {"blank_lines": changed or {}}}}}]
        },
        "quality/shop/rules/_rules.yml": {
            "models": [
                {
                    "name": "dq_shop__free_lunch",
                    "description": "One row per lunch.",
                    "config": {"meta": LUNCH if lunch is None else lunch},
                }
            ]
        },
    }
    for name, content in files.items():
        path = folder / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    quality = folder / "models" / "quality" / "shop"
    (quality / "dq_shop_records.sql").write_text("{{ gathered_findings('records', [rule_blank_lines(ref('x'))]) }}\n")
    (quality / "dq_shop_levels.sql").write_text("{{ gathered_findings('levels') }}\n")
    (quality / "rules" / "dq_shop__free_lunch.sql").write_text("select 1\n")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project."""
    copy = tmp_path_factory.mktemp("copy") / "project"
    ignored = shutil.ignore_patterns(".*", "target", "logs", "dbt_packages", "demo", "landing", "*.duckdb")
    shutil.copytree(PROJECT, copy, ignore=ignored)
    (copy / "dbt_packages").symlink_to(PROJECT / "dbt_packages")
    return copy


def test_the_generated_files_are_current() -> None:
    assert generated.out_of_date() == [], f"run {generated.COMMAND}"


def test_the_catalogue_has_each_rule_once() -> None:
    assert Counter(re.findall(r"^(?:- )?`(\w+__\w+)` · ", PAGE, re.MULTILINE)) == Counter(r.rule_id for r in RULES)


def test_links_of_the_contents_lead_to_a_heading() -> None:
    headings = {heading.lower().replace(":", "").replace(" ", "-") for heading in re.findall(r"^## (.+)$", PAGE, re.M)}
    links = re.findall(r"\]\(#([\w-]+)\)", PAGE)
    assert len(links) == len(set(links)) > 5
    assert set(links) <= headings


def test_a_signal_of_invalid_traffic_is_a_rule() -> None:
    with (PROJECT / "seeds" / "invalid_traffic_signals.csv").open(encoding="utf-8", newline="") as file:
        signals = {row["rule_id"] for row in csv.DictReader(file)}
    assert signals
    assert signals <= {rule.rule_id for rule in RULES}


def test_rules_have_the_words_of_their_yaml_and_the_group_of_their_scope(tmp_path: Path) -> None:
    blank, lunch = generated.rules(shop(tmp_path))
    assert (blank.rule_id, blank.group, blank.is_shared, blank.flags) == (
        "shop__blank_lines",
        "records",
        True,
        "File with blank lines.",
    )
    assert blank.words["owner"] == "sales"
    assert (lunch.rule_id, lunch.group, lunch.is_shared, lunch.words) == ("shop__free_lunch", "levels", False, LUNCH)


def test_a_source_may_say_otherwise_of_a_shared_rule(tmp_path: Path) -> None:
    blank, _ = generated.rules(shop(tmp_path, changed={"severity": "error", "owner": "finance"}))
    assert (blank.words["severity"], blank.words["owner"], blank.words["why"]) == ("error", "finance", "Counts differ.")


def test_a_rule_may_be_gathered_with_others_than_its_scope_says(tmp_path: Path) -> None:
    _, lunch = generated.rules(shop(tmp_path, {**LUNCH, "scope": "row", "gathered_with": "levels"}))
    assert lunch.group == "levels"


def test_the_list_names_source_fact_key_currency_and_own_rules(tmp_path: Path) -> None:
    assert generated.declared(shop(tmp_path)).split("\n", 1)[1] == (
        "{% macro declared() -%}\n"
        "    {{ return({\n"
        "        'shop': {\n"
        "            'events': 'fct_orders',\n"
        "            'key': 'order_id',\n"
        "            'currency': 'EUR',\n"
        "            'records': none,\n"
        "            'set_aside': none,\n"
        "            'touches': [],\n"
        "            'headline': none,\n"
        "            'rules': {\n"
        "                'records': [\n"
        "                ],\n"
        "                'levels': [\n"
        "                    'free_lunch',\n"
        "                ],\n"
        "            },\n"
        "        },\n"
        "    }) }}\n"
        "{%- endmacro %}\n"
    )


def declaring(folder: Path, **meta: object) -> Path:
    """The made-up project, whose source says more."""
    path = shop(folder) / "models" / "staging" / "shop" / "_shop__sources.yml"
    path.write_text(
        yaml.safe_dump({"sources": [{"name": "shop", "config": {"meta": {"events": "fct_orders", **meta}}}]})
    )
    return folder


HEADLINE = {"name": "Sales", "of": "fct_orders", "value": "sum(paid)", "as": "money"}


def test_the_list_has_the_records_touches_and_headline_of_a_source(tmp_path: Path) -> None:
    project = declaring(tmp_path, currency="EUR", records="fct_order_records", headline=HEADLINE)
    folder = project / "models" / "intermediate" / "shop"
    folder.mkdir(parents=True)
    (folder / "int_shop__order_touches.sql").write_text("{{ touches_of_deliveries(ref('stg_shop__orders')) }}\n")
    (folder / "int_shop__other.sql").write_text("select 1\n")
    marts = project / "models" / "marts" / "shop"
    marts.mkdir(parents=True, exist_ok=True)
    (marts / "fct_orders_set_aside.sql").write_text("select 1\n")
    listed = generated.declared(project)
    assert (
        "'records': 'fct_order_records',\n            'set_aside': 'fct_orders_set_aside',\n"
        "            'touches': ['int_shop__order_touches'],\n"
    ) in listed
    (marts / "fct_returns_set_aside.sql").write_text("select 1\n")
    with pytest.raises(UserError, match="has the records of shop that are set aside"):
        generated.declared(project)
    assert "            'headline': {\n                'as': \"money\",\n" in listed
    assert "                'value': \"sum(paid)\",\n            },\n" in listed


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ({"headline": "revenue"}, "headline 'revenue': write name, of, value, as below it"),
        ({"headline": {**HEADLINE, "of": ""}}, "headline lacks of"),
        ({"headline": {**HEADLINE, "sum": "paid"}}, "headline says sum: write name, of, value, as, low, high, unit"),
        ({"headline": {**HEADLINE, "as": "euros"}}, "as 'euros': write money, share, number, count"),
        ({"headline": HEADLINE}, "is money, and the source says no currency"),
    ],
)
def test_a_headline_that_cannot_be_shown_is_refused(meta: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        generated.declared(declaring(tmp_path, **meta))


def test_a_section_of_the_catalogue_says_all_of_a_rule(tmp_path: Path) -> None:
    page = generated.catalogue(generated.rules(shop(tmp_path)))
    for line in (
        "- Shop: [aggregates](#shop-aggregates) (1)",
        "## Shop: aggregates",
        "### A free lunch",
        "`shop__free_lunch` · warning · keep · finance",
        "**Flags:** One row per lunch.",
        "**Why:** Somebody pays.",
        "**To fix:** Send the bill.",
        "select * from quality.fct_dq_findings where rule_id = 'shop__free_lunch' and is_open",
        "## Shared rules",
        "- `shop__blank_lines` · information · keep · sales",
    ):
        assert f"\n{line}\n" in page


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda folder: shop(folder, {**LUNCH, "why": ""}), "shop__free_lunch: its YAML lacks why"),
        (lambda folder: shop(folder, {**LUNCH, "severity": "fatal"}), "severity 'fatal': write error"),
        (lambda folder: shop(folder, changed={"action": "drop"}), "action 'drop': write keep"),
        (lambda folder: (shop(folder) / "models/quality/shop/dq_shop_levels.sql").unlink(), "gathers shop__free_lunch"),
        (lambda folder: (shop(folder) / "models/quality/shop/rules/_rules.yml").write_text("models: []"), "no entry"),
        (lambda folder: (shop(folder) / "models/quality/shop/rules/dq_stall__x.sql").touch(), "is named dq_shop__"),
        (lambda folder: (shop(folder) / "models/quality/dim_dq_rules.yml").write_text("{}"), "no words of blank_lines"),
        (lambda folder: (shop(folder) / "models/marts/shop/fct_orders.yml").write_text("models: [}"), "not valid YAML"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_with_its_name(
    broken: Callable[[Path], object], told: str, tmp_path: Path
) -> None:
    broken(tmp_path)
    with pytest.raises(UserError, match=re.escape(told)):
        generated.rules(tmp_path)


def test_a_fact_without_one_key_is_refused(tmp_path: Path) -> None:
    (shop(tmp_path) / "models/marts/shop/fct_orders.yml").write_text("groups: [{name: shop, owner: {name: sales}}]")
    with pytest.raises(UserError, match="events 'fct_orders' must be a model"):
        generated.declared(tmp_path)


def test_a_source_without_events_is_listed_for_its_rules(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    sources = folder / "models/staging/shop/_shop__sources.yml"
    sources.write_text("sources: [{name: shop, config: {meta: {zone: shop}}}]")
    listed = generated.declared(folder)
    assert "'events': none,\n            'key': none,\n            'currency': none," in listed
    assert "'free_lunch'," in listed


def test_a_shared_rule_is_called_once(tmp_path: Path) -> None:
    gathering = shop(tmp_path) / "models/quality/shop/dq_shop_records.sql"
    gathering.write_text("{{ gathered_findings('records', [rule_blank_lines(a), rule_blank_lines(b)]) }}")
    with pytest.raises(UserError, match="calls rule_blank_lines more than once"):
        generated.rules(tmp_path)


def test_the_command_writes_the_files(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_text(encoding="utf-8") for path in generated.files()}
    assert main([]) == 0
    assert {path: path.read_text(encoding="utf-8") for path in before} == before
    names = [path.relative_to(PROJECT).as_posix() for path in before]
    assert capsys.readouterr().out == "".join(f"{name}: as before\n" for name in names)
    assert {"macros/project/declared.sql", "docs/rules.md", "docs/telemetry/readings.v2.schema.json"} < set(names)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("'missing_user',", "dq_consent__missing_user"),
        ("'fct_consent_events'", "the source consent"),
        ("'USD'", "the source ad_delivery"),
        ("'levels': [", "dq_ad_serving_levels"),
    ],
)
def test_a_build_refuses_a_list_that_is_out_of_date(project: Path, tmp_path: Path, changed: str, told: str) -> None:
    listed = project / "macros" / "project" / "declared.sql"
    current = listed.read_text(encoding="utf-8")
    others = {
        "'missing_user',": "",
        "'fct_consent_events'": "'fct_consent_choices'",
        "'USD'": "'EUR'",
        "'levels': [": "'others': [",
    }
    env = {
        "DUCKHOUSE_DUCKDB": str(tmp_path / "first.duckdb"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
    }
    try:
        listed.write_text(current.replace(changed, others[changed], 1), encoding="utf-8")
        words = ("compile", "--select", "dim_dq_rules")
        said = told_by_dbt(*words, target="dev", env=env, project=project, succeeds=False)
    finally:
        listed.write_text(current, encoding="utf-8")
    assert f"macros/project/declared.sql does not list {told} as it is: run python -m tools.generated" in said
