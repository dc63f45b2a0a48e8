"""AWS access keys: from the environment, or from boto3's session (profile, IRSA,
container, instance)."""

import os
from collections.abc import Callable
from typing import Any

from trivium.credentials.sigv4 import AwsKeys
from trivium.errors import CredentialsError


def source() -> Callable[[], AwsKeys]:
    """A function that returns current keys each time it is called. The function raises
    `CredentialsError`."""
    session = _Session()

    def fetch() -> AwsKeys:
        return _from_environment() or session.keys()

    return fetch


def _from_environment() -> AwsKeys | None:
    """The keys in the usual variables, if they are there."""
    access = os.environ.get("AWS_ACCESS_KEY_ID")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not access or not secret:
        return None
    return AwsKeys(access, secret, os.environ.get("AWS_SESSION_TOKEN") or None)


class _Session:
    """What boto3 finds, kept while it refreshes itself."""

    def __init__(self) -> None:
        self._held: Any = None  # Any: botocore's credentials, which have no types

    def keys(self) -> AwsKeys:
        """Current keys. Raises `CredentialsError`."""
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
        except ModuleNotFoundError as error:
            raise CredentialsError(
                "There are no AWS credentials: AWS_ACCESS_KEY_ID is not set and boto3"
                " is not installed.",
                next_step=(
                    "Install trivium[aws], or pass credentials= to"
                    " Client.from_deployment."
                ),
            ) from error
        try:
            # Credentials that do not refresh themselves are read again: the caller asks
            # once more because they were refused, and their file may have changed.
            if not hasattr(self._held, "refresh_needed"):
                self._held = _found(boto3.Session())
            frozen = self._held.get_frozen_credentials()
        except BotoCoreError as error:
            raise CredentialsError(
                f"AWS credentials could not be fetched: {type(error).__name__}."
            ) from error
        # botocore keeps the end of temporary keys to itself; without it they would be
        # held for ever.
        ends = getattr(self._held, "_expiry_time", None)
        return AwsKeys(frozen.access_key, frozen.secret_key, frozen.token, ends)


def _found(session: Any) -> Any:  # Any: boto3 has no types
    """The credentials of a session of boto3."""
    found = session.get_credentials()
    if found is None:
        raise CredentialsError(
            "No AWS credentials were found.",
            next_step=(
                "Run the application under a role, or set AWS_ACCESS_KEY_ID and its"
                " companions."
            ),
        )
    return found
