"""JSON Schemas of the messages of a stream: made from its declaration, and compared between versions."""

from collections.abc import Iterator, Mapping
from typing import Any

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MOST_CHARACTERS = 1_000  # of a text
GREATEST_INTEGER = 2**53
TEXT = {"type": "string", "maxLength": MOST_CHARACTERS, "pattern": "^[^\\u0000]*$"}
OF_TYPES: Mapping[str, Mapping[str, Any]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer", "minimum": -GREATEST_INTEGER, "maximum": GREATEST_INTEGER},
    "boolean": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
}
"""By type of the declaration; the other types are texts."""
LEAST, GREATEST = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum", "maxLength")

Schema = Mapping[str, Any]


def message_schema(source: str, table: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The schema of the messages that senders write to the topic of a table, as declared in YAML. Other fields are
    allowed.
    """
    columns = [(column, column.get("config", {}).get("meta", {})) for column in table["columns"]]
    return {
        "$schema": DRAFT,
        "$id": f"urn:duckhouse:{source}:{table['name']}:v{version}",
        "title": f"{source}.{table['name']}, version {version}",
        "type": "object",
        "properties": {
            column["name"]: {"description": column["description"], **_property(meta)} for column, meta in columns
        },
        "required": [column["name"] for column, meta in columns if meta.get("required")],
        "additionalProperties": True,
    }


def _property(meta: Mapping[str, Any]) -> dict[str, Any]:
    of_type = dict(OF_TYPES.get(meta["type"], TEXT))
    if "range" in meta:
        of_type |= dict(zip(("minimum", "maximum"), meta["range"], strict=True))
    return of_type if meta.get("required") else {**of_type, "type": [of_type["type"], "null"]}


def breaks(reader: Schema, writer: Schema) -> Iterator[str]:
    """Why a reader with one schema cannot read all messages that were written with another.

    Schema registries call it backward compatibility when new readers can read old messages, forward when old readers
    can read new messages, and full when both can.
    """
    written = writer["properties"]
    for name in reader["required"]:
        if name not in writer["required"]:
            yield f"{name}: is required, and messages may lack it"
    for name, wanted in reader["properties"].items():
        if name in written:
            yield from (f"{name}: {why}" for why in _narrower(wanted, written[name]))


def _narrower(reader: Schema, writer: Schema) -> Iterator[str]:
    if others := sorted(_types(writer) - _types(reader)):
        yield f"is {' or '.join(others)} in messages, {' or '.join(sorted(_types(reader)))} to the reader"
    for word in ("format", "pattern", "enum", "const"):
        if word in reader and reader[word] != writer.get(word):
            yield f"{word} is {reader[word]!r}, and {writer.get(word)!r} in messages"
    for word in (*LEAST, *GREATEST):
        if word in reader and _is_narrower(word, reader[word], writer.get(word)):
            yield f"{word} is {reader[word]}, and {writer.get(word)} in messages"


def _is_narrower(word: str, reader: float, writer: float | None) -> bool:
    return writer is None or (reader > writer if word in LEAST else reader < writer)


def _types(schema: Schema) -> set[str]:
    """A number accepts integers too."""
    said = schema["type"]
    types = {said} if isinstance(said, str) else set(said)
    return types | {"integer"} if "number" in types else types
