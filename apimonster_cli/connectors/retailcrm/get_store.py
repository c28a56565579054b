"""RetailCRM: the fields of a warehouse."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.connectors.spec import Action, Call


def get_store(call: Call) -> Mapping[str, Any]:
    """Return the warehouse with this code; NotFoundError when there is none. The API only has the list of all."""
    code = str(call.fields.get("code") or "").strip()
    listed = call.ask(calls.stores()).json().get("stores") or []
    stores = [
        store for store in (listed.values() if isinstance(listed, Mapping) else listed) if isinstance(store, Mapping)
    ]
    for store in stores:
        if str(store.get("code")) == code:
            return store
    known = ", ".join(sorted(str(store.get("code")) for store in stores))
    raise NotFoundError(f"RetailCRM has no warehouse with the code {code or '(empty)'}; there are: {known or 'none'}")


GET_STORE = Action(
    name="get_store",
    title="Получить склад",
    inputs="get_store.inputs",
    outputs="get_store.outputs",
    run=get_store,
    writes=False,
    open_outputs=("address", "phone", "workTime"),
    needs=(("code",),),
    scopes=("reference_read",),
)
