"""What the demo sends: the shipped samples, and as many more leads as are asked for, made from one of them."""

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Request

_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл", "Лариса", "Максим")
_SURNAMES = ("Образцова", "Примеров", "Тестова", "Пробный", "Черновик", "Шаблонова")
_CITIES = ("Москва", "Казань", "Тверь", "Пермь", "Омск", "Уфа", "Самара", "Тула")
_UTMS = (("yandex", "cpc"), ("google", "cpc"), ("vk", "target"), ("newsletter", "email"), ("", ""))
_TYPES = ("Форма", "Звонок", "Чат", "Корзина")
_FIRST_ID = 800_000  # beyond the ids of the samples
_FIRST_PHONE = 100  # 7 495 000-01-00: beyond the phones of the samples


@dataclass(frozen=True, slots=True)
class Posting:
    """One webhook to send: over which connection, which event it is, its body, and the order it must lead to, if any.

    form: it is sent as a web form sends it, and not as JSON.
    """

    connection: str
    event: str
    payload: Mapping[str, Any]
    external_id: str | None = None
    form: bool = False

    def request(self, path: str) -> Request:
        """Return the call that sends it to `path`."""
        if self.form:
            return Request("POST", path, form=tuple(_fields(self.payload)))
        return Request("POST", path, json=self.payload)


def samples() -> list[Posting]:
    """Return the shipped samples in the order a real sender would send them; ids are those of bundles.example.yaml."""
    new, sparse = (_sample("utmstat.new_lead", number) for number in (0, 1))
    changed = _sample("utmstat.lead_status_changed")
    page = _sample("webhook.received")
    form = {**page, "lead": {**page["lead"], "uuid": f"{page['lead']['uuid'][:-2]}99", "phone": "8 (495) 000-00-99"}}
    ordered, sold, deleted = _sample("salesdrive.new_order"), *(_sample("salesdrive.status_change", n) for n in (0, 1))
    return [
        Posting("site-leads", "utmstat.new_lead", new, _order_of(new)),
        Posting("site-leads", "utmstat.new_lead", sparse, _order_of(sparse)),
        Posting("site-leads", "utmstat.contact_scored", _sample("utmstat.contact_scored")),
        Posting("site-leads", "utmstat.lead_status_changed", changed, _order_of(changed)),
        Posting("shop-ua", "salesdrive.new_order", ordered, _order_of_shop(ordered)),
        Posting("shop-ua", "salesdrive.status_change", sold, _order_of_shop(sold)),
        Posting("shop-ua", "salesdrive.status_change", deleted, _order_of_shop(deleted)),
        Posting("landing", "webhook.received", page, _order_of_form(page)),
        Posting("landing", "webhook.received", form, _order_of_form(form), form=True),
    ]


def more_leads(count: int, *, seed: int = 0) -> list[Posting]:
    """Return `count` varied new leads, each with a phone of its own; the same seed gives the same leads."""
    dice = random.Random(seed)  # noqa: S311 - made-up people, not cryptography
    sample = _sample("utmstat.new_lead")
    leads = [_varied(sample, number, dice) for number in range(count)]
    return [Posting("site-leads", "utmstat.new_lead", lead, _order_of(lead)) for lead in leads]


def _varied(sample: Mapping[str, Any], number: int, dice: random.Random) -> dict[str, Any]:
    lead: dict[str, Any] = copy.deepcopy(dict(sample))
    lead_id = _FIRST_ID + number
    name = f"{dice.choice(_NAMES)} {dice.choice(_SURNAMES)}"
    lead["id"] = lead_id
    lead["status_id"] = dice.choice((1, 1, 1, 2))
    lead["type"]["name"] = dice.choice(_TYPES)
    lead["contact"] = {
        "id": lead_id,
        "name": name,
        "phone": f"7495{_FIRST_PHONE + number:07d}",
        "email": f"lead-{lead_id}@example.com",
    }
    lead["fields"]["order_price"]["value"] = dice.randrange(500, 90_000, 50)
    first = lead["source"]["first_click"]
    first["utm"]["utm_source"], first["utm"]["utm_medium"] = dice.choice(_UTMS)
    first["geo"]["city_name"] = dice.choice(_CITIES)
    return lead


def deal_order(deal: Mapping[str, Any]) -> str:
    """Return the externalId of the order that a deal of the diary must lead to."""
    return f"ct-{deal['service'] or 'own'}-{deal['orderNumber']}"


def _order_of_shop(order: Mapping[str, Any]) -> str:
    return f"salesdrive-{order['data']['id']}"


def _order_of_form(form: Mapping[str, Any]) -> str:
    return f"landing-{form['lead']['uuid']}"


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields of a form as PHP and browsers name them: `lead[name]`, `items[0][sku]`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(item, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _fields(item, f"{name}[{number}]")
    else:
        yield name, str(value)


def _order_of(lead: Mapping[str, Any]) -> str:
    return f"utmstat-{lead['id']}"


def _sample(event_name: str, number: int = 0) -> dict[str, Any]:
    found = registry.event(event_name)
    if found is None:
        raise KeyError(event_name)
    connector, event = found
    text = (connector.catalogue.folder / "samples" / event.samples[number]).read_bytes()
    sample: dict[str, Any] = exactjson.loads(text)
    return sample
