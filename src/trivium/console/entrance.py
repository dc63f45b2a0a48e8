"""How a person comes in: by the proxy's assertion, or on loopback by a one-time
link."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from trivium.console.assertion import AssertionRefusedError
from trivium.console.identity import Proxy
from trivium.console.people import People, Role

COOKIE = "trivium_console"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who came in."""

    id: str
    role: Role


class Entrance(Protocol):
    """Decides who is in front of the console."""

    def person(
        self, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Person | None:
        """The person; None lets nobody in. `headers`: lower-case names."""


class ProxyEntrance:
    """Behind a proxy: its assertion is verified with every request."""

    def __init__(
        self, proxy: Proxy, people: People, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._proxy, self._people, self._clock = proxy, people, clock

    def person(
        self,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],  # noqa: ARG002 -- the protocol's
    ) -> Person | None:
        """Who the assertion names, if the owner's file gives a role."""
        try:
            name = self._proxy.person(headers, self._clock())
        except AssertionRefusedError:
            return None
        role = self._people.get(name)
        return None if role is None else Person(id=name, role=role)


class LoopbackEntrance:
    """On loopback: a link that works once gives its browser a session, until the
    console ends."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._lock = threading.Lock()
        self._link: str | None = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)

    @property
    def link(self) -> str:
        """The secret of the link; empty once it was used."""
        return self._link or ""

    def enter(self, secret: str) -> str | None:
        """The session for the link's secret, the first time; None otherwise."""
        with self._lock:
            if self._link is None or not _same(secret, self._link):
                return None
            self._link = None
            return self._session

    def person(
        self,
        headers: Mapping[str, str],  # noqa: ARG002 -- the protocol's
        cookies: Mapping[str, str],
    ) -> Person | None:
        """The person of the session."""
        return self._person if _same(cookies.get(COOKIE, ""), self._session) else None


class FormTokens:
    """Tokens that prove that a form came from the console's own page (CSRF)."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of(self, person: Person, ticket: str) -> str:
        """The token of one person's form for one ticket."""
        said = f"{len(person.id)}:{person.id}:{ticket}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()

    def holds(self, token: str, person: Person, ticket: str) -> bool:
        """Whether the form is this person's for this ticket."""
        return _same(token, self.of(person, ticket))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
