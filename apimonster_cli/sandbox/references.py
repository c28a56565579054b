"""Reference lists: statuses, types, methods, stores, users, custom fields. The codes are those of a fresh account.

Shapes as in the tests of the PHP client: most lists are maps keyed by code, some are plain lists.
"""

from collections.abc import Callable, Sequence
from typing import Any

from apimonster_cli.sandbox.answers import Reply, Row, done, page_of
from apimonster_cli.sandbox.parameters import filters
from apimonster_cli.sandbox.routes import Call

STATUS_GROUPS = (
    ("new", "Новый", (("new", "Новый"),)),
    (
        "approval",
        "Согласование",
        (
            ("availability-confirmed", "Наличие подтверждено"),
            ("offer-analog", "Предложить замену"),
            ("client-confirmed", "Согласовано с клиентом"),
            ("prepayed", "Предоплата поступила"),
        ),
    ),
    (
        "assembling",
        "Комплектация",
        (
            ("send-to-assembling", "Передано в комплектацию"),
            ("assembling", "Комплектуется"),
            ("assembling-complete", "Укомплектован"),
        ),
    ),
    (
        "delivery",
        "Доставка",
        (
            ("send-to-delivery", "Передан в доставку"),
            ("delivering", "Доставляется"),
            ("redirect", "Доставка перенесена"),
        ),
    ),
    ("complete", "Выполнен", (("complete", "Выполнен"),)),
    (
        "cancel",
        "Отменен",
        (
            ("no-call", "Недозвон"),
            ("no-product", "Нет в наличии"),
            ("already-buyed", "Куплено в другом месте"),
            ("delyvery-did-not-suit", "Не устроила доставка"),
            ("prices-did-not-suit", "Не устроила цена"),
            ("cancel-other", "Отменен"),
        ),
    ),
)

ORDER_TYPES = {"eshop-individual": "Физическое лицо", "eshop-legal": "Юридическое лицо"}
ORDER_METHODS = {
    "phone": "По телефону",
    "shopping-cart": "Через корзину",
    "one-click": "В один клик",
    "price-decrease-request": "Запрос на понижение цены",
    "landing-page": "Заявка с посадочной страницы",
    "offline": "Оффлайн",
    "app": "Мобильное приложение",
    "live-chat": "Онлайн-консультант",
    "terminal": "Терминал",
    "missed-call": "Пропущенный звонок",
    "messenger": "Мессенджеры",
}
PAYMENT_TYPES = {
    "cash": "Наличные",
    "bank-card": "Банковская карта",
    "e-money": "Электронные деньги",
    "bank-transfer": "Банковский перевод",
    "credit": "Кредит",
}
PAYMENT_STATUSES = {
    "not-paid": "Не оплачен",
    "invoice": "Выставлен счёт",
    "wait-approved": "Ожидает подтверждения",
    "payment-start": "Платёж проведён",
    "paid": "Оплачен",
    "fail": "Ошибка",
    "return": "Возврат",
}
PAID = frozenset({"paid"})  # the payment statuses that count as money received
DELIVERY_TYPES = {"self-delivery": ("Самовывоз", 0), "courier": ("Доставка курьером", 500), "post": ("Почта", 300)}
PRODUCT_STATUSES = {"new": "Новый", "reserve": "В резерве", "sales": "Продан", "not-available": "Нет в наличии"}
STORES = {"main": ("Основной", "store-type-warehouse"), "shop": ("Магазин", "store-type-retail")}
CUSTOM_FIELDS = (
    ("city", "Город", "string"),
    ("utm_source", "utm_source", "string"),
    ("utm_medium", "utm_medium", "string"),
    ("utm_campaign", "utm_campaign", "string"),
    ("utm_content", "utm_content", "string"),
    ("utm_term", "utm_term", "string"),
    ("visits", "Число визитов", "integer"),
    ("first_visit", "Первый визит", "date"),
    ("flag", "Флажок", "boolean"),
    ("segment", "Сегмент", "dictionary"),
)

STATUS_GROUP_OF = {code: group for group, _name, statuses in STATUS_GROUPS for code, _title in statuses}
DEFAULT_STATUS, DEFAULT_ORDER_TYPE, DEFAULT_ORDER_METHOD, DEFAULT_STORE = (
    "new",
    "eshop-individual",
    "shopping-cart",
    "main",
)

# What an order may name: field as the errors call it, entity, allowed codes
CODES: dict[str, tuple[str, frozenset[str]]] = {
    "status": ("Status", frozenset(STATUS_GROUP_OF)),
    "orderType": ("OrderType", frozenset(ORDER_TYPES)),
    "orderMethod": ("OrderMethod", frozenset(ORDER_METHODS)),
    "shipmentStore": ("Store", frozenset(STORES)),
    "delivery.code": ("DeliveryType", frozenset(DELIVERY_TYPES)),
    "payments.type": ("PaymentType", frozenset(PAYMENT_TYPES)),
    "payments.status": ("PaymentStatus", frozenset(PAYMENT_STATUSES)),
    "items.status": ("OrderProductStatus", frozenset(PRODUCT_STATUSES)),
    "items.priceType.code": ("PriceType", frozenset({"base"})),
}


def unknown_code(field: str, code: str | None) -> str | None:
    """Return RetailCRM's sentence about a code that its reference list lacks, or None when all is well."""
    entity, codes = CODES[field]
    if code is None or code in codes:
        return None
    return f'"{entity}" with "code"="{code}" does not exist.'


def reference(name: str) -> Callable[[Call], Reply]:
    """Return the handler of GET /reference/{name}."""
    container, build = REFERENCES[name]
    return lambda call: done(**{container: build(call.account.sites)})


def list_users(call: Call) -> Reply:
    """GET /users: the managers."""
    pagination, users = page_of(_users(), call.parameters)
    return done(pagination=pagination, users=users)


def list_custom_fields(call: Call) -> Reply:
    """GET /custom-fields, with filter `entity`, `code` and `type`."""
    asked = filters(call.parameters)
    found = [
        field
        for field in _custom_fields()
        if all(field[name] == asked.get(name, field[name]) for name in _FIELD_FILTERS)
    ]
    pagination, fields = page_of(found, call.parameters)
    return done(pagination=pagination, customFields=fields)


def list_dictionaries(call: Call) -> Reply:
    """GET /custom-fields/dictionaries."""
    elements = [
        {"name": name, "code": code, "ordering": 50} for code, name in (("new", "Новый"), ("regular", "Постоянный"))
    ]
    pagination, found = page_of([{"name": "Сегменты", "code": "segments", "elements": elements}], call.parameters)
    return done(pagination=pagination, customDictionaries=found)


_FIELD_FILTERS = ("entity", "code", "type")


def _custom_fields() -> list[Row]:
    fields: list[Row] = []
    for entity in ("order", "customer"):
        for code, name, kind in CUSTOM_FIELDS:
            field: Row = {
                "name": name,
                "code": code,
                "required": False,
                "inFilter": True,
                "inList": True,
                "inGroupActions": False,
                "type": kind,
                "entity": entity,
                "ordering": 50,
                "displayArea": "customer",
                "viewMode": "editable",
            }
            fields.append(field | ({"dictionary": "segments"} if kind == "dictionary" else {}))
    return fields


def _users() -> list[Row]:
    return [
        {
            "id": number,
            "createdAt": "2020-05-25 12:49:00",
            "active": True,
            "email": f"manager{number}@example.com",
            "firstName": name,
            "status": "free",
            "online": True,
            "isAdmin": number == 1,
            "isManager": True,
            "groups": [{"id": 1, "name": "Менеджеры", "code": "manager"}],
        }
        for number, name in ((1, "Анна"), (2, "Пётр"))
    ]


def _coded(names: dict[str, str], **more: Any) -> dict[str, Row]:
    return {
        code: {"name": name, "code": code, "active": True, **more, "ordering": 10 * place}
        for place, (code, name) in enumerate(names.items(), 1)
    }


def _choice(names: dict[str, str], default: str, **more: Any) -> dict[str, Row]:
    entries = _coded(names, defaultForCrm=False, defaultForApi=False, **more)
    entries[default] |= {"defaultForCrm": True, "defaultForApi": True}
    return entries


def _sites(sites: Sequence[str]) -> dict[str, Row]:
    return {
        code: {
            "id": place,
            "name": "Магазин" if place == 1 else f"Магазин {place}",
            "url": f"https://{code}.example",
            "code": code,
            "defaultForCrm": place == 1,
            "loadFromYml": False,
            "contragent": {
                "contragentType": "legal-entity",
                "legalName": "ООО «Пример»",
                "code": code,
                "countryIso": "RU",
            },
            "countryIso": "RU",
            "currency": "RUB",
            "catalogId": "catalog",
            "isCatalogMainSite": place == 1,
            "ordering": 990,
            "isDemo": False,
        }
        for place, code in enumerate(sites, 1)
    }


def _statuses(_sites: Sequence[str]) -> dict[str, Row]:
    titles = {code: title for _group, _name, statuses in STATUS_GROUPS for code, title in statuses}
    return {code: {**row, "group": STATUS_GROUP_OF[code]} for code, row in _coded(titles).items()}


def _status_groups(_sites: Sequence[str]) -> dict[str, Row]:
    groups = _coded({code: name for code, name, _statuses in STATUS_GROUPS})
    inner = {code: [status for status, _title in statuses] for code, _name, statuses in STATUS_GROUPS}
    in_work = {"approval", "assembling", "delivery"}
    return {code: {**row, "process": code in in_work, "statuses": inner[code]} for code, row in groups.items()}


def _payment_types(sites: Sequence[str]) -> dict[str, Row]:
    return _choice(
        PAYMENT_TYPES,
        "cash",
        description="",
        deliveryTypes=list(DELIVERY_TYPES),
        paymentStatuses=list(PAYMENT_STATUSES),
        sites=list(sites),
    )


def _payment_statuses(_sites: Sequence[str]) -> dict[str, Row]:
    entries = _choice(PAYMENT_STATUSES, "not-paid", paymentTypes=list(PAYMENT_TYPES))
    return {code: {**row, "paymentComplete": code in PAID} for code, row in entries.items()}


def _delivery_types(sites: Sequence[str]) -> dict[str, Row]:
    entries = _choice(
        {code: name for code, (name, _cost) in DELIVERY_TYPES.items()},
        "self-delivery",
        isDynamicCostCalculation=False,
        isAutoCostCalculation=False,
        isAutoNetCostCalculation=False,
        isCostDependsOnRegionAndWeightAndSum=False,
        isCostDependsOnDateTime=False,
        currency="RUB",
        defaultNetCost=0,
        description="",
        paymentTypes=list(PAYMENT_TYPES),
        deliveryServices=[],
        deliveryPaymentTypes=[{"code": code, "cod": code == "cash"} for code in PAYMENT_TYPES],
        sites=list(sites),
    )
    return {code: {**row, "defaultCost": DELIVERY_TYPES[code][1]} for code, row in entries.items()}


def _stores(_sites: Sequence[str]) -> list[Row]:
    week: dict[str, list[Row]] = {day: [] for day in ("mo", "tu", "we", "th", "fr", "sa", "su")}
    return [
        {
            "description": "Склад для примера",
            "type": kind,
            "inventoryType": "integer",
            "address": {
                "countryIso": "RU",
                "city": "Москва",
                "street": "Ивовая",
                "building": "23",
                "text": "ул. Ивовая, д. 23",
            },
            "active": True,
            "phone": {"number": "+70000000001"} if code == "shop" else {},
            "code": code,
            "workTime": week,
            "name": name,
        }
        for code, (name, kind) in STORES.items()
    ]


_PRICE_TYPE = {
    "id": 1,
    "code": "base",
    "name": "Базовая",
    "active": True,
    "default": True,
    "geo": [],
    "groups": [],
    "ordering": 990,
}
_LEGAL_ENTITY = {"code": "main", "legalName": "ООО «Пример»", "contragentType": "legal-entity", "countryIso": "RU"}
_UNITS = {"pc": ("Штука", "шт."), "kg": ("Килограмм", "кг"), "m": ("Метр", "м")}

# path: container of the answer, and what builds it from the codes of the shops
REFERENCES: dict[str, tuple[str, Callable[[Sequence[str]], Any]]] = {
    "stores": ("stores", _stores),
    "sites": ("sites", _sites),
    "statuses": ("statuses", _statuses),
    "status-groups": ("statusGroups", _status_groups),
    "order-types": ("orderTypes", lambda _sites: _choice(ORDER_TYPES, DEFAULT_ORDER_TYPE)),
    "order-methods": ("orderMethods", lambda _sites: _choice(ORDER_METHODS, DEFAULT_ORDER_METHOD, isFromPos=False)),
    "payment-types": ("paymentTypes", _payment_types),
    "payment-statuses": ("paymentStatuses", _payment_statuses),
    "delivery-types": ("deliveryTypes", _delivery_types),
    "delivery-services": ("deliveryServices", lambda _sites: _coded({"evening": "Вечерняя доставка"})),
    "product-statuses": (
        "productStatuses",
        lambda _sites: _coded(PRODUCT_STATUSES, createdAt="2020-02-07 16:55:29", cancelStatus=False),
    ),
    "price-types": ("priceTypes", lambda _sites: [_PRICE_TYPE]),
    "countries": ("countriesIso", lambda _sites: ["RU", "BY", "KZ", "UA"]),
    "units": (
        "units",
        lambda _sites: {
            code: {"code": code, "name": name, "sym": sym, "active": True} for code, (name, sym) in _UNITS.items()
        },
    ),
    "couriers": ("couriers", lambda _sites: [{"id": 1, "firstName": "Олег", "active": True}]),
    "legal-entities": ("legalEntities", lambda _sites: [_LEGAL_ENTITY]),
    "currencies": ("currencies", lambda _sites: [{"id": 1, "code": "RUB", "isBase": True}]),
}
