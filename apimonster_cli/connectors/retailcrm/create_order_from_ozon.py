"""RetailCRM: an order made of the rows of an Ozon posting, each row's offer found in the catalogue by its article."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apimonster_cli.connectors.retailcrm.create_order import ON_DUPLICATE, order_there, place
from apimonster_cli.connectors.retailcrm.edit_order import OPEN_ORDER, REPLACE_ITEMS
from apimonster_cli.connectors.retailcrm.find_product import find_by_article
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.errors import PermanentError
from apimonster_cli.values.convert import text
from apimonster_cli.values.errors import ConversionError
from apimonster_cli.values.numbers import read_number

_NOT_OF_THE_ORDER = ("site", "article_field", "products")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the posting. article: as Ozon has it, "" when it has none; line: price and quantity of the order's line."""

    article: str
    name: str
    line: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.article or 'no article'} ({self.name})" if self.name else self.article or "no article"


def create_order_from_ozon(call: Call) -> Mapping[str, Any]:
    """Create an order with a line for each row of `products`; else as create_order, and with the same outputs.

    A row whose article no offer has, or several, fails the step with its name; with `on_missing: name_only` it becomes a line
    by name alone, tied to no product.
    """
    rows = list(_rows(call.fields))
    offers = {article: _offer_id(call, article) for article in dict.fromkeys(row.article for row in rows)}
    missing = [str(row) for row in rows if offers[row.article] is None]
    if missing and call.options.get("on_missing") != "name_only":
        raise PermanentError(
            f"RetailCRM's catalogue has no offer, or no single one, with the article of: {', '.join(missing)}; "
            "put it there, or write `on_missing: name_only` to order it by its name"
        )
    order = {name: value for name, value in call.fields.items() if name not in _NOT_OF_THE_ORDER}
    lines = [_line(row, offers[row.article]) for row in rows]
    return place(call, {**order, "items": lines}, call.fields.get("site") or call.settings.get("site"))


def _offer_id(call: Call, article: str) -> Any:
    """Return the id of the only offer that the article can mean, None without one. Offers on sale go before those that are not.

    A product may have the article itself and several offers with others: then which of them is meant cannot be told.
    """
    found = [
        (product, offer)
        for product, offer in find_by_article(call, article)
        if str(offer.get("article") or "").strip() == article or len(product.get("offers") or ()) == 1
    ]
    on_sale = [one for one in found if one[0].get("active", True)]
    ids = {offer.get("id") for _, offer in on_sale or found}
    return ids.pop() if len(ids) == 1 else None


def _line(row: _Row, offer_id: Any) -> dict[str, Any]:
    which = {"productName": row.name or row.article} if offer_id is None else {"offer": {"id": offer_id}}
    return {**which, **row.line}


def _rows(fields: Mapping[str, Any]) -> Iterator[_Row]:
    article_field = text(fields.get("article_field")).strip()
    if not article_field:
        raise PermanentError("where do the products have their article? The field article_field got no value")
    products = fields.get("products")
    if not isinstance(products, list) or not products:
        raise PermanentError("an order of no products: the field products got no list with a row in it")
    for number, product in enumerate(products, start=1):
        if not isinstance(product, Mapping):
            raise PermanentError(f"row {number} of products is no Ozon product: {text(product)[:100]}")
        article = product.get(article_field, _NONE)
        if article is _NONE or isinstance(article, Mapping | list):
            raise PermanentError(
                f"row {number} of products has no text in {article_field}: check article_field, "
                f"the row has {', '.join(map(str, product))}"
            )
        name = text(product.get("name")).strip()
        place_of = f"row {number} of products, {name}" if name else f"row {number} of products"
        yield _Row(text(article).strip(), name, _amounts(product, place_of))


_NONE = object()


def _amounts(product: Mapping[str, Any], place_of: str) -> dict[str, Any]:
    """Return quantity and price. A row without a price is left to the catalogue's own."""
    price = product.get("price")
    if isinstance(price, Mapping):  # the v4 lists of Ozon: {amount, currency}
        price = price.get("amount", price)
    amounts = {"quantity": _number(product.get("quantity"), f"{place_of}: its quantity")}
    if amounts["quantity"] <= 0:
        raise PermanentError(f"{place_of}: its quantity is {amounts['quantity']}, which cannot be ordered")
    if price not in (None, ""):
        amounts["initialPrice"] = _number(price, f"{place_of}: its price")
    return amounts


def _number(value: Any, what: str) -> int | Decimal:
    """Return a number as briefly as it can be written: Ozon's "1530.0000" is 1530."""
    try:
        number = read_number(value)
    except ConversionError as error:
        raise PermanentError(f"{what}: {error}") from None
    return int(number) if number == int(number) else Decimal(number).normalize()


CREATE_ORDER_FROM_OZON = Action(
    name="create_order_from_ozon",
    title="Создать заказ из товаров Ozon",
    inputs="create_order_from_ozon.inputs",
    outputs="create_order_from_ozon.result",
    run=create_order_from_ozon,
    options=(
        ON_DUPLICATE,
        REPLACE_ITEMS,
        Option(
            "on_missing",
            "What to do with a product whose article the catalogue does not have: fail, or a line by its name (name_only).",
            choices=("fail", "name_only"),
            default="fail",
        ),
    ),
    open_inputs=("products",),
    open_outputs=OPEN_ORDER,
    needs=(("products",), ("article_field",)),
    scopes=("order_write", "order_read", "store_read"),
    look=order_there,
)
