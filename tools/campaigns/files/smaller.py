"""The smallest part of a file that still shows the same failure."""

from collections.abc import Callable

MOST_TRIES = 60


def smaller(data: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Leaves out lines, halves first, as long as `fails` returns true."""
    lines, size, tries = data.splitlines(keepends=True), len(data.splitlines()), 0
    while (size := (size + 1) // 2) and tries < MOST_TRIES:
        start = 0
        while start < len(lines) and tries < MOST_TRIES:
            fewer = lines[:start] + lines[start + size :]
            tries += 1
            if fewer and fails(b"".join(fewer)):
                lines = fewer
            else:
                start += size
        if size == 1:
            break
    return b"".join(lines)
