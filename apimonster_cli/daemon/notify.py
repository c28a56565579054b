"""Tells systemd how the service stands: sd_notify in ten lines, for Type=notify units."""

import os
import socket


def notify(state: str) -> bool:
    """Send `state` (`READY=1`, `STOPPING=1`, `RELOADING=1`, `WATCHDOG=1`) to the service manager; False when there is none.

    The protocol is that of sd_notify(3): one datagram to $NOTIFY_SOCKET, whose leading @ means an abstract address.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
        except OSError:
            return False  # a service manager that went away is no reason to stop working
    return True


def watchdog_seconds() -> float | None:
    """Return how often the service manager wants to hear from us (half of $WATCHDOG_USEC), None when it does not."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", "")
    if not usec.isdigit() or (meant_for and meant_for != str(os.getpid())):
        return None
    return int(usec) / 2_000_000
