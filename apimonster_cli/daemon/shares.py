"""How many deliveries may be claimed now, and for which bundles: what keeps a slow connection from taking every worker."""

from collections.abc import Mapping
from dataclasses import dataclass

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.engine.circuit import Circuits

BATCH = 16
"""Deliveries claimed in one commit: sixteen at a time cost a tenth of one at a time."""


@dataclass(frozen=True, slots=True)
class Share:
    """One claim to make: up to `limit` deliveries of `bundles`."""

    bundles: list[str]
    limit: int


def shares(bundles: Mapping[str, Bundle], circuits: Circuits, held: Mapping[str, int], *, workers: int) -> list[Share]:
    """Return the claims to make now.

    Bundles are grouped by the connection of their first step; held: deliveries under way by that connection. Where there are
    several, none gets more than three quarters of the workers. A resting connection gets nothing, then one on trial. A group
    is filled up only when a quarter of its room is free, so that a busy worker claims in batches.
    """
    groups: dict[str, list[str]] = {}
    for name, bundle in bundles.items():
        groups.setdefault(bundle.steps[0].connection.name, []).append(name)
    batch = min(BATCH, workers)
    free = workers + batch - sum(held.values())
    most = workers + batch if len(groups) == 1 else max(1, workers * 3 // 4)
    wide: list[str] = []
    narrow: list[Share] = []
    for connection, names in groups.items():
        room = most - held.get(connection, 0)
        if room * 4 < most:
            room = 0
        allowed = circuits[connection].room()
        if allowed is not None:
            room = min(most, allowed) - held.get(connection, 0)
        if room >= min(batch, free):
            wide += names
        elif room > 0:
            narrow.append(Share(names, room))
    return _within(free, batch, wide, narrow)


def bulk_room(held: int, *, most: int) -> int:
    """Return how many deliveries of bulk events may be claimed now, `held` of them being under way.

    Were all workers busy with them, all would soon wait for the rate of a service, and a new lead behind them. As above, room is
    filled up only when a quarter of it is free.
    """
    room = most - held
    return room if room * 4 >= most else 0


def _within(free: int, batch: int, wide: list[str], narrow: list[Share]) -> list[Share]:
    """Return the claims, the narrow ones first, cut so that all together stay within what is free."""
    claims: list[Share] = []
    for share in narrow:
        limit = min(share.limit, free)
        if limit > 0:
            claims.append(Share(share.bundles, limit))
            free -= limit
    if wide and free > 0:
        claims.append(Share(wide, min(batch, free)))
    return claims
