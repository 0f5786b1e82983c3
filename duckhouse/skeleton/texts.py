"""The files of a new source: what dbt needs to land, type, keep and publish what a drop seems to contain."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from duckhouse.skeleton.guess import EntityGuess

FILL_IN = "To fill in:"
"""Every guessed description begins with this; `grep -r "To fill in" models` finds what is left to write."""
_KINDS = {
    "id": "text", "text": "text", "money": "money", "number": "money", "integer": "integer", "boolean": "boolean",
    "date": "date", "timestamp": "timestamp",
}  # fmt: skip
_PARSED = ("money", "number", "integer", "boolean", "date", "timestamp")
_OF_DELIVERY = (
    ("first_delivery_id", "category"), ("_delivery_id", "category"), ("_source_file", "category"),
    ("_source_row", "integer"), ("_day_version", "category"),
)  # fmt: skip
_OF_VERSION = (
    ("version_number", "integer", "version_number"),
    ("valid_from", "timestamp", "valid_from"),
    ("valid_to", "timestamp_nullable", "valid_to"),
    ("is_current", "boolean", "is_current"),
)
_OF_MEMBER = (("last_observed_at", "timestamp", "last_observed_at"), ("_delivery_id", "text", "version_delivery"))


def skeleton(source: str, entities: Sequence[EntityGuess]) -> dict[str, str]:
    """The text of each file, by its path in the project."""
    staging, steps, marts = (f"models/{layer}/{source}" for layer in ("staging", "intermediate", "marts"))
    files = {f"{staging}/_{source}__sources.yml": _declaration(source, entities)}
    for entity in entities:
        files[f"{staging}/stg_{source}__{entity.name}.sql"] = f"{{{{ staged_records('{source}', '{entity.name}') }}}}\n"
    files[f"{staging}/stg_{source}__files.sql"] = f"{{{{ landed_files('{source}') }}}}\n"
    files[f"{staging}/stg_{source}__rejected.sql"] = f"{{{{ landed_rejects('{source}') }}}}\n"
    for entity in _facts(entities):
        files[f"{steps}/int_{source}__{entity.name}_touches.sql"] = _touches(source, entity)
        files[f"{marts}/fct_{source}_{entity.name}.sql"] = _fact(source, entity)
    if members := _dimensions(entities):
        files[f"snapshots/{source}.sql"] = "\n".join(_snapshot(source, entity) for entity in members)
    for entity in members:
        files[f"{marts}/dim_{source}_{entity.name}_history.sql"] = _history(source, entity)
        files[f"{marts}/dim_{source}_{entity.name}.sql"] = _dimension(source, entity)
    files[f"models/quality/{source}/dq_{source}_events.sql"] = _rules(source, entities)
    files[f"{marts}/_{source}__models.yml"] = _models(source, entities)
    return files


def _facts(entities: Sequence[EntityGuess]) -> list[EntityGuess]:
    return [entity for entity in entities if entity.is_fact]


def _dimensions(entities: Sequence[EntityGuess]) -> list[EntityGuess]:
    return [entity for entity in entities if entity.is_dimension]


def _yaml(value: object) -> str:
    """A value as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_yaml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and not (re.fullmatch(r"\w+", value) and yaml.safe_load(value) == value):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- staging


def _declaration(source: str, entities: Sequence[EntityGuess]) -> str:
    meta: dict[str, object] = {"zone": source}
    if facts := _facts(entities):
        meta["events"] = f"fct_{source}_{facts[0].name}"
    lines = [
        "# Written by scripts.new_source from a drop. Types, keys and days are guesses; docs/landing.md has the words.",
        "sources:",
        f"  - name: {source}",
        f'    description: "{FILL_IN} who delivers what, and when."',
        f"    schema: raw_{source}",
        f"    config: {_yaml({'loaded_at_query': '{{ looked_at() }}', 'meta': meta})}",
        "    tables:",
    ]
    for entity in entities:
        lines += [
            f"      - name: {entity.name}",
            f'        description: "{FILL_IN} one row per delivered record of {entity.name}."',
            f"        config: {_yaml({'meta': _table_meta(entity)})}",
            "        columns:",
        ]
        for column in entity.columns:
            words: dict[str, object] = {"type": column.type}
            if column.as_name != column.name and column is not entity.day:
                words["as"] = column.as_name
            said = {"name": column.name, "description": f"{FILL_IN} what it says.", "config": {"meta": words}}
            lines.append(f"          - {_yaml(said)}")
    return "\n".join([*lines, "      - name: _files", "      - name: _rejected", ""])


def _table_meta(entity: EntityGuess) -> dict[str, object]:
    meta: dict[str, object] = {"files": list(entity.patterns)}
    if entity.key:
        meta["key"] = entity.key.name
    if entity.is_fact and entity.day:
        meta["day"] = entity.day.name
    if entity.amounts:
        meta["keep_last"] = [column.name for column in entity.amounts]
    if entity.is_dimension:
        meta["history"] = True
    return meta


# ---------------------------------------------------------------- steps and marts


def _key(entity: EntityGuess) -> str:
    return entity.key.as_name if entity.key else ""


def _touches(source: str, entity: EntityGuess) -> str:
    return f"{{{{ touches_of_deliveries(ref('stg_{source}__{entity.name}'), '{_key(entity)}') }}}}\n"


def _fact(source: str, entity: EntityGuess) -> str:
    touches = f"int_{source}__{entity.name}_touches"
    return f"{{{{ latest_records('{source}', '{entity.name}', touches='{touches}') }}}}\n"


def _snapshot(source: str, entity: EntityGuess) -> str:
    return f"""{{% snapshot snap_{source}__{entity.name} %}}
{{{{ observations_of(ref('stg_{source}__{entity.name}'), '{_key(entity)}') }}}}
{{% endsnapshot %}}
"""


def _history(source: str, entity: EntityGuess) -> str:
    return f"{{{{ dimension_history(ref('snap_{source}__{entity.name}'), '{_key(entity)}') }}}}\n"


def _dimension(source: str, entity: EntityGuess) -> str:
    return f"{{{{ dimension(ref('dim_{source}_{entity.name}_history')) }}}}\n"


def _rules(source: str, entities: Sequence[EntityGuess]) -> str:
    """The shared rules that work without further answers; rules about events use those of the first fact."""
    by_entity = ", ".join(f"'{entity.name}': ref('stg_{source}__{entity.name}')" for entity in entities)
    calls = [
        f"rule_rejected_record(ref('stg_{source}__rejected'))",
        f"rule_blank_lines(ref('stg_{source}__files'))",
        f"rule_unmapped_columns({{{by_entity}}})",
    ]
    if facts := _facts(entities):
        calls += _rules_of_events(source, facts[0])
    if parsed := "".join(
        f"        {_values(source, entity)},\n" for entity in entities if entity.key and _parsed(entity)
    ):
        calls.append(f"rule_unreadable_value({{\n{parsed}    }})")
    if dated := [_dates(source, entity) for entity in entities if _parsed(entity, ("date",))]:
        calls.append(f"rule_undecided_dates([{', '.join(dated)}])")
    if members := _dimensions(entities):
        of_staging = _keyed("stg_{}__{}", source, members)
        of_history = _keyed("dim_{}_{}_history", source, members)
        calls += [f"rule_dimension_key_repeated({of_staging})", f"rule_dimension_changed({of_history})"]
    listed = "".join(f"    {call},\n" for call in calls)
    return f"{{{{ gathered_findings('events', [\n{listed}]) }}}}\n"


def _keyed(relation: str, source: str, members: Sequence[EntityGuess]) -> str:
    """A relation of each entity with its key, in the form that the rules about dimensions expect."""
    pairs = (
        f"'{entity.name}': (ref('{relation.format(source, entity.name)}'), '{_key(entity)}')" for entity in members
    )
    return f"{{{', '.join(pairs)}}}"


def _rules_of_events(source: str, fact: EntityGuess) -> Iterator[str]:
    staging, key = f"ref('stg_{source}__{fact.name}')", _key(fact)
    yield f"rule_file_unusable(ref('stg_{source}__files'), {staging}, '{fact.name}')"
    by_key = ("missing_event_id", "unreadable_time", "text_respelled", "duplicate_in_file", "event_in_two_files")
    for rule in by_key:
        yield f"rule_{rule}({staging}, '{key}')"
    if fact.day and fact.day.type == "timestamp":
        yield f"rule_time_after_delivery({staging}, '{key}')"
    yield f"rule_late_events({staging}, ref('fct_{source}_{fact.name}'))"
    columns = [column.as_name for column in fact.columns if column not in (fact.key, fact.day)]
    if columns:
        yield f"rule_empty_column({staging}, {columns})"


def _parsed(entity: EntityGuess, types: Sequence[str] = _PARSED) -> list[str]:
    """The columns for which staging keeps the text beside the value."""
    return [column.as_name for column in entity.columns if column.type in types and column is not entity.day]


def _values(source: str, entity: EntityGuess) -> str:
    columns = ", ".join(f"'{name}': '{name}_as_delivered'" for name in _parsed(entity))
    return f"'{entity.name}': (ref('stg_{source}__{entity.name}'), '{_key(entity)}', {{{columns}}})"


def _dates(source: str, entity: EntityGuess) -> str:
    columns = ", ".join(f"'{name}_as_delivered'" for name in _parsed(entity, ("date",)))
    return f"(ref('stg_{source}__{entity.name}'), [{columns}])"


# ---------------------------------------------------------------- YAML of the models


def _models(source: str, entities: Sequence[EntityGuess]) -> str:
    lines = ["groups:", f'  - {{name: {source}, owner: {{name: "{FILL_IN} who answers for it"}}}}', "", "models:"]
    for name, grain in _steps(source, entities):
        lines += [f"  - name: {name}", f'    description: "{FILL_IN} {grain}"', f"    config: {{group: {source}}}"]
    for entity in _facts(entities):
        lines += _fact_yaml(source, entity)
    for entity in _dimensions(entities):
        lines += _dimension_yaml(source, entity)
    lines += [
        "",
        f"  - name: dq_{source}_events",
        "    description: One row per rule and key that a delivery adds.",
    ]
    return "\n".join([*lines, ""])


def _steps(source: str, entities: Sequence[EntityGuess]) -> Iterator[tuple[str, str]]:
    for entity in entities:
        yield (
            f"stg_{source}__{entity.name}",
            f"one row per record of {entity.name} in every delivery, typed and cleaned.",
        )
    yield f"stg_{source}__files", "one row per delivered file with its counts from the raw bytes."
    yield f"stg_{source}__rejected", "one row per record that could not be read, with its text and place."
    for entity in _facts(entities):
        yield f"int_{source}__{entity.name}_touches", "one row per delivery and day that it touches."


def _column(name: str, kind: str, description: str = f"{FILL_IN} what it says.", **more: object) -> str:
    return "      - " + _yaml({"name": name, "data_type": kind, "description": description, **more})


def _doc(name: str) -> str:
    return f"{{{{ doc('{name}') }}}}"


def _mart(name: str, source: str, description: str, grain: list[str]) -> Iterator[str]:
    yield ""
    yield f"  - name: {name}"
    yield f'    description: "{description}"'
    yield f"    config: {_yaml({'group': source, 'meta': {'grain': grain}})}"


def _fact_yaml(source: str, entity: EntityGuess) -> Iterator[str]:
    key = _key(entity)
    yield from _mart(
        f"fct_{source}_{entity.name}",
        source,
        f"One row per {key}: its latest record. {FILL_IN} what a record is.",
        [key],
    )
    yield "    columns:"
    yield _column(key, "text", data_tests=["unique", "not_null"])
    for column in entity.columns:
        if column not in (entity.key, entity.day):
            yield _column(column.as_name, f"{_KINDS[column.type]}_nullable")
    if entity.day and entity.day.type == "timestamp":
        yield _column("event_at", "timestamp", _doc("event_at"))
    yield _column("event_date", "date", _doc("event_date"))
    for name, kind in _OF_DELIVERY:
        yield _column(name, kind, _doc(name))


def _dimension_yaml(source: str, entity: EntityGuess) -> Iterator[str]:
    key = _key(entity)
    attributes = [
        _column(column.as_name, f"{_KINDS[column.type]}_nullable")
        for column in entity.columns
        if column is not entity.key
    ]
    yield from _mart(f"dim_{source}_{entity.name}", source, f"One row per {key}: its current attributes.", [key])
    yield "    columns:"
    yield _column(key, "text", data_tests=["unique", "not_null"])
    yield from attributes
    yield from (_column(name, kind, _doc(doc)) for name, kind, doc in _OF_MEMBER)
    grain = [key, "valid_from"]
    yield from _mart(
        f"dim_{source}_{entity.name}_history", source,
        f"One row per version of a {key}: its attributes, and from when to when they held.", grain,
    )  # fmt: skip
    yield "    data_tests:"
    unique = {"dbt_utils.unique_combination_of_columns": {"arguments": {"combination_of_columns": grain}}}
    yield "      - dbt_utils.unique_combination_of_columns: " + _yaml(*unique.values())
    yield f"      - versions_follow_each_other: {_yaml({'arguments': {'key': key}})}"
    yield "    columns:"
    yield _column(
        f"{key.removesuffix('_id')}_version_id", "text", "Key of the version.", data_tests=["unique", "not_null"]
    )
    yield _column(key, "text")
    yield from attributes
    yield from (_column(name, kind, _doc(doc)) for name, kind, doc in (*_OF_VERSION, *_OF_MEMBER))
