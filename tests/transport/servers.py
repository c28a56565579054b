"""Servers on loopback that answer, and misbehave, on the wire."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Behaviour = Callable[[socket.socket, bytes], bool]
"""Answers one request, given whole; returns whether the connection stays open."""


@dataclass
class Server:
    """What a test needs of a server: its address, and what reached it."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(body: bytes = b'{"success":true}', status: str = "200 OK", *headers: str) -> Behaviour:
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""])

    def behave(peer: socket.socket, _request: bytes) -> bool:
        peer.sendall(head.encode() + body)
        return True

    return behave


def raw(data: bytes) -> Behaviour:
    """Send these bytes and close."""

    def behave(peer: socket.socket, _request: bytes) -> bool:
        peer.sendall(data)
        return False

    return behave


def reset(peer: socket.socket, _request: bytes) -> bool:
    """Cut the connection off without an answer."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return False


@contextmanager
def serve(
    *behaviours: Behaviour, tls: Path | None = None, place: tuple[str, int] = ("127.0.0.1", 0)
) -> Iterator[Server]:
    """Answer the first request by the first behaviour and so on, the last one for all that follow.

    tls: a file with the server's key and certificate, to speak TLS. place: where to listen; port 0 is any that is free.
    """
    listening = socket.create_server(place)
    peers: list[socket.socket] = []
    server = Server(listening.getsockname()[1])
    accepting = threading.Thread(target=_accept, args=(listening, server, behaviours, tls, peers), daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        _disturb(listening)
        listening.close()
        for peer in peers:
            _disturb(peer)
        accepting.join(timeout=5)


def _accept(
    listening: socket.socket,
    server: Server,
    behaviours: Sequence[Behaviour],
    tls: Path | None,
    peers: list[socket.socket],
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls:
        context.load_cert_chain(tls)
    while True:
        try:
            peer, _ = listening.accept()
        except OSError:  # closed: the test is over
            return
        server.connections += 1
        try:
            peer = context.wrap_socket(peer, server_side=True) if tls else peer
        except OSError:  # the client did not like the certificate
            continue
        peers.append(peer)
        threading.Thread(target=_answer, args=(peer, server, behaviours), daemon=True).start()


def _answer(peer: socket.socket, server: Server, behaviours: Sequence[Behaviour]) -> None:
    with peer:
        while (request := _read_request(peer)) is not None:
            with server.lock:
                server.requests.append(request)
                behaviour = behaviours[min(len(server.requests), len(behaviours)) - 1]
            try:
                if not behaviour(peer, request):
                    return
            except OSError:  # the client has gone, as some tests want
                return


def _disturb(peer: socket.socket) -> None:
    """End the waiting of whoever accepts on, reads from or writes to this socket."""
    try:
        peer.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed already
        return


def _read_request(peer: socket.socket) -> bytes | None:
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            if not (part := peer.recv(65536)):
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        wanted = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < wanted:
            if not (part := peer.recv(65536)):
                return None
            body += part
    except OSError:
        return None
    return head + b"\r\n\r\n" + body
