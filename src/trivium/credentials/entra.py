"""Microsoft Entra access tokens: from the environment, or from azure-identity (managed
or workload identity)."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError

VARIABLE = "AZURE_ACCESS_TOKEN"


def source(scope: str) -> Callable[[], BearerToken]:
    """What fetches a fresh token of `scope` each time it is called. Raises
    `CredentialsError`."""
    held: list[
        Any
    ] = []  # azure-identity's credential, made once; imported when it is used

    def fetch() -> BearerToken:
        fixed = os.environ.get(VARIABLE)
        if fixed:
            return BearerToken(fixed)
        try:
            from azure.core.exceptions import AzureError
            from azure.identity import DefaultAzureCredential
        except ModuleNotFoundError as error:
            raise CredentialsError(
                f"No Entra credentials: {VARIABLE} is not set and azure-identity is not"
                " installed.",
                next_step=(
                    "Install trivium[azure], or pass credentials= to"
                    " Client.from_deployment."
                ),
            ) from error
        try:
            if not held:
                held.append(DefaultAzureCredential())
            token = held[0].get_token(scope)
        except AzureError as error:
            raise CredentialsError(
                f"Entra credentials could not be had: {type(error).__name__}.",
                next_step="Run the application under its managed identity.",
            ) from error
        return BearerToken(token.token, datetime.fromtimestamp(token.expires_on, UTC))

    return fetch
