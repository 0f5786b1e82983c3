"""Bodies of requests and answers: framing, compression, forms. Only forms are held in memory completely."""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from email.message import Message
from typing import Any, BinaryIO

import lz4.frame
from backports import zstd

from duckhouse.embedded.clickhouse.errors import fault

CHUNK_BYTES = 1 << 20
MAX_CHUNK_LINE = 4096

DECODERS: dict[str, Callable[[Any], Any]] = {
    "gzip": lambda body: gzip.GzipFile(fileobj=body),
    "x-gzip": lambda body: gzip.GzipFile(fileobj=body),
    "zstd": zstd.ZstdFile,
    "lz4": lz4.frame.LZ4FrameFile,
}


class Disconnected(ConnectionError):
    """The client went away in the middle of its request."""


class RequestBody(io.RawIOBase):
    """The body of one request: `length` bytes of the connection, or HTTP chunks when `length` is None.

    `begin` is called before the first byte is read (it sends 100 Continue). Raises Disconnected when the body is cut
    short or its framing is broken.
    """

    def __init__(self, connection: io.BufferedIOBase, length: int | None, begin: Callable[[], None]) -> None:
        super().__init__()
        self._connection = connection
        self._chunked = length is None
        self._left = length or 0
        self._begin = begin
        self.started = False
        self.finished = length == 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.started:
            self.started = True
            self._begin()
        if self._chunked and not self.finished and self._left == 0:
            self._next_chunk()
        if self.finished:
            return 0
        wanted = min(len(buffer), self._left)
        received = self._connection.readinto(memoryview(buffer)[:wanted])
        if not received:
            raise Disconnected("the request body is cut short")
        self._left -= received
        if self._left == 0:
            if self._chunked:
                self._line()
            self.finished = not self._chunked
        return received

    def drain(self, limit: int) -> bool:
        """Skips what is left of the body, up to `limit` bytes. True when the end was reached."""
        buffer = bytearray(min(limit, CHUNK_BYTES))
        while not self.finished and limit > 0:
            limit -= self.readinto(buffer)
        return self.finished

    def _next_chunk(self) -> None:
        size = self._line().split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", size):
            raise Disconnected("the chunked request body is malformed")
        self._left = int(size, 16)
        if self._left == 0:
            while self._line():
                pass
            self.finished = True

    def _line(self) -> bytes:
        line = self._connection.readline(MAX_CHUNK_LINE)
        if not line.endswith(b"\n"):
            raise Disconnected("the chunked request body is cut short")
        return line.strip()


def decoded(body: RequestBody, encoding: str) -> Iterator[bytes]:
    """The bytes of a request body, decompressed as its Content-Encoding says, in pieces of at most 1 MiB.

    Raises ClickHouseError for an unknown encoding and for damaged or truncated data.
    """
    source = io.BufferedReader(body, CHUNK_BYTES)
    if encoding in ("", "identity"):
        yield from _pieces(source)
    elif encoding not in DECODERS:
        raise fault(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method: {encoding}")
    elif source.peek(1):
        try:
            yield from _pieces(DECODERS[encoding](source))
        except ConnectionError:
            raise
        except (OSError, EOFError, RuntimeError, zlib.error, zstd.ZstdError) as error:
            raise fault(271, "CANNOT_DECOMPRESS", f"Cannot decompress the {encoding} request body: {error}") from error


def accepted_encoding(accept: str) -> str | None:
    """The first compression of an Accept-Encoding header that the gateway can write, or None."""
    names = (part.split(";")[0].strip().lower() for part in accept.split(","))
    return next((name for name in names if name in ("zstd", "lz4", "gzip")), None)


def encoded(source: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The bytes of `source` as one compressed stream."""
    compress, finish = _encoder(encoding)
    for piece in _pieces(source):
        yield compress(piece)
    yield finish()


def form_fields(body: Iterable[bytes], content_type: str) -> dict[str, str]:
    """The fields of a multipart/form-data body, in which clients send parameters too long for a URL.

    Raises ClickHouseError when a part is a file: external tables are not served.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = str(header.get_param("boundary", "")).encode()
    if not boundary:
        raise fault(36, "BAD_ARGUMENTS", "multipart/form-data without a boundary", 400)
    fields = {}
    for part in (b"\r\n" + b"".join(body)).split(b"\r\n--" + boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        disposition = Message()
        for line in head.decode("utf-8", "replace").splitlines():
            name, _, text = line.partition(":")
            disposition[name.strip() or "-"] = text.strip()
        if disposition.get_param("filename", header="content-disposition") is not None:
            raise fault(
                48, "NOT_IMPLEMENTED", "External tables are not served here: use a temporary table in a session"
            )
        name = str(disposition.get_param("name", "", header="content-disposition"))
        fields[name] = value.decode("utf-8", "surrogateescape")
    return fields


def _pieces(source: Any) -> Iterator[bytes]:
    while piece := source.read(CHUNK_BYTES):
        yield piece


def _encoder(encoding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    if encoding == "gzip":
        stream = zlib.compressobj(level=3, wbits=31)
        return stream.compress, stream.flush
    if encoding == "zstd":
        compressor = zstd.ZstdCompressor(level=1)
        return compressor.compress, compressor.flush
    frame = lz4.frame.LZ4FrameCompressor()
    header = [frame.begin()]
    return (lambda piece: (header.pop() if header else b"") + frame.compress(piece)), (
        lambda: (header.pop() if header else b"") + frame.flush()
    )
