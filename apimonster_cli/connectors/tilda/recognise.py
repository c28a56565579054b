"""What is known of a form of a Tilda site: that it is one, and which submission."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.keys import key_text
from apimonster_cli.connectors.spec import Recognised

EVENT = "tilda.form_submitted"


def recognise(payload: Any, _settings: Mapping[str, Any], _body: bytes) -> Recognised:
    """Return the event, told from a repeat by `tranid`: Tilda tries again when it was not answered within five seconds.

    Any form is one, whatever its author called the fields. The page itself has the tranid 0 before there is a submission, so
    that names none.
    """
    if not isinstance(payload, Mapping) or not payload:
        return Recognised(None)
    key = key_text(payload.get("tranid"))
    return Recognised(EVENT) if key in (None, "0") else Recognised(EVENT, object_key=key, repeat_key=key)


def is_address_check(payload: Any) -> bool:
    """Return whether Tilda only tries the address before it is saved: it posts test=test (help-ru.tilda.cc/forms/webhook)."""
    return payload in (None, "", {}, [], {"test": "test"})
