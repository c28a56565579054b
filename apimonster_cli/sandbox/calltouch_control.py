"""The control address of the Calltouch side: deals are fed, changed and read, the diary's rules are set.

GET  /sandbox/calltouch             the most calls of any one second, refused calls, number of deals
GET  /sandbox/calltouch/deals       every deal, `?site=…` those of another site than the first
POST /sandbox/calltouch/deals       JSON `create`, `update`, `move`, `delete`, each an object or a list of them; `site`
POST /sandbox/calltouch/generate    `count`, `since` (dd/mm/yyyy), `days`, `seed`: made-up deals
POST /sandbox/calltouch/rules       `comments`, `end_included`, `per_second`, `waiting`, `token_expired`; `fail_page` with `times`

update, move and delete name a deal by `orderNumber` and `service`. move takes `orderDate`; delete `vanish`: true leaves no trace.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import Refusal, Reply, Row, done
from apimonster_cli.sandbox.calltouch_deals import made_up

if TYPE_CHECKING:
    from apimonster_cli.sandbox.calltouch import Calltouch

NAME = "calltouch"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def control(diary: "Calltouch", method: str, name: str, parameters: Mapping[str, Any]) -> Reply:
    """Return the answer to a control call; Refusal when it makes no sense."""
    try:
        return _answer(diary, f"{method} {name}", parameters)
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(400, f"{error.args[0]} is missing" if type(error) is KeyError else str(error)) from None
    except LookupError as error:
        raise Refusal(404, str(error)) from None


def _answer(diary: "Calltouch", wanted: str, parameters: Mapping[str, Any]) -> Reply:
    site = parameters.get("site")
    match wanted:
        case "GET calltouch":
            most = max((limit.most for limit in diary.limits.values()), default=0)
            refused = sum(limit.refused for limit in diary.limits.values())
            return done(peakPerSecond=most, refused=refused, deals=len(diary.deals(site)))
        case "GET calltouch/deals":
            return done(deals=diary.deals(site))
        case "POST calltouch/deals":
            return done(deals=_change(diary, parameters, site))
        case "POST calltouch/generate":
            since = datetime.strptime(parameters["since"], "%d/%m/%Y").date()  # noqa: DTZ007 - it is a day
            numbers = {name: int(parameters[name]) for name in ("count", "seed") if name in parameters}
            return done(deals=diary.create(*made_up(**numbers, since=since, days=float(parameters["days"])), site=site))
        case "POST calltouch/rules":
            _set_rules(diary, parameters)
            return done()
    raise Refusal(404, f"There is no {wanted.replace(' ', ' /sandbox/')} here.")


def _change(diary: "Calltouch", parameters: Mapping[str, Any], site: str | None) -> list[Row]:
    made = diary.create(*_rows(parameters, "create"), site=site)
    for row in _rows(parameters, "update"):
        number, service, changes = _named(row)
        made.append(diary.update(number, changes, service=service, site=site))
    for row in _rows(parameters, "move"):
        number, service, changes = _named(row)
        made.append(diary.move(number, changes["orderDate"], service=service, site=site))
    for row in _rows(parameters, "delete"):
        number, service, how = _named(row)
        diary.delete(number, service=service, site=site, vanish=bool(how.get("vanish")))
    return made


def _rows(parameters: Mapping[str, Any], name: str) -> list[Row]:
    given = parameters.get(name, [])
    found = exactjson.loads(given) if isinstance(given, str) else given
    rows = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name} takes a deal, or a list of deals, as JSON objects")
    return rows


def _named(row: Row) -> tuple[str, str | None, Row]:
    rest = {name: value for name, value in row.items() if name not in ("orderNumber", "service")}
    return str(row["orderNumber"]), row.get("service"), rest


def _set_rules(diary: "Calltouch", parameters: Mapping[str, Any]) -> None:
    changes: dict[str, Any] = {name: int(parameters[name]) for name in ("per_second", "waiting") if name in parameters}
    for name in ("end_included", "token_expired"):
        if name in parameters:
            text = str(parameters[name]).lower()
            if text not in _FLAGS:
                raise ValueError(f"{name} is true or false")
            changes[name] = _FLAGS[text]
    if "comments" in parameters:
        if parameters["comments"] not in ("include", "filter"):
            raise ValueError("comments is include or filter")
        changes["comments"] = parameters["comments"]
    diary.rules = replace(diary.rules, **changes)
    if "fail_page" in parameters:
        diary.rules.failing_pages[int(parameters["fail_page"])] = int(parameters.get("times", 1))
