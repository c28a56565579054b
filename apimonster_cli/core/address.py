"""Where to listen, host and port, as people write it."""

EVERY = frozenset({"", "0.0.0.0", "::"})
"""Hosts that mean all addresses of the machine."""


def written(address: tuple[str, int]) -> str:
    """Return host and port: `127.0.0.1:8080`, `[::1]:8080`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def from_here(address: tuple[str, int]) -> str:
    """Return the URL by which this machine itself reaches what listens there; no slash at the end."""
    host, port = address
    return f"http://{written(('127.0.0.1' if host in EVERY else host, port))}"
