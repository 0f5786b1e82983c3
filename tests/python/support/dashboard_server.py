"""The dashboard as people open it: its server, and a browser on its pages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from duckhouse.settings import PAGE_PASSWORD
from support.browser import HARD_TO_READ, LEAST_CONTRAST, browser_or_skip
from support.warehouse import Warehouse
from tools.browsers.served_dashboard import SECONDS, serving, settled

PASSWORD = "of the tests"
SIGNED_IN = {"username": "anna", "password": PASSWORD}
PROBES = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit looks for its server below the address of a page first, and there it gets 404."""
TOO_WIDE = """
() => {
  const main = document.querySelector("[data-testid=stMain]");
  return main.scrollWidth > main.clientWidth + 1 ? [`too wide: ${main.scrollWidth} of ${main.clientWidth}`] : [];
}
"""


@contextmanager
def serving_house(house: Warehouse) -> Iterator[str]:
    """The address of a dashboard of what the warehouse has published on dev."""
    with serving({**os.environ, **house.env, PAGE_PASSWORD: PASSWORD}) as base:
        yield base


@contextmanager
def screens() -> Iterator[Any]:
    """A browser that knows the password. Its pages share a cache, or each would read Streamlit's programs anew."""
    with browser_or_skip() as browser:
        yield browser.new_context(http_credentials=SIGNED_IN)


@contextmanager
def visited(
    screen: Any, base: str, path: str = "", width: int = 1280, **filters: str
) -> Iterator[tuple[Any, list[str]]]:
    """A page of the dashboard, and what the browser says about it: errors, and requests of other addresses."""
    said: list[str] = []
    page = screen.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.set_default_timeout(SECONDS * 1000)
    page.on("console", lambda message: said.append(message.text) if is_error(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: None if is_here(asked.url, base) else said.append(f"request: {asked.url}"))
    page.goto(f"{base}/{path}" + (f"?{urlencode(filters)}" if filters else ""))
    settled(page)
    yield page, said
    page.close()


def is_error(message: Any) -> bool:
    return message.type == "error" and not urlsplit(message.location["url"]).path.endswith(PROBES)


def is_here(url: str, base: str) -> bool:
    return url.startswith((f"{base}/", base.replace("http:", "ws:") + "/", "data:", "blob:"))


def faults(page: Any, said: list[str]) -> list[str]:
    """What is wrong with a page on a screen."""
    broken = [f"exception: {one.inner_text()}" for one in page.locator("[data-testid=stException]").all()]
    refused = ["refused"] * page.get_by_text("This page cannot be shown.").count()
    return [*said, *broken, *refused, *page.evaluate(TOO_WIDE), *page.evaluate(HARD_TO_READ, LEAST_CONTRAST)]


def tiles(page: Any) -> dict[str, str]:
    """The figure of each tile by its label."""
    found = page.locator("[data-testid=stMetric]").all()
    return {
        one.locator("[data-testid=stMetricLabel]").inner_text(): one.locator("[data-testid=stMetricValue]").inner_text()
        for one in found
    }


def texts(page: Any) -> str:
    return str(page.locator("[data-testid=stMain]").inner_text())
