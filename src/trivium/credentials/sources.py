"""Where a route's credentials come from, and the headers that they make.

A token is fetched when it is first needed and again five minutes before it ends; one
that has ended never leaves. While the renewal fails, the one at hand is used to its
end. Fetching may wait for the network, so an event loop asks `ready` first and fetches
in a thread.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from trivium.credentials.sigv4 import AwsKeys, sign
from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError
from trivium.vocabulary.deployment import EntraAuth, GoogleAuth, Route, SigV4Auth
from trivium.vocabulary.residency import Cloud

Credential = AwsKeys | BearerToken
Sources = Mapping[Cloud, Credential | Callable[[], Credential]]
"""What a caller passes: for each cloud a credential, or what fetches one."""

EARLY = timedelta(minutes=5)
"""Before its end a credential is renewed: longer than most requests, and the skew that
AWS allows a clock."""

AGAIN = timedelta(seconds=30)
"""How long a failed renewal is left alone while the credential at hand holds: one may
take a minute to fail, and every request would wait for one of its own."""


class Authoriser:
    """Signs or authorises the requests of one route. Thread-safe."""

    def __init__(
        self,
        route: Route,
        sources: Sources,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._route = route
        self._clock = clock
        self._fetch = _fetcher(route, sources)
        self._held: Credential | None = None
        self._failed_at: datetime | None = None
        """When the renewal failed last; None once one has succeeded."""
        self._mutex = threading.Lock()
        parts = urlsplit(route.endpoint)
        self._host, self._base = parts.netloc, parts.path

    @property
    def ready(self) -> bool:
        """Whether `headers` will answer without fetching anything."""
        return self._usable(self._held) is not None

    def headers(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """The headers that authorise this POST. Raises `CredentialsError`."""
        credential = self._credential()
        if isinstance(credential, BearerToken):
            return {"authorization": f"Bearer {credential.value}"}
        auth = self._route.auth
        assert isinstance(auth, SigV4Auth)  # noqa: S101 -- `_checked` saw to it
        return sign(
            credential,
            host=self._host,
            path=self._base + path,
            headers=headers,
            body=body,
            region=auth.region,
            service=auth.service,
            now=self._clock(),
        )

    def forget(self) -> None:
        """The provider called the credential expired: fetch another before the next
        request."""
        # without the mutex: an event loop must not wait for a thread that fetches
        self._held = None

    def _credential(self) -> Credential:
        usable = self._usable(self._held)
        if usable is not None:
            return usable
        with self._mutex:
            usable = self._usable(
                self._held
            )  # another thread may have fetched it meanwhile
            if usable is None:
                self._held = usable = self._renewed(self._held)
            return usable

    def _usable(self, held: Credential | None) -> Credential | None:
        """The credential at hand, unless it is time to fetch another."""
        if held is None or not self._fresh(held, timedelta(0)):
            return None
        waiting = (
            self._failed_at is not None and self._clock() < self._failed_at + AGAIN
        )
        return held if waiting or self._fresh(held, EARLY) else None

    def _renewed(self, held: Credential | None) -> Credential:
        """Another credential, or the one at hand while it holds and no other can be
        had."""
        try:
            fetched = self._checked(self._fetched())
        except CredentialsError:
            if held is None or not self._fresh(held, timedelta(0)):
                raise
            self._failed_at = self._clock()
            return held
        self._failed_at = None
        return fetched

    def _fetched(self) -> Credential:
        """Any failure is named by its type alone, because its text may hold what was
        being fetched."""
        try:
            return self._fetch()
        except CredentialsError as error:
            error.message = f"Route `{self._route.id}`: {error.message}"
            raise
        except Exception as error:
            raise CredentialsError(
                f"The credentials of route `{self._route.id}` could not be fetched:"
                f" {type(error).__name__}.",
                next_step=f"Look into what fetches them for `{self._route.cloud}`.",
            ) from None

    def _checked(self, credential: Credential) -> Credential:
        """The credential, if it is one and has not ended."""
        expected = AwsKeys if isinstance(self._route.auth, SigV4Auth) else BearerToken
        if not isinstance(credential, expected):
            raise CredentialsError(
                f"Route `{self._route.id}` got {type(credential).__name__}, expected"
                f" {expected.__name__}.",
                next_step=f"Correct credentials= for `{self._route.cloud}`.",
            )
        if not _sendable(credential):
            raise CredentialsError(
                f"The credentials of route `{self._route.id}` hold characters that no"
                " header can carry; nothing was sent.",
                next_step=(
                    "Look for a line break, a space or quotes that came along where"
                    " they are read from."
                ),
            )
        if credential.expires_at is not None and credential.expires_at.tzinfo is None:
            raise CredentialsError(
                f"The credentials of route `{self._route.id}` end at a time without a"
                " time zone, so it cannot be told whether they have expired; nothing"
                " was sent.",
                next_step=(
                    "Give `expires_at` a time zone: google-auth's `expiry` is UTC,"
                    " `expiry.replace(tzinfo=datetime.UTC)`."
                ),
            )
        if not self._fresh(credential, timedelta(0)):
            raise CredentialsError(
                f"The credentials of route `{self._route.id}` have expired; nothing was"
                " sent.",
                next_step="Renew them where the application gets them from.",
            )
        return credential

    def _fresh(self, credential: Credential, margin: timedelta) -> bool:
        """Whether it need not be renewed yet."""
        return (
            credential.expires_at is None
            or self._clock() + margin < credential.expires_at
        )


def _sendable(credential: Credential) -> bool:
    """Whether it goes into headers as it is. Found out here, since the transport's
    error would quote it."""
    parts = (
        (credential.value,)
        if isinstance(credential, BearerToken)
        else (
            credential.access_key_id,
            credential.session_token or "-",
        )
    )
    return all(
        part.isascii() and part.isprintable() and part and " " not in part
        for part in parts
    )


def _fetcher(route: Route, sources: Sources) -> Callable[[], Credential]:
    """What fetches the credential of a route's cloud."""
    given = sources.get(route.cloud)
    if given is not None:
        return given if callable(given) else lambda: given
    match route.auth:
        case SigV4Auth():
            from trivium.credentials import aws

            return aws.source()
        case GoogleAuth(scope=scope):
            from trivium.credentials import google

            return google.source(scope)
        case EntraAuth(scope=scope):
            from trivium.credentials import entra

            return entra.source(scope)
