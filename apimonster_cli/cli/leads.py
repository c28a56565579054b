"""What the demo sends: the shipped samples, and as many more leads as are asked for, made from one of them."""

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson

_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл", "Лариса", "Максим")
_SURNAMES = ("Образцова", "Примеров", "Тестова", "Пробный", "Черновик", "Шаблонова")
_CITIES = ("Москва", "Казань", "Тверь", "Пермь", "Омск", "Уфа", "Самара", "Тула")
_UTMS = (("yandex", "cpc"), ("google", "cpc"), ("vk", "target"), ("newsletter", "email"), ("", ""))
_TYPES = ("Форма", "Звонок", "Чат", "Корзина")
_FIRST_ID = 800_000  # beyond the ids of the samples
_FIRST_PHONE = 100  # 7 495 000-01-00: beyond the phones of the samples


@dataclass(frozen=True, slots=True)
class Posting:
    """One webhook to send: over which connection, which event it is, its body, and the order it must lead to, if any."""

    connection: str
    event: str
    payload: Mapping[str, Any]
    external_id: str | None = None


def samples() -> list[Posting]:
    """Return the shipped samples in the order a real sender would send them; ids are those of bundles.example.yaml."""
    new, sparse = (_sample("utmstat.new_lead", number) for number in (0, 1))
    changed = _sample("utmstat.lead_status_changed")
    form = _sample("webhook.received")
    return [
        Posting("site-leads", "utmstat.new_lead", new, _order_of(new)),
        Posting("site-leads", "utmstat.new_lead", sparse, _order_of(sparse)),
        Posting("site-leads", "utmstat.contact_scored", _sample("utmstat.contact_scored")),
        Posting("site-leads", "utmstat.lead_status_changed", changed, _order_of(changed)),
        Posting("landing", "webhook.received", form, f"landing-{form['lead']['uuid']}"),
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
