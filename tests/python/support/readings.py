"""Messages of device readings, a lake in memory, and what both engines have of them."""

import json
from datetime import datetime
from typing import Any

from duckhouse.settings import environment
from duckhouse.warehouse.connection import connect
from support.warehouse import Warehouse
from tools.campaigns.orders.messages import ONE, START, TWO, LakeInMemory, Message, as_rows, faulty, reading, readings

__all__ = [
    "ONE", "START", "TWO", "LakeInMemory", "Message", "as_rows", "faulty", "on_both_engines", "reading", "readings",
    "unmapped",
]  # fmt: skip


def unmapped(text: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text or "{}")
    return fields


def on_both_engines(house: Warehouse, relation: str, columns: str, condition: str = "true") -> list[tuple[Any, ...]]:
    """The rows of a model, as schema.name, which are the same on both engines, sorted."""
    query = f"select {columns} from {{}}{relation} where {condition} order by all"
    with environment(house.env):
        there = connect().query(query.format(f"{house.prefix}_"), settings={"session_timezone": "UTC"}).result_rows
    here = house.rows(query.format(""))
    assert [tuple(map(_plain, row)) for row in there] == [tuple(map(_plain, row)) for row in here]
    return here


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
