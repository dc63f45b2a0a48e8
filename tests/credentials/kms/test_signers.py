"""What holds for a key of each cloud: one table for three key services."""

import base64
import json
import traceback
from collections.abc import Callable

import pytest

from tests.credentials.kms import aws, azure, google
from tests.credentials.kms.standing_in import Reply, StandIn, serving, written
from tests.vocabulary.drafts import NOW, completed
from trivium.errors import CredentialsError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import TrustedKeys

TOKENS = (
    aws.TOKEN,
    aws.EXPIRED,
    aws.SECRET,
    google.TOKEN,
    google.EXPIRED,
    azure.TOKEN,
    azure.EXPIRED,
)
EXPIRED = {
    "AwsKms": aws.EXPIRED,
    "GoogleKms": google.EXPIRED,
    "KeyVault": azure.EXPIRED,
}


def cloud(service: StandIn) -> str:
    return type(service).__name__


def told(raised: pytest.ExceptionInfo[BaseException]) -> str:
    """All that a person or a log would see, causes included; holds no secret."""
    text = "".join(traceback.format_exception(raised.value))
    assert not [token for token in TOKENS if token in text]
    return str(raised.value)


def test_a_descriptor_is_verified_with_the_public_half_that_the_signer_gives(
    service: StandIn,
) -> None:
    signer = service.signer()
    document = vocabulary.sign(completed(), signer)
    assert signer.public_pem == service.public_pem
    trusted = TrustedKeys.from_pem(signer.public_pem)
    assert trusted.keyids == (signer.keyid,)
    assert vocabulary.verify(document, trusted, now=NOW) == completed()


def test_two_questions_make_a_signature(service: StandIn) -> None:
    service.signer().sign(b"a descriptor")
    assert [name.lower() for name in service.asked] in (
        ["getpublickey", "sign"],
        ["publickey", "asymmetricsign"],
        ["get", "sign"],
    )


DISABLED = {
    "AwsKms": ("DisabledException", "aws kms enable-key"),
    "GoogleKms": (
        "400 FAILED_PRECONDITION, KEY_DISABLED",
        "gcloud kms keys versions enable",
    ),
    "KeyVault": ("is disabled", "az keyvault key set-attributes --enabled true"),
}
MISSING = {
    "AwsKms": ("NotFoundException", "Check the ARN"),
    "GoogleKms": (
        "404 NOT_FOUND",
        "Check project, location, key ring, key and version",
    ),
    "KeyVault": ("404 KeyNotFound", "Check the key's name and version"),
}
CURVE = {
    "AwsKms": ("ECC_SECG_P256K1 SIGN_VERIFY", "expected ECC_NIST_P256 SIGN_VERIFY"),
    "GoogleKms": ("EC_SIGN_SECP256K1_SHA256", "expected EC_SIGN_P256_SHA256"),
    "KeyVault": ("EC-HSM P-256K", "expected EC or EC-HSM on P-256"),
}
RSA = {
    "AwsKms": ("RSA_2048 SIGN_VERIFY", "expected ECC_NIST_P256 SIGN_VERIFY"),
    "GoogleKms": ("RSA_SIGN_PKCS1_2048_SHA256", "expected EC_SIGN_P256_SHA256"),
    "KeyVault": ("RSA-HSM", "expected EC or EC-HSM on P-256"),
}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("disabled", DISABLED),
        ("missing", MISSING),
        ("another curve", CURVE),
        ("RSA", RSA),
    ],
)
def test_a_key_that_cannot_sign_is_named_with_what_it_is(
    service: StandIn, kind: str, words: dict[str, tuple[str, str]]
) -> None:
    name = service.another(kind)
    with pytest.raises(CredentialsError) as raised:
        service.signer(name)
    found, expected = words[cloud(service)]
    text = told(raised)
    assert name in text
    assert found in text
    assert expected in text
    assert "othing is signed" in text


P256 = {
    "AwsKms": "ECC_NIST_P256",
    "GoogleKms": "EC_SIGN_P256_SHA256",
    "KeyVault": "P-256",
}
NOT_P256 = {
    "AwsKms": "is secp256k1",
    "GoogleKms": "is secp256k1",
    "KeyVault": "not a readable public key",
}


def test_a_key_on_another_curve_than_the_service_says_is_refused(
    service: StandIn,
) -> None:
    name = service.another("another curve")
    for kept in service.keys.values():
        kept.kind = P256[cloud(service)]
    with pytest.raises(CredentialsError) as raised:
        service.signer(name)
    assert NOT_P256[cloud(service)] in told(raised)


FORBIDDEN = {
    "AwsKms": ("AccessDeniedException", "kms:GetPublicKey and kms:Sign"),
    "GoogleKms": (
        "403 PERMISSION_DENIED, IAM_PERMISSION_DENIED",
        (
            "cloudkms.cryptoKeyVersions.viewPublicKey and"
            " cloudkms.cryptoKeyVersions.useToSign"
        ),
    ),
    "KeyVault": (
        "403 Forbidden, ForbiddenByRbac",
        (
            "`Key Vault Crypto User` on the vault (Microsoft.KeyVault/vaults/keys/read"
            " and Microsoft.KeyVault/vaults/keys/sign/action)"
        ),
    ),
}


@pytest.mark.parametrize("when", ["before the public half", "before the signature"])
def test_a_missing_permission_is_named(service: StandIn, when: str) -> None:
    def attempt() -> None:
        if when == "before the public half":
            service.forbid()
            service.signer()
        signer = service.signer()
        service.forbid()
        signer.sign(b"a descriptor")

    with pytest.raises(CredentialsError) as raised:
        attempt()
    text = told(raised)
    task = (
        "refused to give the public half of"
        if when == "before the public half"
        else "refused to sign with"
    )
    assert all(word in text for word in (task, *FORBIDDEN[cloud(service)]))


OUTDATED = {
    "AwsKms": ("ExpiredTokenException", "Renew the AWS credentials"),
    "GoogleKms": ("401 UNAUTHENTICATED, ACCESS_TOKEN_EXPIRED", "Renew the token"),
    "KeyVault": (
        "401 Unauthorized",
        "Use a token of scope https://vault.azure.net/.default",
    ),
}


def test_an_expired_token_is_told_from_a_missing_permission(service: StandIn) -> None:
    with pytest.raises(CredentialsError) as raised:
        service.signer(token=EXPIRED[cloud(service)])
    assert all(word in told(raised) for word in OUTDATED[cloud(service)])


def test_a_signature_that_does_not_hold_is_never_returned(service: StandIn) -> None:
    signer = service.signer()
    service.swap()
    with pytest.raises(CredentialsError) as raised:
        signer.sign(b"a descriptor")
    assert "does not hold against the key's public half" in told(raised)


def spoilt_name(service: StandIn) -> Callable[[str, dict[str, str]], None]:
    """Makes every answer one about a neighbouring key."""

    def spoil(_: str, answer: dict[str, str]) -> None:
        for field in ("KeyId", "name", "kid"):
            if field in answer:
                answer[field] = (
                    answer[field]
                    .replace("signing", "neighbour")
                    .replace("key/6b9e", "key/7777")
                )

    return spoil


def test_a_signature_with_another_key_is_refused(service: StandIn) -> None:
    signer = service.signer()
    service.spoil = spoilt_name(service)
    with pytest.raises(CredentialsError) as raised:
        signer.sign(b"a descriptor")
    text = told(raised)
    assert "neighbour" in text or "key/7777" in text
    assert f"expected `{signer.name}`" in text


NONSENSE = {
    "not JSON": (
        Reply(200, b"<html>Log in</html>", {"content-type": "text/html"}),
        "cannot be read",
    ),
    "JSON without what was asked for": (
        written(200, {"unexpected": "field"}),
        "cannot be read",
    ),
    "a broken public key": (None, "not a readable public key"),
    "an outage": (
        written(
            503, {"error": {"code": "ServiceUnavailable", "status": "UNAVAILABLE"}}
        ),
        "503",
    ),
    "a refusal that quotes the request": (
        written(
            400,
            {
                "error": {
                    "code": "<Authorization: Bearer secret>",
                    "status": "Bearer secret",
                }
            },
        ),
        "400. Nothing is signed",
    ),
    "a refusal whose text quotes a token": (
        written(
            403,
            {
                "__type": "Refused",
                "message": aws.TOKEN,
                "error": {"message": google.TOKEN + azure.TOKEN},
            },
        ),
        "403",
    ),
    "a page in place of a refusal": (Reply(502, b"<html>Bad Gateway</html>"), "502"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_an_answer_that_is_none_is_an_error_of_the_tree(
    service: StandIn, case: str
) -> None:
    reply, words = NONSENSE[case]
    service.instead = reply
    if reply is None:
        service.spoil = broken
    with pytest.raises(CredentialsError) as raised:
        service.signer()
    text = told(raised)
    assert words in text
    assert "secret" not in text
    assert "html" not in text


def broken(_: str, answer: dict[str, object]) -> None:
    """A public half of the right shape that is not a point of the curve, or no key at
    all, with its checksum right."""
    if "PublicKey" in answer:
        answer["PublicKey"] = base64.b64encode(b"no key").decode()
    if "pem" in answer:
        pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
        answer.update(pem=pem, pemCrc32c=google.checksum(pem.encode()))
    if isinstance(answer.get("key"), dict):
        answer["key"] = {**answer["key"], "y": azure.base64url(bytes(32))}  # type: ignore[dict-item]


def test_nothing_is_followed(service: StandIn) -> None:
    """A redirect would carry the token, or the digest, to whoever the answer names."""
    reached: list[object] = []

    def elsewhere(request: object) -> Reply:
        reached.append(request)
        return written(200, {})

    with serving(elsewhere) as address:
        for status in (301, 302, 307, 308):
            service.instead = Reply(status, b"", {"location": f"{address}/v1"})
            with pytest.raises(
                CredentialsError,
                match=f"{status}. Nothing is signed. Look for what answers",
            ):
                service.signer()
    assert reached == []


def test_a_key_service_that_is_not_there_is_named(service: StandIn) -> None:
    with serving(lambda _: written(200, {})) as address:
        pass
    service.url = address
    with pytest.raises(CredentialsError) as raised:
        service.signer()
    assert "othing is signed" in told(raised)


ADDRESSES = (
    "http://kms.example.com",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@example.com",
    "http://127.0.0.1:1\n@example.com",
    "https://example.com/path",
    "https://user@example.com",
    "https://",
    "ftp://127.0.0.1",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_secret_travels_to_an_address_that_is_not_safe(
    service: StandIn, address: str
) -> None:
    service.url = address
    with pytest.raises(CredentialsError, match="is not the address of a key service"):
        service.signer()


def test_what_is_signed_is_the_digest_and_never_the_descriptor(
    service: StandIn,
) -> None:
    service.signer().sign(b"the words of the descriptor")
    bodies = [json.loads(request.body or b"{}") for request in service.requests]
    assert "the words of the descriptor" not in json.dumps(bodies)
