"""What is new on a target since what was announced, and its announcement: once, whatever is killed and when."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from duckhouse.alerts.differences import Alert, differences
from duckhouse.alerts.outbox import SENDING, SENT, UNKNOWN, WAITING, Message, Outbox, opened, read_only
from duckhouse.alerts.standing import standing
from duckhouse.alerts.webhook import SETTING, Refused, Unclear, Unreached, post
from duckhouse.cli import UserError, one_line
from duckhouse.reporting.formats import counted
from duckhouse.settings import alert_webhook

FATES_TOLD = {UNKNOWN: ", may have arrived or not", WAITING: ", kept for the next run"}

Show = Callable[[Message], None]
"""Prints a message."""


@dataclass
class Announced:
    """The messages that a run sent; `faults` are lines about others, which wait or may have arrived or not."""

    sent: list[Message] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def news(target: str) -> Sequence[Alert]:
    """What is new since what was announced; nothing is noted or sent."""
    with read_only(target) as outbox:
        return differences(target, outbox.known(), standing(target))


def announce(target: str, show: Show | None = None) -> Announced:
    """Sends what is new, and what was kept since the endpoint was away. A message is printed once it is sent; without
    an endpoint printing it is sending it. Raises UserError where nothing is known about the target.
    """
    show = show or print_text
    with opened(target) as outbox:
        announced = Announced()
        for message in outbox.messages(SENDING):
            outbox.note(message, UNKNOWN)
            announced.faults.append(_of_unknown(message, "the run that sent it was stopped"))
        now = standing(target)
        outbox.add(differences(target, outbox.known(), now), now)
        _send(outbox, announced, show)
        return announced


def _send(outbox: Outbox, announced: Announced, show: Show) -> None:
    """Sends what waits, in its order, until the endpoint does not answer."""
    has_endpoint = bool(alert_webhook())
    why = ""
    for message in outbox.messages(WAITING):
        outbox.note(message, SENDING)
        try:
            post(message) if has_endpoint else show(message._replace(fate=SENT))
        except (Refused, Unreached) as error:
            outbox.note(message, WAITING)
            why = str(error)
            if isinstance(error, Unreached):
                break
        except Unclear as error:
            outbox.note(message, UNKNOWN)
            why = str(error)
            announced.faults.append(_of_unknown(message, why))
            break
        except UserError:  # the setting cannot be used
            outbox.note(message, WAITING)
            raise
        else:
            outbox.note(message, SENT)
            announced.sent.append(message)
            if has_endpoint:
                show(message._replace(fate=SENT))
    if waiting := len(outbox.messages(WAITING)):
        kept = counted(waiting, "message is", "messages are")
        announced.faults.append(f"the endpoint of {SETTING}: {why}; {kept} kept for the next run")


def _of_unknown(message: Message, why: str) -> str:
    return (
        f"the alerts of {message.made_at} may have arrived or not ({why}): they are not sent again; "
        f"python -m scripts.alert --target {message.target} --list shows them"
    )


def text(message: Message) -> list[str]:
    """The lines of a message for people."""
    alerts = counted(len(message.alerts), "alert")
    lines = [f"{message.target}, {message.made_at}: {alerts}{FATES_TOLD.get(message.fate, '')}"]
    for alert in message.alerts:
        lines += [f"  {alert['title']}", *(f"    {line}" for line in alert["details"])]
    return [one_line(line) for line in lines]


def print_text(message: Message) -> None:
    print("\n".join(text(message)), flush=True)


def print_document(message: Message) -> None:
    """One JSON document on one line."""
    print(json.dumps(message._asdict(), ensure_ascii=False), flush=True)
