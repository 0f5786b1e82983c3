"""Pages of the documentation: links lead to files and headings that are there, and lines fit a screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from duckhouse.settings import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
WIDTH = 120
CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("https://", "http://", "mailto:")


def faults(page: Path) -> Iterator[str]:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        if target.startswith(ELSEWHERE):
            continue
        place, _, anchor = target.partition("#")
        path = page.parent / place if place else page
        if not path.exists():
            yield f"{target}: no such file"
        elif anchor and anchor not in anchors(path):
            yield f"{target}: no such heading"
    for line in re.sub(r"\]\(\S+\)", "]", text).splitlines():
        if len(line) > WIDTH and " " in line and not line.startswith("|"):
            yield f"{line[:40]}…: {len(line)} characters, the most are {WIDTH}"


def anchors(page: Path) -> set[str]:
    """The places of a page's headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_a_page_is_in_order(page: Path) -> None:
    assert list(faults(page)) == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), {PROJECT / "README.md"}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = (target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8")))
        linked = {(page.parent / link).resolve() for link in links if link.endswith(".md") and "://" not in link}
        waiting |= linked - reached
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "[there](other.md) [part](other.md#what-is---it) [here](#top) <https://example.org> [x](https://e.org/y)",
            None,
        ),
        ("```\n[code](gone.md)\n```\nand `[code](gone.md)`", None),
        ("![picture](gone.png)", "gone.png: no such file"),
        ("[split\nlink](gone.md)", "gone.md: no such file"),
        ("[part](other.md#what)", "other.md#what: no such heading"),
        ("[here](#code)", "#code: no such heading"),
        ("| " + "wide " * 40 + "|", None),
        ("wide " * 40, "wide wide wide wide wide wide wide wide …: 200 characters, the most are 120"),
    ],
)
def test_a_fault_is_told(line: str, told: str | None, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Top\n```\n# Code\n```\n{line}\n", encoding="utf-8")
    (tmp_path / "other.md").write_text("## What is (`--it`)?\n", encoding="utf-8")
    assert list(faults(page)) == ([told] if told else [])
