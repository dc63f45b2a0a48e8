"""A descriptor signed by a key that never leaves KMS; the local AWS has the key."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.vocabulary.drafts import NOW, completed
from trivium.credentials.kms import AwsKmsSigner
from trivium.errors import CredentialsError
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import TrustedKeys
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.toolchain.ministack import ensure_ministack


@pytest.fixture(scope="module")
def kms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("kms")
    with MiniStack(folder, ensure_ministack(), folder / "log") as emulator:
        yield boto3.client(
            "kms",
            region_name="us-east-1",
            endpoint_url=emulator.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def made(kms: Any, **arguments: str) -> str:
    return str(kms.create_key(**arguments)["KeyMetadata"]["Arn"])


def test_a_descriptor_signed_in_kms_is_verified_with_its_public_key(kms: Any) -> None:
    signer = AwsKmsSigner(made(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"), client=kms)
    document = vocabulary.sign(completed(), signer)
    trusted = TrustedKeys.from_pem(signer.public_pem)
    assert trusted.keyids == (signer.keyid,)
    assert vocabulary.verify(document, trusted, now=NOW) == completed()


def test_a_key_of_another_kind_is_refused(kms: Any) -> None:
    with pytest.raises(CredentialsError, match="expected ECC_NIST_P256"):
        AwsKmsSigner(made(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"), client=kms)


def test_a_key_that_is_not_there_is_named(kms: Any) -> None:
    arn = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(CredentialsError, match=arn):
        AwsKmsSigner(arn, client=kms)


@pytest.mark.parametrize("arn", ["alias/signing", "arn:aws:s3:::bucket", ""])
def test_what_is_no_key_arn_is_refused_before_anything_is_asked(arn: str) -> None:
    with pytest.raises(CredentialsError, match="is no KMS key ARN"):
        AwsKmsSigner(arn)
