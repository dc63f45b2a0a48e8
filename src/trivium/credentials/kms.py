"""Sign with a key that never leaves AWS KMS. Needs the extra `aws`."""

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from trivium.errors import CredentialsError
from trivium.vocabulary.envelope import keyid_of

if TYPE_CHECKING:
    from trivium.vocabulary.envelope import Signer


class AwsKmsSigner:
    """An asymmetric KMS key (key spec ECC_NIST_P256, usage SIGN_VERIFY), named by its ARN.

    Source: AWS KMS API reference, `Sign` (ECDSA_SHA_256 over a digest; DER signature), read 2026-11-22.
    """

    def __init__(self, arn: str, *, client: Any = None) -> None:
        """`client`: a boto3 KMS client; without one, the default session's in the ARN's region. Any: boto3 makes its
        clients at run time. Raises `CredentialsError` when the key cannot be had or is of another kind."""
        self._arn = arn
        self._client = client or _client(arn)
        key = load_der_public_key(self._call("get_public_key")["PublicKey"])
        if not isinstance(key, EllipticCurvePublicKey):
            raise CredentialsError(f"The KMS key {arn} is {type(key).__name__}, expected ECC_NIST_P256.")
        self.keyid = keyid_of(key)
        self.public_pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """The DER-encoded ECDSA signature over SHA-256 of `data`."""
        answer = self._call(
            "sign",
            Message=hashlib.sha256(data).digest(),
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        signature: bytes = answer["Signature"]
        return signature

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(KeyId=self._arn, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise CredentialsError(
                f"The KMS key {self._arn} cannot be used ({operation}): {error}.",
                next_step="Check the ARN and that this identity may kms:GetPublicKey and kms:Sign.",
            ) from error
        return answer


def _client(arn: str) -> Any:
    try:
        import boto3
    except ModuleNotFoundError as error:
        raise CredentialsError("Signing with AWS KMS needs boto3.", next_step="Install trivium[aws].") from error
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "kms":
        raise CredentialsError(f"`{arn}` is no KMS key ARN, expected arn:aws:kms:REGION:ACCOUNT:key/ID.")
    return boto3.client("kms", region_name=parts[3])


if TYPE_CHECKING:
    _conforms: type[Signer] = AwsKmsSigner
