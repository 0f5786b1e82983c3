"""CSV in any dialect: the delimiter and the encoding are detected, quoted fields may contain line ends."""

import codecs
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from duckhouse.landed_rows import Landed, Origin, Rejects
from duckhouse.readers.exactjson import quoted
from duckhouse.readers.lines import KEPT_OF_LONG, MAX_RECORD, NOT_UTF8, printable, without_end
from duckhouse.readers.names import ColumnPlan, describe, plan_columns
from duckhouse.readers.stored import CHUNK, FileFault, opened
from duckhouse.sources import Entity

DELIMITERS = (",", ";", "\t", "|")

_HEADER_LINES = 200
_NAMES_TOLD = 3
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_QUOTED = re.compile('(?:[^"]++|"")*+')
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r(?!\Z)|\n)")  # a return at the end of the text may be half of \r\n
_NOT_ASCII = re.compile("[^\x00-\x7f]")


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """The five bytes that windows-1252 leaves undefined become the control characters with the same number."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("duckhouse_latin_1", _as_latin_1)


@dataclass(frozen=True)
class Text:
    """What the first pass over a file finds: `encoding` as recorded, whether each record must be checked, whether a
    lone carriage return ends a line, and the lines.
    """

    encoding: str
    is_damaged: bool
    has_returns: bool
    lines: int


@dataclass(frozen=True)
class Record:
    """A record as the splitter sees it: the line on which it starts, its text, and its values or why it has none.

    A value is None where nothing is between the delimiters; "" in quotes is the empty text.
    """

    row: int
    text: str
    values: list[str | None] | None
    reason: str | None
    lines: int


@dataclass(frozen=True)
class Counts:
    read: int
    blank: int
    encoding: str
    delimiter: str | None
    unmapped: list[str]
    missing: list[str] | None = None
    """Declared columns that the header does not name; None without a header."""


def land(
    path: Path,
    entity: Entity,
    origin: Origin,
    target: Path,
    rejects: Rejects,
    advance: Callable[[int], object],
) -> Counts:
    """Lands a CSV file; a header is required unless the file has no text at all.

    Raises FileFault for a header that names no declared column, or one twice, and for damaged UTF-16 or gzip.
    """
    text = examine(path)
    with Landed(target, entity, origin) as landed, _lines(path, text, advance) as lines:
        start = list(islice(lines, _HEADER_LINES))
        delimiter = sniff(start, entity)
        records = split(_joined(start, lines), delimiter)
        read, blank, header, physical = _skip_to_header(records)
        if not header:
            _check_lines(physical, text)
            return Counts(read, blank, text.encoding, None, [])
        names = _header_names(header, entity)
        plan = plan_columns(entity, names)
        for record in records:
            read += 1
            physical += record.lines
            if record.values == []:
                blank += 1
            elif reason := _fault(record, len(names), text.is_damaged):
                rejects.reject(record.row, reason, printable(without_end(record.text)))
            else:
                values, unmapped = _fill(record.values or [], names, plan)
                landed.add((values, unmapped, record.row), len(record.text))
        _check_lines(physical, text)
        left_over = sorted(names[i] for i in plan.unmapped)
        return Counts(read, blank, text.encoding, delimiter, left_over, plan.missing(entity))


def examine(path: Path) -> Text:
    """Reads the complete file once to find its encoding and its line ends.

    A byte order mark decides; else NULs beside the first character mean UTF-16; else it is UTF-8, unless more
    characters are invalid than valid: then it is windows-1252.
    """
    with opened(path, lambda _: None) as stream:
        head = stream.peek(4)[:4]
        encoding = next((name for bom, name in _BOMS.items() if head.startswith(bom)), None) or _by_nuls(head)
        decoder = codecs.getincrementaldecoder(encoding or "utf-8")("strict" if encoding else "surrogateescape")
        whole = broken = newlines = returns = pairs = 0
        last = ""
        try:
            while True:
                chunk = stream.read(CHUNK)
                text = decoder.decode(chunk, final=not chunk)
                newlines += text.count("\n")
                if "\r" in text or last == "\r":
                    returns += text.count("\r")
                    pairs += (last + text).count("\r\n")
                if not encoding and not text.isascii():
                    strange = len(NOT_UTF8.findall(text))
                    broken += strange
                    whole += len(_NOT_ASCII.findall(text)) - strange
                last = text[-1:] or last
                if not chunk:
                    break
        except UnicodeDecodeError as error:
            raise FileFault(f"{encoding} text is damaged ({error.reason}): export the file again") from None
    has_returns = returns > pairs
    ends = ("\n", "\r") if has_returns else ("\n",)
    lines = newlines + returns - pairs + (last not in ("", "\ufeff", *ends))
    found = encoding or ("utf-8" if not broken or whole > broken else "windows-1252")
    return Text(found, bool(broken) and found == "utf-8", has_returns, lines)


def _by_nuls(head: bytes) -> str | None:
    if len(head) >= 2 and head[0] and not head[1]:
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 2 and head[1] and not head[0] else None


@contextmanager
def _lines(path: Path, text: Text, advance: Callable[[int], object]) -> Iterator[Iterator[str]]:
    errors = "strict"
    if text.encoding == "windows-1252":
        errors = "duckhouse_latin_1"
    elif text.encoding == "utf-8":
        errors = "surrogateescape"
    with opened(path, advance) as stream:
        wrapper = io.TextIOWrapper(stream, text.encoding, errors, newline="" if text.has_returns else "\n")
        yield _without_mark(_of_any_end(wrapper) if text.has_returns else _physical(wrapper))
        wrapper.detach()


def _physical(wrapper: io.TextIOWrapper) -> Iterator[str]:
    """The lines with their ends; a line that is too long is cut, but stays recognisable as too long."""
    while line := wrapper.readline(MAX_RECORD + 1):
        if len(line) > MAX_RECORD:
            while line[-1] != "\n" and (more := wrapper.readline(MAX_RECORD)):
                line = line[: MAX_RECORD + 1] + more[-1]
        yield line


def _of_any_end(wrapper: io.TextIOWrapper) -> Iterator[str]:
    """The same where a lone carriage return ends a line too."""
    rest = ""
    while chunk := wrapper.read(CHUNK):
        text, position = rest + chunk, 0
        while line := _LINE.match(text, position):
            yield line[0]
            position = line.end()
        rest = text[position:]
        if len(rest) > MAX_RECORD:
            rest = rest[: MAX_RECORD + 1] + ("\r" if rest[-1] == "\r" else "")
    yield from [rest] if rest else []


def _without_mark(lines: Iterator[str]) -> Iterator[str]:
    for line in islice(lines, 1):
        yield line.removeprefix("\ufeff")
    yield from lines


def _joined(start: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from start
    yield from rest


def sniff(start: list[str], entity: Entity) -> str:
    """The delimiter with which the header names the most declared columns; on a tie, the one with the most fields."""

    def yield_of(delimiter: str) -> tuple[int, int]:
        for record in split(iter(start), delimiter):
            if record.values:
                plan = plan_columns(entity, [_clean(value) for value in record.values])
                return sum(1 for carriers in plan.carriers if carriers), len(record.values)
            if record.reason:
                break
        return 0, 0

    best = max(DELIMITERS, key=yield_of)
    return best if yield_of(best)[0] else DELIMITERS[0]


def header(path: Path) -> list[str]:
    """The names of the columns, with the delimiter that gives the most of them; none where there is no text."""
    text = examine(path)
    with _lines(path, text, lambda _: None) as lines:
        start = list(islice(lines, _HEADER_LINES))
    found: list[str] = []
    for delimiter in DELIMITERS:
        _, _, record, _ = _skip_to_header(split(iter(start), delimiter))
        if record and record.values and len(record.values) > len(found):
            found = [_clean(value) or f"column_{i}" for i, value in enumerate(record.values, 1)]
    return found


def _skip_to_header(records: Iterator[Record]) -> tuple[int, int, Record | None, int]:
    blank = physical = 0
    for record in records:
        physical += record.lines
        if record.values != []:
            return blank, blank, record, physical
        blank += 1
    return blank, blank, None, physical


def _clean(value: str | None) -> str:
    return (value or "").strip().strip('"').strip()


def _header_names(header: Record, entity: Entity) -> list[str]:
    if header.values is None:
        raise FileFault(f"line {header.row}: the header cannot be read ({header.reason}): fix its quotes")
    if NOT_UTF8.search(header.text):
        raise FileFault(f"line {header.row}: the header is not valid UTF-8: export the file again")
    names = [_clean(value) or f"column_{i}" for i, value in enumerate(header.values, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        told = ", ".join(map(repr, twice[:_NAMES_TOLD])) + (" and others" if len(twice) > _NAMES_TOLD else "")
        raise FileFault(f"line {header.row}: the header names {told} more than once: rename one")
    if plan_columns(entity, names).is_foreign:
        raise FileFault(
            f"line {header.row}: the header has no column of {entity.name} (expected some of: {describe(entity)})"
        )
    return names


def split(lines: Iterator[str], delimiter: str) -> Iterator[Record]:
    """The records of physical lines. A blank line has no values: [].

    A quoted field that is not closed, or that is followed by text where a later line closes it, costs only the line on
    which its record starts: reading continues with the next line.
    """
    white = " \t\r\n\f\v".replace(delimiter, "")
    ahead = _Ahead(lines, delimiter)
    row = 0
    while line := ahead.next():
        row += 1
        if not line.strip(white):
            yield Record(row, line, [], None, 1)
            continue
        if len(line) > MAX_RECORD:
            yield Record(row, line[:KEPT_OF_LONG], None, "too_long", 1)
            continue
        if '"' not in line:
            values = [value or None for value in without_end(line).split(delimiter)]
            yield Record(row, line, values, None, 1)
            continue
        fields = _Fields(delimiter)
        outcome = fields.feed(line)
        more = ahead.closing(len(line)) if outcome == "unclosed_quote" else []
        for following in more:
            outcome = fields.feed(following)
        yield Record(row, "".join([line, *more]), None if outcome else fields.values, outcome, 1 + len(more))
        row += len(more)


class _Ahead:
    """Lines that are read ahead. Each is examined once, however many quotes stay open before it: where a quote is open
    at the start of a line, it closes at the same place no matter where it was opened.
    """

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._waiting: deque[str] = deque()
        self._size = 0
        self._never_closes = (
            False  # true: a quote that is open at the start of a waiting line does not close within these lines
        )

    def next(self) -> str:
        if not self._waiting:
            return next(self._lines, "")
        line = self._waiting.popleft()
        self._size -= len(line)
        self._never_closes = self._never_closes and bool(self._waiting)
        return line

    def closing(self, size: int) -> list[str]:
        """Takes the lines up to the one that closes the quote that a line of this size left open; else none."""
        while not self._never_closes and size + self._size <= MAX_RECORD:
            line = next(self._lines, "")
            outcome = _Fields(self._delimiter, is_open=True).feed(line) if line else "unclosed_quote"
            if line:
                self._waiting.append(line)
                self._size += len(line)
            if not outcome:
                taken = list(self._waiting)
                self._waiting.clear()
                self._size = 0
                return taken
            self._never_closes = not line or outcome != "unclosed_quote"
        return []


class _Fields:
    """The fields of one record, fed line by line."""

    def __init__(self, delimiter: str, *, is_open: bool = False) -> None:
        self.values: list[str | None] = []
        self._delimiter = delimiter
        self._open: list[str] | None = [] if is_open else None

    def feed(self, line: str) -> str | None:
        """None when the record ends with the line, unclosed_quote when it goes on, text_after_quote when it breaks."""
        end = len(without_end(line))
        position = 0
        while True:
            if self._open is None and line.startswith('"', position):
                self._open = []
                position += 1
            if self._open is None:
                stop = line.find(self._delimiter, position, end)
                self.values.append(line[position : stop if stop >= 0 else end] or None)
                if stop < 0:
                    return None
                position = stop + 1
                continue
            closing = _QUOTED.match(line, position).end()  # type: ignore[union-attr]  # it matches the empty text too
            self._open.append(line[position:closing])
            if closing == len(line):
                return "unclosed_quote"
            self.values.append("".join(self._open).replace('""', '"'))
            self._open = None
            position = closing + 1
            if position >= end:
                return None
            if line[position] != self._delimiter:
                return "text_after_quote"
            position += 1


def _fault(record: Record, width: int, is_damaged: bool) -> str | None:
    if record.reason:
        return record.reason
    if is_damaged and NOT_UTF8.search(record.text):
        return "invalid_utf8"
    return "wrong_number_of_fields" if len(record.values or []) != width else None


def _fill(values: list[str | None], names: list[str], plan: ColumnPlan) -> tuple[list[str | None], str | None]:
    filled: list[str | None] = []
    unmapped = [(names[i], values[i]) for i in plan.unmapped]
    for carriers in plan.carriers:
        if len(carriers) < 2:
            filled.append(values[carriers[0]] if carriers else None)
            continue
        told = [i for i in carriers if values[i] is not None]
        filled.append(values[told[0]] if told else None)
        unmapped += [(names[i], values[i]) for i in told[1:] if values[i] != values[told[0]]]
    if not unmapped:
        return filled, None
    members = (f"{quoted(name)}:{'null' if value is None else quoted(value)}" for name, value in unmapped)
    return filled, "{" + ",".join(members) + "}"


def _check_lines(seen: int, text: Text) -> None:
    if seen != text.lines:
        raise RuntimeError(f"{text.lines} lines were counted and {seen} were split into records")
