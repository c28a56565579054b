"""What was acknowledged is there, even when the process was killed in the middle of its work."""

import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

from apimonster_cli.store.rows import HistoryFilter
from tests.store.build import opened

ACCEPT_WITHOUT_END = """
import sys, threading
from pathlib import Path
from apimonster_cli.core.clock import SystemClock
from tests.store.build import event, opened

store = opened(Path(sys.argv[1]))
say = threading.Lock()

def send(thread):
    number = 0
    while True:
        accepted = store.accept(event(f"{thread}-{number}", "a")).result()
        with say:
            print(accepted.event_id, f"{thread}-{number}", flush=True)
        number += 1

for thread in range(8):
    threading.Thread(target=send, args=(thread,)).start()
"""


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ACCEPT_WITHOUT_END, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        lines = list(islice(sender.stdout, 500))
        sender.send_signal(signal.SIGKILL)
        lines += sender.stdout.readlines()

    acknowledged = {int(event_id): object_key for event_id, object_key in (line.split() for line in lines)}
    store = opened(tmp_path)
    kept = {row.id: row.object_key for row in store.events(HistoryFilter(limit=100_000))}
    states = store.counts().deliveries
    store.close_store()
    assert acknowledged.items() <= kept.items()
    assert states == {"waiting": len(kept)}
