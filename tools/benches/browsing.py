"""Visits of pages of the dashboard: in a browser until nothing changes on them, and without one for their queries."""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

from dashboard.asking import Asking
from dashboard.roles import PAGES
from duckhouse import cli
from duckhouse.warehouse.reading import Answer, reading
from tools.browsers.served_dashboard import chromium

PASSWORD = "of the bench"  # noqa: S105
MILLISECONDS = 120_000
BEFORE = "deliveries?system=telemetry"  # loads what all pages need, and asks nothing that another page asks
WATCH = """
window.seen = {clicked: 0, changed: 0};
addEventListener("click", () => { seen.clicked = performance.now(); }, true);
const forScreenReaders = change => change.target.closest?.("[data-testid=data-grid-canvas]");
new MutationObserver(changes => { if (!changes.every(forScreenReaders)) seen.changed = performance.now(); })
  .observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
"""
IS_DRAWN = """
title => document.querySelector("h1")?.innerText === title
  && document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]")
  && !document.querySelector("[data-testid=stSkeleton], [data-stale=true]")
  && performance.now() - seen.changed > 500 && (seen.changed - seen.clicked) / 1000
"""
"""Seconds from the click, or from the request of the address, to the last change; false while there are changes. What
tables say to screen readers follows a fifth of a second later, and is left out."""
SCRIPT = "from tools.benches.browsing import show\nshow({target!r}, {path!r})"
SECONDS_OF_QUERIES: list[float] = []  # Streamlit runs the script of a page elsewhere


def visits(base: str) -> Iterator[tuple[str, str, float]]:
    """The title of each page, the way to it, and the seconds until it was drawn."""
    with chromium() as browser:

        def opened(address: str) -> Any:
            signed_in = {"username": "bench", "password": PASSWORD}
            page = browser.new_context(http_credentials=signed_in).new_page()
            page.add_init_script(WATCH)
            page.goto(f"{base}/{address}")
            return page

        page = opened(BEFORE)
        drawn(page, PAGES["deliveries"].TITLE)
        links = page.get_by_test_id("stSidebarNav")
        for way in ("by its link", "again"):
            for role in PAGES.values():
                links.get_by_role("link", name=role.TITLE).click()
                yield role.TITLE, way, drawn(page, role.TITLE)
        for address, role in PAGES.items():
            page.context.close()
            page = opened(address)
            yield role.TITLE, "by address", drawn(page, role.TITLE)


def drawn(page: Any, title: str) -> float:
    return float(page.wait_for_function(IS_DRAWN, arg=title, timeout=MILLISECONDS).json_value())


def slowest_queries(target: str) -> Iterator[tuple[str, float]]:
    """The title of each page, and the seconds of its slowest query."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    st.cache_data.clear()
    for path, role in PAGES.items():
        SECONDS_OF_QUERIES.clear()
        page = AppTest.from_string(SCRIPT.format(target=target, path=path), default_timeout=MILLISECONDS / 1000).run()
        if page.exception:
            raise cli.UserError(f"{role.TITLE}: {page.exception[0].message}")
        yield role.TITLE, max(SECONDS_OF_QUERIES)


def show(target: str, path: str) -> None:
    """The page, with a note of what each of its queries takes."""
    with reading(target) as house:

        def ask(sql: str) -> Answer:
            began = perf_counter()
            columns, rows = house.ask(sql)
            found = list(rows)
            SECONDS_OF_QUERIES.append(perf_counter() - began)
            return columns, found

        PAGES[path].show(Asking(target, replace(house, ask=ask)))
