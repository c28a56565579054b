"""The externalId of what got none in its fields."""

import hashlib
import re

from apimonster_cli.connectors.spec import Call

_LONGEST = 120
_DIGEST = 24  # 96 bits of the hash
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def external_id_of(call: Call) -> str:
    """Return the externalId that the step's fields name, else one derived from its identity."""
    mapped = call.fields.get("externalId")
    return str(mapped) if mapped not in (None, "") else derive(call.identity)


def derive(identity: str) -> str:
    """Return an id for `identity`, always the same: itself where RetailCRM takes every sign of it, else a start and a hash.

    Letters, digits, - and _ are what RetailCRM takes everywhere, also in the path of a call.
    """
    safe = _UNSAFE.sub("-", identity)
    if safe == identity and len(identity) <= _LONGEST:
        return identity
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{safe[: _LONGEST - _DIGEST - 1].strip('-')}-{digest}"
