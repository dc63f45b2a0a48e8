"""AWS KMS, as far as signing goes: what it refuses, and with which words. The signer
asks it by boto3, unmodified.

Sources: AWS KMS API reference, `GetPublicKey`, `Sign` and "Common errors", read
2026-11-23.
"""

import base64
import datetime as dt
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.credentials.kms.standing_in import Asked, Kept, RefusedError, Reply
from trivium.credentials import AwsKeys
from trivium.credentials.kms import AwsKmsKey, ProvenSigner
from trivium_rehearsal.endpoints.serving import sigv4
from trivium_rehearsal.endpoints.serving.http import Request
from trivium_rehearsal.endpoints.serving.identities import AwsIdentity

REGION, ACCOUNT = "us-east-1", "111122223333"
SECRET, TOKEN, EXPIRED = (
    "wJalrXUtnFEMI",
    "session-of-the-signer",
    "session-of-yesterday",
)
_PAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_ALGORITHMS = {
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
    "RSA_2048": "RSASSA_PSS_SHA_256",
}


class AwsKms(Asked):
    """The key service of an account in a Region."""

    def __init__(self) -> None:
        super().__init__()
        self.name = (
            f"arn:aws:kms:{REGION}:{ACCOUNT}:key/6b9e0b2c-2f0d-4c57-8c53-000000000001"
        )
        private = ec.generate_private_key(ec.SECP256R1())
        self.keys = {self.name: Kept(private, "ECC_NIST_P256")}
        self.aliases = {f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/test-signing": self.name}
        self.public_pem = private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        self._identities = [
            AwsIdentity(
                access_key_id="ASIASIGNER",
                secret_access_key=SECRET,
                session_token=TOKEN,
            ),
            AwsIdentity(
                access_key_id="ASIAEXPIRED",
                secret_access_key=SECRET,
                session_token=EXPIRED,
                expires_at=_PAST,
            ),
        ]

    def signer(self, name: str = "", *, token: str = TOKEN) -> ProvenSigner:
        access = "ASIAEXPIRED" if token == EXPIRED else "ASIASIGNER"
        keys = AwsKeys(access, SECRET, token or TOKEN)
        return ProvenSigner(
            AwsKmsKey(name or self.name, endpoint=self.url, credentials=lambda: keys)
        )

    def another(self, kind: str) -> str:
        number = ("disabled", "another curve", "RSA", "missing").index(kind) + 2
        arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/6b9e0b2c-2f0d-4c57-8c53-{number:012}"
        match kind:
            case "disabled":
                self.keys[arn] = Kept(
                    ec.generate_private_key(ec.SECP256R1()),
                    "ECC_NIST_P256",
                    enabled=False,
                )
            case "another curve":
                self.keys[arn] = Kept(
                    ec.generate_private_key(ec.SECP256K1()), "ECC_SECG_P256K1"
                )
            case "RSA":
                self.keys[arn] = Kept(
                    rsa.generate_private_key(public_exponent=65537, key_size=2048),
                    "RSA_2048",
                )
        return arn

    def swap(self) -> None:
        self.keys[self.name] = Kept(
            ec.generate_private_key(ec.SECP256R1()), "ECC_NIST_P256"
        )

    def answer(self, request: Request) -> tuple[str, dict[str, Any]]:
        try:
            now = dt.datetime.now(dt.UTC)
            sigv4.verify(
                request, self._identities, region=REGION, service="kms", now=now
            )
        except sigv4.SignatureRefusedError as refused:
            raise _no(refused.kind, refused.message) from None
        operation = (request.header("x-amz-target") or "").removeprefix("TrentService.")
        if (request.method, request.path) != ("POST", "/") or operation not in (
            "GetPublicKey",
            "Sign",
        ):
            raise _no("UnknownOperationException", "")
        if request.header("content-type") != "application/x-amz-json-1.1":
            raise _no("SerializationException", "")
        asked = json.loads(request.body)
        arn = self.aliases.get(asked["KeyId"], asked["KeyId"])
        if not self.allowed:
            caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/platform/signer"
            text = (
                f"User: {caller} is not authorized to perform: kms:{operation} on"
                f" resource: {arn}"
            )
            raise _no("AccessDeniedException", text)
        kept = self.keys.get(arn)
        if kept is None:
            raise _no("NotFoundException", f"Key '{arn}' does not exist")
        if not kept.enabled:
            raise _no("DisabledException", f"{arn} is disabled.")
        return operation, (
            _signed(arn, kept, asked) if operation == "Sign" else _public_key(arn, kept)
        )


def _public_key(arn: str, kept: Kept) -> dict[str, Any]:
    der = kept.private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "KeyId": arn,
        "PublicKey": base64.b64encode(der).decode(),
        "KeySpec": kept.kind,
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": [_ALGORITHMS[kept.kind]],
    }


def _signed(arn: str, kept: Kept, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["SigningAlgorithm"] != _ALGORITHMS[kept.kind] or not isinstance(
        kept.private, ec.EllipticCurvePrivateKey
    ):
        raise _no(
            "InvalidKeyUsageException",
            f"Algorithm {asked['SigningAlgorithm']} is incompatible with {kept.kind}.",
        )
    message = base64.b64decode(asked["Message"], validate=True)
    if asked["MessageType"] != "DIGEST" or len(message) != 32:
        raise _no(
            "ValidationException",
            "Digest is invalid length for algorithm ECDSA_SHA_256.",
        )
    signature = kept.private.sign(message, ec.ECDSA(Prehashed(SHA256())))
    return {
        "KeyId": arn,
        "Signature": base64.b64encode(signature).decode(),
        "SigningAlgorithm": asked["SigningAlgorithm"],
    }


def _no(kind: str, text: str) -> RefusedError:
    body = json.dumps({"__type": kind, "message": text}).encode()
    return RefusedError(
        Reply(400, body, {"content-type": "application/x-amz-json-1.1"})
    )
