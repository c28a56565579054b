"""What is known of a webhook of any shape: the sender's own id, where the connection says where it stands."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from apimonster_cli.connectors.keys import key_text
from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.values.path import Path, compile_path
from apimonster_cli.values.scope import Scope

EVENT = "webhook.received"


def recognise(payload: Any, settings: Mapping[str, Any], _body: bytes) -> Recognised:
    """Return the event; its keys are the value at the path `dedupe`, none without that."""
    path = settings.get("dedupe")
    if not path:
        return Recognised(EVENT)
    found = _compiled(str(path)).read(Scope(event=payload))
    key = key_text(found[0] if isinstance(found, list) and len(found) == 1 else found)
    return Recognised(EVENT, object_key=key, repeat_key=key)


def is_address_check(payload: Any) -> bool:
    """Return whether a form builder only tries the address: Tilda posts test=test, others nothing at all."""
    return payload in (None, "", {}, [], {"test": "test"})


@lru_cache(maxsize=64)
def _compiled(text: str) -> Path:
    return compile_path(text)
