"""What only AWS's key service does; some of it in the local AWS, which has the key."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.credentials.kms.aws import AwsKms
from tests.vocabulary.drafts import NOW, completed
from trivium.credentials import AwsKeys
from trivium.credentials.kms import AwsKmsKey, ProvenSigner
from trivium.errors import CredentialsError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import TrustedKeys
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.toolchain.ministack import ensure_ministack

KEYS = AwsKeys("test", "test")


@pytest.fixture(scope="module")
def local(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Any, Callable[[str], ProvenSigner]]]:
    """The local AWS: a client to make keys with, and a signer over a key of it."""
    folder = tmp_path_factory.mktemp("kms")
    with MiniStack(folder, ensure_ministack(), folder / "log") as emulator:
        client = boto3.client(
            "kms",
            region_name="us-east-1",
            endpoint_url=emulator.url,
            aws_access_key_id=KEYS.access_key_id,
            aws_secret_access_key=KEYS.secret_access_key,
        )
        yield (
            client,
            lambda arn: ProvenSigner(
                AwsKmsKey(arn, endpoint=emulator.url, credentials=lambda: KEYS)
            ),
        )


def made(client: Any, **arguments: str) -> str:
    return str(
        client.create_key(**{"KeyUsage": "SIGN_VERIFY", **arguments})["KeyMetadata"][
            "Arn"
        ]
    )


def test_a_descriptor_signed_in_kms_is_verified_with_its_public_key(local: Any) -> None:
    client, signer_of = local
    signer = signer_of(made(client, KeySpec="ECC_NIST_P256"))
    document = vocabulary.sign(completed(), signer)
    trusted = TrustedKeys.from_pem(signer.public_pem)
    assert trusted.keyids == (signer.keyid,)
    assert vocabulary.verify(document, trusted, now=NOW) == completed()


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384", "ECC_SECG_P256K1"])
def test_a_key_of_another_kind_is_refused(local: Any, spec: str) -> None:
    """secp256k1 signs with ECDSA_SHA_256 as well: what it signed, no application would
    have accepted."""
    client, signer_of = local
    with pytest.raises(
        CredentialsError, match=f"is {spec} SIGN_VERIFY, expected ECC_NIST_P256"
    ):
        signer_of(made(client, KeySpec=spec))


def test_a_key_that_is_not_there_is_named(local: Any) -> None:
    _, signer_of = local
    arn = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(CredentialsError, match=f"{arn}: 400 NotFoundException"):
        signer_of(arn)


def test_a_disabled_key_signs_nothing(local: Any) -> None:
    client, signer_of = local
    arn = made(client, KeySpec="ECC_NIST_P256")
    signer = signer_of(arn)
    client.disable_key(KeyId=arn)
    with pytest.raises(
        CredentialsError, match=r"DisabledException.*aws kms enable-key"
    ):
        signer.sign(b"a descriptor")


def test_an_alias_means_the_key_it_stands_for_when_the_signer_is_made(
    aws: AwsKms,
) -> None:
    (alias,) = aws.aliases
    signer = aws.signer(alias)
    assert signer.name == aws.name
    aws.aliases[alias] = aws.another("disabled")
    signer.sign(b"a descriptor")


NEIGHBOURS = (
    "arn:aws:kms:us-east-1:111122223333:alias/test-signing",
    "arn:aws:kms:us-east-1:999999999999:key/6b9e0b2c",
    "arn:aws:kms:eu-west-1:111122223333:key/6b9e0b2c",
    "arn:aws:kms:us-east-1:111122223333:key/",
    "nonsense",
)


@pytest.mark.parametrize("found", NEIGHBOURS)
def test_a_public_half_of_another_key_is_refused(aws: AwsKms, found: str) -> None:
    aws.spoil = lambda _, answer: answer.update(KeyId=found)
    for named in (aws.name, *aws.aliases):
        with pytest.raises(CredentialsError, match="`KeyId` is"):
            aws.signer(named)


def test_a_key_for_something_else_is_refused(aws: AwsKms) -> None:
    aws.spoil = lambda _, answer: answer.update(KeyUsage="KEY_AGREEMENT")
    with pytest.raises(
        CredentialsError,
        match="is ECC_NIST_P256 KEY_AGREEMENT, expected ECC_NIST_P256 SIGN_VERIFY",
    ):
        aws.signer()


def test_an_account_without_credentials_is_told_so(
    aws: AwsKms, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(
        CredentialsError, match=r"could not be asked .* NoCredentialsError"
    ):
        AwsKmsKey(aws.name, endpoint=aws.url)
    assert aws.requests == []


def test_credentials_come_from_boto3s_session(
    aws: AwsKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIASIGNER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-of-the-signer")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert (
        ProvenSigner(AwsKmsKey(aws.name, endpoint=aws.url)).public_pem == aws.public_pem
    )


def test_what_is_no_arn_of_a_key_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(CredentialsError, match="is not a key of AWS KMS"):
        AwsKmsKey("arn:aws:s3:::bucket")
