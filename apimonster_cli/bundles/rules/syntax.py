"""The file is not YAML that can be read.

Wrong indentation, a tab, a sign from a web page that only looks like a space, a quote or bracket that is never closed, a value
that starts with a character YAML keeps for itself, two documents in one file, an empty file, a file that is not UTF-8, an alias of
nothing. Two slips are worth knowing: a template that starts with `{{` has to be in quotes, and so has `${NAME}` inside `{ }` or
`[ ]`.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          externalId: {{ id }}-site
          phone: contact.phone
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          externalId: "{{ id }}-site"
          phone: contact.phone
```
"""

import re
from collections.abc import Callable, Iterable

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from apimonster_cli.bundles.lookalike import odd_space
from apimonster_cli.bundles.nodes import LINE_END
from apimonster_cli.bundles.problem import Problem, nearest
from apimonster_cli.core.place import Place

NAME = "syntax"

SEVERAL = "a second document (---) starts here; put each in a file of its own"
DEEP = "this is nested too deeply"
HUGE = "the aliases (*name) of this file stand for too many values"
HALF = "this spells half a character, which no text can hold; write the character itself"
NO_KEY = "a key has to be a single word or text"
NOT_A_MAPPING = "a bundle file starts with keys such as version:, connections: and bundles:"
TEMPLATE = 'a template that starts with {{ has to be in quotes: "{{ … }}"'
_QUOTES = "put the whole value in quotes"
_INDENTATION = "the indentation of this line fits nothing above it; keys of one mapping start in the same column"
_COLON = "no colon is expected here: indent the line as its neighbours, end the line above with a colon, or " + _QUOTES
_SPACES = re.compile(
    r"^[ \t]*(?:- *)*([\u00a0\u2000-\u200b\u202f\u3000\ufeff])|[:-]([\u00a0\u2000-\u200b\u202f\u3000\ufeff])"
)
_BLOCK = re.compile(r"expected <block end>, but found '(.*)'")

_Sentence = str | Callable[[re.Match[str]], str]
_SENTENCES: tuple[tuple[str, _Sentence, bool], ...] = (
    # what the parser says, what we say, whether the place where the thing began tells more
    (r"found character '\\t'", "a tab cannot indent YAML; use spaces", False),
    (r"tab character", "a tab cannot indent YAML; use spaces", False),
    (r"found character '(.)'", lambda found: f"a value cannot start with {found[1]}; {_QUOTES}", False),
    (r"mapping values are not allowed", _COLON, False),
    (r"'<stream end>'", "this is never closed, or its value is missing", True),
    (r"unexpected end of stream", "this quote is never closed", True),
    (r"could not find expected ':'", "a key needs a colon and a space: `key: value`", True),
    (r"expected ',' or '(.)', but got '[{\[]'", "a bracket inside { } or [ ] is special; " + _QUOTES, False),
    (
        r"expected ',' or '(.)'",
        lambda found: f"a comma is missing before this, or the {found[1]} that closes it",
        False,
    ),
    (
        r"unknown escape character '(.*)'",
        lambda found: rf"\{found[1]} means nothing inside double quotes; use single quotes",
        False,
    ),
    (
        r"sequence entries are not allowed",
        "a list cannot start here; put each `- item` on a line of its own below the key",
        False,
    ),
    (r"expected the node content, but found '(.)'", lambda found: f"a value is missing before this {found[1]}", False),
    (r"chomping or indentation", "nothing may follow | or > on its line; the text starts on the next one", False),
    (r"found '<scalar>'", "more text after the end of the value; " + _QUOTES, False),
    (_BLOCK.pattern, _INDENTATION, False),
    (r"directive|%", "lines that start with % are for YAML itself; " + _QUOTES, False),
)


def problem(place: Place, message: str, width: int = 1) -> Problem:
    """Return a problem of this rule."""
    return Problem(place, NAME, message, width=width)


def empty(file: str) -> Problem:
    """Return the problem of a file with nothing in it."""
    return problem(Place(file, 1, 1), "the file is empty; it starts with `version: 1`")


def tag(place: Place, name: str) -> Problem:
    """Return the problem of a YAML tag."""
    shown = name.replace("tag:yaml.org,2002:", "!!")
    return problem(place, f"tags such as {shown} are not used here; remove it")


def unknown_anchor(place: Place, name: str, known: Iterable[str]) -> Problem:
    """Return the problem of an alias that stands for nothing."""
    near = nearest(name, known)
    return Problem(place, NAME, f"*{name} stands for nothing; no &{name} comes before it", f"*{near}" if near else None)


def not_utf8(file: str, raw: bytes, error: UnicodeDecodeError) -> Problem:
    """Return the problem of a file in another encoding."""
    before = raw[: error.start]
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return problem(Place(file, before.count(b"\n") + 1, column), "the file is not UTF-8; save it in that encoding")


def unreadable(error: YAMLError, text: str, file: str) -> Problem:
    """Return the problem that a parser's error means."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        column = len(before.rpartition("\n")[2]) + 1
        code = ord(error.character) if isinstance(error.character, str) else int(error.character)
        return problem(
            Place(file, before.count("\n") + 1, column), f"the invisible character U+{code:04X} cannot stand here"
        )
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return problem(Place(file, 1, 1), f"the YAML cannot be read: {error}")
    lines = LINE_END.split(text)
    if odd := _odd_space(lines, error.problem_mark.line, file):
        return odd
    sentence, at_start = _sentence(str(error.problem))
    mark = error.context_mark if at_start and error.context_mark else error.problem_mark
    if "found '<scalar>'" in str(error.problem):
        if opened := _still_open(lines, mark.line, mark.column, file):
            return opened
        if "{{" in lines[mark.line]:
            sentence = TEMPLATE
    return problem(Place(file, mark.line + 1, mark.column + 1), sentence)


def _odd_space(lines: list[str], last: int, file: str) -> Problem | None:
    """Return the problem of a space that only looks like one, copied from a web page or a word processor."""
    for number in range(min(last, len(lines) - 1), -1, -1):
        if found := _SPACES.search(lines[number]):
            sign = found[1] or found[2]
            place = Place(file, number + 1, found.end())
            return problem(place, odd_space(sign))
    return None


def _still_open(lines: list[str], line: int, column: int, file: str) -> Problem | None:
    """Return the problem of a quote some lines above that was closed only by the opening quote of this line."""
    before = lines[line][:column].rstrip()
    quote = before[-1:]
    if quote not in ("'", '"') or before.count(quote) % 2 == 0:
        return None
    for number in range(line - 1, -1, -1):
        opening = re.search(rf"(?:^|[:\-\[{{,])\s+({quote})", lines[number])
        if opening and lines[number].count(quote) % 2:
            return problem(Place(file, number + 1, opening.start(1) + 1), "this quote is never closed")
    return None


def _sentence(said: str) -> tuple[str, bool]:
    for pattern, sentence, at_start in _SENTENCES:
        if found := re.search(pattern, said):
            return (sentence if isinstance(sentence, str) else sentence(found)), at_start
    return f"the YAML cannot be read here: {said}", False
