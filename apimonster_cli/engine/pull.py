"""One pull: a window is read page by page, each kept as it comes; then what it should have shown is asked for one by one.

There is nothing to hold on to while pages are read: what is added or taken away in between shifts all that follows. Repeats are known
by their key. A read whose pages shifted is done again at once, a few times; what it may still have missed is in the
window of the next pull, which begins the lookback before this one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from apimonster_cli.bundles.model import Bundle, PullPlan
from apimonster_cli.connectors.spec import Window
from apimonster_cli.core import crash, exactjson, log
from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import CallError, PermanentError, StoreError, TransientError
from apimonster_cli.engine.call import Exchange, Line
from apimonster_cli.engine.callers import quickly
from apimonster_cli.engine.journal import PullJournal
from apimonster_cli.engine.page import Page, is_older, read_object, read_page
from apimonster_cli.engine.retry import next_pull
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.rows import ClaimedPull, PageTaken, Position, PulledItem, PulledPage, Unseen

STEP = "pull"
"""What the transactions of a pull have in place of a step's id."""
READS = 3
MOST_ASKED = 200
"""Objects asked for one by one in a pull; the rest has its turn in the next."""
ASKED_AGAIN = timedelta(days=1)
"""How long an object is left in peace that is there but not shown by its window, for the bundle's params leave it out."""
_KEPT_ANSWER = 2_000  # characters: the objects of a page are kept as events
_MOST_TURNS = 100  # waits for a turn under the rate, before a call
_SHORTEST_WAIT = 0.05


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come: the page just kept, of how many in this piece of the window, and what all pages brought."""

    window: Window
    page: int
    pages: int | None
    taken: PageTaken


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to. complete: all was read; otherwise it was stopped, or failed with `error`."""

    complete: bool
    taken: PageTaken
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A pull to do. period: read this instead of what the schedule asks for, and leave the cursor where it is.

    stopping: asked between calls. told: hears of every page.
    """

    claimed: ClaimedPull
    bundle: Bundle
    period: Window | None = None
    stopping: Callable[[], bool] = lambda: False
    told: Callable[[Progress], None] = lambda _progress: None


class _Stopped(Exception):  # noqa: N818  # no error: somebody wants the program to end
    """The pull is to end between two calls."""


def scheduled_window(plan: PullPlan, complete: datetime | None, now: datetime) -> Window:
    """Return what to read now: from the last complete pull (now, for the first) less the lookback, to a little past the present."""
    start = min(complete or now, now) - plan.lookback
    return Window(start.astimezone(plan.zone), now.astimezone(plan.zone) + plan.pull.ahead)


def pieces(window: Window, longest: timedelta | None) -> Iterator[Window]:
    """Return a window in pieces of at most `longest`."""
    start = window.start
    while longest is not None and start + longest < window.end:
        yield Window(start, start + longest)
        start += longest
    yield Window(start, window.end)


def pull(order: Order, line: Line) -> Pulled:
    """Do a pull and put on record how it ended, a failure among the ways to end. LostLeaseError, StoreError: nothing more was written."""
    plan = order.bundle.pull
    assert plan is not None  # noqa: S101  # only bundles with a plan are claimed
    work = _Work(order, plan, line)
    logger = log.get().bind(bundle=order.bundle.name, connection=order.bundle.connection.name)
    try:
        work.read()
    except (StoreError, LostLeaseError):
        raise
    except _Stopped:
        work.journal.release(None, line.clock.now())
        return Pulled(complete=False, taken=work.taken)
    except Exception as error:  # logged whole where it is ours; the loop has to live on
        message = line.redactor.text(str(error))
        if not isinstance(error, CallError):
            logger.exception("pull broke off")
            message = f"broke off because of a mistake in this program ({type(error).__name__}); the log has more"
        again = next_pull(error, order.claimed.failures, line.clock.now())
        work.journal.release(message, again)
        logger.warning("pull failed", error=message, again=again.isoformat(timespec="seconds"))
        return Pulled(complete=False, taken=work.taken, error=message)
    taken = work.taken
    logger.info(
        "pulled", created=taken.created, updated=taken.updated, deleted=taken.deleted, unchanged=taken.unchanged
    )
    return Pulled(complete=True, taken=taken)


class _Work:
    """A pull under way."""

    def __init__(self, order: Order, plan: PullPlan, line: Line) -> None:
        connection = order.bundle.connection
        self.taken = PageTaken()
        self.journal = PullJournal(line.store, order.claimed.lease, line.clock)
        self._order = order
        self._plan = plan
        self._pull = plan.pull
        self._line = line
        self._settings = connection.settings
        self._connection = connection.name
        self._exchange = Exchange(connection, STEP, plan.pull.event.name, line, self.journal, kept=_KEPT_ANSWER)
        self._newest: dict[str, PulledItem] = {}
        now = line.clock.now()
        window = order.period or scheduled_window(plan, order.claimed.complete, now)
        window = Window(window.start.astimezone(plan.zone), window.end.astimezone(plan.zone))
        self._pieces = list(pieces(window, plan.pull.longest))
        self._position = Position(order.claimed.read, window.start, window.end, began_at=now)

    def read(self) -> None:
        """Read the window, look after what it did not show, and let the cursor move."""
        left = self._resumed()
        for number, piece in enumerate(left):
            first = self._position.page + 1 if number == 0 else 1
            self._position = replace(self._position, start=piece.start, end=piece.end)
            self._read_piece(piece, first)
            if not any(name in self._plan.params for name in self._pull.no_window):
                self._look_for_missing(piece)
        self.journal.finish(None if self._order.period else self._position.began_at)

    def _resumed(self) -> list[Window]:
        """Return the pieces left to read. A period goes on behind the last page that is kept; a schedule's window has moved on."""
        broken = self._order.claimed.position
        if self._order.period and broken:
            for number, piece in enumerate(self._pieces):
                if (piece.start, piece.end) == (broken.start, broken.end):
                    self._position = broken
                    return self._pieces[number:]
        return self._pieces

    def _read_piece(self, piece: Window, first: int) -> None:
        for _ in range(READS):
            if self._read_pages(piece, first):
                return
            first = 1
        log.get().info(
            "pages kept shifting while they were read; what was missed comes with the next pull",
            bundle=self._order.bundle.name,
        )

    def _read_pages(self, piece: Window, first: int) -> bool:
        """Read and keep page after page; return whether they stood still meanwhile."""
        asked = self._window_query(piece)
        totals: set[tuple[int | None, int | None]] = set()
        keys: set[str] = set()
        rows, number, repeated = 0, first, False
        while True:
            page = read_page(self._pull, self._ask({**asked, self._pull.pages.number: str(number)}))
            shown = [read_object(self._pull, found, self._plan.zone) for found in page.objects]
            new = {each.object_key for each in shown} - keys
            repeated = repeated or len(new) < len(shown)
            totals.add((page.pages, page.count))
            keys |= new
            rows += len(shown)
            self._keep(self._newer(shown), number, page.pages)
            if self._is_last(page, number, bool(new)):
                break
            number += 1
        counted = page.count is None or first > 1 or rows == page.count
        return len(totals) == 1 and counted and not (repeated and number > first)

    def _is_last(self, page: Page, number: int, brought_new: bool) -> bool:  # noqa: FBT001  # a fact about the page
        if not page.objects:
            return True
        if page.pages is not None:
            return number >= page.pages
        return len(page.objects) < self._page_size or not brought_new

    def _newer(self, shown: list[PulledItem]) -> list[PulledItem]:
        """Return each object once, as it was last, without what this pull has seen newer."""
        newer: dict[str, PulledItem] = {}
        for item in shown:
            known = newer.get(item.object_key) or self._newest.get(item.object_key)
            if known is None or not is_older(item, known):
                newer[item.object_key] = item
        self._newest |= newer
        return list(newer.values())

    def _keep(self, items: list[PulledItem], page: int, pages: int | None) -> None:
        self._position = replace(self._position, page=page, pages=pages)
        order, position = self._order, self._position
        crash.point("pull-page")
        taken = self.journal.page(
            PulledPage(
                connection=self._connection,
                event=self._pull.event.name,
                items=tuple(items),
                position=position,
                at=self._line.clock.now(),
                bulk=self._pull.event.bulk or order.period is not None,
            )
        )
        before = self.taken
        self.taken = PageTaken(
            before.created + taken.created,
            before.updated + taken.updated,
            before.deleted + taken.deleted,
            before.unchanged + taken.unchanged,
        )
        order.told(Progress(Window(position.start, position.end), page, pages, self.taken))

    # what the window should have shown ------------------------------------------------------------------------------
    def _look_for_missing(self, piece: Window) -> None:
        """Ask for each object that this piece once held and does not show: it may have moved, or be gone."""
        now, zone = self._line.clock.now(), self._plan.zone
        surely = min(self._position.began_at, datetime.combine(piece.end.astimezone(zone).date(), time(), zone))
        unseen = Unseen(
            bundle=self._order.bundle.name,
            read=self._position.read,
            since=piece.start,
            until=surely,
            asked_before=now - ASKED_AGAIN,
            most=MOST_ASKED,
        )
        for item in self._line.store.missing(unseen):
            found = self._found(item) or replace(item, gone=True)
            self._keep([found], self._position.page, self._position.pages)

    def _found(self, wanted: PulledItem) -> PulledItem | None:
        """Return an object asked for alone; None when it is gone. Where that cannot be told it is as it was."""
        try:
            for ways in self._pull.find(exactjson.loads(wanted.payload), self._plan.params):
                size = {self._pull.pages.number: "1", self._pull.pages.size: str(self._pull.pages.most)}
                for found in read_page(self._pull, self._ask({**ways, **size})).objects:
                    item = read_object(self._pull, found, self._plan.zone, alone=True)
                    if item.object_key == wanted.object_key:
                        return item
        except PermanentError as error:
            log.get().warning("it cannot be told whether an object is gone", object=wanted.object_key, error=str(error))
            return replace(wanted, alone=True)
        return None

    # calls ----------------------------------------------------------------------------------------------------------
    @property
    def _page_size(self) -> int:
        return int(self._plan.params.get(self._pull.pages.size, self._pull.pages.most))

    def _window_query(self, piece: Window) -> Mapping[str, str]:
        params: dict[str, Any] = {**self._plan.params, self._pull.pages.size: str(self._page_size)}
        if any(name in params for name in self._pull.no_window):
            return params
        return {**self._pull.window(piece), **params}

    def _ask(self, query: Mapping[str, str]) -> Answer:
        """Make one call, trying again within seconds what failed in passing and waiting for a turn under the rate."""
        request = self._pull.request(self._settings, query.items())
        for _ in range(_MOST_TURNS):
            if self._order.stopping():
                raise _Stopped
            try:
                return quickly(self._line)(self._exchange.ask, request)
            except TransientError as error:
                if not error.turned_away or self._line.circuit.resting:
                    raise
                self._line.clock.sleep(max(error.retry_after or 0, _SHORTEST_WAIT))
        raise TransientError("the rate is used up by other pulls", may_have_happened=False, turned_away=True)
