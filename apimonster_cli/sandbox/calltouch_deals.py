"""Made-up deals in all the shapes that the diary is known to give: the same seed makes up the same ones.

Names are made up, phones are of +7 495 000-xx-xx as far as they reach, addresses in example.com.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

_MOMENT = "%d/%m/%Y %H:%M:%S"
_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Инна", "Кирилл")
_SURNAMES = ("Образцова", "Примеров", "Тестова", "Пробный", "Шаблонова")
_MANAGERS = ("Анна Образцова", "Николай Тестов", "", None)
_SERVICES = ("AmoCRM", "AmoCRM", "AmoCRM", "retailCRM", "Bitrix24", None)
_STATUSES = ("Новая", "Первичный контакт", "В работе", "Оплачен", "Отказ", "start")
_FUNNELS = ("Продажи", "Опт", "Розница", None)
_TAGS: tuple[Any, ...] = (None, [], ["горячий"], ["опт", "перезвонить"])
_GOODS = (("Стол", "P-1", 14_900.0), ("Чехол для ноутбука", "P-333", 899.9), ("Сборка", "SRV-1", 200.0))
_VISITS = (
    ("yandex", "organic", "(not set)", ""),
    ("google", "cpc", "", "cpc"),
    ("(direct)", "(none)", "(not set)", ""),
    ("<не указано>", "<не указано>", "<не заполнено>", ""),
)


def made_up(count: int, *, seed: int = 0, since: date, days: float, first_number: int = 30_000) -> list[dict[str, Any]]:
    """Return `count` deals whose orderDate lies in the `days` from the day `since` on, oldest first.

    One in twenty has the number of the deal before it, in another CRM; one in ten was reported to Calltouch days late.
    """
    dice = random.Random(seed)  # noqa: S311 - made-up people, not cryptography
    start = datetime.combine(since, time())
    moments = sorted(start + timedelta(seconds=dice.randrange(max(1, int(days * 86_400)))) for _ in range(count))
    return list(_deals(moments, dice, first_number))


def _deals(moments: list[datetime], dice: random.Random, first_number: int) -> Iterator[dict[str, Any]]:
    number, service = str(first_number), None
    for place, ordered in enumerate(moments):
        if place % 20 == 19 and service != "Bitrix24":
            service = "Bitrix24"
        else:
            number, service = str(first_number + place), dice.choice(_SERVICES)
        yield _deal(place, number, service, ordered, dice)


def _deal(place: int, number: str, service: str | None, ordered: datetime, dice: random.Random) -> dict[str, Any]:
    reported = ordered + timedelta(seconds=dice.randrange(600))
    if dice.random() < 0.1:
        reported += timedelta(days=dice.randrange(1, 4))
    phone = f"7495{place + 100:07d}"
    origin = dice.choice(("API", "API", "API", "MANUAL"))
    deal = {
        "client": _client(phone, place, dice),
        "completedAmount": None,
        "completedDate": None,
        "createdDate": reported.strftime(_MOMENT),
        "isDeleted": False,
        "manager": dice.choice(_MANAGERS),
        "orderDate": ordered.strftime(_MOMENT),
        "statusDate": reported.strftime(_MOMENT),
        "updatedDate": reported.strftime(_MOMENT),
        "comment": dice.choice((None, "", "Просила счёт на почту", "Заведена вручную")),
        "orderNumber": number,
        "orderOrigin": origin,
        "orderSource": _source(phone, place, ordered, dice) if origin == "API" else None,
        "orderStatus": dice.choice(_STATUSES),
        "plannedAmount": dice.choice((None, 0, 6000, 2050.15, dice.randrange(500, 90_000))),
        "service": service,
        "tags": dice.choice(_TAGS),
        "visit": _visit(ordered, dice),
        "funnel": dice.choice(_FUNNELS),
        "currencyCode": "RUB",
        "margin": dice.choice((None, 3, 680.35)),
        "orderLink": f"https://crm.example.com/deals/{number}",
        "orderName": f"Заявка {number}",
    }
    if dice.random() < 0.3:
        deal["products"] = [_product(dice) for _ in range(dice.randrange(1, 3))]
    if dice.random() < 0.1:
        deal["custom"] = {"Город": "Примеров"}
    return deal


def _client(phone: str, place: int, dice: random.Random) -> dict[str, Any]:
    name = f"{dice.choice(_NAMES)} {dice.choice(_SURNAMES)}"
    client: dict[str, Any] = {"phones": phone, "fio": dice.choice((name, name, None, ""))}
    if dice.random() < 0.5:
        client["emails"] = f"client-{place}@example.com"
    return client


def _source(phone: str, place: int, ordered: datetime, dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.4:
        return {"requestNumber": str(910_000_000 + place), "type": "REQUEST"}
    return {
        "callId": 900_000_000 + place,
        "duration": dice.randrange(400),
        "phoneNumber": "74950000001",
        "type": "CALL",
        "ani": phone,
        "dateCall": (ordered - timedelta(minutes=3)).strftime(_MOMENT),
    }


def _visit(ordered: datetime, dice: random.Random) -> dict[str, Any] | None:
    names = (
        "utmSource",
        "utmTerm",
        "utmContent",
        "visitDate",
        "utmMedium",
        "source",
        "medium",
        "keyword",
        "utmCampaign",
    )
    kind = dice.random()
    if kind < 0.1:
        return None
    if kind < 0.2:
        return dict.fromkeys(names)
    source, medium, keyword, utm_medium = dice.choice(_VISITS)
    values = ("", "", "", (ordered - timedelta(minutes=9)).strftime(_MOMENT), utm_medium, source, medium, keyword, "")
    return dict(zip(names, values, strict=True))


def _product(dice: random.Random) -> dict[str, Any]:
    name, external_id, price = dice.choice(_GOODS)
    quantity = dice.randrange(1, 4)
    return {
        "name": name,
        "brand": dice.choice(("Образец", None)),
        "category": dice.choice(("Мебель", None)),
        "variant": None,
        "price": price,
        "quantity": quantity,
        "revenue": round(price * quantity, 2),
        "externalId": external_id,
        "margin": 100,
    }
