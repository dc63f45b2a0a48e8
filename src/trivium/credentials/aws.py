"""AWS access keys: from the environment, or from boto3's session (profile, IRSA,
container, instance)."""

import os
from collections.abc import Callable
from typing import Any

from trivium.credentials.sigv4 import AwsKeys
from trivium.errors import CredentialsError


def source() -> Callable[[], AwsKeys]:
    """What fetches current keys each time it is called. Raises `CredentialsError`."""
    held: list[
        Any
    ] = []  # botocore's credentials, which refresh themselves; the library is untyped

    def fetch() -> AwsKeys:
        access, secret = (
            os.environ.get(name)
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        )
        if access and secret:
            return AwsKeys(access, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
        except ModuleNotFoundError as error:
            raise CredentialsError(
                "No AWS credentials: AWS_ACCESS_KEY_ID is not set and boto3 is not"
                " installed.",
                next_step=(
                    "Install trivium[aws], or pass credentials= to"
                    " Client.from_deployment."
                ),
            ) from error
        try:
            # What does not refresh itself is read again: whoever asks once more was
            # refused with what there was, and the file it came from may have been
            # written anew.
            if not held or not hasattr(held[0], "refresh_needed"):
                held.clear()
                found = boto3.Session().get_credentials()
                if found is None:
                    raise CredentialsError(
                        "No AWS credentials were found.",
                        next_step=(
                            "Run the application under a role, or set AWS_ACCESS_KEY_ID"
                            " and its companions."
                        ),
                    )
                held.append(found)
            frozen = held[0].get_frozen_credentials()
        except BotoCoreError as error:
            raise CredentialsError(
                f"AWS credentials could not be had: {type(error).__name__}."
            ) from error
        # botocore keeps the end of temporary keys to itself; without it they would be
        # held for ever.
        return AwsKeys(
            frozen.access_key,
            frozen.secret_key,
            frozen.token,
            getattr(held[0], "_expiry_time", None),
        )

    return fetch
