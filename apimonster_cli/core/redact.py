"""Keeps secrets out of everything that is written down."""

import base64
import json
import re
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_SHORTEST = 4  # a shorter value would mask half of every text; `sync check` asks for longer secrets anyway


class Redactor:
    """Replaces known secret values in texts, also where they stand URL-, JSON- or base64-encoded."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._shortest = min(map(len, forms), default=sys.maxsize)

    def text(self, text: str) -> str:
        """Return `text` with every secret masked."""
        if len(text) < self._shortest:  # most texts of an answer: it has hundreds
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def value(self, value: Any) -> Any:
        """Return a JSON-like value with every secret masked in every string, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {
        secret,
        *quoted,
        *(_ESCAPE.sub(lambda escape: escape[0].lower(), form) for form in quoted),  # as other programs write them
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        encoded,
        encoded.rstrip("="),
    }
