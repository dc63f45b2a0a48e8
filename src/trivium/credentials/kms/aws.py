"""A key of AWS KMS, by boto3 (the extra `aws`).

An alias means the key that it stands for when the signer is made: KMS says which, and
every signature is asked of it.

Source: AWS KMS API reference, `GetPublicKey` and `Sign` (ECDSA_SHA_256 over a digest;
DER signature), read 2026-11-22.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trivium.credentials.kms.refusal import (
    AGAIN,
    Refusal,
    mismatch,
    refusal,
    refused,
    unreadable,
    wrong_kind,
)
from trivium.credentials.kms.service import (
    CONNECT_TIMEOUT_S,
    PUBLIC_KEY,
    SIGN,
    TIMEOUT_S,
    checked,
)
from trivium.credentials.sigv4 import AwsKeys
from trivium.errors import CredentialsError

if TYPE_CHECKING:
    from trivium.credentials.kms.proven import CloudKey

KEY_SPEC, KEY_USAGE = "ECC_NIST_P256", "SIGN_VERIFY"

_ARN = re.compile(
    r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:(key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)"
)
_TASKS = {"get_public_key": PUBLIC_KEY, "sign": SIGN}

T = TypeVar("T")


class _PublicKey(msgspec.Struct, rename="pascal"):
    """`GetPublicKeyResponse`, as far as it is used."""

    key_id: str
    public_key: bytes
    key_spec: str
    key_usage: str


class _Signed(msgspec.Struct, rename="pascal"):
    """`SignResponse`, as far as it is used."""

    key_id: str
    signature: bytes


class AwsKmsKey:
    """An asymmetric key with the spec ECC_NIST_P256 and the usage SIGN_VERIFY, named by
    its ARN."""

    def __init__(
        self,
        key: str,
        *,
        endpoint: str | None = None,
        credentials: Callable[[], AwsKeys] | None = None,
    ) -> None:
        """Without `credentials`, boto3's default session finds them. Raises
        `CredentialsError` when the key cannot be had or is of another kind."""
        named = _ARN.fullmatch(key)
        if named is None:
            raise CredentialsError(
                f"`{key}` is not a key of AWS KMS, expected"
                " `arn:aws:kms:REGION:ACCOUNT:key/ID`."
            )
        self.name = key
        self._client = self._connected(named["region"], endpoint, credentials)
        found = self._ask("get_public_key", _PublicKey)
        self.name = self._pinned(found.key_id)
        self._public = found.public_key
        kind = (found.key_spec, found.key_usage)
        if kind != (KEY_SPEC, KEY_USAGE):
            raise wrong_kind(self.name, " ".join(kind), f"{KEY_SPEC} {KEY_USAGE}")

    @staticmethod
    def names(key: str) -> bool:
        """Whether `key` is the ARN of a KMS key or of an alias."""
        return bool(_ARN.fullmatch(key))

    def public_key(self) -> PublicKeyTypes:
        """The key's public half. Raises `ValueError` when what KMS sent is none."""
        return load_der_public_key(self._public)

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER-encoded signature over a SHA-256 digest. Raises
        `CredentialsError`."""
        signed = self._ask(
            "sign",
            _Signed,
            Message=digest,
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        if signed.key_id != self.name:
            raise mismatch(self.name, "KeyId", signed.key_id, self.name)
        return signed.signature

    def _pinned(self, found: str) -> str:
        """The ARN of the key that answered: the one that was named, or the one that the
        named alias stands for."""
        prefix, _, kind = self.name.partition("alias/")
        same = found.startswith(f"{prefix}key/") if kind else found == self.name
        if not (same and _ARN.fullmatch(found)):
            raise mismatch(
                self.name, "KeyId", found, f"{prefix}key/ID" if kind else self.name
            )
        return found

    def _connected(
        self,
        region: str,
        endpoint: str | None,
        credentials: Callable[[], AwsKeys] | None,
    ) -> Any:
        """A boto3 client. Any: boto3 makes its clients at run time."""
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ModuleNotFoundError as error:
            raise CredentialsError(
                "Signing with AWS KMS needs boto3.", next_step="Install trivium[aws]."
            ) from error
        keys = credentials() if credentials else None
        try:
            return boto3.client(
                "kms",
                region_name=region,
                endpoint_url=checked(endpoint) if endpoint else None,
                config=Config(
                    connect_timeout=CONNECT_TIMEOUT_S,
                    read_timeout=TIMEOUT_S,
                ),
                aws_access_key_id=keys and keys.access_key_id,
                aws_secret_access_key=keys and keys.secret_access_key,
                aws_session_token=keys and keys.session_token,
            )
        except BotoCoreError as error:
            raise self._unasked(error) from error

    def _ask(self, operation: str, answer: type[T], **arguments: Any) -> T:
        """What KMS says. Any: what an operation takes. Raises `CredentialsError`."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            return msgspec.convert(
                getattr(self._client, operation)(KeyId=self.name, **arguments), answer
            )
        except ClientError as error:
            # The cause is left out: a refused signature's text holds the session token
            # that was sent.
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            found = refusal(status, (error.response.get("Error", {}).get("Code", ""),))
            raise refused(_TASKS[operation], self.name, found, _remedy(found)) from None
        except BotoCoreError as error:
            raise self._unasked(error) from error
        except (ResponseParserError, msgspec.ValidationError) as error:
            # The cause is left out: boto3's text for it is the whole answer.
            reason = (
                str(error)
                if isinstance(error, msgspec.ValidationError)
                else "it is not JSON"
            )
            raise unreadable(_TASKS[operation], self.name, reason) from None

    def _unasked(self, error: Exception) -> CredentialsError:
        return CredentialsError(
            f"AWS KMS could not be asked about {self.name}: {type(error).__name__}."
            " Nothing is signed.",
            next_step=(
                "Check this machine's AWS credentials (`aws sts get-caller-identity`)"
                " and its way to KMS."
            ),
        )


def _remedy(found: Refusal) -> str:
    if found.says(
        "ExpiredTokenException",
        "ExpiredToken",
        "UnrecognizedClientException",
        "InvalidSignatureException",
    ):
        return "Renew the AWS credentials: log in again."
    if found.says("AccessDeniedException"):
        return (
            "Allow this identity kms:GetPublicKey and kms:Sign on the key, in its IAM"
            " policy and the key's own."
        )
    if found.says("NotFoundException"):
        return (
            "Check the ARN's Region, account and id, and that the credentials belong to"
            " that partition."
        )
    if found.says("DisabledException", "KMSInvalidStateException"):
        return "Enable the key (`aws kms enable-key`), or cancel its deletion first."
    if (
        found.says(
            "ThrottlingException",
            "KeyUnavailableException",
            "DependencyTimeoutException",
        )
        or found.status >= 500
    ):
        return AGAIN
    return f"Check that the key's spec is {KEY_SPEC} and its usage {KEY_USAGE}."


if TYPE_CHECKING:
    _conforms: type[CloudKey] = AwsKmsKey
