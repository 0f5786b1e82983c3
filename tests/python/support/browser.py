"""A real browser on pages of the report: what it complains about, what does not fit, what cannot be read or reached."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from duckhouse.cli import UserError
from tools.browsers.served_dashboard import chromium

PAPER_WIDTH = 718  # of A4 with margins of a centimetre, in pixels of CSS
LEAST_CONTRAST = 4.5  # WCAG 2, level AA
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true; })"

TOO_WIDE = """
() => [...document.querySelectorAll("body *")]
  .filter(one => matchMedia("print").matches || !one.closest(".scroll table"))
  .filter(one => !one.closest(".skip, .cards thead"))
  .filter(one => {
    const box = one.getBoundingClientRect();
    return box.left < -1 || box.right > document.documentElement.clientWidth + 1;
  })
  .map(one => `too wide: ${one.tagName.toLowerCase()} ${one.textContent.trim().slice(0, 40)}`)
"""
HARD_TO_READ = """
least => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = colour => channels(colour).slice(0, 3)
    .map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const over = (colour, below) => {
    const [top, bottom] = [channels(colour), channels(below)], part = top[3] ?? 1;
    return `rgb(${[0, 1, 2].map(place => top[place] * part + bottom[place] * (1 - part)).join(",")})`;
  };
  const ground = one => {
    const colours = [];
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      colours.push(colour);
      if ((channels(colour)[3] ?? 1) === 1) break;
    }
    return colours.reduceRight((below, colour) => over(colour, below), "rgb(255, 255, 255)");
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faults = new Set();
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement, text = texts.currentNode.data.trim();
    if (!text || one.tagName === "SCRIPT" || !one.checkVisibility()) continue;
    const style = getComputedStyle(one);
    const below = ground(one);
    const found = ratio(luminance(over(one.closest("svg") ? style.fill : style.color, below)), luminance(below));
    if (found < least) faults.add(`contrast ${found.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return [...faults];
}
"""
NOT_SAID = """
() => {
  const faults = [];
  for (const table of document.querySelectorAll("table")) {
    const caption = table.caption?.textContent.trim();
    if (!caption) faults.push(`table without a caption: ${table.textContent.trim().slice(0, 40)}`);
    if (table.querySelector("thead th:not([scope=col]), tbody tr:not(:has(> th[scope=row]))"))
      faults.push(`table without scopes: ${caption}`);
  }
  for (const drawing of document.querySelectorAll("svg"))
    if (!drawing.closest("[role=img][aria-label]")?.getAttribute("aria-label")) faults.push("drawing without a label");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`heading of level ${next} below level ${level}: ${heading.textContent}`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
  ids.filter((id, place) => ids.indexOf(id) < place).forEach(id => faults.push(`id twice: ${id}`));
  return faults;
}
"""
UNREACHED = """
async () => {
  const faults = [], painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  for (const link of document.querySelectorAll("a[href^='#']")) {
    document.querySelectorAll("details").forEach(one => { one.open = false; });
    link.click();
    await painted();
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const box = target?.getBoundingClientRect();
    const isSeen = target?.checkVisibility() && box.top < innerHeight && box.bottom > 0;
    if (!isSeen) faults.push(`not opened: ${link.hash}`);
  }
  return faults;
}
"""
SAID_BY_BROWSER = ("error", "warning")


@contextmanager
def browser_or_skip() -> Iterator[Any]:
    """Chromium; the test is skipped where it or playwright is not installed."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make setup")
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(chromium())
        except UserError as error:
            pytest.skip(str(error))
        yield browser


@contextmanager
def opened(
    browser: Any, path: Path, width: int, scheme: str = "light", **context: Any
) -> Iterator[tuple[Any, list[str]]]:
    """A page of that width in pixels, and what the browser says about it: errors, and requests of other addresses."""
    said: list[str] = []
    screen = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **context)
    page = screen.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type in SAID_BY_BROWSER else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: None if asked.url == path.as_uri() else said.append(f"request: {asked.url}"))
    page.goto(path.as_uri())
    yield page, said
    screen.close()


def faults_on_screen(browser: Any, path: Path, width: int, scheme: str) -> list[str]:
    """What is wrong with a page on a screen, folded parts included."""
    with opened(browser, path, width, scheme) as (page, said):
        unreached = page.evaluate(UNREACHED)
        page.evaluate(OPEN_ALL)
        looks = page.evaluate(TOO_WIDE) + page.evaluate(HARD_TO_READ, LEAST_CONTRAST) + page.evaluate(NOT_SAID)
        return [*unreached, *looks, *said]


def faults_on_paper(browser: Any, path: Path, printed: Path) -> list[str]:
    """What is wrong with a page in print, where nothing may be folded. Writes it as PDF."""
    with opened(browser, path, PAPER_WIDTH) as (page, said):
        page.emulate_media(media="print")
        hidden = page.evaluate(
            "() => [...document.querySelectorAll('details > :not(summary)')].filter(one => !one.checkVisibility())"
            ".map(one => `folded: ${one.textContent.trim().slice(0, 40)}`)"
        )
        too_wide = page.evaluate(TOO_WIDE)
        page.pdf(path=printed, format="A4")
        return [*hidden, *too_wide, *said]
