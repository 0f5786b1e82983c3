"""The connection to the ClickHouse of target prod."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from duckhouse.cli import UserError
from duckhouse.opening import clickhouse_refuses, nobody_answers
from duckhouse.settings import ClickHouseSettings, clickhouse
from duckhouse.turns import Ask

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SECONDS_TO_ANSWER = 10  # a busy machine answers late; where nothing listens, the refusal comes at once


def connect() -> "Client":
    """A client for the server that the environment names. Raises UserError where it does not answer or refuses."""
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ClickHouseError

    settings = clickhouse()
    if not answers(settings):
        raise UserError(nobody_answers(settings.host, settings.port))
    try:
        return clickhouse_connect.get_client(
            host=settings.host,
            port=settings.port,
            username=settings.user,
            password=settings.password,
            secure=settings.secure,
            autogenerate_session_id=False,
        )
    except ClickHouseError as error:
        raise UserError(clickhouse_refuses(settings.host, settings.port, first_line(error))) from None


def answers(settings: ClickHouseSettings) -> bool:
    """Whether something at the address answers a ping as ClickHouse does."""
    url = f"{'https' if settings.secure else 'http'}://{settings.host}:{settings.port}/ping"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS_TO_ANSWER) as response:  # noqa: S310 (http or https, above)
            answer: bytes = response.read(3)
            return answer == b"Ok."
    except (urllib.error.URLError, OSError, ValueError):
        return False


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turns the server's refusal of a push into a UserError."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        raise UserError(f"ClickHouse: {first_line(error)}; push again, it continues where it stopped") from None


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def asking() -> Iterator[Ask]:
    """A function that runs statements one after the other, on a separate connection."""
    with connect() as client:
        yield lambda sql: client.query(sql).result_rows
