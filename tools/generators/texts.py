"""Columns of ids and times as text, many at once."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
HEX = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint8).reshape(256, 2)
_DASHED = [i for i in range(36) if i not in (8, 13, 18, 23)]


def hex_text(ids: np.ndarray, dashed: np.ndarray) -> pa.Array:
    """UUID bytes as 32 hex digits, or with dashes where `dashed`."""
    digits = HEX[ids].reshape(len(ids), 32)
    if not dashed.any():
        return fixed(digits)
    spaced = np.full((len(ids), 36), ord("-"), dtype=np.uint8)
    spaced[:, _DASHED] = digits
    return fixed(spaced) if dashed.all() else pc.if_else(pa.array(dashed), fixed(spaced), fixed(digits))


def uuid_text(ids: np.ndarray) -> list[str]:
    return hex_text(ids, np.ones(len(ids), dtype=bool)).to_pylist() if len(ids) else []


def time_text(at: np.ndarray, style: str) -> pa.Array:
    """Milliseconds since 1970 UTC as text: zulu, offset (+02:00), space (UTC without a zone) or epoch."""
    if style == "epoch":
        return pa.array(at).cast(pa.string())
    tail = {"zulu": b"Z", "offset": b"+02:00", "space": b""}[style]
    local = at + 2 * HOUR_MS if style == "offset" else at
    days, within = np.divmod(local, DAY_MS)
    unique, inverse = np.unique(days, return_inverse=True)
    dates = np.array([list(str(np.datetime64(int(day), "D")).encode()) for day in unique], dtype=np.uint8)
    text = np.empty((len(at), 23 + len(tail)), dtype=np.uint8)
    text[:, :10] = dates.reshape(-1, 10)[inverse]
    text[:, 10] = ord(" " if style == "space" else "T")
    for place, divisor, base in (
        (11, 36_000_000, 10),
        (12, 3_600_000, 10),
        (14, 600_000, 6),
        (15, 60_000, 10),
        (17, 10_000, 6),
        (18, 1_000, 10),
        (20, 100, 10),
        (21, 10, 10),
        (22, 1, 10),
    ):
        text[:, place] = ord("0") + within // divisor % base
    text[:, [13, 16]] = ord(":")
    text[:, 19] = ord(".")
    text[:, 23:] = np.frombuffer(tail, dtype=np.uint8)
    return fixed(text)


def fixed(characters: np.ndarray) -> pa.Array:
    """Rows with the same number of ASCII characters, as strings."""
    rows, width = characters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters)))
