"""The calls of RetailCRM that the look-alike answers, and the order in which a call is checked."""

from apimonster_cli.sandbox import catalogue, customers, history, notes, order_list, orders, packs, payments, references
from apimonster_cli.sandbox.account import Account
from apimonster_cli.sandbox.answers import Refusal, Reply, done
from apimonster_cli.sandbox.journal import Record
from apimonster_cli.sandbox.routes import Call, Route, Routes
from apimonster_cli.sandbox.state import State

_V5 = "/api/v5"


def credentials(call: Call) -> Reply:
    """GET /api/credentials: what the key may do and which shops it reaches. No scope is needed."""
    body = {
        "scopes": list(call.key.scopes),
        "credentials": [route.path for route in _ROUTES if route.scope in call.key.scopes],
    }
    if call.key.sites is None:
        return done(**body, siteAccess="access_full")
    return done(**body, siteAccess="access_selective", sitesAvailable=list(call.account.reached(call.key)))


def api_versions(_call: Call) -> Reply:
    """GET /api/api-versions."""
    return done(versions=["3.0", "4.0", "5.0"])


def system_info(_call: Call) -> Reply:
    """GET /api/system-info."""
    return done(systemVersion="8.1.51", publicUrl="https://sandbox.example", technicalUrl="https://sandbox.example")


_ROUTES = (
    Route("GET", "/api/credentials", None, credentials),
    Route("GET", "/api/api-versions", None, api_versions),
    Route("GET", "/api/system-info", None, system_info),
    Route("GET", f"{_V5}/orders", "order_read", order_list.list_orders),
    Route("GET", f"{_V5}/orders/statuses", "order_read", orders.list_statuses),
    Route("GET", f"{_V5}/orders/history", "order_read", history.list_history),
    Route("POST", f"{_V5}/orders/create", "order_write", orders.create_order),
    Route("POST", f"{_V5}/orders/upload", "order_write", orders.upload_orders),
    Route("POST", f"{_V5}/orders/fix-external-ids", "order_write", orders.fix_external_ids),
    Route("POST", f"{_V5}/orders/payments/create", "order_write", payments.create_payment),
    Route("POST", f"{_V5}/orders/payments/{{uid}}/edit", "order_write", payments.edit_payment),
    Route("POST", f"{_V5}/orders/payments/{{uid}}/delete", "order_write", payments.delete_payment),
    Route("GET", f"{_V5}/orders/packs", "order_read", packs.list_packs),
    Route("POST", f"{_V5}/orders/packs/create", "order_write", packs.create_pack),
    Route("GET", f"{_V5}/orders/packs/{{uid}}", "order_read", packs.get_pack),
    Route("POST", f"{_V5}/orders/packs/{{uid}}/edit", "order_write", packs.edit_pack),
    Route("POST", f"{_V5}/orders/packs/{{uid}}/delete", "order_write", packs.delete_pack),
    Route("GET", f"{_V5}/orders/{{uid}}", "order_read", orders.get_order),
    Route("POST", f"{_V5}/orders/{{uid}}/edit", "order_write", orders.edit_order),
    Route("GET", f"{_V5}/customers", "customer_read", customers.list_customers),
    Route("POST", f"{_V5}/customers/create", "customer_write", customers.create_customer),
    Route("POST", f"{_V5}/customers/upload", "customer_write", customers.upload_customers),
    Route("POST", f"{_V5}/customers/fix-external-ids", "customer_write", customers.fix_external_ids),
    Route("POST", f"{_V5}/customers/combine", "customer_write", customers.combine_customers),
    Route("GET", f"{_V5}/customers/notes", "customer_read", notes.list_notes),
    Route("POST", f"{_V5}/customers/notes/create", "customer_write", notes.create_note),
    Route("POST", f"{_V5}/customers/notes/{{uid}}/delete", "customer_write", notes.delete_note),
    Route("GET", f"{_V5}/customers/{{uid}}", "customer_read", customers.get_customer),
    Route("POST", f"{_V5}/customers/{{uid}}/edit", "customer_write", customers.edit_customer),
    Route("GET", f"{_V5}/store/products", "store_read", catalogue.list_products),
    Route("GET", f"{_V5}/store/offers", "store_read", catalogue.list_offers),
    Route("GET", f"{_V5}/store/inventories", "store_read", catalogue.list_inventories),
    Route("GET", f"{_V5}/users", "user_read", references.list_users),
    Route("GET", f"{_V5}/custom-fields", "custom_fields_read", references.list_custom_fields),
    Route("GET", f"{_V5}/custom-fields/dictionaries", "custom_fields_read", references.list_dictionaries),
    *(
        Route("GET", f"{_V5}/reference/{name}", "reference_read", references.reference(name))
        for name in references.REFERENCES
    ),
)
_FOUND = Routes(_ROUTES)


def carry_out(account: Account, state: State, record: Record, key: str) -> Reply:
    """Return the answer to a call: the key is checked first, then path and verb, scope, shop, parameters, entity.

    The order of the checks is not documented. Whatever a refused call changed is kept, as an upload in part needs.
    """
    try:
        known = account.key(key)
        route, uid = _FOUND.find(record.method, record.path)
        known.require(route.scope)
        with state.lock:
            try:
                return route.handler(Call(account, state, known, record.parameters, uid))
            finally:
                state.commit()
    except Refusal as refusal:
        return refusal.reply()
