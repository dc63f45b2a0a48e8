"""One question to a key service, by pyreqwest: JSON there, JSON back, a bearer token
with it.

HTTPS alone, and http to loopback for a key service that is being rehearsed; nothing is
followed, retried or logged, and no error quotes a body or a token.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError, RequestTimeoutError
from pyreqwest.request import SyncRequestBuilder

from trivium.credentials.kms.refusal import AGAIN, Refusal, refusal, refused, unreadable
from trivium.credentials.sources import EARLY
from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError

CONNECT_TIMEOUT = timedelta(seconds=10)
TIMEOUT = timedelta(seconds=60)
"""As long as AWS's clients wait for an answer; an HSM that must be woken takes
seconds."""

PUBLIC_KEY = "give the public half of"
SIGN = "sign with"
"""What is asked of a key service, as errors say it."""

_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")

T = TypeVar("T")


class KeyService:
    """A key service, asked about one key."""

    def __init__(
        self,
        key: str,
        *,
        endpoint: str,
        credentials: Callable[[], BearerToken],
        codes: Callable[[bytes], Iterable[str]],
        remedy: Callable[[Refusal], str],
    ) -> None:
        """`codes` finds the provider's codes in the body of a refusal (raising
        `msgspec.DecodeError` for one that has none), and `remedy` says what to do about
        it."""
        self._key = key
        self._endpoint = checked(endpoint)
        self._credentials = credentials
        self._codes = codes
        self._remedy = remedy
        self._held: BearerToken | None = None

    def get(self, path: str, answer: type[T], *, task: str) -> T:
        """What the service says to a GET. Raises `CredentialsError`."""
        return self._ask(lambda client: client.get(self._endpoint + path), answer, task)

    def post(
        self, path: str, question: dict[str, Any], answer: type[T], *, task: str
    ) -> T:
        """What the service says to a POST of `question`. Any: JSON. Raises
        `CredentialsError`."""
        body = msgspec.json.encode(question)
        return self._ask(
            lambda client: (
                client.post(self._endpoint + path)
                .header("content-type", "application/json")
                .body_bytes(body)
            ),
            answer,
            task,
        )

    def _ask(
        self,
        build: Callable[[SyncClient], SyncRequestBuilder],
        answer: type[T],
        task: str,
    ) -> T:
        with _client(self._endpoint) as client:
            request = self._authorised(build(client)).build()
            try:
                response = request.send()
                status, body = response.status, bytes(response.bytes())
            except PyreqwestError as error:
                raise self._unreachable(error) from error
        if status != 200:
            found = refusal(status, self._codes_in(body))
            raise refused(task, self._key, found, self._remedy(found))
        try:
            return msgspec.json.decode(body, type=answer)
        except msgspec.DecodeError as error:
            raise unreadable(task, self._key, str(error)) from error

    def _authorised(self, request: SyncRequestBuilder) -> SyncRequestBuilder:
        try:
            return request.bearer_auth(self._token().value)
        except ValueError:
            # The cause is left out: its text may hold the token.
            raise CredentialsError(
                f"The access token for {self._key} holds characters that no header can"
                " carry; nothing was sent.",
                next_step="Give the token alone, without a line break or quotes.",
            ) from None

    def _token(self) -> BearerToken:
        if self._held is None or _ends_within(self._held, EARLY):
            self._held = self._fetched()
        return self._held

    def _fetched(self) -> BearerToken:
        """Whatever goes wrong is told by its type alone: its text may hold what was
        being fetched."""
        try:
            token = self._credentials()
        except CredentialsError:
            raise
        except Exception as error:
            raise CredentialsError(
                f"The access token for {self._key} could not be fetched:"
                f" {type(error).__name__}. Nothing was sent.",
                next_step="Look into what fetches it.",
            ) from None
        if _ends_within(token, timedelta(0)):
            raise CredentialsError(
                f"The access token for {self._key} has expired; nothing was sent.",
                next_step="Log in again.",
            )
        return token

    def _codes_in(self, body: bytes) -> Iterable[str]:
        try:
            return tuple(self._codes(body))
        except msgspec.DecodeError:
            return ()

    def _unreachable(self, error: PyreqwestError) -> CredentialsError:
        """pyreqwest's error in ours. Its texts name the address, never the body."""
        if isinstance(error, RequestTimeoutError):
            found, next_step = "did not answer in time", AGAIN
        elif isinstance(error, ConnectError):
            found, next_step = (
                "could not be reached",
                "Check DNS, egress rules and the key service's own firewall.",
            )
        else:
            found, next_step = "cut the connection", AGAIN
        return CredentialsError(
            f"The key service of {self._key} at {self._endpoint} {found}; nothing is"
            " signed.",
            next_step=next_step,
        )


def checked(endpoint: str) -> str:
    """`endpoint`, which a key's secrets may travel to. Raises `CredentialsError`."""
    if not (_HTTPS.fullmatch(endpoint) or _LOOPBACK.fullmatch(endpoint)):
        raise CredentialsError(
            f"`{endpoint}` is no address of a key service, expected `https://HOST` (or"
            " http on loopback); nothing was sent.",
            next_step="Correct endpoint=.",
        )
    return endpoint


def _client(endpoint: str) -> SyncClient:
    builder = (
        SyncClientBuilder()
        .follow_redirects(False)
        .referer(False)
        .default_cookie_store(False)
        .error_for_status(False)
        .http2(False)  # HTTP/1.1 alone, as everywhere in trivium
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent("trivium")
    )
    loopback = _LOOPBACK.fullmatch(endpoint)
    return (builder.no_proxy() if loopback else builder.https_only(True)).build()


def _ends_within(token: BearerToken, margin: timedelta) -> bool:
    return (
        token.expires_at is not None and token.expires_at <= datetime.now(UTC) + margin
    )
