"""The control address, outside /api and for this machine alone: what came in, what is kept, faults on the fly.

GET  /sandbox/health     200 once the sandbox serves
GET  /sandbox/requests   counts, and the records; `?path=…` and `?last=…` narrow the records
GET  /sandbox/orders     every order as it is kept; likewise /sandbox/customers and /sandbox/notes
POST /sandbox/faults     form `faults` (as for --faults) and `seed`
POST /sandbox/reset      forgets data and journal; the faults start over
…    /sandbox/calltouch  see sandbox/calltouch_control.py
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimonster_cli.sandbox import calltouch_control
from apimonster_cli.sandbox.answers import Refusal, Reply, done
from apimonster_cli.sandbox.faults import parse_faults

if TYPE_CHECKING:
    from apimonster_cli.sandbox.server import Sandbox

PREFIX = "/sandbox/"
_DUMPS = {"orders": "order", "customers": "customer", "notes": "note"}


def control(sandbox: "Sandbox", method: str, path: str, parameters: Mapping[str, Any]) -> Reply:
    """Return the answer to a control call."""
    try:
        return _answer(sandbox, method, path.removeprefix(PREFIX), parameters)
    except Refusal as refusal:
        return refusal.reply()


def _answer(sandbox: "Sandbox", method: str, name: str, parameters: Mapping[str, Any]) -> Reply:
    if method == "GET" and name == "health":
        return done()
    if method == "GET" and name == "requests":
        return _requests(sandbox, parameters)
    if method == "GET" and name in _DUMPS:
        with sandbox.state.lock:
            return done(**{name: list(sandbox.state.rows(_DUMPS[name]).values())})
    if name.partition("/")[0] == calltouch_control.NAME:
        return calltouch_control.control(sandbox.calltouch, method, name, parameters)
    if method == "POST" and name == "faults":
        return _set_faults(sandbox, parameters)
    if method == "POST" and name == "reset":
        sandbox.reset()
        return done()
    raise Refusal(404, f"There is no {method} {PREFIX}{name} here.")


def _requests(sandbox: "Sandbox", parameters: Mapping[str, Any]) -> Reply:
    wanted, last = parameters.get("path"), str(parameters.get("last", ""))
    records = [record.row() for record in list(sandbox.journal.records) if wanted in (None, record.path)]
    return done(
        **sandbox.journal.summary(), requests=records[-int(last) :] if last.isdecimal() and int(last) else records
    )


def _set_faults(sandbox: "Sandbox", parameters: Mapping[str, Any]) -> Reply:
    try:
        seed = int(parameters["seed"]) if "seed" in parameters else None
        sandbox.set_faults(parse_faults(str(parameters.get("faults", ""))), seed)
    except (TypeError, ValueError) as error:
        raise Refusal(400, str(error)) from None
    return done()
