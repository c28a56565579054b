"""Bundle files → a checked Config, or every problem at once."""

import base64
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from apimonster_cli.bundles import rules
from apimonster_cli.bundles.build import build, settings_only
from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.find import find_files, shown
from apimonster_cli.bundles.masked import masked_lines
from apimonster_cli.bundles.model import Config
from apimonster_cli.bundles.nodes import Node
from apimonster_cli.bundles.problem import BundleError, Problem
from apimonster_cli.bundles.read import read
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import syntax
from apimonster_cli.bundles.substitute import Substitution, read_env
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.core.redact import Redactor, remember

_SHORTEST = 8  # signs of a token or a password; what is shorter is a word that headers also have


@dataclass(frozen=True)
class Loaded:
    """What loading came to. config: None when there is any error. problems: sorted by place. sources: file → its lines.

    settings_only: a Config without connections and bundles, also when there are errors in these; None when the settings may be others.
    draft: the files as written, each part with its place; None when there is any error. Neither problems nor sources show a
    secret.
    """

    config: Config | None
    settings_only: Config | None
    problems: list[Problem]
    sources: dict[str, list[str]]
    files: tuple[Path, ...]
    draft: Draft | None = field(default=None, repr=False)


def load(files: Sequence[Path] | None, *, environ: Dict[str, str], cwd: Path) -> Loaded:
    """Read and check bundle files; ConfigError when there is no file to read.

    files: files and folders as named, relative to `cwd`; None for bundles.yaml or all of bundles/.
    """
    found = find_files(files, cwd)
    texts = _Texts(environ)
    for path in found:
        texts.read(path, shown(path, cwd))
    return check(texts, found)


def load_or_raise(files: Sequence[Path] | None, *, environ: Dict[str, str], cwd: Path) -> Config:
    """Return the checked Config; BundleError with all problems on any error, ConfigError when there is no file to read."""
    loaded = load(files, environ=environ, cwd=cwd)
    if loaded.config is None:
        raise BundleError(loaded.problems, loaded.sources)
    return loaded.config


def load_text(text: str, *, environ: Dict[str, str], file: str, folder: Path) -> Loaded:
    """Check a bundle file that is only a text, such as an example in the docs; `file` is what messages call it."""
    texts = _Texts(environ)
    texts.take(text, file, folder)
    return check(texts, [folder / file])


@dataclass(slots=True)
class _Texts:
    """The files as they are read: nodes with variables filled in, lines, and what is secret. sound: no mistake in the YAML itself."""

    environ: Dict[str, str]
    report: Report = field(default_factory=Report)
    roots: list[Node] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    sound: bool = True
    secrets: set[str] = field(default_factory=set)
    folders: dict[str, Path] = field(default_factory=dict)

    def read(self, path: Path, name: str) -> None:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"the file {name} cannot be read: {error.strerror or error}") from None
        try:
            self.take(raw.decode("utf-8"), name, path.parent)
        except UnicodeDecodeError as error:
            self.written[name] = raw.decode("utf-8", "replace")
            self.report.add(syntax.not_utf8(name, raw, error))
            self.unread.add(name)

    def take(self, text: str, name: str, folder: Path) -> None:
        text = text.removeprefix("\ufeff")
        self.written[name] = text
        self.folders[name] = folder
        root, problems = compose(text, name)
        for problem in problems:
            self.report.add(problem)
            self.sound = False
        if root is None:
            self.unread.add(name)
            return
        substitution = Substitution({**_env_beside(folder), **self.environ}, folder, text)
        self.roots.append(substitution.node(root))
        for problem in substitution.problems:
            self.report.add(problem)
        self.secrets |= substitution.secrets


def check(texts: _Texts, files: list[Path]) -> Loaded:
    """Return what the texts come to: read them into a draft, check it by every rule, build the Config."""
    draft = Draft(whole=not texts.unread, settings_hold=texts.sound and not texts.unread, folders=texts.folders)
    secret_nodes = read(texts.roots, draft, texts.report)
    rules.check(draft, texts.report)
    password = _password(draft.settings.get("store"))
    secrets = texts.secrets | {node.text for node in secret_nodes if node.text and not node.broken} | password
    redactor = Redactor(secrets | {part for secret in secrets for part in _credentials(secret)})
    remember(redactor)
    config = None if texts.report.errors else build(draft, redactor, tuple(files))
    problems = sorted(texts.report.problems, key=lambda problem: (problem.place, problem.rule, problem.message))
    return Loaded(
        config,
        settings_only(draft, redactor, tuple(files)) if draft.settings_hold else None,
        [
            replace(one, message=redactor.text(one.message), suggestion=_hidden(one.suggestion, redactor))
            for one in problems
        ],
        masked_lines(texts.written, secret_nodes, texts.unread, redactor),
        tuple(files),
        draft if config else None,
    )


def _env_beside(folder: Path) -> dict[str, str]:
    try:
        return read_env((folder / ".env").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise ConfigError(f"the file {folder / '.env'} cannot be read: it is not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"the file {folder / '.env'} cannot be read: {error.strerror or error}") from None


def _hidden(text: str | None, redactor: Redactor) -> str | None:
    return text and redactor.text(text)


def _password(store: str | None) -> set[str]:
    """Return the password in the store's address, as it is written there and as it is meant."""
    written = urlsplit(store or "").password
    return {written, unquote(written)} if written else set()


def _credentials(secret: str) -> Iterator[str]:
    """Yield the secrets inside of a header's value: what follows the scheme, and of Basic the password."""
    scheme, _, credentials = secret.partition(" ")
    if not scheme.isalpha() or len(credentials) < _SHORTEST:
        return
    yield credentials
    if scheme.lower() == "basic":
        with suppress(ValueError):  # no base64, or not of a text: then there is nothing inside
            yield base64.b64decode(credentials, validate=True).decode().partition(":")[2]
