"""Errors with ClickHouse's messages and codes, and the HTTP status of each code."""

import re
from http import HTTPStatus

CODE = re.compile(r"Code: (\d+)")
WHERE_IT_WAS_PARSED = re.compile(r": In scope SELECT formatQuerySingleLine\(.*(?= \([A-Z_]+\))", re.DOTALL)
REPEATED_PREFIX = re.compile(r"^(Code: \d+\. DB::Exception: )\1+")

UNKNOWN_EXCEPTION = 1002

# As in ClickHouse's src/Server/HTTP/exceptionCodeToHTTPStatus.cpp; a code that is not listed is a 500.
BAD_REQUEST_CODES = (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441)
STATUS_OF_CODE = {
    **dict.fromkeys((*BAD_REQUEST_CODES, 675, 676), HTTPStatus.BAD_REQUEST),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511), HTTPStatus.NOT_FOUND),
    **dict.fromkeys((192, 193, 497, 512, 516), HTTPStatus.FORBIDDEN),
    **dict.fromkeys((76, 209, 439), HTTPStatus.SERVICE_UNAVAILABLE),
    48: HTTPStatus.NOT_IMPLEMENTED,
    159: HTTPStatus.REQUEST_TIMEOUT,
    194: HTTPStatus.UNAUTHORIZED,
    229: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


class ClickHouseError(Exception):
    """An error that the client gets in ClickHouse's form: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`."""

    def __init__(self, code: int, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status or STATUS_OF_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def fault(code: int, name: str, message: str, status: int | None = None) -> ClickHouseError:
    """An error that the gateway finds itself, with the server's wording."""
    return ClickHouseError(code, f"Code: {code}. DB::Exception: {message}. ({name})", status)


def syntax_fault(error: Exception) -> ClickHouseError:
    """The error that the engine found in a statement that it was asked to parse."""
    found = engine_fault(error)
    return ClickHouseError(found.code, WHERE_IT_WAS_PARSED.sub("", found.text))


def engine_fault(error: Exception) -> ClickHouseError:
    """The error that the engine reported, with the engine's own text."""
    # A message that quotes data that is not UTF-8 arrives as a decoding error with the message's bytes.
    raw = error.object.decode("utf-8", "replace") if isinstance(error, UnicodeDecodeError) else str(error)
    text = raw.strip()
    code = CODE.search(text)
    if code is None:
        return fault(UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", text or "The engine gave no reason")
    return ClickHouseError(int(code[1]), REPEATED_PREFIX.sub(r"\1", text[code.start() :]))
