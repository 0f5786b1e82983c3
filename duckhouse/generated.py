"""The files that are generated from what sources and rules declare, so that a new one needs no entry elsewhere.

macros/project/declared.sql lists sources and rules for the models that gather them: dbt must know what a model reads
before it reads any YAML. docs/rules.md is the catalogue of the rules. docs/reference/ lists what people query, how the
tables join, and the metrics. models/reporting/_exposures.yml says who reads the views.
docs/<source>/<table>.v<number>.schema.json is a JSON Schema of the messages of a stream: only the newest version is
written, earlier ones stay as published.
"""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from duckhouse.cli import UserError
from duckhouse.listings import listings
from duckhouse.message_schemas import message_schema
from duckhouse.metrics.catalogue import catalogue as catalogue_of_metrics
from duckhouse.settings import PROJECT

GROUPS = {"row": "records", "file": "records", "deliveries": "events", "sources": "events", "aggregate": "levels"}
"""The model that gathers a rule (models/quality/<source>/dq_<source>_<group>.sql), by the scope of the rule."""
SCOPES = {
    "row": "one record",
    "file": "one file",
    "deliveries": "across deliveries",
    "sources": "across sources",
    "aggregate": "aggregates",
}
SEVERITIES = ("error", "warning", "information")
ACTIONS = ("keep", "flag", "set aside", "block")
HEADLINE_NEEDS = ("name", "of", "value", "as")
HEADLINE_MAY_SAY = ("low", "high", "unit")
HEADLINE_KINDS = ("money", "share", "number", "count")
WORDS = ("entity", "scope", "title", "why", "severity", "action", "owner", "fix")
COMMAND = "python -m tools.generated"
WIDTH = 120
TOUCHES = "touches_of_deliveries("
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Node = dict[str, Any]


@dataclass(frozen=True)
class DeclaredRule:
    """A rule of a source. `flags` says what it finds; a shared rule has one text for all sources."""

    source: str
    name: str
    words: dict[str, str]
    flags: str
    group: str
    is_shared: bool = False

    @property
    def rule_id(self) -> str:
        return f"{self.source}__{self.name}"


def files(project: Path = PROJECT) -> dict[Path, str]:
    """The path of each generated file, with its correct text."""
    return {
        project / "macros" / "project" / "declared.sql": declared(project),
        project / "docs" / "rules.md": catalogue(rules(project)),
        **listings(_models(project), _owners(project), project, COMMAND),
        **_metrics(project),
        **message_schemas(project),
    }


def _metrics(project: Path) -> dict[Path, str]:
    page = catalogue_of_metrics(COMMAND, project)
    return {project / "docs" / "reference" / "metrics.md": page} if page else {}


def out_of_date(project: Path = PROJECT) -> list[Path]:
    return [path for path, text in files(project).items() if not path.exists() or path.read_text("utf-8") != text]


def message_schemas(project: Path = PROJECT) -> dict[Path, str]:
    """The JSON Schema of each table of a stream, at the path of its newest version; version 1 where there is none."""
    found = {}
    for path in sorted((project / "models" / "staging").glob("*/_*__sources.yml")):
        for source in _yaml(path).get("sources", []):
            for table in source.get("tables", []):
                if "topic" in _meta(table):
                    place = newest_schema(project, source["name"], table["name"])
                    made = message_schema(source["name"], table, version_of(place))
                    found[place] = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    return found


def newest_schema(project: Path, source: str, table: str) -> Path:
    folder = project / "docs" / source
    return max(folder.glob(f"{table}.v*.schema.json"), key=version_of, default=folder / f"{table}.v1.schema.json")


def version_of(schema: Path) -> int:
    return int(schema.name.split(".")[1].removeprefix("v"))


def rules(project: Path = PROJECT) -> list[DeclaredRule]:
    """All rules in the YAML of sources, by source and name."""
    models = _models(project)
    shared = _meta(models.get("dim_dq_rules", {})).get("shared_rules", {})
    owners = _owners(project)
    found = []
    for source, folder in _folders(project):
        own = [_own_rule(source, path, models) for path in sorted(folder.glob("rules/dq_*.sql"))]
        found += own
        for group in _gathered_groups(source, folder):
            name = f"dq_{source}_{group}"
            words_here = _meta(models.get(name, {})).get("rules", {})
            for called in _calls(folder / f"{name}.sql"):
                if called not in shared:
                    raise UserError(f"models/quality/dim_dq_rules.yml: meta.shared_rules has no words of {called}")
                words = {"owner": owners.get(source, ""), **shared[called], **words_here.get(called, {})}
                found.append(
                    _checked(DeclaredRule(source, called, words, words.pop("flags", ""), group, is_shared=True))
                )
        for rule in own:
            if not (folder / f"dq_{source}_{rule.group}.sql").exists():
                raise UserError(
                    f"models/quality/{source}/dq_{source}_{rule.group}.sql: is missing, and gathers {rule.rule_id}: "
                    f"write {{{{ gathered_findings('{rule.group}') }}}}"
                )
    return sorted(found, key=lambda rule: rule.rule_id)


def declared(project: Path = PROJECT) -> str:
    """The text of macros/project/declared.sql."""
    models = _models(project)
    known = rules(project)
    lines = [
        f"{{# Sources with rules, the facts of their events, and their own rules by group. Written by {COMMAND}. #}}",
        "{% macro declared() -%}",
        "    {{ return({",
    ]
    for source, meta in _sources(project):
        events = meta.get("events")
        [key, *others] = _meta(models.get(events, {})).get("grain", [""]) if events else [None]
        if events and (not key or others):
            raise UserError(
                f"models/staging/{source}/_{source}__sources.yml: events {events!r} must be a model whose YAML "
                "names one column as its grain (config.meta.grain)"
            )
        lines += [
            f"        '{source}': {{",
            f"            'events': {_jinja(events)},",
            f"            'key': {_jinja(key)},",
            f"            'currency': {_jinja(meta.get('currency'))},",
            f"            'records': {_jinja(meta.get('records'))},",
            f"            'set_aside': {_jinja(_set_aside(source, project))},",
            f"            'touches': [{', '.join(map(_jinja, _touches(source, project)))}],",
            *_headline(source, meta),
            "            'rules': {",
        ]
        folder = project / "models" / "quality" / source
        for group in _gathered_groups(source, folder):
            own = [rule.name for rule in known if (rule.source, rule.group) == (source, group) and not rule.is_shared]
            lines.append(f"                '{group}': [")
            lines += [f"                    '{name}'," for name in own]
            lines.append("                ],")
        lines += ["            },", "        },"]
    return "\n".join([*lines, "    }) }}", "{%- endmacro %}", ""])


def catalogue(known: list[DeclaredRule]) -> str:
    """The text of docs/rules.md."""
    shared = sorted({rule.name for rule in known if rule.is_shared})
    own = [rule for rule in known if not rule.is_shared]
    blocks = [
        "# Rules of data quality",
        _wrapped(
            f"Written by `{COMMAND}` from the YAML of rules: {len(own)} of one source, {len(shared)} shared by "
            "sources. [quality.md](quality.md) says how to read them, [rule_scores.md](rule_scores.md) how "
            "well they find."
        ),
        *_contents(known),
        "## Shared rules",
    ]
    for name in shared:
        blocks.append(_section([rule for rule in known if rule.is_shared and rule.name == name]))
    for source in sorted({rule.source for rule in own}):
        for scope, text in SCOPES.items():
            chosen = [rule for rule in own if (rule.source, rule.words["scope"]) == (source, scope)]
            if chosen:
                blocks.append(f"## {_named(source)}: {text}")
                blocks += [_section([rule]) for rule in chosen]
    return "\n\n".join(blocks) + "\n"


def _contents(known: list[DeclaredRule]) -> Iterator[str]:
    lines = ["- [Shared rules](#shared-rules)"]
    for source in sorted({rule.source for rule in known}):
        links = [
            f"[{text}](#{_anchor(f'{_named(source)}: {text}')}) ({count})"
            for scope, text in SCOPES.items()
            if (count := sum(1 for rule in known if not rule.is_shared and _is_of(rule, source, scope)))
        ]
        if links:
            lines.append(f"- {_named(source)}: {', '.join(links)}")
    yield "\n".join(lines)


def _is_of(rule: DeclaredRule, source: str, scope: str) -> bool:
    return (rule.source, rule.words["scope"]) == (source, scope)


def _section(same: list[DeclaredRule]) -> str:
    """A rule; or a shared rule with the sources that have it and what they say about it."""
    rule = same[0]
    told = [
        " · ".join([f"`{each.rule_id}`", each.words["severity"], each.words["action"], each.words["owner"]])
        for each in same
    ]
    where = f"rule_id = '{rule.rule_id}'" if len(same) == 1 else f"rule_id like '%\\_\\_{rule.name}' escape '\\'"
    return "\n".join(
        [
            f"### {rule.words['title']}",
            *([f"- {line}" for line in told] if rule.is_shared else told),
            "",
            _wrapped(f"**Flags:** {rule.flags}"),
            "",
            _wrapped(f"**Why:** {rule.words['why']}"),
            "",
            _wrapped(f"**To fix:** {rule.words['fix']}"),
            "",
            "```sql",
            f"select * from quality.fct_dq_findings where {where} and is_open",
            "```",
        ]
    )


def _own_rule(source: str, path: Path, models: dict[str, Node]) -> DeclaredRule:
    model = models.get(path.stem)
    where = path.parent / "_rules.yml"
    if not path.stem.startswith(f"dq_{source}__"):
        raise UserError(f"{path}: a rule of {source} is named dq_{source}__<rule>.sql")
    if model is None:
        raise UserError(f"{where}: has no entry for {path.stem}")
    meta = _meta(model)
    group = meta.get("gathered_with") or GROUPS.get(meta.get("scope", ""), "")
    words = {word: meta[word] for word in WORDS if word in meta}
    flags = " ".join(str(model.get("description", "")).split())
    return _checked(DeclaredRule(source, path.stem.removeprefix(f"dq_{source}__"), words, flags, group))


def _checked(rule: DeclaredRule) -> DeclaredRule:
    what = f"rule {rule.rule_id}"
    missing = [word for word in WORDS if not rule.words.get(word)] + ([] if rule.flags else ["description"])
    if missing:
        raise UserError(f"{what}: its YAML lacks {', '.join(missing)}")
    for word, allowed in (("scope", tuple(SCOPES)), ("severity", SEVERITIES), ("action", ACTIONS)):
        if rule.words[word] not in allowed:
            raise UserError(f"{what}: {word} {rule.words[word]!r}: write {', '.join(allowed)}")
    return rule


def _calls(path: Path) -> list[str]:
    """The shared rules that a gathering model calls."""
    called = [word.removeprefix("rule_") for word in re.findall(r"\brule_\w+(?=\()", path.read_text(encoding="utf-8"))]
    if twice := sorted({rule for rule in called if called.count(rule) > 1}):
        raise UserError(
            f"{path}: calls rule_{twice[0]} more than once: findings of a rule are told apart by their keys alone, so "
            "give it one relation that holds all records"
        )
    return sorted(called)


def _gathered_groups(source: str, folder: Path) -> list[str]:
    groups = dict.fromkeys(GROUPS.values())
    return [group for group in groups if (folder / f"dq_{source}_{group}.sql").exists()]


def _folders(project: Path) -> list[tuple[str, Path]]:
    folders = (path for path in (project / "models" / "quality").iterdir() if path.is_dir())
    return sorted((path.name, path) for path in folders)


def _sources(project: Path) -> Iterator[tuple[str, Node]]:
    """The sources that have rules or name the model of their events, with the meta of their declaration."""
    for path in sorted((project / "models" / "staging").glob("*/_*__sources.yml")):
        for source in _yaml(path).get("sources", []):
            meta = _meta(source)
            if "events" in meta or _gathered_groups(source["name"], project / "models" / "quality" / source["name"]):
                yield source["name"], meta


def _owners(project: Path) -> dict[str, str]:
    """The owner of each group."""
    groups = (group for path in _yamls(project) for group in _yaml(path).get("groups", []))
    return {group["name"]: str(group["owner"]["name"]) for group in groups}


def _touches(source: str, project: Path) -> list[str]:
    """The models that say on which days a delivery of the source has events."""
    folder = project / "models" / "intermediate" / source
    return [path.stem for path in sorted(folder.glob("*.sql")) if TOUCHES in path.read_text(encoding="utf-8")]


def _set_aside(source: str, project: Path) -> str | None:
    """The mart of the records of a source that no day can hold; None where it has none."""
    found = sorted((project / "models" / "marts" / source).glob("fct_*_set_aside.sql"))
    if len(found) > 1:
        raise UserError(f"{found[1]}: {found[0].name} has the records of {source} that are set aside: keep one of them")
    return found[0].stem if found else None


def _headline(source: str, meta: Node) -> Iterator[str]:
    """The one figure of a source that the overview shows, as a separate entry; none where it declares none."""
    words: Any = meta.get("headline")
    if words is None:
        yield "            'headline': none,"
        return
    where = f"models/staging/{source}/_{source}__sources.yml: headline"
    if not isinstance(words, dict):
        raise UserError(f"{where} {words!r}: write {', '.join(HEADLINE_NEEDS)} below it")
    if missing := [word for word in HEADLINE_NEEDS if not words.get(word)]:
        raise UserError(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(words.keys() - {*HEADLINE_NEEDS, *HEADLINE_MAY_SAY}):
        raise UserError(f"{where} says {', '.join(unknown)}: write {', '.join((*HEADLINE_NEEDS, *HEADLINE_MAY_SAY))}")
    if words["as"] not in HEADLINE_KINDS:
        raise UserError(f"{where}: as {words['as']!r}: write {', '.join(HEADLINE_KINDS)}")
    if words["as"] == "money" and not meta.get("currency"):
        raise UserError(f"{where} is money, and the source says no currency: add currency, as USD")
    yield "            'headline': {"
    yield from (f"                '{word}': {json.dumps(str(text))}," for word, text in words.items())
    yield "            },"


def _models(project: Path) -> dict[str, Node]:
    return {model["name"]: model for path in _yamls(project) for model in _yaml(path).get("models", [])}


def _yamls(project: Path) -> list[Path]:
    return sorted((project / "models").rglob("*.yml"))


@cache
def _read(path: Path, _changed: int) -> Node:
    try:
        content: Node = yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}  # noqa: S506 (safe)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    return content


def _yaml(path: Path) -> Node:
    return _read(path, path.stat().st_mtime_ns)


def _meta(node: Node) -> Node:
    meta: Node = node.get("config", {}).get("meta", {})
    return meta


def _jinja(value: str | None) -> str:
    return "none" if value is None else f"'{value}'"


def _named(source: str) -> str:
    return source.replace("_", " ").capitalize()


def _anchor(heading: str) -> str:
    """The anchor of a heading in a Markdown page."""
    return heading.lower().replace(":", "").replace(" ", "-")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
