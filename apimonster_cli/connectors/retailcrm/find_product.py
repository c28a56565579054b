"""RetailCRM: find a product by its article."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm.pages import TooManyError, read_pages
from apimonster_cli.connectors.spec import Action, Call

Found = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A product, and the offer of it that an article means; {} for a product without offers."""


def find_product(call: Call) -> Mapping[str, Any]:
    """Return the product that has exactly this article, itself or in an offer, and as `offer` the offer to put into an order.

    {} when there is none. A product on sale goes before one that is not.
    """
    found = find_by_article(call, str(call.fields.get("article") or "").strip())
    if not found:
        return {}
    product, offer = max(found, key=lambda one: bool(one[0].get("active", True)))
    return {**product, "offer": offer}


def find_by_article(call: Call, article: str) -> list[Found]:
    """Return every product that has exactly this article, itself or in an offer; none for an empty article.

    TooManyError when it may be there, but behind too many others whose names or articles contain it.
    """
    found: list[Found] = []
    if not article:
        return found
    try:
        # There is no filter for articles; `name` looks through names and articles, so each product is compared here.
        for product in read_pages(call, "/store/products", "products", [("[name]", article)], whole=True):
            offer = _offer(product, article)
            if offer is not None:
                found.append((product, offer))
    except TooManyError:
        if not found:
            raise
    return found


def _offer(product: Mapping[str, Any], article: str) -> Mapping[str, Any] | None:
    """Return the offer of `product` that the article means, {} for a product without offers, None for another product."""
    offers = [offer for offer in product.get("offers") or () if isinstance(offer, Mapping)]
    for offer in offers:
        if str(offer.get("article") or "").strip() == article:
            return offer
    if str(product.get("article") or "").strip() == article:
        return offers[0] if offers else {}
    return None


FIND_PRODUCT = Action(
    name="find_product",
    title="Найти товар",
    inputs="find_product.inputs",
    outputs="find_product.result",
    run=find_product,
    writes=False,
    open_outputs=("groups", "offer", "offers"),
    needs=(("article",),),
    scopes=("store_read",),
)
