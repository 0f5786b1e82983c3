"""The header block of an empty result in FORMAT Native."""

from collections.abc import Iterable


def header_block(columns: Iterable[tuple[str, str]]) -> bytes:
    """A block without rows that names the columns and their types.

    A server sends it for an empty result; the embedded engine sends nothing, and clients lose the column names.
    """
    names_and_types = list(columns)
    block = _varint(len(names_and_types)) + _varint(0)
    for name, type_name in names_and_types:
        block += _string(name) + _string(type_name)
    return block


def _string(text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    return _varint(len(data)) + data


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
