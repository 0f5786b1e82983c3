"""What the gateway must know about a statement before the engine runs it.

The engine is a command-line client inside: it ends inline data of an INSERT at the first empty line, runs whatever
follows a semicolon, and writes files where a statement asks for it. A server does none of that. So the engine is first
asked for the statement's normal form, which is a single, unambiguous statement, and only that is run. The one thing
guessed here is where the inline data of an INSERT starts; the normal form of the INSERT from a file shows whether the
guess was right.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from duckhouse.embedded.clickhouse.errors import ClickHouseError, fault

TOKEN = re.compile(
    rb"""
      (?P<space>   [\s\x00]++ | --[^\n]*+ | \#[\ !][^\n]*+ | /\*.*?(?:\*/|\Z) )
    | (?P<quoted>  '(?:[^'\\]|\\.|'')*+'? | "(?:[^"\\]|\\.|"")*+"? | `(?:[^`\\]|\\.|``)*+`? )
    | (?P<word>    \w++ )
    | (?P<mark>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
DATA_START = re.compile(rb"[ \t\f]*(?:\r?\n)?")

OPENING, CLOSING = b"([{", b")]}"
ENDS_FORMAT_CLAUSE = {b";", b"SETTINGS"}
RESULT_KEYWORDS = {b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"EXISTS", b"EXPLAIN", b"CHECK", b"KILL"}
SESSION_KEYWORDS = {b"SET", b"USE"}
OUTSIDE_OF_SESSIONS = {
    *(b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"EXISTS", b"INSERT"),
    *(b"CREATE", b"ALTER", b"DROP", b"TRUNCATE", b"RENAME", b"EXCHANGE", b"OPTIMIZE"),
}

# No access right stops these: file() reads any file, Python() a variable of this program, the others create files.
REFUSED_FUNCTIONS = {b"file", b"python", b"sqlite", b"disk", b"embeddedrocksdb"}
BEFORE_NAMES = {b".", b"TABLE", b"INTO", b"EXISTS", b"VIEW"}  # of tables, which may be followed by columns in brackets
# A function is named without brackets in APPLY and as an argument of a higher-order function: arrayMap(file, …).
APPLIES = re.compile(rb"APPLY|(?:array|map)\w*", re.IGNORECASE)
MAY_CALL = re.compile(rb"[`\"][^`\"\\]*\\|" + b"|".join(sorted(REFUSED_FUNCTIONS)), re.IGNORECASE)
IDENTIFIER_PARAMETER = re.compile(rb"\{(\w+):Identifier\}")


class Token(NamedTuple):
    kind: str
    text: bytes
    start: int
    end: int
    depth: int

    def top_word(self, *words: bytes) -> bool:
        """Whether this is one of the keywords, outside of brackets and quotes."""
        return self.depth == 0 and self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class Insert:
    """An INSERT with inline data: the statement before and after its source, and where the data starts."""

    target: bytes
    settings: bytes
    format: bytes
    data_start: int

    def from_file(self, path: Path) -> bytes:
        """The same INSERT, reading its data from a file."""
        source = b"FROM INFILE " + quoted(str(path)) + b" COMPRESSION 'none'"
        return b"\n".join([self.target, source, self.settings, b"FORMAT " + self.format])


@dataclass(frozen=True)
class Statement:
    """A statement without inline data. `body` is everything before the FORMAT clause, `tail` the rest."""

    keyword: bytes
    body: bytes
    tail: bytes
    format: str | None

    @property
    def is_query(self) -> bool:
        """Whether the statement selects rows, so that it can be a subquery and can be written to a file."""
        return self.keyword in (b"SELECT", b"WITH")

    @property
    def has_result(self) -> bool:
        return self.keyword in RESULT_KEYWORDS

    @property
    def changes_session(self) -> bool:
        return self.keyword in SESSION_KEYWORDS

    @property
    def keeps_session(self) -> bool:
        """Whether the session stays as it was, without a setting, temporary table or transaction of its own."""
        return self.keyword in OUTSIDE_OF_SESSIONS and b"TEMPORARY" not in self.body


def quoted(text: str) -> bytes:
    """A string literal; every setting accepts its value in this form, also a number."""
    return b"'" + text.encode("utf-8", "surrogateescape").replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"


def split_insert(sql: bytes) -> Insert | None:
    """The INSERT with inline data that `sql` starts with, or None for every other statement.

    `sql` may be cut anywhere after the header: only the part before the data is read.
    """
    tokens = _tokens(sql)
    if not next(tokens, _END).top_word(b"INSERT"):
        return None
    previous = next(tokens, _END)
    for keyword in (b"INTO", b"TABLE", b"FUNCTION"):
        if previous.top_word(keyword):
            previous = next(tokens, _END)
    settings_start = None
    for token in tokens:
        is_name = previous.text == b"."
        previous = token
        if is_name or token.depth:
            continue
        if token.top_word(b"SETTINGS") and settings_start is None:
            settings_start = token.start
        elif token.top_word(b"SELECT", b"WITH", b"FROM"):
            return None
        elif token.top_word(b"FORMAT", b"VALUES"):
            name = token if token.text.upper() == b"VALUES" else next(tokens, _END)
            target_end = token.start if settings_start is None else settings_start
            return Insert(
                target=sql[:target_end],
                settings=sql[target_end : token.start],
                format=b"Values" if name is token else name.text,
                data_start=_data_start(sql, name.end),
            )
    return None


def parse(sql: bytes) -> Statement:
    """The statement whose normal form is `sql`; raises ClickHouseError when it would read or write a file."""
    tokens = list(_tokens(sql))
    keyword = next((token.text for token in tokens if token.text != b"("), b"")
    _refuse_files(tokens, keyword)
    _refuse_functions(tokens)
    clause = _format_clause(tokens)
    if keyword == b"INSERT" and clause is not None and not any(token.top_word(b"SELECT", b"WITH") for token in tokens):
        raise fault(62, "SYNTAX_ERROR", "Syntax error: cannot tell where the data of this INSERT starts")
    body_end = tokens[clause].start if clause is not None else len(sql)
    return Statement(
        keyword=keyword,
        body=sql[:body_end],
        tail=sql[body_end:],
        format=_format_name(tokens, clause),
    )


def format_of_source(sql: bytes, path: Path) -> str | None:
    """The format in which the INSERT with the normal form `sql` reads the file `path`; raises ClickHouseError where it
    reads anything else.
    """
    tokens = list(_tokens(sql))
    sources = [
        source.text
        for first, second, source in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if first.top_word(b"FROM") and second.top_word(b"INFILE")
    ]
    if sources != [quoted(str(path))]:
        raise fault(62, "SYNTAX_ERROR", "Syntax error: cannot tell where the data of this INSERT starts")
    _refuse_functions(tokens)
    return _format_name(tokens, _format_clause(tokens))


def may_call(values: bytes) -> bool:
    """Whether inline data of VALUES may call a function of REFUSED_FUNCTIONS, whose name can be quoted and escaped."""
    return MAY_CALL.search(values) is not None


def refuse_functions(sql: bytes) -> None:
    """Raises ClickHouseError where the normal form `sql` calls a function of REFUSED_FUNCTIONS."""
    _refuse_functions(_tokens(sql))


def refuse_functions_by_name(statement: Statement, params: Mapping[str, str]) -> None:
    """Raises ClickHouseError where a query parameter uses the name of such a function as an identifier."""
    for name in IDENTIFIER_PARAMETER.findall(statement.body):
        value = params.get(name.decode(), "").strip('`" ').lower().encode("utf-8", "replace")
        if value in REFUSED_FUNCTIONS:
            raise _refused(value)


_END = Token("end", b"", 0, 0, 0)


def _tokens(sql: bytes) -> Iterator[Token]:
    depth = 0
    for match in TOKEN.finditer(sql):
        if match.lastgroup == "space":
            continue
        kind = "quoted" if match["quoted"] is not None else str(match.lastgroup)
        text = match[0]
        if kind == "mark" and text in CLOSING:
            depth = max(0, depth - 1)
        yield Token(kind, text, match.start(), match.end(), depth)
        if kind == "mark" and text in OPENING:
            depth += 1


def _data_start(sql: bytes, header_end: int) -> int:
    match = DATA_START.match(sql, header_end)
    return match.end() if match else header_end


def _format_clause(tokens: list[Token]) -> int | None:
    for index in range(len(tokens) - 2, 0, -1):
        if tokens[index].top_word(b"FORMAT") and tokens[index + 1].kind in ("word", "quoted"):
            following = tokens[index + 2].text.upper() if index + 2 < len(tokens) else b";"
            return index if following in ENDS_FORMAT_CLAUSE else None
    return None


def _refuse_files(tokens: list[Token], keyword: bytes) -> None:
    for first, second in pairwise(tokens):
        if first.top_word(b"INTO") and second.top_word(b"OUTFILE"):
            raise fault(358, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed")
        if keyword != b"INSERT":
            continue
        if first.top_word(b"FROM") and second.top_word(b"INFILE"):
            raise fault(78, "UNKNOWN_TYPE_OF_QUERY", "Query has infile and was sent directly to the server")
        if first.text.lower() == b"input" and second.text == b"(":
            raise fault(48, "NOT_IMPLEMENTED", "input() is not served here: insert into a temporary table first")


def _format_name(tokens: list[Token], clause: int | None) -> str | None:
    return tokens[clause + 1].text.strip(b"`").decode("ascii", "replace") if clause is not None else None


def _refuse_functions(tokens: Iterable[Token]) -> None:
    before = previous = _END
    for token in tokens:
        if _is_refused(previous) and token.text == b"(" and before.text not in BEFORE_NAMES:
            raise _refused(previous.text)
        applied = previous if previous.text != b"(" else before
        if _is_refused(token) and APPLIES.fullmatch(applied.text):
            raise _refused(token.text)
        before, previous = previous, token


def _is_refused(token: Token) -> bool:
    return token.kind == "word" and token.text.lower() in REFUSED_FUNCTIONS


def _refused(name: bytes) -> ClickHouseError:
    text = name.decode("ascii", "replace")
    return fault(497, "ACCESS_DENIED", f"{text}() is not served here: SQL reaches the tables of this engine only")
