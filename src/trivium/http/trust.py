"""Whom connections trust besides the machine's own authorities, and who they say that
they are."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trivium.errors import ConfigurationError

BUNDLES = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
"""Variables that name a bundle of authorities; the first that is set counts. They are
those of requests (and so of google-auth and azure-identity) and of AWS's clients.
SSL_CERT_FILE, which is OpenSSL's, the transport itself honours."""

CLIENT_CERT = "TRIVIUM_CLIENT_CERT"
"""The variable that names a client certificate and its key."""


_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\n?"
)


@dataclass(frozen=True)
class Trust:
    """Files of PEM."""

    ca_bundle: Path | None = None
    """Authorities to trust besides the machine's own; by default what a variable of
    `BUNDLES` names."""
    client_cert: Path | None = None
    """Certificate and private key in one file; by default what `CLIENT_CERT` names."""

    def authorities(self) -> Iterator[bytes]:
        """Each authority to trust besides the machine's own, PEM. Raises
        `ConfigurationError`."""
        named = self.ca_bundle or _named(*BUNDLES)
        if named is None:
            return
        found = _CERTIFICATE.findall(_read(named, "bundle of certificate authorities"))
        if not found:
            raise ConfigurationError(
                f"The bundle of certificate authorities {named} holds no PEM"
                " certificate, so no connection is made.",
                next_step=f"Correct ca_bundle, or {' or '.join(BUNDLES)}.",
            )
        yield from found

    def identity(self) -> bytes | None:
        """The client certificate with its key, PEM; None without one. Raises
        `ConfigurationError`."""
        named = self.client_cert or _named(CLIENT_CERT)
        return None if named is None else _read(named, "client certificate")


def refused_identity() -> ConfigurationError:
    """The error for a client certificate that the transport refuses. No cause is kept:
    it could quote the key."""
    return ConfigurationError(
        "The client certificate cannot be used: expected a PEM file with one private"
        " key and its certificate. No connection is made.",
        next_step=f"Correct client_cert, or {CLIENT_CERT}.",
    )


def _named(*variables: str) -> Path | None:
    values = filter(None, map(os.environ.get, variables))
    named = next(values, None)
    return Path(named) if named else None


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The {what} {path} cannot be read: {error.strerror}.",
            next_step="Correct the path.",
        ) from error
