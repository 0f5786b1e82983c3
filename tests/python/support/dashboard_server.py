"""The dashboard as people open it: its server, and a browser on its pages."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit

from duckhouse.processes import script
from duckhouse.settings import PROJECT
from support.browser import HARD_TO_READ, LEAST_CONTRAST
from support.warehouse import Warehouse

SECONDS = 60
RUN = "[data-testid=stApp][data-test-script-state=notRunning]"
IS_DRAWN = "() => !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"
PROBES = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit looks for its server below the address of a page first, and there it gets 404."""
TOO_WIDE = """
() => {
  const main = document.querySelector("[data-testid=stMain]");
  return main.scrollWidth > main.clientWidth + 1 ? [`too wide: ${main.scrollWidth} of ${main.clientWidth}`] : [];
}
"""


@contextmanager
def serving(house: Warehouse) -> Iterator[str]:
    """The address of a dashboard of what the warehouse has published on dev."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    log = house.folder / "dashboard.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            script("dashboard", "--port", str(port)),
            cwd=PROJECT,
            env={**os.environ, **house.env},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for(f"{base}/_stcore/health", server, log.read_text)
        yield base
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(SECONDS)


def wait_for(address: str, server: subprocess.Popen[bytes], said: Any) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, said()
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 (this machine)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(said())


@contextmanager
def visited(
    browser: Any, base: str, path: str = "", width: int = 1280, scheme: str = "light", **filters: str
) -> Iterator[tuple[Any, list[str]]]:
    """A page of the dashboard, and what the browser says about it: errors, and requests of other addresses."""
    said: list[str] = []
    screen = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = screen.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.on("console", lambda message: said.append(message.text) if is_error(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: None if is_here(asked.url, base) else said.append(f"request: {asked.url}"))
    page.goto(f"{base}/{path}" + (f"?{urlencode(filters)}" if filters else ""))
    settled(page)
    yield page, said
    screen.close()


def settled(page: Any) -> None:
    """Waits until the page is drawn."""
    page.wait_for_selector("h1")
    page.wait_for_selector(RUN)
    page.wait_for_function(IS_DRAWN)


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
