"""The account that the look-alike pretends to be: its keys, its shops and the habits that no source settles."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from hashlib import sha256

from apimonster_cli.sandbox.answers import Refusal, wrong_parameter

SCOPES = (
    "order_read",
    "order_write",
    "customer_read",
    "customer_write",
    "reference_read",
    "store_read",
    "custom_fields_read",
    "user_read",
)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key: its text, what it may do, and the codes of the shops it reaches (None: all of them)."""

    text: str = field(repr=False)
    scopes: tuple[str, ...] = SCOPES
    sites: tuple[str, ...] | None = None

    @property
    def mark(self) -> str:
        """Return what history remembers of the key: enough to know it again, not enough to use it."""
        return sha256(self.text.encode()).hexdigest()[:16]

    def require(self, scope: str | None) -> None:
        """Refuse a call whose scope the key lacks."""
        if scope is not None and scope not in self.scopes:
            raise Refusal(403, "Access denied.")


@dataclass(frozen=True, slots=True)
class Account:
    """Keys, shops and habits.

    zone: of date-times without one, such as createdAt.
    reuse_customers: an order without `customer` joins the shop's customer with the same phone or e-mail.
    lenient_history: history takes `sinceId` and `page` together, as the Python client sends them.
    """

    keys: Sequence[Key] = (Key("sandbox"),)
    sites: Sequence[str] = ("main",)
    zone: tzinfo = UTC
    reuse_customers: bool = True
    lenient_history: bool = False

    def key(self, text: str | None) -> Key:
        """Return the key with this text; Refusal as RetailCRM words it."""
        if not text:
            raise Refusal(400, '"apiKey" is missing.')
        for key in self.keys:
            if key.text == text:
                return key
        raise Refusal(403, 'Wrong "apiKey" value.')

    def reached(self, key: Key) -> Sequence[str]:
        """Return the codes of the shops that `key` reaches."""
        return self.sites if key.sites is None else [site for site in self.sites if site in key.sites]

    def site(self, key: Key, asked: str | None) -> str:
        """Return the shop that a call is about; Refusal when it must be named and is not, or is out of reach."""
        reached = self.reached(key)
        if not asked:
            if len(reached) != 1:
                raise Refusal(400, "Parameter 'site' is missing")
            return reached[0]
        if asked not in self.sites:
            raise wrong_parameter("site")
        if asked not in reached:
            raise Refusal(403, "Access denied.")
        return asked

    def now(self) -> str:
        """Return the present moment as the API writes it: `Y-m-d H:i:s` in the account's zone."""
        return f"{datetime.now(self.zone):%Y-%m-%d %H:%M:%S}"
