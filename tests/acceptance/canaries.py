"""Secrets that are planted wherever a bundle file may have one, and the search for them in all that a run leaves behind.

Each has signs that are written differently in addresses, JSON, pages and base64, and in its middle a core of plain letters and
digits that all writings but base64, hex and UTF-16 leave alone: so few needles find every writing, the unforeseen as well.
"""

import base64
import html
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus

# The variables of the bundle files; what may stand in a secret depends on where it is used.
SECRETS: Mapping[str, str] = {
    "CRM_KEY": "Kl+ü/\"c\\r%m&=9f3bQ7xk2d;a0é<z>e5'8",  # a header: latin-1
    "CALLTOUCH_KEY": 'To€k+/"e\\n%4c&c1Vw8mzq5e=#жé?4b>7d',  # in a query: anything
    "LEADS_HOOK": "hO~ok.b7a1Lz9wX4pt6s-_0e.5c~a8",  # a part of a path
    "LANDING_HOOK": "lA.nd~i03Tn8ykV5rj2f-_d.91~e4",
    "LANDING_SECRET": "Si+gn/\"é\\%&=5d8cGm3Rt7uq1'ж<€>h04",  # HMAC: anything
    "PARTNER_KEY": 'Be+ar/"e\\%&=e25bPs6Hy9vn4;<a>f"7c',  # a header of `http`: ASCII
    "PARTNER_PATH": "70:Bo+t@k(é)71efZc5Wd8jx2;!*'$,9a",  # in an address: no query, no fragment
    "PROMO": "Пр€мо+/\"a\\%&=c90dNv4Jf7gs6#<é>?'3ж",  # a value that a field map sends
}
PASSWORD = 'Pa+ß/"w\\%&=a61eLk3Db9hr5é<:>@c2'
VARIABLES = {**SECRETS, "PARTNER_BASIC": base64.b64encode(f"partner:{PASSWORD}".encode()).decode()}
"""What bundle files name as `${…}`; the last is the password in the writing of `Authorization: Basic`."""
ALL = {**VARIABLES, "PASSWORD": PASSWORD}
IN_FILE = ("PARTNER_PATH", "PROMO")
"""Those that stand in `.env`; the others come from the environment."""
BY_RIGHT = frozenset({".env"})
_CORE = re.compile(r"[A-Za-z0-9]{8,}")
_PART = 12  # characters: so much of a secret's beginning or end is half of it
_AT_ONCE = 32 * 1024 * 1024  # bytes of cells that are searched together


def write_env(folder: Path) -> None:
    """Write the `.env` beside a bundle file."""
    signs = str.maketrans({sign: f"\\{sign}" for sign in '"\\$'})
    text = "".join(f'{name}="{VARIABLES[name].translate(signs)}"\n' for name in IN_FILE)
    (folder / ".env").write_text(text, encoding="utf-8")
    (folder / ".env").chmod(0o600)


def environment() -> dict[str, str]:
    """Return the variables that a program of ours gets beside its usual ones."""
    return {name: value for name, value in VARIABLES.items() if name not in IN_FILE}


class Search:
    """Looks for secrets, by the names they are told of, in whatever writing."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._writings = {name: tuple(writings(secret)) for name, secret in secrets.items()}
        self._needles = {name: needles(secret) for name, secret in secrets.items()}

    def text(self, text: bytes) -> list[str]:
        """Return what is found in a text: each as the name of the secret and how it is written."""
        return [
            f"{name}, {self._how(name, text)}"
            for name, known in self._needles.items()
            if any(needle in text for needle in known)
        ]

    def folder(self, folder: Path, *, by_right: frozenset[str] = BY_RIGHT) -> Iterator[str]:
        """Yield what is found in the files below a folder, each a sentence. by_right: names of files that hold secrets as they should."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in by_right:
                yield from self.file(path, str(path.relative_to(folder)))

    def file(self, path: Path, name: str) -> Iterator[str]:
        """Yield what is found in one file and, if it is a database, in its cells: a long one is in pieces in the file."""
        raw = path.read_bytes()
        yield from (f"the file {name} holds the secret {found}" for found in self.text(raw))
        if raw.startswith(b"SQLite format 3\0"):
            yield from self._tables(path, name)

    def _tables(self, path: Path, name: str) -> Iterator[str]:
        with closing(sqlite3.connect(path)) as database:
            database.text_factory = bytes
            tables = [
                str(row[0], "utf-8") for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            ]
            for table in tables:
                found = {one for cells in _cells(database, table) for one in self.text(cells)}
                yield from (f"the table {table} of {name} holds the secret {one}" for one in sorted(found))

    def _how(self, name: str, text: bytes) -> str:
        found = [how for how, form in self._writings[name] if form in text]
        return found[0] if found else "in part or in a writing of its own"


def _cells(database: sqlite3.Connection, table: str) -> Iterator[bytes]:
    """Yield the texts of all cells of a table, many together."""
    together: list[bytes] = []
    size = 0
    for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  # a name from the file itself
        texts = [cell for cell in row if isinstance(cell, bytes)]
        together += texts
        size += sum(map(len, texts))
        if size > _AT_ONCE:
            yield b"\0".join(together)
            together, size = [], 0
    yield b"\0".join(together)


def needles(secret: str) -> tuple[bytes, ...]:
    """Return what to look for: its core, in the writings that change plain letters too, and its two ends."""
    core = max(_CORE.findall(secret), key=len, default=secret)
    found = {form for _, form in writings(core)}
    for part in (secret[:_PART], secret[-_PART:]):
        found |= {form for how, form in writings(part) if how.startswith("as it is") or how in {"URL-encoded", "JSON"}}
    return tuple(sorted(found, key=len, reverse=True))


def writings(secret: str) -> Iterator[tuple[str, bytes]]:
    """Yield a secret in all writings, each with its name; those that are the same under the first."""
    known: set[bytes] = set()
    for how, form in _writings(secret):
        if form not in known:
            known.add(form)
            yield how, form


def _writings(secret: str) -> Iterator[tuple[str, bytes]]:
    for charset in ("utf-8", "latin-1"):
        try:
            raw = secret.encode(charset)
        except UnicodeEncodeError:
            continue
        yield f"as it is ({charset})", raw
        yield from _percent_encoded(raw)
        yield from _base64(raw)
        yield "hex", raw.hex().encode()
        yield "hex", raw.hex().upper().encode()
    for charset in ("utf-16-le", "utf-16-be"):
        yield charset.upper(), secret.encode(charset)
    once = [json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (True, False)]
    yield from (("JSON", form) for one in once for form in _slashed(one))
    yield from (
        ("JSON within JSON", form)
        for one in once
        for plain in (True, False)
        for form in _slashed(json.dumps(one, ensure_ascii=plain)[1:-1])
    )
    yield from (("HTML", html.escape(secret, quote=quotes).encode()) for quotes in (True, False))
    yield "Python", repr(secret)[1:-1].encode()


def _slashed(form: str) -> Iterable[bytes]:
    """Return JSON as most write it, and as PHP does."""
    return form.encode(), form.replace("/", "\\/").encode()


def _percent_encoded(raw: bytes) -> Iterator[tuple[str, bytes]]:
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="!#$%&'()*+,/:;=?@[]~")):
        yield "URL-encoded", form.encode()
        yield "URL-encoded", re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form).encode()
        yield "URL-encoded twice", quote(form, safe="").encode()


def _base64(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield base64, also as it comes out behind one or two other bytes, without what depends on its neighbours."""
    for before in range(3):
        whole = 8 * (before + len(raw)) // 6
        first = -(-8 * before // 6)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield "base64", encode(b"\0" * before + raw)[first:whole]
