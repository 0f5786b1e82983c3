"""A page of the report as a tree, and what tests ask of it: facts, sections and tables by their titles."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
CONTINUED = ", continued"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.builder = ElementTree.TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        self.builder.data(data)


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


class Page:
    def __init__(self, source: str) -> None:
        self.source = source
        reader = _Reader()
        reader.feed(source)
        self.root = reader.builder.close()

    @property
    def text(self) -> str:
        """What is written on it; not its title, style and script."""
        return " ".join(text_of(one) for one in self.root.find("body") if one.tag != "script")

    @property
    def headings(self) -> list[str]:
        """Those of the chapters."""
        return [text_of(heading) for heading in self.root.iterfind(".//section[@class='chapter']/h2")]

    def chapter(self, heading: str) -> Element:
        [found] = [one for one in self._of_class("chapter") if text_of(one.find("h2")) == heading]
        return found

    def facts(self, heading: str) -> dict[str, str]:
        """The values of the facts that open a chapter, each followed by its note."""
        facts = self.chapter(heading).find("dl")
        return {text_of(fact.find("dt")): " ".join(map(text_of, fact.iterfind("dd"))) for fact in facts}

    def sections(self, heading: str) -> dict[str, Element]:
        """The sections of a chapter by their titles, in their order, folded ones too."""
        return {text_of(one.find(".//h3")): one for one in self.chapter(heading) if one.tag in ("section", "details")}

    def section(self, title: str) -> Element:
        """The section of that title, of whichever chapter."""
        [found] = [sections[title] for heading in self.headings if title in (sections := self.sections(heading))]
        return found

    def table(self, title: str, number: int = 0) -> list[list[str]]:
        """The cells of a table of a section: the first one, or another by its number. Folded rows too."""
        tables = [(text_of(one.find("caption")), one) for one in self.section(title).iter("table")]
        caption, _ = [pair for pair in tables if not pair[0].endswith(CONTINUED)][number]
        rows = [
            row for name, one in tables if name in (caption, caption + CONTINUED) for row in one.iterfind("tbody/tr")
        ]
        return [[text_of(cell) for cell in row] for row in rows]

    def charts(self, title: str) -> list[Element]:
        """The figures of a section; text_of() gives the words in one."""
        return list(self.section(title).iter("figure"))

    def ids(self) -> list[str]:
        return [one.attrib["id"] for one in self.root.iter() if "id" in one.attrib]

    def addresses(self) -> list[str]:
        """What the page links to or loads."""
        names = ("src", "href", "xlink:href", "action")
        return [one.attrib[name] for one in self.root.iter() for name in names if name in one.attrib]

    def _of_class(self, name: str) -> Iterator[Element]:
        return (one for one in self.root.iter() if one.get("class") == name)


def read_page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))
