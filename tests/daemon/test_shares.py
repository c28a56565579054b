"""How many deliveries are claimed for whom."""

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.daemon.shares import BATCH, Share, bulk_room, shares
from apimonster_cli.engine.circuit import Circuits
from tests.engine.support import FakeClock, bundle, connection, step


def bundles(**connections: str) -> dict[str, Bundle]:
    return {name: bundle(step(to=connection(to)), name=name) for name, to in connections.items()}


def circuits() -> Circuits:
    return Circuits(["crm", "chat", "shop"], FakeClock())


def test_one_connection_may_use_every_worker() -> None:
    made = shares(bundles(a="crm", b="crm"), circuits(), {}, workers=16)

    assert made == [Share(["a", "b"], BATCH)]


def test_free_connections_share_one_claim() -> None:
    made = shares(bundles(a="crm", b="chat"), circuits(), {}, workers=32)

    assert made == [Share(["a", "b"], BATCH)]


def test_one_of_several_connections_gets_three_quarters_at_most() -> None:
    made = shares(bundles(a="crm", b="chat"), circuits(), {"crm": 12}, workers=16)

    assert made == [Share(["b"], 12)]


def test_a_busy_connection_is_filled_up_a_quarter_at_a_time() -> None:
    assert shares(bundles(a="crm"), circuits(), {"crm": 25}, workers=16) == []
    assert shares(bundles(a="crm"), circuits(), {"crm": 24}, workers=16) == [Share(["a"], 8)]


def test_all_claims_together_stay_within_what_is_free() -> None:
    made = shares(bundles(a="crm", b="chat", c="shop"), circuits(), {"crm": 8, "chat": 8, "shop": 8}, workers=16)

    assert sum(share.limit for share in made) <= 8


def test_a_resting_connection_gets_nothing_and_then_one_on_trial() -> None:
    clock = FakeClock()
    made = Circuits(["crm", "chat"], clock)
    made["crm"].refused("wrong key")

    resting = shares(bundles(a="crm", b="chat"), made, {}, workers=32)
    clock.sleep(made["crm"].wait())
    on_trial = shares(bundles(a="crm", b="chat"), made, {}, workers=32)
    under_way = shares(bundles(a="crm", b="chat"), made, {"crm": 1}, workers=32)

    assert resting == [Share(["b"], BATCH)]
    assert on_trial == [Share(["a"], 1), Share(["b"], BATCH)]
    assert under_way == [Share(["b"], BATCH)]


def test_one_worker_serves_all() -> None:
    made = shares(bundles(a="crm", b="chat"), circuits(), {}, workers=1)

    assert made == [Share(["a", "b"], 1)]


def test_bulk_is_filled_up_a_quarter_at_a_time() -> None:
    assert [bulk_room(held, most=8) for held in (0, 6, 7, 8)] == [8, 2, 0, 0]
    assert [bulk_room(held, most=1) for held in (0, 1)] == [1, 0]
