"""Sends a message to DUCKHOUSE_ALERT_WEBHOOK, in the form of Slack's incoming webhooks.

The address is a secret and is never printed.
"""

import json
import re
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import accumulate
from typing import Any
from urllib.parse import SplitResult, urlsplit

from duckhouse.alerts.outbox import Message
from duckhouse.cli import UserError
from duckhouse.reporting.formats import counted
from duckhouse.settings import LOOPBACK, alert_webhook

SETTING = "DUCKHOUSE_ALERT_WEBHOOK"
SECONDS_TO_ANSWER = 10
OF_GATEWAYS = (502, 504)
"""Answers of a server between us and the endpoint, which may have the message."""
AS_WRITTEN = {"verbatim": True}
"""Else Slack makes links of addresses and mentions of names that stand in data."""
MOST_ALERTS = 20  # Slack takes 50 blocks
MOST_CHARACTERS = 400  # of a line, before five characters are made of one
LONGEST = 2_800  # characters of a block, without line ends and the last line: Slack takes 3,000


class Refused(Exception):
    """The endpoint did not take the message."""


class Unreached(Exception):
    """Nothing was sent."""


class Unclear(Exception):
    """The endpoint may have the message or not."""


def post(message: Message) -> None:
    """Sends a message once. Raises Refused, Unreached or Unclear, and UserError for a setting that cannot be used."""
    place = _place(alert_webhook())
    connection = _connection(place)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise Unreached(f"it does not answer ({_why(error)})") from None
        try:
            path = place.path or "/"
            connection.request(
                "POST", f"{path}?{place.query}" if place.query else path, _bytes(message), _headers(message)
            )
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise Unclear(f"it broke off ({_why(error)})") from None
    finally:
        connection.close()
    if status in OF_GATEWAYS:
        raise Unclear(f"it answers {status}")
    if not 200 <= status < 300:
        raise Refused(f"it answers {status}")


def _place(address: str) -> SplitResult:
    try:
        place = urlsplit(address)
        is_usable = bool(place.hostname) and place.port != 0
    except ValueError:  # no number of a port, or half of an IPv6 address
        is_usable = False
    if not is_usable or place.scheme not in ("https", "http") or not re.fullmatch(r"[!-~]+", address):
        raise UserError(f"{SETTING} is not an address: write https://HOST/PATH")
    if place.scheme == "http" and place.hostname not in LOOPBACK:
        raise UserError(f"{SETTING}: alerts leave this machine by https only: write https://")
    if place.username or place.password:
        raise UserError(f"{SETTING}: write it without user and password: the path is the secret of a webhook")
    return place


def _connection(place: SplitResult) -> HTTPConnection:
    host = place.hostname or ""
    if place.scheme == "https":
        return HTTPSConnection(host, place.port, timeout=SECONDS_TO_ANSWER, context=ssl.create_default_context())
    return HTTPConnection(host, place.port, timeout=SECONDS_TO_ANSWER)


def _headers(message: Message) -> dict[str, str]:
    """Endpoints that know the header drop a message that they have."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": message.id,
        "User-Agent": "duckhouse",
    }


def _bytes(message: Message) -> bytes:
    return json.dumps(body(message)).encode()


def body(message: Message) -> dict[str, Any]:
    heading = f"duckhouse {message.target}: {counted(len(message.alerts), 'alert')}"
    sections = list(_sections(message))
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": heading}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": section, **AS_WRITTEN}} for section in sections),
    ]
    return {"text": "\n".join([heading, *(section.split("\n")[0] for section in sections)]), "blocks": blocks}


def _sections(message: Message) -> Iterator[str]:
    for alert in message.alerts[:MOST_ALERTS]:
        lines = list(map(mrkdwn, (alert["title"], *alert["details"])))
        shown = [line for line, length in zip(lines, accumulate(map(len, lines)), strict=True) if length <= LONGEST]
        more = len(lines) - len(shown)
        yield "\n".join([*shown, *([f"and {counted(more, 'more line')}"] if more else [])])
    if (more := len(message.alerts) - MOST_ALERTS) > 0:
        yield f"and {more:,} more alerts: python -m scripts.alert --target {message.target} --list"


def mrkdwn(text: str) -> str:
    """The text, shortened, without links and mentions: a name in data may hold <!channel>."""
    short = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
