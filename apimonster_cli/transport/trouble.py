"""What an error of the network means, in words, and whether the call may have been carried out all the same."""

import ssl
from collections.abc import Iterator

from requests.exceptions import ConnectTimeout, ProxyError, ReadTimeout
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError

# The first that fits counts. The text goes on after the host's name; the flag says whether the call had left by then.
_MEANINGS: tuple[tuple[tuple[type[BaseException], ...], str, bool], ...] = (
    (
        (ssl.SSLCertVerificationError,),
        "shows a certificate that cannot be trusted: check url of the connection, or ask the owner of the host",
        False,
    ),
    ((ProxyError,), "cannot be reached: the proxy of the environment does not let the call through", False),
    (
        (NameResolutionError,),
        "is a name that cannot be found: check url of the connection, and the network of this machine",
        False,
    ),
    ((ConnectionRefusedError,), "cannot be reached: it refuses the connection", False),
    ((NewConnectionError,), "cannot be reached: there is no way to it from this machine", False),
    ((ConnectTimeout, ConnectTimeoutError), "cannot be reached: no connection within {timeout}", False),
    ((ReadTimeout, ReadTimeoutError, TimeoutError), "gave no answer within {timeout}", True),
)


def explain(error: Exception) -> tuple[str, bool]:
    """Return (what happened, with {timeout} where a time belongs; whether the call had left when it happened)."""
    causes = tuple(_causes(error))
    for kinds, words, started in _MEANINGS:
        if any(isinstance(cause, kinds) for cause in causes):
            return words, started
    return "broke the connection before its answer was whole", True


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and every error it was made of: by cause, by context, as an argument, as urllib3's reason."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
