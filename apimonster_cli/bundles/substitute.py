"""`${NAME}`, `${NAME:-default}` and `${file:PATH}` inside the strings of a file.

`.env` beside the file is read first and the environment wins. `$${` stands for `${` itself. Keys are left alone, and so is a `$`
that no `{` follows, such as the one of a JSONPath.
"""

import re
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from pathlib import Path

from apimonster_cli.bundles.nodes import LINE_END, Entry, List, Mapping, Node, Scalar
from apimonster_cli.bundles.problem import Problem
from apimonster_cli.bundles.rules import variable
from apimonster_cli.core.place import Place

_MARK = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:-)(.*))?", re.DOTALL)
_BARE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_ENV_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$"}
_LONGEST_FILE = 64 * 1024
_PUBLIC = {"true", "false", "null"}


def read_env(text: str) -> dict[str, str]:
    r"""Return the variables of a `.env` file: NAME=value a line, `#` comments, `export`, single or double quotes.

    Double quotes know the escapes \n \t \r \" \\ and \$; single quotes know none. Unquoted, a ` #` starts a comment.
    A line that is none of this is passed over, as shells and containers do.
    """
    found: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").splitlines():
        if not line.lstrip().startswith("#") and (match := _ENV_LINE.fullmatch(line)):
            found[match[1]] = _env_value(match[2].strip())
    return found


def _env_value(text: str) -> str:
    if text[:1] == "'" and (closing := text.find("'", 1)) > 0:
        return text[1:closing]
    if text[:1] == '"' and (quoted := re.match(r'"((?:[^"\\]|\\.)*)"', text)):
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), quoted[1])
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()


@dataclass(slots=True)
class Substitution:
    """Puts variables into the nodes of one file.

    variables: names and values, the environment's over those of `.env`. text: the file's own, for exact columns.
    secrets: every value taken from a variable or a file; a default that stands in the file for all to see is none.
    """

    variables: Dict[str, str]
    folder: Path
    text: str
    problems: list[Problem] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    _made: dict[int, Node] = field(default_factory=dict)

    def node(self, node: Node) -> Node:
        """Return `node` with every `${…}` replaced; a node that stands in several places (an alias) is replaced once."""
        made = self._made.get(id(node))
        if made is None:
            made = self._made[id(node)] = self._replaced(node)
        return made

    def _replaced(self, node: Node) -> Node:
        if isinstance(node, Mapping):
            return replace(node, entries=tuple(Entry(entry.key, self.node(entry.value)) for entry in node))
        if isinstance(node, List):
            return replace(node, items=tuple(self.node(item) for item in node))
        if not isinstance(node.value, str) or "$" not in node.value:
            return node
        if (bare := _BARE.fullmatch(node.value)) and bare[1] in self.variables:
            self.problems.append(variable.without_braces(node.place, bare[1], node.width))
            return replace(node, broken=True)
        if "${" not in node.value:
            return node
        told = len(self.problems)
        text = self._text(node, node.value)
        return replace(node, value=text, text=text, broken=len(self.problems) > told)

    def _text(self, scalar: Scalar, text: str) -> str:
        places = self._places(scalar)
        pieces: list[str] = []
        last = 0
        for number, found in enumerate(_MARK.finditer(text)):
            pieces.append(text[last : found.start()])
            last = found.end()
            if found[0] == "$${":
                pieces.append("${")
            else:
                place = places[number] if number < len(places) else scalar.place
                pieces.append(self._value(found, place))
        return "".join([*pieces, text[last:]])

    def _value(self, found: re.Match[str], place: Place) -> str:
        inside, closing = found[1], found[2]
        name = _NAME.fullmatch(inside)
        if not closing:
            self.problems.append(variable.never_closed(place, found[0]))
        elif inside.startswith("file:"):
            return self._file(inside.removeprefix("file:"), found[0], place)
        elif name is None:
            self.problems.append(variable.unreadable(place, found[0]))
        elif self.variables.get(name[1]) or (name[1] in self.variables and not name[2]):
            return self._secret(self.variables[name[1]])
        elif name[2]:
            return name[3]
        else:
            self.problems.append(variable.missing(place, name[1], found[0], self.variables))
        return found[0]

    def _file(self, path: str, written: str, place: Place) -> str:
        """Return what a secret's file holds, without the line end that editors put there."""
        try:
            with (self.folder / path).open("rb") as file:
                raw = file.read(_LONGEST_FILE + 1)
            text = raw.decode("utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            self.problems.append(variable.no_file(place, path, written, error))
            return written
        if len(raw) > _LONGEST_FILE:
            self.problems.append(variable.no_file(place, path, written, ValueError("it is too large for a secret")))
        return self._secret(text)

    def _secret(self, value: str) -> str:
        if value.lower() not in _PUBLIC:
            self.secrets.add(value)
        return value

    def _places(self, scalar: Scalar) -> list[Place]:
        """Return where each `${` of a scalar stands in the file; escapes in double quotes may hide some of them."""
        places = []
        for found in _MARK.finditer(self.text, scalar.start, scalar.end):
            lines = LINE_END.split(self.text[: found.start()])
            places.append(Place(scalar.place.file, len(lines), len(lines[-1]) + 1))
        return places
