"""GET /store/products, /store/offers and /store/inventories over a small catalogue.

A product id is not an offer id: order lines take the offer's. Neither products nor offers have an article filter; the name
filter of products looks at articles too, as public integrations rely on (no official source says so).
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from apimonster_cli.sandbox.answers import Reply, Row, done, page_of
from apimonster_cli.sandbox.clean import plain
from apimonster_cli.sandbox.filtering import at_least, at_most, field, flag, matching, one_of, text
from apimonster_cli.sandbox.parameters import filters
from apimonster_cli.sandbox.routes import Call

UNIT = {"code": "pc", "name": "Штука", "sym": "шт."}


def _offer(number: int, article: str, name: str, price: int, quantity: int, **properties: str) -> Row:
    return {
        "name": name,
        "price": price,
        "images": [f"https://main.example/{article}.jpg"],
        "id": 1000 + number,
        "externalId": f"off-{number}",
        "xmlId": f"off-{number}",
        "article": article,
        "prices": [{"priceType": "base", "price": price, "ordering": 990, "currency": "RUB"}],
        "purchasePrice": plain(Decimal(price) * Decimal("0.6")),
        "vatRate": "none",
        "properties": properties or [],
        "quantity": quantity,
        "weight": 300,
        "active": True,
        "unit": UNIT,
    }


def _product(number: int, article: str, name: str, offers: Sequence[Row], *, active: bool = True) -> Row:
    prices = [offer["price"] for offer in offers]
    return {
        "minPrice": min(prices),
        "maxPrice": max(prices),
        "id": number,
        "article": article,
        "type": "product",
        "name": name,
        "url": f"https://main.example/{article}",
        "imageUrl": f"https://main.example/{article}.jpg",
        "description": name,
        "groups": [{"id": 1, "externalId": "1"}],
        "externalId": str(number),
        "manufacturer": "Пример",
        "active": active,
        "quantity": sum(offer["quantity"] for offer in offers),
        "markable": False,
        "catalogId": 1,
        "offers": list(offers),
    }


PRODUCTS: tuple[Row, ...] = (
    _product(1, "MUG-1", "Кружка", [_offer(1, "MUG-1", "Кружка", 624, 10)]),
    _product(
        2,
        "TEE-2",
        "Футболка",
        [
            _offer(2, "TEE-2-S", "Футболка S", 1200, 3, size="S"),
            _offer(3, "TEE-2-M", "Футболка M", 1250, 0, size="M"),
        ],
    ),
    _product(3, "00042", "Консультация", [_offer(4, "00042", "Консультация", 3000, 1000)]),
    _product(4, "OLD-4", "Снятый с продажи", [_offer(5, "OLD-4", "Снятый с продажи", 99, 0)], active=False),
)
_OFFERS: tuple[Row, ...] = tuple(offer for product in PRODUCTS for offer in product["offers"])


def find_offer(named: Mapping[str, Any]) -> Row | None:
    """Return the offer of an order line: by id, then externalId, then xmlId."""
    for name in ("id", "externalId", "xmlId"):
        if name in named:
            for offer in _OFFERS:
                if offer[name] == named[name]:
                    return offer
    return None


def list_products(call: Call) -> Reply:
    """GET /store/products."""
    pagination, products = page_of(matching(PRODUCTS, _PRODUCT_FILTERS, filters(call.parameters)), call.parameters)
    return done(pagination=pagination, products=products)


def list_offers(call: Call) -> Reply:
    """GET /store/offers: each offer with its product."""
    rows = [
        {**{name: value for name, value in offer.items() if name != "price"}, "site": site, "product": _alone(product)}
        for site in call.reached
        for product in PRODUCTS
        for offer in product["offers"]
    ]
    pagination, offers = page_of(matching(rows, _OFFER_FILTERS, filters(call.parameters)), call.parameters)
    return done(pagination=pagination, offers=offers)


def list_inventories(call: Call) -> Reply:
    """GET /store/inventories: what is in stock, by offer and shop; with filter `details`, by store as well."""
    rows = [
        {**offer, "site": site, "product": product}
        for site in call.reached
        for product in PRODUCTS
        for offer in product["offers"]
    ]
    asked = filters(call.parameters)
    found = [_stock(row, details=asked.get("details") == "1") for row in matching(rows, _STOCK_FILTERS, asked)]
    pagination, offers = page_of(found, call.parameters)
    return done(pagination=pagination, offers=offers)


def _stock(row: Row, *, details: bool) -> Row:
    stock = {name: row[name] for name in ("id", "externalId", "xmlId", "site", "purchasePrice", "quantity")}
    if details:
        stock["stores"] = [{"store": "main", "quantity": row["quantity"], "purchasePrice": row["purchasePrice"]}]
    return stock


def _alone(product: Row) -> Row:
    return {name: value for name, value in product.items() if name != "offers"}


def _offers_of(name: str) -> Callable[[Row], Sequence[Any]]:
    return lambda product: [offer[name] for offer in product["offers"]]


def _texts_of(product: Row) -> Sequence[str]:
    own = (product["name"], product["article"])
    return (*own, *(offer[name] for offer in product["offers"] for name in ("name", "article")))


_PRODUCT_FILTERS = {
    "ids": one_of(field("id")),
    "externalId": one_of(field("externalId")),
    "name": text(lambda product, part: any(part in found.casefold() for found in _texts_of(product))),
    "manufacturer": one_of(field("manufacturer")),
    "url": one_of(field("url")),
    "offerIds": one_of(_offers_of("id")),
    "offerExternalId": one_of(_offers_of("externalId")),
    "offerXmlId": one_of(_offers_of("xmlId")),
    "groups": one_of(lambda product: [group["id"] for group in product["groups"]]),
    "active": flag(lambda product: product["active"]),
    "minPrice": at_least(lambda product: product["maxPrice"]),
    "maxPrice": at_most(lambda product: product["minPrice"]),
    "minQuantity": at_least(lambda product: product["quantity"]),
    "maxQuantity": at_most(lambda product: product["quantity"]),
    "sinceId": at_least(lambda product: product["id"] - 1),
}
_OFFER_FILTERS = {
    "ids": one_of(field("id")),
    "externalIds": one_of(field("externalId")),
    "xmlIds": one_of(field("xmlId")),
    "sites": one_of(field("site")),
    "name": text(lambda offer, part: part in offer["name"].casefold()),
    "active": flag(lambda offer: offer["active"]),
    "minPrice": at_least(lambda offer: offer["prices"][0]["price"]),
    "maxPrice": at_most(lambda offer: offer["prices"][0]["price"]),
    "minQuantity": at_least(lambda offer: offer["quantity"]),
    "maxQuantity": at_most(lambda offer: offer["quantity"]),
    "sinceId": at_least(lambda offer: offer["id"] - 1),
}
_STOCK_FILTERS = {
    "ids": one_of(field("id")),
    "sites": one_of(field("site")),
    "offerArticle": one_of(field("article")),
    "offerExternalId": one_of(field("externalId")),
    "offerXmlId": one_of(field("xmlId")),
    "productArticle": one_of(lambda row: (row["product"]["article"],)),
    "productExternalId": one_of(lambda row: (row["product"]["externalId"],)),
    "productActive": flag(lambda row: row["product"]["active"]),
    "offerActive": flag(lambda row: row["active"]),
}
