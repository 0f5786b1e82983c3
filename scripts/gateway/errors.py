"""Faults in the words and codes of ClickHouse, and the HTTP status of each code."""

import re
from http import HTTPStatus

CODE = re.compile(r"Code: (\d+)")
REPEATED_PREFIX = re.compile(r"^(Code: \d+\. DB::Exception: )\1+")

UNKNOWN_EXCEPTION = 1002

# As in ClickHouse's exceptionCodeToHTTPStatus; a code that is not here is a 500.
STATUS_OF_CODE = {
    **dict.fromkeys((6, 26, 27, 38, 41, 42, 43, 53, 62, 69, 70, 72, 117, 271, 374), HTTPStatus.BAD_REQUEST),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 89, 115, 336, 372), HTTPStatus.NOT_FOUND),
    **dict.fromkeys((192, 193, 516), HTTPStatus.FORBIDDEN),
    48: HTTPStatus.NOT_IMPLEMENTED,
    159: HTTPStatus.REQUEST_TIMEOUT,
    1000: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


class ClickHouseError(Exception):
    """A fault that the client is told in ClickHouse's form: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`."""

    def __init__(self, code: int, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status or STATUS_OF_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def fault(code: int, name: str, message: str, status: int | None = None) -> ClickHouseError:
    """A fault that the gateway finds itself, worded as the server words it."""
    return ClickHouseError(code, f"Code: {code}. DB::Exception: {message}. ({name})", status)


def engine_fault(error: Exception) -> ClickHouseError:
    """The fault that the engine reported, with the engine's own text."""
    # A message that quotes data which is not UTF-8 comes as the failure to decode it, with its bytes.
    is_raw = isinstance(error, UnicodeDecodeError)
    text = (error.object.decode("utf-8", "replace") if is_raw else str(error)).strip()
    code = CODE.search(text)
    if code is None:
        return fault(UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", text or "The engine gave no reason")
    return ClickHouseError(int(code[1]), REPEATED_PREFIX.sub(r"\1", text[code.start() :]))
