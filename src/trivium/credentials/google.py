"""Google access tokens: from the environment, or from google-auth (service account,
workload identity, metadata)."""

import os
from collections.abc import Callable
from datetime import UTC
from typing import Any

from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError

VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"
"""The name that Google's Terraform provider reads, too."""


def source(scope: str) -> Callable[[], BearerToken]:
    """What fetches a fresh token of `scope` each time it is called. Raises
    `CredentialsError`."""
    held: list[Any] = []  # google-auth's credentials, made once; the library is untyped

    def fetch() -> BearerToken:
        fixed = os.environ.get(VARIABLE)
        if fixed:
            return BearerToken(fixed)
        try:
            import google.auth
            import google.auth.transport.requests
        except ModuleNotFoundError as error:
            raise CredentialsError(
                f"No Google credentials: {VARIABLE} is not set and google-auth is not"
                " installed.",
                next_step=(
                    "Install trivium[gcp], or pass credentials= to"
                    " Client.from_deployment."
                ),
            ) from error
        try:
            if not held:
                held.append(google.auth.default(scopes=[scope])[0])
            held[0].refresh(google.auth.transport.requests.Request())
        except google.auth.exceptions.GoogleAuthError as error:
            # the file that they were read from may be rewritten when a key is rotated
            held.clear()
            raise CredentialsError(
                f"Google credentials could not be had: {type(error).__name__}.",
                next_step=(
                    "Run the application under a service account, or set up application"
                    " default credentials."
                ),
            ) from error
        expiry = held[0].expiry  # naive, in UTC
        return BearerToken(
            held[0].token, expiry.replace(tzinfo=UTC) if expiry else None
        )

    return fetch
