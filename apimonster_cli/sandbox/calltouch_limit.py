"""How many calls Calltouch takes from one address."""

from collections import deque


class Limit:
    """Five calls a second are carried out at once, five more wait for their turn, the next is refused.

    That is the last paragraph of the page "Выгрузка журнала сделок" (calltouch.ru/support): of 11 calls that come in one second
    from one address 5 are carried out, 5 are queued and 1 ends with an error. Seconds are those of a clock that only grows.
    """

    def __init__(self) -> None:
        self.most = 0
        """The most calls that any one second has seen, refused ones included."""
        self.refused = 0
        self._starts: deque[float] = deque()
        self._arrivals: deque[float] = deque()

    def enter(self, now: float, *, per_second: int, waiting: int) -> float | None:
        """Return how long a call that comes in at `now` waits for its turn; None when it is refused."""
        self._count(now)
        while self._starts and self._starts[0] <= now - 1:
            self._starts.popleft()
        start = now if len(self._starts) < per_second else max(now, self._starts[-per_second] + 1)
        if start > now and sum(moment > now for moment in self._starts) >= waiting:
            self.refused += 1
            return None
        self._starts.append(start)
        return start - now

    def _count(self, now: float) -> None:
        self._arrivals.append(now)
        while self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        self.most = max(self.most, len(self._arrivals))
