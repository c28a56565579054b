"""The lines of bundle files as problems show them: secrets are masked sign by sign, so that columns stay."""

import re
from collections.abc import Iterable, Mapping

from apimonster_cli.bundles.nodes import LINE_END, Scalar
from apimonster_cli.core.redact import MASK, Redactor

_SIGN = re.compile("[^\r\n\x85\u2028\u2029]")
_VARIABLE = r"""["']?\$\{[^}]*\}["']?"""
_NAMED = re.compile(
    rf"""^(?P<indent>[ ]*)(?P<before>.*?[\w-]*(?:token|secret|key|auth|passw|cookie)[\w-]*["']?[ ]*:[ ]+)(?!{_VARIABLE})(?P<value>.+)$""",
    re.IGNORECASE,
)
"""A line of a file that cannot be read, with what may be a secret to its end."""


def masked_lines(
    texts: Mapping[str, str], secrets: Iterable[Scalar], unread: Iterable[str], redactor: Redactor
) -> dict[str, list[str]]:
    """Return the lines of each file without secrets.

    secrets: the values that are secret by where they stand; a `${…}` among them is left. unread: the files of which no value is known;
    whatever stands there behind a name such as token is masked.
    """
    shown = dict(texts)
    for one in secrets:
        text = shown[one.place.file]
        written = text[one.start : one.end]
        if "${" not in written:
            shown[one.place.file] = text[: one.start] + _blotted(written) + text[one.end :]
    for name in unread:
        shown[name] = "\n".join(_guessed(LINE_END.split(shown[name])))
    return {name: LINE_END.split(redactor.in_place(text)) if text else [] for name, text in shown.items()}


def _guessed(lines: Iterable[str]) -> Iterable[str]:
    """Yield lines with what may be secret masked, and what is indented below it too."""
    below: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        if below is not None and (indent > below or not line.strip()):
            yield _blotted(line)
            continue
        found = _NAMED.match(line)
        below = indent if found else None
        yield line[: found.start("value")] + _blotted(found["value"]) if found else line


def _blotted(text: str) -> str:
    return _SIGN.sub(MASK[0], text)
