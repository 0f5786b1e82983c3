"""The parts of a page. A part says what is shown, templates/parts.html how. Text is escaped there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

MOST_SHOWN = 10  # rows that are not folded
MOST_ROWS = 500  # rows in a table on a page, folded ones included
LONG_TEXT = 40  # characters from which a cell counts as prose, which wraps
NUMBER = r"[-+±<]?\s?(\$|[A-Z]{3} )?\d[\d,.:%\s-]*( ?[a-zA-Z%]{1,3})?"
FIGURE = re.compile(rf"(expected )?{NUMBER}( ?\([^)]{{1,30}}\))?|none|")


class Part(Protocol):
    kind: ClassVar[str]
    """the name of its macro in templates/parts.html"""


@dataclass(frozen=True)
class Text:
    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing made by charts.py, and what it shows in words."""

    kind: ClassVar[str] = "chart"
    svg: str = field(repr=False)
    label: str


@dataclass(frozen=True)
class Link:
    """Text of a cell that links to an anchor of the page."""

    kind: ClassVar[str] = "link"
    text: str
    anchor: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Fact:
    """A figure with its name; the note gives its uncertainty, such as an interval."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Facts:
    kind: ClassVar[str] = "facts"
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Code:
    """A query or a command to copy."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Folded:
    """Parts below a line that unfolds them; links lead to its anchor, where it has one."""

    kind: ClassVar[str] = "folded"
    summary: str
    parts: Sequence[Part]
    anchor: str = ""


@dataclass
class Table:
    """Rows of text, links and charts; the first column has their names. Rows beyond `shown` are folded, rows beyond
    MOST_ROWS are only counted."""

    kind: ClassVar[str] = "table"
    caption: str
    headers: Sequence[str]
    rows: Iterable[Sequence[Any]]
    shown: int = MOST_SHOWN

    def __post_init__(self) -> None:
        rows = [tuple(row) for row in self.rows]
        self.rows, self.left_out = rows[:MOST_ROWS], max(len(rows) - MOST_ROWS, 0)
        self.first, self.rest = self.rows[: self.shown], self.rows[self.shown :]
        self.looks = [look([row[place] for row in self.rows]) for place in range(len(self.headers))]


@dataclass(frozen=True)
class Section:
    """A part of a chapter. Its title is a question or a statement that its first part answers or shows."""

    title: str
    parts: Sequence[Part]
    note: str = ""
    folded: bool = False
    anchor: str = ""


@dataclass(frozen=True)
class Chapter:
    heading: str
    facts: Sequence[Fact]
    sections: Sequence[Section]

    @property
    def anchor(self) -> str:
        return slug(self.heading)

    def anchor_of(self, section: Section) -> str:
        return section.anchor or f"{self.anchor}-{slug(section.title)}"

    def anchors(self) -> Iterator[str]:
        """The anchors of its sections, and of the folded parts in them."""
        for section in self.sections:
            yield self.anchor_of(section)
            yield from (part.anchor for part in section.parts if isinstance(part, Folded) and part.anchor)


def look(cells: Sequence[Any]) -> str:
    """How a column looks: figures are right-aligned, prose wraps."""
    texts = [str(cell) for cell in cells if not isinstance(cell, Chart)]
    if texts and all(FIGURE.fullmatch(text) for text in texts):
        return "figure"
    return "prose" if any(len(text) > LONG_TEXT for text in texts) else "name"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
