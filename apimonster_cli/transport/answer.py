"""The body of an answer, never more of it than agreed, however it is packed and however slowly it comes."""

import zlib

from urllib3 import BaseHTTPResponse

from apimonster_cli.core.clock import Clock

_PART = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class AnswerError(Exception):
    """The body cannot be used; the text goes on after "the answer of …"."""


def read_body(raw: BaseHTTPResponse, *, most: int, deadline: float, clock: Clock) -> bytes:
    """Return the whole body, unpacked; AnswerError when it is too large, too slow or packed in a way nobody asked for.

    most: bytes, as they come and unpacked. deadline: of the clock's monotonic seconds.
    """
    packed = raw.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("identity", "", "gzip", "x-gzip"):
        raise AnswerError(f"is packed as {packed}, which was not asked for")
    parts: list[bytes] = []
    size = 0
    # read1 hands over what is there: read would wait for a whole part, and a trickle could take for ever.
    while part := raw.read1(_PART, decode_content=False):
        size += len(part)
        if size > most:
            raise AnswerError(f"is larger than {most} bytes")
        if clock.monotonic() > deadline:
            raise AnswerError("comes too slowly, it was not whole within the timeout")
        parts.append(part)
    body = b"".join(parts)
    return _unpack(body, most) if "gzip" in packed and body else body


def _unpack(body: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise AnswerError("is damaged: its gzip packing cannot be read") from None
    if len(unpacked) > most:
        raise AnswerError(f"is larger than {most} bytes")
    if not unpacker.eof:
        raise AnswerError("is not whole: its gzip packing ends too soon")
    return unpacked
