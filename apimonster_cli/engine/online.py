"""Asks each connection's service whether the key works, what it allows, and whether what the files name is there."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.model import Config, Connection
from apimonster_cli.bundles.named import NamedCode, UsedAction, named_codes, used_actions
from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.problem import Problem, Severity, all_of, nearest, one_of
from apimonster_cli.connectors.spec import Access, Entry, Reference
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import CallError, TransientError
from apimonster_cli.engine.asking import Account
from apimonster_cli.engine.call import Client

RULE = "online"
_MOST_LISTED = 12
_AT_ONCE = 8
_ALIKE = 0.6  # codes are short: of nwe and new two letters in three agree


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection stands with its service.

    access: what the key may do; None when it could not be asked, and `error` says why. problems: all that was found, that error
    among it. ahead: how far the clock here is before that of the service, within a second; None when it did not say.
    """

    connection: Connection
    access: Access | None
    error: CallError | None
    problems: tuple[Problem, ...]
    ahead: timedelta | None


def ask_all(config: Config, draft: Draft, client_of: Callable[[str], Client], clock: Clock) -> list[Standing]:
    """Ask every connection whose service can be asked, several at once; in the order of the files."""
    codes, actions = named_codes(draft), used_actions(draft)

    def ask(connection: Connection) -> Standing:
        asking = Account(connection, client_of(connection.name), clock)
        inquiry = _Inquiry(
            asking,
            [code for code in codes if code.connection == connection.name],
            [action for action in actions if action.connection == connection.name],
        )
        return inquiry.stand(config.redactor.text)

    asked = [connection for connection in config.connections.values() if connection.connector.probe]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(ask, asked))


@dataclass(slots=True)
class _Inquiry:
    """All that is asked of one connection."""

    asking: Account
    codes: Sequence[NamedCode]
    actions: Sequence[UsedAction]
    problems: list[Problem] = field(default_factory=list)

    def stand(self, redacted: Callable[[str], str]) -> Standing:
        access, failed = None, None
        try:
            access = self._probe()
            self._check_rights(access)
            self._check_codes(access)
        except CallError as error:
            failed = error
            said = str(error).removeprefix(f"connection {self._name}: ")
            more = "; what the files name in it could not be checked" if isinstance(error, TransientError) else ""
            self._at_connection(f"connection {self._name}: {redacted(said)}{more}")
        problems = [_redacted(problem, redacted) for problem in sorted(self.problems, key=lambda one: one.place)]
        return Standing(self.asking.connection, access, failed, tuple(problems), self.asking.ahead)

    @property
    def _name(self) -> str:
        return self.asking.connection.name

    def _probe(self) -> Access:
        probe = self.asking.connection.connector.probe
        return probe(self.asking) if probe else Access()

    def _check_rights(self, access: Access) -> None:
        for used in self.actions if access.scopes is not None else ():
            missing = [scope for scope in used.action.scopes if scope not in (access.scopes or ())]
            if missing:
                self._at(
                    used.node,
                    f"{used.name} needs {all_of(missing)}, which the key of {self._name} does not have: "
                    "allow it in the settings of the key",
                )

    def _check_codes(self, access: Access) -> None:
        unread: dict[str, list[str]] = {}
        for reference, codes in self._wanted():
            reached = access.reached.get(reference.name)
            if access.scopes is not None and reference.scope is not None and reference.scope not in access.scopes:
                if reached is None:
                    unread.setdefault(reference.scope, []).append(reference.title)
                    continue
                entries: Sequence[Entry] = [Entry(code) for code in sorted(reached)]
            else:
                entries = self._read(reference) or ()
            if entries:
                self._check_reference(reference, codes, entries, reached)
        for scope, titles in unread.items():
            self._at_connection(
                f"the key of {self._name} does not have {scope}, so it was not looked up whether each "
                f"{one_of(titles)} in the files exists",
                severity="warning",
            )

    def _wanted(self) -> Iterator[tuple[Reference, list[NamedCode]]]:
        """Return what has to be asked for: what codes stand for, and what a connection in use names none of."""
        for reference in self.asking.connection.connector.references:
            codes = [code for code in self.codes if code.reference == reference.name]
            if codes or (self.actions and self._unset(reference)):
                yield reference, codes

    def _unset(self, reference: Reference) -> bool:
        return reference.setting is not None and not self.asking.settings.get(reference.setting)

    def _read(self, reference: Reference) -> Sequence[Entry] | None:
        try:
            return reference.read(self.asking)
        except TransientError:
            raise
        except CallError as error:
            self._at_connection(f"{self._name} did not show each {reference.title}: {error}", severity="warning")
            return None

    def _check_reference(
        self,
        reference: Reference,
        codes: Sequence[NamedCode],
        entries: Sequence[Entry],
        reached: frozenset[str] | None,
    ) -> None:
        for named in codes:
            self._check_code(reference, named, entries, reached)
        usable = [entry.code for entry in entries if reached is None or entry.code in reached]
        if self._unset(reference) and len(usable) > 1 and not codes:
            self._at_connection(
                f"the key of {self._name} reaches more than one {reference.title} ({_listed(usable)}): "
                f"write the code of one as {reference.setting} of the connection",
                severity="warning",
            )

    def _check_code(
        self, reference: Reference, named: NamedCode, entries: Sequence[Entry], reached: frozenset[str] | None
    ) -> None:
        entry = next((entry for entry in entries if entry.code == named.code), None)
        if entry is None:
            near = _meant(named.code, entries)
            known = "" if near else f"; there is {_listed([entry.code for entry in entries])}"
            self._at(named.node, f"{self._name} has no {reference.title} {named.code}{known}", near)
        elif reached is not None and entry.code not in reached:
            there = f", it reaches {_listed(sorted(reached))}" if reached else ""
            self._at(named.node, f"the key of {self._name} does not reach the {reference.title} {entry.code}{there}")
        elif not entry.active:
            message = f"the {reference.title} {entry.code} is switched off in {self._name}"
            self._at(named.node, message, severity="warning")

    def _at(self, node: Scalar, message: str, suggestion: str | None = None, *, severity: Severity = "error") -> None:
        self.problems.append(Problem(node.place, RULE, message, suggestion, severity, node.width))

    def _at_connection(self, message: str, *, severity: Severity = "error") -> None:
        place = self.asking.connection.place
        self.problems.append(Problem(place, RULE, message, None, severity, len(self._name)))


def _meant(code: str, entries: Sequence[Entry]) -> str | None:
    """Return the code that was perhaps meant: one that looks alike, or the one of the thing whose title was written."""
    titles = {entry.title: entry.code for entry in entries if entry.title}
    return nearest(code, [entry.code for entry in entries], _ALIKE) or titles.get(nearest(code, titles) or "")


def _listed(codes: Sequence[str]) -> str:
    return one_of(codes) if len(codes) <= _MOST_LISTED else f"{', '.join(codes[:_MOST_LISTED])} and others"


def _redacted(problem: Problem, redacted: Callable[[str], str]) -> Problem:
    suggestion = problem.suggestion and redacted(problem.suggestion)
    return Problem(problem.place, problem.rule, redacted(problem.message), suggestion, problem.severity, problem.width)
