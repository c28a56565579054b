"""One outgoing call: where it goes, how long it may take, how much may come back, and what became of it."""

import logging
import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from apimonster_cli import __version__
from apimonster_cli.core import crash, exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import PermanentError, TransientError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.transport.answer import AnswerError, read_body
from apimonster_cli.transport.public import NotPublicError, check_written, is_loopback, keep_public
from apimonster_cli.transport.rate import Rate
from apimonster_cli.transport.trouble import explain

_LONGEST_CONNECT = 10.0  # seconds; a host that is up answers far sooner
_LONGEST_SHOWN = 64 * 1024  # characters of a request in the transactions table
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"

# Its warnings hold whole addresses, keys in them included; what went wrong is in the errors we raise.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class Client:
    """Calls of one connection. Thread-safe; keeps up to `pool` connections open.

    headers, query: sent with every call, the key among them; what is shown of a call has neither. timeout: seconds without a sign of an answer, and again for its whole
    body. max_answer: bytes, also after unpacking. longest_wait: seconds that a call waits here for its turn under `rate`.
    public_only: never reach this machine or a private network, wherever a name leads. Through a proxy, the proxy decides that.
    The proxies and the certificate bundle of the environment (HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE) are read once. What is
    on this machine itself, such as the sandbox, is never asked for through a proxy: that one's 127.0.0.1 is another machine.
    """

    def __init__(  # noqa: PLR0913 - each is a bound of its own, all but two by keyword
        self,
        connection_name: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        query: Sequence[tuple[str, str]] = (),
        rate: Rate | None,
        timeout: float,
        redactor: Redactor,
        clock: Clock,
        pool: int = 32,
        max_answer: int = 10 * 1024 * 1024,
        longest_wait: float = 2.0,
        public_only: bool = False,
    ) -> None:
        self._name = connection_name
        self._base = _checked(connection_name, base_url)
        self._host = str(urlsplit(self._base).hostname)
        self._headers = {"User-Agent": f"apimonster-cli/{__version__}", "Accept-Encoding": "gzip", **headers}
        self._query = tuple(query)
        self._rate = rate
        self._timeouts = (min(_LONGEST_CONNECT, timeout), timeout)
        self._redactor = redactor
        self._clock = clock
        self._max_answer = max_answer
        self._longest_wait = longest_wait
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool, max_retries=0, pool_block=True)
        self._public_only = public_only
        if public_only:
            keep_public(self._adapter)
        self._proxies = {} if is_loopback(self._host) else get_environ_proxies(self._base)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True

    def describe(self, request: Request) -> tuple[str, str | None]:
        """Return address and body of a request as people read them, without secrets."""
        query = "&".join(f"{name}={value}" for name, value in request.query)
        body: str | None = None
        if request.form is not None:
            body = "&".join(f"{name}={value}" for name, value in request.form)
        elif request.json is not None:
            body = exactjson.dumps(request.json)
        elif request.body is not None:
            body = request.body if isinstance(request.body, str) else request.body.decode("utf-8", "replace")
        url = self._redactor.text(f"{self._base}{_path(request)}{'?' if query else ''}{query}")
        return _short(url), _short(self._redactor.text(body)) if body is not None else None

    def reserve(self) -> None:
        """Wait for this call's turn under the rate; TransientError (turned away) when that is more than longest_wait off."""
        if self._rate is None:
            return
        wait = self._rate.reserve(self._longest_wait)
        if wait > self._longest_wait:
            raise TransientError(
                f"connection {self._name}: its rate is used up, the next call may go in {wait:.1f} s",
                may_have_happened=False,
                retry_after=wait,
                turned_away=True,
            )
        if wait > 0:
            self._clock.sleep(wait)

    def send(self, request: Request) -> Answer:
        """Make the call and return what came back, whatever its status; redirects are not followed.

        TransientError when no whole answer came, with what that means for the call; PermanentError when it cannot be sent.
        """
        prepared = self._prepare(request)
        try:
            if self._public_only:
                check_written(self._host)
            if self._rate is not None:
                self._rate.depart()
            response = self._adapter.send(
                prepared, stream=True, timeout=self._timeouts, verify=self._verify, proxies=self._proxies
            )
        except NotPublicError as error:
            raise PermanentError(
                f"connection {self._name}: {self._host} is in a private network or on this machine ({error.address}), and nothing "
                "was sent: check url of the connection, and write `private: true` in it if that is where it should lead"
            ) from error
        except ValueError as error:  # the text of the error may hold the value, and with it the key
            raise PermanentError(
                f"connection {self._name}: the request to {self._host} cannot be sent: "
                "a header or the address holds a sign that is not allowed there"
            ) from error
        except (RequestException, HTTPError, OSError) as error:
            raise self._trouble(request, error) from error
        try:
            crash.point("after-send")
            return self._answer(request, response)
        finally:
            response.close()

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def _prepare(self, request: Request) -> PreparedRequest:
        # By hand, as the session's own way costs as much again as the call itself.
        prepared = PreparedRequest()
        prepared.method = request.method
        prepared.url = f"{self._base}{_path(request)}"
        if query := (*self._query, *request.query):
            prepared.url += ("&" if "?" in prepared.url else "?") + urlencode(query)
        body, content_type = _body(request)
        headers = CaseInsensitiveDict(self._headers)
        if content_type:
            headers["Content-Type"] = content_type
        headers.update(request.headers)
        if body is not None:
            headers["Content-Length"] = str(len(body))
        elif request.method not in ("GET", "HEAD"):
            headers["Content-Length"] = "0"
        prepared.headers = headers
        prepared.body = body
        return prepared

    def _answer(self, request: Request, response: Response) -> Answer:
        try:
            body = read_body(
                response.raw,
                most=self._max_answer,
                deadline=self._clock.monotonic() + self._timeouts[1],
                clock=self._clock,
            )
        except AnswerError as error:
            raise TransientError(
                f"connection {self._name}: the answer of {self._host} {error}", may_have_happened=request.writes
            ) from error
        except (HTTPError, OSError, ValueError) as error:
            raise self._trouble(request, error) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body)

    def _trouble(self, request: Request, error: Exception) -> TransientError:
        words, started = explain(error)
        connecting = f"{self._timeouts[0]:g} s" if not started else f"{self._timeouts[1]:g} s"
        return TransientError(
            f"connection {self._name}: {self._host} {words.format(timeout=connecting)}",
            may_have_happened=request.writes and started,
        )


def _checked(connection_name: str, base_url: str) -> str:
    """Return the address as it goes on the wire: host in ASCII, no slash at the end. PermanentError when there is none."""
    prepared = PreparedRequest()
    try:
        prepared.prepare_url(base_url, None)
    except (RequestException, ValueError) as error:
        raise PermanentError(
            f"connection {connection_name}: its url is not an address that can be called: write it like https://api.example.com"
        ) from error
    return str(prepared.url).rstrip("/")


def _path(request: Request) -> str:
    return request.path if request.path.startswith("/") or not request.path else f"/{request.path}"


def _body(request: Request) -> tuple[bytes | None, str | None]:
    """Return the body's bytes and their content type. We encode, as requests would look at every value once more."""
    if request.form is not None:
        return urlencode(request.form).encode("ascii"), _FORM
    if request.json is not None:
        return exactjson.dumps(request.json).encode("utf-8"), _JSON
    if isinstance(request.body, str):
        return request.body.encode("utf-8"), None
    return request.body, None


def _short(text: str) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]}… ({len(text) - _LONGEST_SHOWN} more characters)"
