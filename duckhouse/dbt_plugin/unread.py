"""dbt events that nobody reads are not created: where no log file is written, they are a fifth of the time of a node.

dbt creates a message for each step, with its time, thread and text, and only then asks which logger takes it. Here an
event only keeps its fields until something reads them, and an event below the level of every logger is dropped.

Before it runs anything, dbt describes all nodes of the project twice for graph_summary.json, a file about dbt's own
speed. That is a tenth of the time of a small build, so the file stays empty.
"""

from typing import Any

from dbt.compilation import Linker
from dbt.contracts.graph.manifest import Manifest
from dbt.tracking import track_behavior_change_warn
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

LEVELS = (EventLevel.DEBUG, EventLevel.TEST, EventLevel.INFO, EventLevel.WARN, EventLevel.ERROR)
PRINTED = "PrintEvent"  # print() in a macro is shown at every level
OF_DBT = {track_behavior_change_warn}  # reads warnings only

plain_init: Any = BaseEvent.__init__
plain_fire: Any = EventManager.fire_event


def install() -> None:
    event: Any = BaseEvent
    manager: Any = EventManager
    event.__init__, event.__getattr__, event.__setattr__ = keep_fields, attribute, set_attribute
    manager.fire_event = fire
    linker: Any = Linker
    linker.get_graph_summary = no_summary


def no_summary(linker: Linker, manifest: Manifest) -> dict[int, dict[str, Any]]:
    return {}


def keep_fields(event: Any, *arguments: Any, **fields: Any) -> None:
    event.__dict__["given"] = arguments, fields


def attribute(event: Any, name: str) -> Any:
    """Reads an attribute that the event lacks: its message, which is created now, or a field of the message."""
    if name == "pb_msg":
        arguments, fields = event.__dict__.pop("given")
        plain_init(event, *arguments, **fields)
        return event.__dict__["pb_msg"]
    return getattr(event.pb_msg, name)


def set_attribute(event: Any, name: str, value: Any) -> None:
    if name == "pb_msg":
        event.__dict__[name] = value
    else:
        setattr(event.pb_msg, name, value)


def fire(manager: Any, e: Any, level: EventLevel | None = None, *others: Any, **words: Any) -> None:
    if type(e).__name__ == PRINTED or is_read(manager, level or e.level_tag()):
        plain_fire(manager, e, level, *others, **words)


def is_read(manager: Any, level: EventLevel) -> bool:
    rank = LEVELS.index(level)
    return (
        rank >= LEVELS.index(EventLevel.WARN)
        or any(LEVELS.index(logger.level) <= rank for logger in manager.loggers)
        or not OF_DBT.issuperset(manager.callbacks)
    )
