"""Keeps secrets out of everything that is written down."""

import base64
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

MASK = "•••"
_SHORTEST = 4  # a shorter value would mask half of every text; `sync check` asks for longer secrets anyway
_SHORTEST_INSIDE = (
    8  # letters: of fewer too little is left inside of a longer base64, and other texts have it by chance
)
_CUT = "…"
_LEFT_OVER = 6  # signs: fewer are no part of a secret that anybody could use
_LONGEST_LEFT = 200  # more of them: no text is shortened to so many
_LONG = 500  # signs: from there on bytes are searched faster than text
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_BASE64 = "[A-Za-z0-9+/_-]"
_BACKSLASH = r"(?:\\|%(?:25){0,8}5[Cc]|&#92;)"
_ANY, _SOME = "{0,16}", "{1,16}"  # bounded, so that no answer takes long to look through
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_ENTITIES = {'"': "quot", "'": "apos", "<": "lt", ">": "gt"}


class Redactor:
    """Replaces known secret values in texts, also where they stand URL-, JSON-, HTML- or base64-encoded, once or more often."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        wanted = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
        known = [writing for secret in wanted for writing in _writings(secret)]
        self._known = [(writing.clue, writing.clue.encode(), writing.whole) for writing in known]
        if beginnings := "|".join(_beginning(secret) for secret in wanted if len(secret) >= _SHORTEST_INSIDE):
            self._known.append((_CUT, _CUT.encode(), f"(?:{beginnings})(?={_CUT})"))
        self._shortest = min((writing.shortest for writing in known), default=sys.maxsize)

    def text(self, text: str) -> str:
        """Return `text` with every secret masked."""
        if len(text) < self._shortest:  # most texts of an answer: it has hundreds
            return text
        if len(text) < _LONG:
            found = [whole for clue, _, whole in self._known if clue in text]
        else:
            raw = text.encode("utf-8", "surrogatepass")
            found = [whole for _, clue, whole in self._known if clue in raw]
        for whole in found:
            text = re.sub(whole, MASK, text)  # compiled, and kept, when it is needed first: a start has no time for it
        return text

    def in_place(self, text: str) -> str:
        """Return `text` with every secret masked sign by sign: it stays as long as it was."""
        for whole in [whole for clue, _, whole in self._known if clue in text]:
            text = re.sub(whole, lambda found: MASK[0] * len(found[0]), text)
        return text

    def value(self, value: Any) -> Any:
        """Return a JSON-like value with every secret masked in every string, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


_latest = Redactor()


def remember(redactor: Redactor) -> None:
    """Take this redactor for what is told of errors that end a command: it knows the files that were read last."""
    global _latest  # noqa: PLW0603  # of a process, as its log is
    _latest = redactor


def latest() -> Redactor:
    """Return the redactor that was remembered last; one that knows no secret where there was none."""
    return _latest


class _Writing(NamedTuple):
    """How a secret may be written. clue: what is in each text of this kind, so that others need no closer look. whole: a pattern."""

    clue: str
    whole: str
    shortest: int


def _writings(secret: str) -> Iterator[_Writing]:
    core = max(_PLAIN.findall(secret), key=len, default="")
    yield _Writing(core, "".join(map(_sign, secret)), len(secret))
    for form in set(_base64(core if len(core) >= _SHORTEST_INSIDE else secret)):
        yield _Writing(form, f"(?<!{_BASE64}){_BASE64}*{re.escape(form)}{_BASE64}*={{0,2}}", len(form))


def _beginning(secret: str) -> str:
    """Return the pattern of the first signs of a secret, however many: what is left where a text was shortened."""
    signs = [_sign(sign) for sign in secret[: _LEFT_OVER + _LONGEST_LEFT]]
    longer = ""
    for sign in reversed(signs[_LEFT_OVER:]):
        longer = f"(?:{sign}{longer})?"
    return "".join(signs[:_LEFT_OVER]) + longer


def _sign(sign: str) -> str:
    """Return the pattern of one sign in all its writings, and in one of them within another."""
    if _PLAIN.fullmatch(sign):
        return re.escape(sign)
    if sign == "\\":
        return f"{_BACKSLASH}{_SOME}"
    writings = "|".join([re.escape(sign), *_percent(sign), *_entity(sign)])
    return f"(?:{_BACKSLASH}{_ANY}(?:{writings})|{_BACKSLASH}{_SOME}(?:{'|'.join(_escape(sign))}))"


def _percent(sign: str) -> Iterator[str]:
    """Yield the patterns of a sign in an address: by UTF-8 or by Latin-1, in letters of any case, encoded again and again."""
    for raw in _bytes(sign):
        yield "".join(f"%(?:25){_ANY}(?i:{byte:02x})" for byte in raw)
    if sign == " ":
        yield r"\+"


def _escape(sign: str) -> Iterator[str]:
    """Yield the patterns of a sign behind the backslash of JSON or Python."""
    units = sign.encode("utf-16-be", "surrogatepass")
    yield f"{_BACKSLASH}{_SOME}".join(f"u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    if ord(sign) < 256:
        yield f"x(?i:{ord(sign):02x})"
    if sign in _LETTERS:
        yield _LETTERS[sign]


def _entity(sign: str) -> Iterator[str]:
    """Yield the patterns of a sign in a page."""
    yield f"&(?:amp;){_ANY}#(?:0{_ANY}{ord(sign)}|[xX]0{_ANY}(?i:{ord(sign):x}));"
    if sign == "&":
        yield f"&(?:amp;){_SOME}"
    elif sign in _ENTITIES:
        yield f"&(?:amp;){_ANY}{_ENTITIES[sign]};"


def _base64(text: str) -> Iterator[str]:
    """Yield base64, also as it comes out within a longer text, without the signs that depend on its neighbours."""
    for raw in _bytes(text):
        for before in range(3 if len(raw) >= _SHORTEST_INSIDE else 1):
            first, end = -(-8 * before // 6), 8 * (before + len(raw)) // 6
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(b"\0" * before + raw).decode()[first:end]


def _bytes(text: str) -> Iterator[bytes]:
    """Yield a text as it goes on the wire: in UTF-8, and in Latin-1 as headers have it."""
    yield text.encode("utf-8", "surrogatepass")
    if not text.isascii() and all(ord(sign) < 256 for sign in text):
        yield text.encode("latin-1")
