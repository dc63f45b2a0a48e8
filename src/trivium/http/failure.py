"""Why a request got no answer, as a class of cause with a remedy.

No text of the transport is handed on: it may quote what was sent.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pyreqwest.exceptions import (
    ConnectError,
    DetailedPyreqwestError,
    PyreqwestError,
    RequestTimeoutError,
)

Cause = Literal[
    "timeout",
    "connect_timeout",
    "dns",
    "refused",
    "untrusted",
    "certificate_expired",
    "certificate_name",
    "client_certificate",
    "tls",
    "proxy_password",
    "proxy",
    "unreachable",
    "cut",
    "address",
    "header",
]
"""The class of cause; `MEANINGS` says what each means."""


class Meaning(NamedTuple):
    """What a cause means, whoever the peer is."""

    found: str
    """What happened, as the predicate of a sentence about the peer."""
    remedy: str
    """One imperative sentence."""


_NETWORK = "Check the private endpoint, DNS and egress rules."

MEANINGS: Mapping[Cause, Meaning] = {
    "timeout": Meaning("did not answer in time", "Try again, or allow more time."),
    "connect_timeout": Meaning("could not be connected to in time", _NETWORK),
    "dns": Meaning(
        "could not be found: its name does not resolve",
        "Check the private DNS zone, and that this machine uses it.",
    ),
    "refused": Meaning("refused the connection", _NETWORK),
    "untrusted": Meaning(
        "showed a certificate that this machine does not trust",
        "If a company's proxy inspects TLS, name its certificate authority by ca_bundle"
        " or REQUESTS_CA_BUNDLE.",
    ),
    "certificate_expired": Meaning(
        "showed a certificate that is not valid now",
        "Check this machine's clock, then the peer's certificate.",
    ),
    "certificate_name": Meaning(
        "showed a certificate for another name",
        "Check that the endpoint's name resolves to the provider, not to another host.",
    ),
    "client_certificate": Meaning(
        "demands a client certificate",
        "Name one by client_cert or TRIVIUM_CLIENT_CERT.",
    ),
    "tls": Meaning(
        "does not speak TLS as expected", "Check what listens at this address."
    ),
    "proxy_password": Meaning(
        "is behind a proxy that demands a password",
        "Put user and password into HTTPS_PROXY.",
    ),
    "proxy": Meaning(
        "could not be reached through the proxy",
        "Check HTTPS_PROXY and NO_PROXY, and what the proxy permits.",
    ),
    "unreachable": Meaning("could not be reached", _NETWORK),
    "cut": Meaning("cut the connection", "Try again."),
    "address": Meaning("has an address that names no host", "Correct the address."),
    "header": Meaning(
        "was not asked: a header holds characters that no header can carry",
        "Look for a line break or quotes in what was configured.",
    ),
}

# What the transport's own texts begin with, from the most to the least particular.
# Source: pyreqwest 0.12 (reqwest, hyper, rustls), each seen from a peer of that kind.
_SIGNS: tuple[tuple[str, Cause], ...] = (
    ("tunnel error: proxy authorization required", "proxy_password"),
    ("tunnel error", "proxy"),
    ("dns error", "dns"),
    ("invalid peer certificate: UnknownIssuer", "untrusted"),
    ("invalid peer certificate: certificate expired", "certificate_expired"),
    ("invalid peer certificate: certificate not valid yet", "certificate_expired"),
    ("invalid peer certificate: certificate not valid for name", "certificate_name"),
    ("invalid peer certificate", "untrusted"),
    ("received fatal alert: CertificateRequired", "client_certificate"),
    ("received fatal alert", "tls"),
    ("received corrupt message", "tls"),
    ("Connection refused", "refused"),
)


_CONNECTING = "client error (Connect)"
"""What the transport says where it was still connecting."""


class NoAnswerError(Exception):
    """A request got no answer, or not the whole of it."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause: Cause = cause

    @property
    def meaning(self) -> Meaning:
        """What the cause means."""
        return MEANINGS[self.cause]


def no_answer(error: PyreqwestError) -> NoAnswerError:
    """pyreqwest's error as ours."""
    if isinstance(error, RequestTimeoutError):
        # Its own classes do not tell the two apart; the causes do.
        connecting = any(text.startswith(_CONNECTING) for text in _texts(error))
        return NoAnswerError("connect_timeout" if connecting else "timeout")
    if isinstance(error, ConnectError):
        return NoAnswerError(_connecting(error))
    return NoAnswerError("cut")


def _texts(error: DetailedPyreqwestError) -> list[str]:
    return [cause["message"] for cause in error.details["causes"] or ()]


def _connecting(error: DetailedPyreqwestError) -> Cause:
    """Why there is no connection."""
    texts = _texts(error)
    for sign, cause in _SIGNS:
        if any(text.startswith(sign) for text in texts):
            return cause
    return "unreachable"
