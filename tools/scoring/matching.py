"""Compares findings with what was planted: tokens say what each side is about."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.scoring.expectations import RULES

EXAMPLES = 5
UUID = re.compile(r"[0-9a-f]{32}")
Tokens = frozenset[str]


@dataclass(frozen=True)
class ScoredFinding:
    rule_id: str
    key: str
    tokens: Tokens


@dataclass
class Score:
    """For one rule, and one kind if it must find any: how many are planted, found and correctly found; examples."""

    rule_id: str
    kind: str | None
    planted: int = 0
    found: int = 0
    findings: int = 0
    explained: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def false_count(self) -> int:
        return self.findings - self.explained

    def add(self, other: "Score") -> None:
        for name in ("planted", "found", "findings", "explained"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.missed = [*self.missed, *other.missed][:EXAMPLES]
        self.false = [*self.false, *other.false][:EXAMPLES]


def finding(row: Mapping[str, Any], prefix: str) -> ScoredFinding:
    """What a row of fct_dq_findings is about. `prefix` is the folder of its last delivery: "" or "redelivery/"."""
    facts, key = json.loads(row["evidence"]), row["finding_key"]
    tokens = {f"key:{key}", f"delivery:{prefix}", *(f"{name}:{row[name]}" for name in ("event_date", "observed"))}
    tokens |= {f"{name}:{value}" for name, value in facts.items()}
    tokens |= {f"id:{plain}" for plain in map(plain_id, [key, *str(facts.get("event_ids", "")).split(",")]) if plain}
    tokens.add("place:" + key.replace(f"{row['last_delivery_id']}/", prefix))
    tokens.add("member:" + key.replace(row["last_delivery_id"], "").rstrip("|/"))
    if "_source_file" in facts:
        tokens.add(f"file:{prefix}{facts['_source_file']}")
        tokens.add(f"at:{prefix}{facts['_source_file']}#{facts.get('_source_row')}")
    return ScoredFinding(row["rule_id"], key, frozenset(tokens))


def plain_id(text: str) -> str | None:
    """An event id without case, blanks and dashes; None where the text is not an event id."""
    bare = text.strip().lower().replace("-", "")
    return bare if UUID.fullmatch(bare) else None


def planted(fault: Mapping[str, Any], how: str) -> list[Tokens]:
    """The planted items of a kind, each as the tokens that a finding about it can have."""
    if how in ("item", "file", "delivery", "company"):
        places = list(_places(fault))
        if how == "item":
            return [_tokens_of(place) for place in places]
        if how == "company":
            return [frozenset({f"company_id:{company}"}) for company in sorted({p["company_id"] for p in places})]
        names = {place["file"] for place in places if "file" in place} | set(fault.get("files", ()))
        if how == "delivery":
            names = {"redelivery/" if name.startswith("redelivery/") else "" for name in names}
        return [frozenset({f"{how}:{name}"}) for name in sorted(names)]
    return [frozenset({how.format(**cell)}) for whole in fault.get("cells", ()) for cell in _single(whole)]


def _single(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """A cell of several hours as one cell per hour."""
    return [{**cell, "hour": hour} for hour in cell["hours"]] if "hours" in cell else [cell]


def _places(fault: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The records of a kind: ids, or files with rows; truth.json of the two sources lists them in its own way."""
    yield from fault.get("records", ())
    for event_id in fault.get("ids", ()):
        yield {"event_id": event_id}
    for file, rows in fault.get("where", {}).items():
        yield from ({"file": file, "row": row} for row in rows)
    yield from ({"file": cell["file"]} for cell in fault.get("cells", ()) if "file" in cell)


def _tokens_of(place: Mapping[str, Any]) -> Tokens:
    tokens = set()
    if "row" in place:
        tokens.add(f"at:{place['file']}#{place['row']}")
    if plain := plain_id(place.get("event_id") or place.get("review_id") or ""):
        tokens.add(f"id:{plain}")
    return frozenset(tokens)


def score(findings: list[ScoredFinding], faults: Mapping[str, Mapping[str, Any]], source: str) -> list[Score]:
    """Scores of all rules of a source on one data set; `faults` are its planted kinds and changes by name."""
    scores = []
    for rule_id, rule in RULES.items():
        if not rule_id.startswith(f"{source}__"):
            continue
        found = [finding for finding in findings if finding.rule_id == rule_id]
        seen = frozenset[str]().union(*(finding.tokens for finding in found))
        known: set[str] = set()
        for kind, how in {**rule.also, **rule.finds}.items():
            there = planted(faults[kind], how) if kind in faults else []
            known |= frozenset[str]().union(*there)
            if kind in rule.finds:
                missed = [min(item) for item in there if not item & seen]
                scores.append(Score(rule_id, kind, len(there), len(there) - len(missed), missed=missed[:EXAMPLES]))
        false = [] if rule.natural else [one.key for one in found if not one.tokens & known]
        sums = Score(rule_id, None, findings=len(found), explained=len(found) - len(false), false=false[:EXAMPLES])
        scores.append(sums)
    return scores
