"""The rules in docs/quality.md, from seeds/dq_rules.csv and the descriptions of their models."""

import csv
import textwrap
from pathlib import Path

import yaml

from duckhouse import cli
from duckhouse.reporting.chapters.quality import TO_SEE
from duckhouse.settings import PROJECT

PAGE = PROJECT / "docs" / "quality.md"
SEED = PROJECT / "seeds" / "dq_rules.csv"
DESCRIPTIONS = "models/quality/*/rules/_rules.yml"
START, END = "<!-- rules: python -m tools.quality_docs -->", "<!-- /rules -->"
SCOPES = {
    "row": "one row",
    "file": "one file",
    "deliveries": "across deliveries",
    "sources": "across sources",
    "aggregate": "aggregates",
}
WIDTH = 120

Rule = dict[str, str]


def read_rules(seed: Path = SEED) -> list[Rule]:
    with seed.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_descriptions(project: Path = PROJECT) -> dict[str, str]:
    """What the model of each rule flags, by rule_id."""
    models = [
        model
        for path in sorted(project.glob(DESCRIPTIONS))
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    ]
    return {model["name"].removeprefix("dq_"): " ".join(model["description"].split()) for model in models}


def rewritten(page: str, rules: list[Rule], descriptions: dict[str, str]) -> str:
    """The page with the rules between its two markers; a UserError for a rule without a description."""
    if page.count(START) != 1 or page.count(END) != 1 or page.index(START) > page.index(END):
        raise cli.UserError(f"{PAGE.name}: needs one line {START} and below it one line {END}")
    if missing := sorted({rule["rule_id"] for rule in rules} - descriptions.keys()):
        raise cli.UserError(f"{DESCRIPTIONS}: no description of {', '.join(missing)}")
    before, after = page.split(START)[0], page.split(END)[1]
    return f"{before}{START}\n{chapters(rules, descriptions)}\n{END}{after}"


def chapters(rules: list[Rule], descriptions: dict[str, str]) -> str:
    sources = sorted({rule["source"] for rule in rules})
    blocks = ["\n".join(contents(source, rules) for source in sources)]
    for source in sources:
        for scope in SCOPES:
            if chosen := of(rules, source, scope):
                blocks.append(f"### {heading(source, scope)}")
                blocks += [section(rule, descriptions[rule["rule_id"]]) for rule in chosen]
    return "\n" + "\n\n".join(blocks) + "\n"


def contents(source: str, rules: list[Rule]) -> str:
    links = [
        f"[{text}](#{anchor(heading(source, scope))}) ({len(chosen)})"
        for scope, text in SCOPES.items()
        if (chosen := of(rules, source, scope))
    ]
    return f"- **{named(source)}**: {', '.join(links)}"


def section(rule: Rule, description: str) -> str:
    lines = [
        f"#### {rule['title']}",
        f"`{rule['rule_id']}` · {rule['severity']} · {rule['action']} · {rule['owner']}",
        "",
        wrapped(f"**Flagged:** {description}"),
        "",
        wrapped(f"**Why:** {rule['why']}"),
        "",
        wrapped(f"**To mend:** {rule['mend']}"),
        "",
        "```sql",
        TO_SEE.format(rule["rule_id"]).replace(" and is_open ", " and is_open\n"),
        "```",
    ]
    return "\n".join(lines)


def of(rules: list[Rule], source: str, scope: str) -> list[Rule]:
    chosen = [rule for rule in rules if (rule["source"], rule["scope"]) == (source, scope)]
    return sorted(chosen, key=lambda rule: rule["rule_id"])


def heading(source: str, scope: str) -> str:
    return f"{named(source)}: {SCOPES[scope]}"


def named(source: str) -> str:
    return source.replace("_", " ").capitalize()


def anchor(text: str) -> str:
    """The place of a heading, as Markdown pages name it."""
    return text.lower().replace(":", "").replace(" ", "-")


def wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
