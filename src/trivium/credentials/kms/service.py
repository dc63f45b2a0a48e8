"""One question to a key service: JSON there, JSON back, with a bearer token.

HTTPS alone, and plain HTTP to loopback for a key service in a rehearsal. No error
quotes a body or a token.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from trivium.credentials.kms.refusal import Refusal, refusal, refused, unreadable
from trivium.credentials.sources import EARLY
from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError
from trivium.http import MEANINGS, Cause, Connection, NoAnswerError, Request, once

CONNECT_TIMEOUT_S = 10.0
TIMEOUT_S = 60.0
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
        """What the service answers to a GET. Raises `CredentialsError`."""
        return self._ask(Request(self._endpoint + path, {}, method="GET"), answer, task)

    def post(
        self, path: str, question: dict[str, Any], answer: type[T], *, task: str
    ) -> T:
        """What the service answers to a POST of `question`. Any: JSON. Raises
        `CredentialsError`."""
        headers = {"content-type": "application/json"}
        body = msgspec.json.encode(question)
        return self._ask(Request(self._endpoint + path, headers, body), answer, task)

    def _ask(self, request: Request, answer: type[T], task: str) -> T:
        """One call of the key service, answered with JSON."""
        headers = {**request.headers, "authorization": f"Bearer {self._token().value}"}
        authorised = replace(request, headers=headers, timeout_s=TIMEOUT_S)
        try:
            found = once(authorised, _connection(self._endpoint))
        except NoAnswerError as error:
            # The cause is left out: a header that was refused holds the token.
            raise self._unanswered(error.cause) from None
        if found.status != 200:
            why = refusal(found.status, self._codes_in(found.body))
            raise refused(task, self._key, why, self._remedy(why))
        try:
            return msgspec.json.decode(found.body, type=answer)
        except msgspec.DecodeError as error:
            raise unreadable(task, self._key, str(error)) from error

    def _token(self) -> BearerToken:
        """The credential for the call."""
        if self._held is None or _ends_within(self._held, EARLY):
            self._held = self._fetched()
        return self._held

    def _fetched(self) -> BearerToken:
        """A token. An unforeseen failure is named by its type alone: its text may hold
        what was being fetched."""
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

    def _unanswered(self, cause: Cause) -> CredentialsError:
        """What a missing answer means where something was to be signed."""
        if cause == "header":
            return CredentialsError(
                f"The access token for {self._key} holds characters that no header can"
                " carry; nothing was sent.",
                next_step="Give the token alone, without a line break or quotes.",
            )
        found, next_step = MEANINGS[cause]
        return CredentialsError(
            f"The key service of {self._key} at {self._endpoint} {found}; nothing is"
            " signed.",
            next_step=next_step,
        )


def checked(endpoint: str) -> str:
    """`endpoint`, which a key's secrets may travel to. Raises `CredentialsError`."""
    if not (_HTTPS.fullmatch(endpoint) or _LOOPBACK.fullmatch(endpoint)):
        raise CredentialsError(
            f"`{endpoint}` is not the address of a key service, expected `https://HOST`"
            " (or http on loopback); nothing was sent.",
            next_step="Correct endpoint=.",
        )
    return endpoint


def _connection(endpoint: str) -> Connection:
    """A connection to the key service."""
    loopback = _LOOPBACK.fullmatch(endpoint) is not None
    return Connection(connect_timeout_s=CONNECT_TIMEOUT_S, loopback=loopback)


def _ends_within(token: BearerToken, margin: timedelta) -> bool:
    return (
        token.expires_at is not None and token.expires_at <= datetime.now(UTC) + margin
    )
